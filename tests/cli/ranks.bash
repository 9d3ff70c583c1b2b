# ranks.bash: what tests of several ranks use beside common.bash. Every job is bounded in time and found by process id.
load common
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# Ranks that end without MPI_Finalize leave Open MPI's shared memory behind: it is to lie in the test's folder.
# Open MPI leaks at its end, which the leak sanitizer would take for the program's fault.
in_own_folder_of_ranks() {
    [[ "$(mpirun --version 2>&1)" == *"Open MPI"* ]] || skip "no mpirun of Open MPI's: nothing of several ranks was tried"
    [[ "$(cam-train --version)" != *"mpi: no library"* ]] || skip "no MPI library: nothing of several ranks was tried"
    in_own_folder
    export OMPI_MCA_btl_vader_backing_directory=$PWD ASAN_OPTIONS=detect_leaks=0
}

mpirun=(mpirun --oversubscribe --bind-to none) # and what a test adds
# When one rank has ended badly mpirun ends the others, waits, and kills what is left. After its usual second a busy machine may not have
# let them write down how they ended. It waits two times, and always to the end.
patient=(--mca odls_base_sigkill_timeout 2)

# ranks N ARGUMENTS...: cam-train as N processes, waited for.
ranks() {
    local n=$1
    shift
    timeout -k 5 90 "${mpirun[@]}" -np "$n" "$program" "$@"
}

# launch N [MPIRUN OPTIONS... --] ARGUMENTS...: the same in the background, with one_rank.sh's files in ./ranks; $job is mpirun.
launch() {
    local options=(-np "$1") argument
    shift
    for argument; do
        if [ "$argument" = -- ]; then
            while [ "$1" != -- ]; do options+=("$1") && shift; done
            shift
            break
        fi
    done
    mkdir -p ranks
    "${mpirun[@]}" "${patient[@]}" "${options[@]}" "$BATS_TEST_DIRNAME/one_rank.sh" "$PWD/ranks" "$program" "$@" \
        </dev/null >mpirun.out 2>mpirun.err 3>&- &
    job=$!
}

# train N [MPIRUN OPTIONS... --] KEY=VALUE...: steps without end, in the background.
train() {
    local n=$1
    shift
    case " $* " in
        *" -- "*) launch "$n" "$@" "${endless[@]}" ;;
        *) launch "$n" -- "$@" "${endless[@]}" ;;
    esac
}
endless=(--config c.yaml per_device_train_batch_size=4 num_train_epochs=100000)

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.02
    done
}

# gone PID: no such process, or one whose parent has not yet waited for it.
gone() { ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status"; }

all_gone() {
    local file
    for file in ranks/pid.*; do gone "$(cat "$file")" || return 1; done
}

complain_with_all() {
    output=$(cat mpirun.out) stderr=$(tail -n +1 mpirun.err ranks/*)
    complain "$1"
}

# ends_within SECONDS: the job, and every rank of it; $status is mpirun's.
ends_within() {
    eventually "$1" gone "$job" || complain_with_all "mpirun still runs after $1 s"
    status=0 && wait "$job" || status=$?
    eventually 5 all_gone || complain_with_all "a rank was left behind"
}

has_step() { grep -qs "\"step\":$1," out/log.jsonl; }

# steps_until N: the job has come to step N.
steps_until() { eventually 60 has_step "$1" || complain_with_all "step $1 did not come"; }

signal() { kill "-$1" "$(cat "ranks/pid.$2")"; }

# code_of RANK CODE
code_of() { [ "$(cat "ranks/code.$1" 2>&1)" = "$2" ] || complain_with_all "expected of rank $1: exit $2"; }

# one_message TEXT: exactly one rank has written an error, and it contains this.
one_message() {
    local said
    said=$(cat ranks/stderr.* | grep -cE '^(\[rank [0-9]+\] )?error: ') || true
    [ "$said" -eq 1 ] || complain_with_all "expected one error, not $said"
    grep -hE '^(\[rank [0-9]+\] )?error: ' ranks/stderr.* | grep -qF -- "$1" || complain_with_all "expected: $1"
}

# log_ends REASON
log_ends() { tail -1 out/log.jsonl | jq -e ".event == \"end\" and .reason == \"$1\"" || complain_with_all "expected: the log ends with $1"; }

last_step() { jq -s '[.[] | select(.event == "step") | .step] | max' "${1:-out}/log.jsonl"; }

end_job() {
    local file
    if [ -n "${job:-}" ] && ! gone "$job"; then kill -KILL "$job"; fi
    for file in ranks/pid.*; do
        if [ -e "$file" ] && ! gone "$(cat "$file")"; then kill -KILL "$(cat "$file")"; fi
    done
}

timeout=6 # ddp_timeout, where one is waited for
slack=5   # seconds beyond it in which a rank must have ended
now_ms() { date +%s%3N; }

# ended_by RANK SINCE: rank RANK ended within ddp_timeout and $slack seconds.
ended_by() {
    local lasted=$(($(cat "ranks/end.$1") - $2))
    [ "$lasted" -le $(((timeout + slack) * 1000)) ] || complain_with_all "rank $1 ended after $lasted ms"
}

# lost PEER SINCE RANK...: each rank of these ended with 9 in time, and says where it waited. One at least has waited for PEER; for
# the others that one may have been the first to be gone.
lost() {
    local peer=$1 since=$2 r
    shift 2
    for r; do
        code_of "$r" 9
        ended_by "$r" "$since"
        grep -E "error: rank $r waited ($timeout s at .+ for ranks? .+; ddp_timeout|at .+: rank [0-9]+ is gone)|nothing of part.* [0-9]+ of the" \
            "ranks/stderr.$r" ||
            complain_with_all "rank $r does not say what it waited for"
    done
    grep -hE "error: rank [0-9]+ waited ($timeout s at .+ for ranks? .*$peer.*; ddp_timeout|at .+: rank $peer is gone)|nothing of part.* $peer of the" \
        ranks/stderr.* || complain_with_all "nobody has waited for rank $peer"
}

# The mistakes of a run in the order of their rows, without the scores.
mistakes_of() { sed 's/,[01]\.[0-9]*,\([a-z]*\)$/,\1/' "$1/mistakes.csv" | sort; }

# same_run FOLDER FOLDER: the same split, mistakes, steps, evaluations and figures, to rounding where sums have another order.
same_run() {
    cmp "$1/split.tsv" "$2/split.tsv"
    jq -cn --slurpfile one "$1/log.jsonl" --slurpfile other "$2/log.jsonl" '
        def close($a; $b): ($a - $b | fabs) <= 1e-6 * ($a | fabs);
        def of($event): map(select(.event == $event));
        def differ($event; exactly; nearly): [$one, $other] | map(of($event)) | transpose[]
            | select((map(exactly) | .[0] != .[1]) or
                ([map(nearly) | transpose[] | close(.[0]; .[1])] | all | not));
        differ("step"; [.step, .epoch, .lr, .tokens]; [.loss, .grad_norm]),
        differ("eval"; [.step, .accuracy, .f1_macro, .f1_weighted]; [.loss]),
        differ("end"; .reason; [])' >differences
    [ ! -s differences ] || complain "$1 and $2 differ: $(cat differences)"
    diff <(jq '.validation, .test | .confusion?' "$1/metrics.json") <(jq '.validation, .test | .confusion?' "$2/metrics.json")
    diff <(mistakes_of "$1") <(mistakes_of "$2")
}

saved_step() { sed -n 's/^saved the model of step \([0-9]*\) .*/\1/p' <<<"$stderr"; }
