# measure: folds and seeds, its files, the final model, going on after a signal, groups, ranks, and what it refuses.
load ranks
setup() { in_own_folder; }

# The figures of a measurement without its times.
figures() { jq -c 'del(.wall_s, .repetitions[].wall_s)' "$1/measure.json"; }

@test "the files of a measurement, and a final model that predicts and states the measured score" {
    succeeds cam-train measure --config c.yaml folds=4 'seeds=[1,2]' num_train_epochs=2
    says 'folds    4; 2 seeds: 8 trainings of about 45 rows, then one of all rows'
    says '8 of 8  seed 2, fold 4: accuracy '
    says 'worst labels '
    [ "$(ls out)" = "$(printf '%s\n' confusion.csv measure.json model oof.jsonl run.json)" ] || ls out
    jq -e '.format == "cam-train measure 1" and .rows == 60 and .labels == ["accès", "remboursement", "suivi"]
        and .folds == 4 and .seeds == [1, 2] and (.repetitions | length) == 8 and (.classes | length) == 3
        and ([.confusion[][]] | add) == 120 and .duplicates_across_folds == 0 and (.calibration.bins | length) == 15
        and (.metrics.accuracy | .low <= .value and .value <= .high and .seed_spread >= 0)
        and .paired.difference == .metrics.accuracy.value - .baseline.metrics.accuracy.value
        and ([.repetitions[] | .accuracy * .rows] | add) / 120 - .metrics.accuracy.value < 1e-9' out/measure.json
    [ "$(wc -l <out/oof.jsonl)" -eq 121 ]
    [ "$(wc -l <out/confusion.csv)" -eq 4 ]
    local score
    score=$(jq -r '.metrics.accuracy.value * 10000 | round / 10000' out/measure.json)
    grep -q "^| measured | $score" out/model/README.md
    grep -q 'with 2 seeds: each of the 60 rows was scored by a' out/model/README.md
    jq -e .finished out/run.json
    [ "$(cut -f3 out/model/split.tsv | sort | uniq -c | xargs)" = "1 part 60 train" ]
    succeeds cam-train predict --model out/model --input data.csv
    [ "$(wc -l <<<"$output")" -eq 61 ]

    cp -r out before
    succeeds cam-train measure --config c.yaml folds=4 'seeds=[1,2]' num_train_epochs=2
    says 'holds this measurement, finished: nothing is left to do'
    diff -r before out
    refused 2 'output_dir "out/model" holds a run with other settings' cam-train measure --config c.yaml folds=4 'seeds=[1,2]' num_train_epochs=3
    refused 2 'output_dir "out" holds results with other settings, which cannot go on with these: folds was 4 and is 5' \
        cam-train measure --config c.yaml folds=5 'seeds=[1,2]' num_train_epochs=2
    says 'choose another folder, or set overwrite_output_dir=true'
    succeeds cam-train measure --config c.yaml folds=5 num_train_epochs=2 overwrite_output_dir=true
    jq -e '.folds == 5 and .seeds == [42]' out/measure.json
    succeeds cam-train measure --config c.yaml folds=5 num_train_epochs=2 overwrite_output_dir=true
    says '5 of 5  seed 42, fold 5'
}

@test "a fold is the training of a run of its own with the same rows: the same bits" {
    make_tiny still '.hidden_dropout_prob = 0 | .attention_probs_dropout_prob = 0'
    settings=(model_name_or_path=still num_train_epochs=3 class_weights=balanced)
    succeeds cam-train measure --config c.yaml "${settings[@]}" folds=3 'seeds=[7,8]' final=false
    [ ! -e out/model ]
    for fold in 0 1 2; do
        jq -r "select(.fold == $fold and .seed == 7) | .line" out/oof.jsonl >held.lines
        awk 'NR == FNR { held[$1] = 1; next } FNR == 1 || FNR in held' held.lines data.csv >held.csv
        awk 'NR == FNR { held[$1] = 1; next } !(FNR in held)' held.lines data.csv >train.csv
        for seed in 7 8; do
            succeeds cam-train --config c.yaml "${settings[@]}" train_file=train.csv validation_file=held.csv seed=$seed \
                load_best_model_at_end=false output_dir=alone-$fold-$seed
            [ "$(jq -c '.validation | [.rows, .accuracy, .f1_macro, .loss]' alone-$fold-$seed/metrics.json)" = \
                "$(jq -c ".repetitions[] | select(.fold == $fold and .seed == $seed) | [.rows, .accuracy, .f1_macro, .loss]" out/measure.json)" ]
        done
    done
}

@test "a stopped measurement exits 75, keeps what is finished, and goes on to the same figures" {
    settings=(--config c.yaml folds=5 'seeds=[1,2,3,4]' num_train_epochs=6 final=false)
    succeeds cam-train measure "${settings[@]}" output_dir=whole
    "$program" measure "${settings[@]}" 2>stopped.err 3>&- &
    local job=$!
    eventually 30 grep -q '^3 of 20' stopped.err
    kill -TERM $job
    status=0 && wait $job || status=$?
    stderr=$(cat stopped.err)
    [ "$status" -eq 75 ] || complain "expected exit 75"
    says 'stopped by a signal; finished trainings are kept in "out": the same command goes on with the next one'
    ls out/repetition-1.bin out/repetition-3.bin
    [ ! -e out/measure.json ]
    head -c 100 out/repetition-2.bin >cut && mv cut out/repetition-2.bin # a damaged file is made again
    succeeds cam-train measure "${settings[@]}"
    says ' of 20 trainings are done'
    [ "$(figures out)" = "$(figures whole)" ]
    cmp out/oof.jsonl whole/oof.jsonl
    [ "$(ls out)" = "$(printf '%s\n' confusion.csv measure.json oof.jsonl run.json)" ] || ls out
}

@test "a measurement that is stopped in its final model goes on with it" {
    "$program" measure --config c.yaml folds=2 max_steps=3000 2>stopped.err 3>&- &
    local job=$!
    eventually 60 test -e out/model/log.jsonl
    kill -TERM $job
    status=0 && wait $job || status=$?
    stderr=$(cat stopped.err)
    [ "$status" -eq 75 ] || complain "expected exit 75"
    ls out/measure.json out/repetition-2.bin
    jq -e '.finished == false' out/run.json
    succeeds cam-train measure --config c.yaml folds=2 max_steps=3000
    says '2 of 2 trainings are done'
    jq -e .finished out/run.json
    [ ! -e out/repetition-2.bin ]
    ls out/model/model.safetensors
}

@test "rows of one group are in one fold" {
    awk -F, 'NR == 1 { print $0 ",client" } NR > 1 { print $0 ",c" (NR % 7) }' data.csv >grouped.csv
    succeeds cam-train measure --config c.yaml train_file=grouped.csv group_column=client folds=3 num_train_epochs=1 final=false
    says 'folds    3, rows of one "client" together (7 of them)'
    jq -e '.groups == 7 and .group_column == "client" and (.paired | has("p") | not)' out/measure.json
    jq -r 'select(has("line")) | "\(.line % 7) \(.fold)"' out/oof.jsonl | sort -u >pairs
    [ "$(wc -l <pairs)" -eq 7 ] || cat pairs
    refused 2 'grouped.csv: no column "clinet" for group_column; the file has "text", "label", "client"' \
        cam-train measure --config c.yaml train_file=grouped.csv group_column=clinet output_dir=other
    sed '5s/,c[0-9]$/,/' grouped.csv >hole.csv
    refused 3 'hole.csv:5: row 5 has no value in the column "client"' \
        cam-train measure --config c.yaml train_file=hole.csv group_column=client output_dir=other
    awk -F, 'NR == 1 { print $0 ",client" } NR > 1 { print $0 "," ($NF == "suivi" ? "a" : "c" NR % 7) }' data.csv >whole.csv
    refused 3 'all rows of the label "suivi" are in one group, client="a"' \
        cam-train measure --config c.yaml train_file=whole.csv group_column=client output_dir=other
    says 'set group_column=null, or leave the label out with label_map'
    succeeds cam-train measure --config c.yaml train_file=whole.csv group_column=null num_train_epochs=1 final=false output_dir=ungrouped
    succeeds cam-train measure --config c.yaml train_file=whole.csv group_column=client 'label_map={suivi: ""}' num_train_epochs=1 \
        final=false output_dir=without
    awk -F, 'NR == 1 { print $0 ",client" } NR > 1 { print $0 ",c" (NR % 2) }' data.csv >two.csv
    refused 3 'the column "client" has 2 values, which make at most as many folds; set folds=2' \
        cam-train measure --config c.yaml train_file=two.csv group_column=client output_dir=other
    succeeds cam-train measure --config c.yaml train_file=two.csv group_column=client folds=2 num_train_epochs=1 final=false output_dir=other
    awk -F, 'NR == 1 { print $0 ",client" } $NF == "suivi" { print $0 ",s" NR % 2 } $NF == "accès" { print $0 ",a" NR % 2 }' data.csv >four.csv
    refused 3 'holds out 10 rows of one label only, ' \
        cam-train measure --config c.yaml train_file=four.csv group_column=client folds=4 output_dir=four
    says 'since rows of a group stay together; set another split_seed, or fewer folds'
    succeeds cam-train measure --config c.yaml train_file=four.csv group_column=client folds=2 num_train_epochs=1 final=false output_dir=four
}

@test "a label with fewer rows than folds is named, and both cures work" {
    { cat data.csv && printf 'je veux un avocat,juridique\nune plainte,juridique\nun procès,juridique\n'; } >rare.csv
    refused 3 '"juridique" (3 rows); set folds=3, or min_rows_per_label=5, which leaves out 3 rows' \
        cam-train measure --config c.yaml train_file=rare.csv
    [ ! -e out ]
    succeeds cam-train measure --config c.yaml train_file=rare.csv folds=3 num_train_epochs=1 final=false
    succeeds cam-train measure --config c.yaml train_file=rare.csv min_rows_per_label=5 num_train_epochs=1 final=false output_dir=dropped
    jq -e '.rows == 60' dropped/measure.json
    { head -31 data.csv | grep ',suivi\|^text' && printf 'un,b\ndeux,c\ntrois,d\n'; } >single.csv
    refused 3 '"d" (1 row); set label_map to give them to other labels' cam-train measure --config c.yaml train_file=single.csv folds=3
    succeeds cam-train measure --config c.yaml train_file=single.csv folds=3 'label_map={b: d, c: d}' num_train_epochs=1 final=false output_dir=mapped
}

@test "what cannot be measured is refused before anything is written" {
    refused 2 'set task=classify' cam-train measure --config c.yaml task=pretrain
    refused 2 'set ~distill_teacher' cam-train measure --config c.yaml distill_teacher=tiny
    succeeds cam-train measure --config c.yaml task=pretrain task=classify distill_teacher=tiny ~distill_teacher num_train_epochs=1 final=false output_dir=cured
    refused 2 'folds must be a whole number from 2 to 1000, not "1"' cam-train measure --config c.yaml folds=1
    refused 2 'seeds must be [seed, seed, ...]' cam-train measure --config c.yaml 'seeds=[3,3]'
    refused 2 '"--resume" is not one of "measure"' cam-train measure --config c.yaml --resume none
    [ ! -e out ]
}

@test "a run without held-out rows keeps the last model and says that it was not measured" {
    succeeds cam-train --config c.yaml validation_split=0 num_train_epochs=1
    grep -q 'No rows were held out: how good the model is has not been measured.' out/README.md
    ! grep -q 'model-index' out/README.md
    succeeds cam-train predict --model out --input data.csv
    cures 'early_stopping_patience needs held-out rows; set ' 'validation_split=[0-9.]*' cam-train --config c.yaml validation_split=0 \
        early_stopping_patience=2 output_dir=patient num_train_epochs=2
    cures 'early_stopping_patience needs held-out rows; ' 'early_stopping_patience=0' cam-train --config c.yaml validation_split=0 \
        early_stopping_patience=2 output_dir=impatient num_train_epochs=1
    cut -d, -f1 data.csv >texts.txt
    cures 'pretraining holds out at least one text; set ' 'validation_split=[0-9.]*' cam-train check --config c.yaml task=pretrain \
        train_file=texts.txt validation_split=0 output_dir=masked
}

@test "keys without effect on folds are told, and repeated texts" {
    { cat data.csv && tail -30 data.csv; } >twice.csv
    succeeds cam-train measure --config c.yaml train_file=twice.csv validation_file=data.csv early_stopping_patience=2 \
        num_train_epochs=1 final=false
    says 'warning: validation_file is not read: folds hold out rows of train_file'
    says 'warning: early_stopping_patience has no effect'
    says 'rows have the same text as a row of another fold, which flatters the score; on_duplicate=drop leaves repeated texts out'
    jq -e '.duplicates_across_folds > 0 and .near_duplicates_across_folds > 0 and .rows == 90 and (.warnings | length) > 0' out/measure.json
    succeeds cam-train measure --config c.yaml train_file=twice.csv on_duplicate=drop num_train_epochs=1 final=false output_dir=once
    jq -e '.duplicates_across_folds == 0 and .rows == 60' once/measure.json
}

@test "ranks take whole trainings: the files of one rank" {
    in_own_folder_of_ranks
    settings=(measure --config c.yaml folds=3 'seeds=[1,2]' num_train_epochs=2 cpu_threads=1)
    succeeds cam-train "${settings[@]}" output_dir=one
    for n in 2 4; do
        succeeds ranks $n "${settings[@]}" output_dir=ranks-$n
        [ "$(figures ranks-$n)" = "$(figures one)" ]
        cmp ranks-$n/oof.jsonl one/oof.jsonl
        cmp ranks-$n/model/model.safetensors one/model/model.safetensors
    done
}

@test "the final model gets the temperature and the threshold of the folds' rows" {
    succeeds cam-train measure --config c.yaml folds=3 num_train_epochs=9 calibrate=true target_accuracy=0.7
    jq -e '.calibration.kept and (.calibration.temperature != 1)' out/measure.json
    threshold=$(jq .score_threshold out/model/config.json)
    jq -e --argjson t "$threshold" '.automation | any(.threshold == $t and .low >= 0.7)' out/measure.json
    jq -e '.target_accuracy == 0.7' out/model/config.json
    grep -q "The scores are calibrated: the last layer is divided by the temperature " out/model/README.md
    succeeds cam-train measure --config c.yaml folds=3 num_train_epochs=9 output_dir=plain
    jq -e 'has("score_threshold") | not' plain/model/config.json
    succeeds cam-train predict --model out/model --input data.csv --format jsonl --threshold 0
    jq -r .score <<<"$output" >calibrated
    succeeds cam-train predict --model plain/model --input data.csv --format jsonl
    jq -r .score <<<"$output" >raw
    # a temperature below 1 makes every score surer, one above 1 less sure
    paste raw calibrated | awk -v t="$(jq .calibration.temperature out/measure.json)" '(t < 1) != ($2 > $1) { bad++ } END { exit bad > 0 }'
    succeeds cam-train measure --config c.yaml folds=3 num_train_epochs=1 target_accuracy=0.999 output_dir=never
    says 'warning: target_accuracy 0.999 is not reached, and predict labels every text'
    refused 2 'target_accuracy was 0.999 and is null' cam-train measure --config c.yaml folds=3 num_train_epochs=1 output_dir=never
}

@test "a full disk, a locked folder and leftovers of another measurement" {
    run --separate-stderr bash -c "ulimit -f 8; '$program' measure --config c.yaml num_train_epochs=1 final=false"
    [ "$status" -eq 8 ] || complain "expected exit 8"
    says 'error: cannot write '
    says 'oof.jsonl": File too large'
    ls out/repetition-5.bin
    succeeds cam-train measure --config c.yaml num_train_epochs=1 final=false # once there is room
    says '5 of 5 trainings are done'
    jq -e .rows out/measure.json
    cp out/measure.json before.json
    exec 8<out && flock 8
    refused 2 'another run is writing there' cam-train measure --config c.yaml num_train_epochs=2 final=false
    flock -u 8
    cmp out/measure.json before.json
    touch out/entry-3.bin out/repetition-77.bin out/mine.bin out/entry-x.bin
    succeeds cam-train measure --config c.yaml num_train_epochs=2 final=false overwrite_output_dir=true
    [ "$(ls out)" = "$(printf '%s\n' confusion.csv entry-x.bin measure.json mine.bin oof.jsonl run.json)" ] || ls out
}

@test "a rank that is stopped stops all: exit 75, and the measurement goes on" {
    in_own_folder_of_ranks
    settings=(measure --config c.yaml folds=5 'seeds=[1,2,3,4]' num_train_epochs=40 final=false cpu_threads=1)
    succeeds cam-train "${settings[@]}" output_dir=one
    launch 2 "${settings[@]}"
    eventually 60 grep -q '^4 of 20' ranks/stderr.0
    kill -TERM "$(cat ranks/pid.1)"
    status=0 && wait $job || status=$?
    [ "$status" -eq 75 ] || complain "expected exit 75: $(cat mpirun.err ranks/stderr.*)"
    succeeds ranks 2 "${settings[@]}"
    says ' of 20 trainings are done'
    [ "$(figures out)" = "$(figures one)" ]
}
