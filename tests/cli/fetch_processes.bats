# Downloads by several processes, and downloads that are interrupted.
load hub

@test "twelve processes fetch one model: one download, right blobs" {
    for i in $(seq 12); do
        timeout 60 "$program" fetch slow/m >"out.$i" 2>"err.$i" 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || complain "$(cat err.*)"; done
    [ "$(sort -u out.* | wc -l)" -eq 1 ]
    blobs_are_right slow/m
    [ "$(requests "^store .*model.safetensors")" -eq 1 ] || complain "downloaded more than once"
    [ -z "$(find home -name '*.incomplete' -o -name '*.tmp-*')" ] || complain "left-overs"
}

@test "a signal ends a download, and the next command goes on where it ended" {
    stopped INT fetch slow/m
    [ "$status" -eq 130 ] || complain "INT"
    succeeds cam-train fetch slow/m
    [ "$(requests "^store .*bytes=")" -gt 0 ] || complain "from the beginning"
    for signal in TERM USR1 HUP; do
        rm -rf home out
        stopped $signal --config c.yaml init=pretrained model_name_or_path=slow/m max_steps=2
        [ "$status" -eq 75 ] || complain "$signal: $(cat stopped.err)"
        succeeds cam-train --config c.yaml init=pretrained model_name_or_path=slow/m max_steps=2
        blobs_are_right slow/m
    done
}

@test "ranks: the first one downloads, the others wait" {
    in_own_folder_of_ranks
    succeeds ranks 2 eval --model slow/m --data data.csv
    [ "$(requests "^store .*model.safetensors")" -eq 1 ] || complain "both downloaded $(cat "$BATS_FILE_TMPDIR/requests")"
    run --separate-stderr ranks 2 eval --model acme/none --data data.csv
    [ "$status" -eq 5 ] || complain "a model that is none"
    [ "$(grep -c 'the Hub has no model "acme/none"' <<<"$stderr")" -eq 1 ] || complain "said once"
}
