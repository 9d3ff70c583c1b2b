# compare: lists of values on the command line, the same folds for all, what is recommended, going on after a signal.
load ranks
setup() { in_own_folder; }

@test "a list makes entries on the same folds, with differences, costs and the recommended configuration" {
    succeeds cam-train compare --config c.yaml folds=3 'freeze=[none num_train_epochs=6, encoder]' num_train_epochs=1
    says 'entry    1 of 2: freeze=none, num_train_epochs=6'
    says '6 of 6  seed 42, fold 3: accuracy '
    says 'recommended: '
    [ "$(ls out)" = "$(printf '%s\n' best.yaml compare.json run.json)" ] || ls out
    jq -e '.format == "cam-train compare 1" and .keys == ["freeze", "num_train_epochs"] and .rows == 60 and .folds == 3
        and [.entries[].name] == ["freeze=none, num_train_epochs=6", "freeze=encoder", "TF-IDF and a linear classifier"]
        and .entries[1].values == {"freeze": "encoder"} and [.entries[].is_baseline] == [false, false, true]
        and ([.entries[] | select(.recommended)] | length) == 1 and ([.entries[] | select(has("difference") | not)] | length) == 1
        and (.entries[0] | has("predict_rows_s")) and (.entries | all(.train_s > 0))' out/compare.json
    best=$(jq -r '[.entries[:2][] | .metrics.accuracy.value] | max' out/compare.json)
    jq -e --argjson best "$best" '.entries | all((has("difference") | not) or
        ((.metrics.accuracy.value - $best - .difference.value) | fabs < 1e-9))' out/compare.json
    succeeds cam-train check --config out/best.yaml
    succeeds cam-train --config out/best.yaml
    succeeds cam-train measure --config out/best.yaml folds=2 output_dir=best-measured
    succeeds cam-train compare --config c.yaml folds=3 'freeze=[none num_train_epochs=6, encoder]' num_train_epochs=1
    says 'holds this comparison, finished'
    succeeds cam-train compare --config c.yaml folds=3 'freeze=[none num_train_epochs=6, encoder]' num_train_epochs=1 overwrite_output_dir=true
    says '6 of 6  seed 42, fold 3: accuracy '
    refused 2 'entries was freeze=none, num_train_epochs=6; freeze=encoder and is freeze=none; freeze=encoder' \
        cam-train compare --config c.yaml folds=3 'freeze=[none, encoder]' num_train_epochs=1
}

@test "an entry is a measurement: the same bits" {
    succeeds cam-train compare --config c.yaml folds=3 learning_rate=[1e-3,5e-3] 'seed=[1, 2]' num_train_epochs=2 output_dir=compare
    jq -e '[.entries[:4][].name] == ["learning_rate=1e-3, seed=1", "learning_rate=1e-3, seed=2", "learning_rate=5e-3, seed=1",
        "learning_rate=5e-3, seed=2"]' compare/compare.json
    succeeds cam-train measure --config c.yaml folds=3 learning_rate=5e-3 seed=2 num_train_epochs=2 final=false output_dir=measure
    [ "$(jq -c '.entries[3].metrics' compare/compare.json)" = "$(jq -c .metrics measure/measure.json)" ]
    [ "$(jq -c '.entries[4].metrics' compare/compare.json)" = "$(jq -c .baseline.metrics measure/measure.json)" ]
}

@test "the fastest that is not clearly worse is recommended" {
    succeeds cam-train compare --config c.yaml folds=3 'num_train_epochs=[12, 24]' learning_rate=1e-2
    jq -e '.entries as $e | ([$e[:2][] | select(has("difference") | not)][0]) as $best
        | ([$e[:2][] | select((has("difference") | not) or .difference.high >= 0)] | min_by(.train_s)) as $fast
        | $fast.recommended' out/compare.json
    grep -q "num_train_epochs: $(jq -r '.entries[] | select(.recommended).values.num_train_epochs' out/compare.json)\$" out/best.yaml
}

@test "lists that make no comparison are refused before any work" {
    refused 2 'nothing to compare: give a key several values, such as "freeze=[none, encoder]"' cam-train compare --config c.yaml
    refused 2 'nothing to compare' cam-train compare --config c.yaml freeze=[none]
    refused 2 'freeze must be none, embeddings, first:N or encoder, not "encoderr"' cam-train compare --config c.yaml 'freeze=[none, encoderr]'
    refused 2 'seed=[1,]: a value is missing; write seed=[a, b]' cam-train compare --config c.yaml seed=[1,]
    refused 2 'seed is listed twice' cam-train compare --config c.yaml seed=[1,2] training.seed=[3,4]
    refused 2 '"max_train_samples=50" has other rows, labels or folds than "max_train_samples=40"' \
        cam-train compare --config c.yaml 'max_train_samples=[40, 50]'
    refused 2 '12 combinations x 5 folds x 1 seed are 60 trainings, about ' \
        cam-train compare --config c.yaml freeze=[none,encoder] learning_rate=[1e-2,1e-3,1e-4] num_train_epochs=[1,2]
    says 'add --yes to make them, or write shorter lists'
    refused 2 'more than 100000 combinations' cam-train compare --config c.yaml "seed=[$(seq -s, 400)]" "split_seed=[$(seq -s, 400)]"
    [ ! -e out ]
    succeeds cam-train compare --config c.yaml 'seed=[1, 2]' max_steps=2 folds=2 output_dir=two
    succeeds cam-train compare --config c.yaml 'freeze=[none, encoder]' max_steps=2 folds=2 output_dir=cured
    succeeds cam-train compare --yes --config c.yaml max_steps=2 freeze=[none,encoder] learning_rate=[1e-2,1e-3,1e-4] weight_decay=[0,0.1]
    jq -e '.entries | length == 13' out/compare.json
}

@test "a stopped comparison goes on to the same figures; ranks share it" {
    settings=(compare --config c.yaml folds=5 num_train_epochs=10 learning_rate=[1e-3,5e-3,1e-2])
    succeeds cam-train "${settings[@]}" output_dir=whole
    "$program" "${settings[@]}" 2>stopped.err 3>&- &
    local job=$!
    eventually 60 grep -q '^7 of 15' stopped.err
    kill -TERM $job
    status=0 && wait $job || status=$?
    stderr=$(cat stopped.err)
    [ "$status" -eq 75 ] || complain "expected exit 75"
    ls out/entry-5.bin out/entry-7.bin
    succeeds cam-train "${settings[@]}"
    says '5 of 5 trainings are done'
    local figures='[.entries[] | .metrics]'
    [ "$(jq -c "$figures" out/compare.json)" = "$(jq -c "$figures" whole/compare.json)" ]
    [ "$(ls out)" = "$(printf '%s\n' best.yaml compare.json run.json)" ] || ls out
    in_own_folder_of_ranks
    succeeds ranks 2 "${settings[@]}" output_dir=ranks cpu_threads=1
    [ "$(jq -c "$figures" ranks/compare.json)" = "$(jq -c "$figures" whole/compare.json)" ]
}
