# curve: the scores of growing shares, the power law through them, going on after a signal.
load ranks
setup() { in_own_folder; }

@test "a curve has nested shares, a law, what twice the rows are expected to bring, and the labels' gains" {
    succeeds cam-train curve --config c.yaml folds=3 num_train_epochs=4
    says '1 of 12  12 rows, seed 42, fold 1: accuracy '
    says '12 of 12  40 rows, seed 42, fold 3: accuracy '
    says '120 (expected)'
    says 'by the power law error = '
    [ "$(ls out)" = "$(printf '%s\n' curve.json run.json)" ] || ls out
    jq -e '.format == "cam-train curve 1" and .rows == 60 and [.points[].rows] == [12, 18, 27, 40]
        and (.points | all(.accuracy.low <= .accuracy.value and .accuracy.value <= .accuracy.high))
        and .at_twice.rows == 120 and .at_twice.low <= .at_twice.accuracy and .at_twice.accuracy <= .at_twice.high
        and (.power_law | .a >= 0 and .c >= 0) and (.labels | length) == 3 and .labels[0].gain >= .labels[2].gain' out/curve.json
    succeeds cam-train curve --config c.yaml folds=3 num_train_epochs=4
    says 'holds this curve, finished'
    succeeds cam-train curve --config c.yaml folds=3 num_train_epochs=4 overwrite_output_dir=true
    says '12 of 12  40 rows, seed 42, fold 3: accuracy '
    refused 2 'command was curve and is measure' cam-train measure --config c.yaml folds=3 num_train_epochs=4
}

@test "the last point of a curve is the measurement: the same bits" {
    settings=(--config c.yaml folds=3 num_train_epochs=2 final=false)
    succeeds cam-train curve "${settings[@]}" output_dir=curve
    succeeds cam-train measure "${settings[@]}" output_dir=measure
    [ "$(jq -c '.points[3] | [.accuracy.value, .f1_macro.value]' curve/curve.json)" = \
        "$(jq -c '.metrics | [.accuracy.value, .f1_macro.value]' measure/measure.json)" ]
}

@test "a stopped curve goes on to the same figures" {
    settings=(--config c.yaml folds=5 num_train_epochs=20)
    succeeds cam-train curve "${settings[@]}" output_dir=whole
    "$program" curve "${settings[@]}" 2>stopped.err 3>&- &
    local job=$!
    eventually 30 grep -q '^3 of 20' stopped.err
    kill -TERM $job
    status=0 && wait $job || status=$?
    stderr=$(cat stopped.err)
    [ "$status" -eq 75 ] || complain "expected exit 75"
    ls out/point-1.bin
    succeeds cam-train curve "${settings[@]}"
    says ' of 20 trainings are done'
    cmp out/curve.json whole/curve.json
    [ ! -e out/point-1.bin ]
}
