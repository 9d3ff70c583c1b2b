#!/bin/bash
# kill_and_resume.sh PROGRAM FOLDER KILLS SEED ARGUMENTS...: trains twice with these arguments, once undisturbed into
# FOLDER/whole and once into FOLDER/out, where the run is stopped KILLS times at random moments by KILL, TERM or USR1, and
# started again each time. Exits 0 where both have the same model, log (but for times), metrics and mistakes. Both runs go
# at the same time; the moments are drawn over the time that the undisturbed run takes.
set -u
program=$1 folder=$2 kills=$3 RANDOM=$4
shift 4
mkdir -p "$folder" || exit 8
cd "$folder" || exit 8

"$program" "$@" output_dir=whole >whole.out 2>whole.err &
whole=$!

steps() { grep -c '"event":"step"' "$1/log.jsonl" 2>/dev/null || [ -e "$1/log.jsonl" ] || echo 0; }

# The steps of the whole run, once it has planned them.
until total=$(jq -r 'select(.event == "run").steps' whole/log.jsonl 2>/dev/null) && [ -n "$total" ]; do
    kill -0 $whole 2>/dev/null || { cat whole.err && exit 1; }
    sleep 0.1
done

signals=(KILL TERM USR1)
done_kills=0
while :; do
    "$program" "$@" output_dir=out >out.out 2>out.err &
    job=$!
    if [ "$done_kills" -lt "$kills" ]; then
        # the next stop, somewhere in the next part of the run that is left
        from=$(steps out)
        at=$((from + 1 + (total - from) * (RANDOM % 1000 + 500) / 1000 / (kills - done_kills + 1)))
        while kill -0 $job 2>/dev/null && [ "$(steps out)" -lt $at ]; do sleep 0.0$((RANDOM % 10)); done
        sleep 0.$((RANDOM % 10))
        signal=${signals[RANDOM % 3]}
        kill -$signal $job 2>/dev/null && done_kills=$((done_kills + 1))
    fi
    wait $job
    status=$?
    echo "$(date +%T) ${signal:-} after step $(steps out): exit $status"
    case $status in
    0) break ;;
    75 | 137) signal= ;;
    *) cat out.err && exit 1 ;;
    esac
done
wait $whole || { cat whole.err && exit 1; }

result() {
    (cd "$1" && sha256sum model.safetensors config.json split.tsv mistakes.csv)
    jq -cS 'del(.step_s, .wall_s, .run_id)' "$1/log.jsonl"
    jq -cS 'if .verdict then .verdict |= sub(" output_dir=.*"; "") else . end' "$1/metrics.json"
}
diff <(result whole) <(result out) >differences || { head -20 differences && exit 1; }
echo "$done_kills stops, $total steps: the same bytes ($(sha256sum <out/model.safetensors | cut -c1-16))"
[ "$done_kills" -ge "$kills" ] || { echo "only $done_kills of $kills stops" && exit 1; }
