#!/bin/sh
# cluster.sh: docs/cluster.md holds the tables that tools/scaling.awk prints, quotes examples/cluster/commandes.sbatch
# as it is, and that file does what it says: it hands USR1 on and ends with the ranks' status.
set -u
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
    echo "FAILED: $1"
    failed=1
}

for table in bytes weak strong tokens tree zero; do
    awk -v table=$table -f tools/scaling.awk >"$folder/due"
    sed -n "/^<!-- table: $table -->$/,/^<!-- end -->$/p" docs/cluster.md | sed '1d;$d' >"$folder/page"
    diff "$folder/due" "$folder/page" || fail "docs/cluster.md has another table \"$table\" than tools/scaling.awk"
done

job=examples/cluster/commandes.sbatch
# shellcheck disable=SC2016 # no shell's backquotes
sed -n '/^```bash$/,/^```$/p' docs/cluster.md | grep -v -e '^```' -e '^\.\.\.$' -e '^$' >"$folder/quoted"
[ -s "$folder/quoted" ] || fail "docs/cluster.md does not quote $job"
grep -vxFf $job "$folder/quoted" && fail "docs/cluster.md quotes $job otherwise than it is"
if command -v bash >/dev/null; then
    bash -n $job || fail "$job is no shell script"
    # srun as far as it matters here: it runs what the options are followed by, and hands signals on.
    cat >"$folder/srun" <<'STUB'
#!/bin/sh
while [ "${1#--}" != "$1" ]; do shift; done
"$@" &
trap 'kill -USR1 $!' USR1
trap 'kill -TERM $!' TERM
wait $!
wait $!
STUB
    cat >"$folder/ranks" <<'STUB'
#!/bin/sh
trap 'exit 75' USR1
echo "$@" >"$0.ready"
[ "$2" != now.yaml ] || exit 9
while :; do sleep 0.1; done
STUB
    # It records what it is asked for.
    cat >"$folder/scontrol" <<'STUB'
#!/bin/sh
echo "$@" >"$0.asked"
STUB
    chmod +x "$folder/srun" "$folder/ranks" "$folder/scontrol"
    run() { PATH="$folder:$PATH" SLURM_JOB_ID=77 CAM_TRAIN="$folder/ranks" bash $job "$@" 2>"$folder/said"; }
    run now.yaml
    [ $? -eq 9 ] || fail "$job does not end with the ranks' status"
    rm "$folder/ranks.ready"
    [ ! -e "$folder/scontrol.asked" ] || fail "$job is queued again without having been stopped"
    PATH="$folder:$PATH" SLURM_JOB_ID=77 CAM_TRAIN="$folder/ranks" bash $job my.yaml a=b 2>"$folder/said" &
    shell=$!
    tries=0
    while [ ! -s "$folder/ranks.ready" ] && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    [ "$(cat "$folder/ranks.ready")" = "--config my.yaml a=b" ] || fail "$job starts something else"
    kill -USR1 $shell
    wait $shell
    status=$?
    [ $status -eq 75 ] || fail "$job, sent USR1, ends with status $status, not 75"
    grep -q "stopped before its end" "$folder/said" || fail "$job does not say that it was stopped"
    [ "$(cat "$folder/scontrol.asked")" = "requeue 77" ] || fail "$job, stopped, is not queued again"
else
    echo "SKIP $job: no bash"
fi
exit $failed
