# Several ranks that were stopped go on where they were. One rank's resume.bats has the kinds of stops.
load ranks
setup() { in_own_folder_of_ranks; }
teardown() { end_job; }

result() {
    (cd "$1" && sha256sum model.safetensors config.json split.tsv mistakes.csv)
    jq -cS 'del(.step_s, .wall_s, .run_id)' "$1/log.jsonl"
}
equal() { diff <(result "$1") <(result "$2") >differences || complain "$2 is not $1: $(head -20 differences)"; }

run_all=(--config c.yaml per_device_train_batch_size=4 num_train_epochs=40)

# stop N SIGNAL RANK [KEY=VALUE...]: a run of N ranks; one of them gets the signal.
stop() {
    local n=$1 signal=$2 rank=$3
    shift 3
    rm -rf out ranks
    launch "$n" -- "${run_all[@]}" "$@"
    steps_until 9
    signal "$signal" "$rank"
    ends_within 60
}

@test "one rank gets a signal: all save one checkpoint, and the same command goes on to the same bytes" {
    for sharded in true false; do
        ranks 2 "${run_all[@]}" shard_optimizer=$sharded output_dir=whole_$sharded 2>whole.err || complain "$(cat whole.err)"
        stop 2 USR1 1 shard_optimizer=$sharded
        [ "$status" -eq 75 ] || complain_with_all "expected 75"
        step=$(last_step)
        grep -q "checkpoint-$step is saved: the same command goes on from it" ranks/stderr.0 || complain_with_all "no checkpoint"
        succeeds ranks 2 "${run_all[@]}" shard_optimizer=$sharded
        says "resume   checkpoint-$step"
        equal whole_$sharded out
    done
}

@test "KILL of one rank: the others end with 9, and the newest checkpoint goes on" {
    ranks 3 "${run_all[@]}" output_dir=whole ddp_timeout=$timeout 2>whole.err || complain "$(cat whole.err)"
    stop 3 KILL 2 ddp_timeout=$timeout
    [ "$status" -ne 0 ] || complain_with_all "a rank was killed"
    succeeds ranks 3 "${run_all[@]}" ddp_timeout=$timeout
    says "resume   checkpoint-"
    equal whole out
    [ -z "$(find out -name '.checkpoint*')" ] || complain "left over: $(ls -A out)"
}

@test "another number of ranks at the same global batch goes on with a warning; at another one it is refused" {
    stop 2 USR1 0
    step=$(last_step)
    cp -r out kept
    for n in 1 4; do
        rm -rf out && cp -r kept out
        succeeds ranks $n "${run_all[@]}" per_device_train_batch_size=$((8 / n))
        says "resume   checkpoint-$step"
        says "ranks was 2 and is $n; its result will be equal to rounding, not to the bit"
        [ "$(last_step)" -eq $((40 * 7)) ] || complain "steps: $(last_step)"
    done
    rm -rf out && cp -r kept out
    run --separate-stderr ranks 3 "${run_all[@]}"
    [ "$status" -eq 2 ] && says "rows of an update was 8 and is 12" || complain "expected 2"
    succeeds ranks 2 "${run_all[@]}" shard_optimizer=false
    says "resume   checkpoint-$step"
}

@test "a finished run: every rank ends with 0" {
    ranks 2 "${run_all[@]}" 2>whole.err || complain "$(cat whole.err)"
    succeeds ranks 2 "${run_all[@]}"
    says "finished: nothing is left to do"
}
