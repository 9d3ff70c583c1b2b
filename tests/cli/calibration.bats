# Calibrated scores and the threshold that reaches an accuracy: from the end of a run to predict.
load resume
setup() { in_own_folder; }

# noisy ROWS SEED: rows of which a fifth has another label than its text says; the numbers of a part differ from another's.
noisy() {
    echo text,label
    awk -v rows="$1" -v seed="$2" 'BEGIN {
        split("suivi remboursement accès", label, " ")
        split("où est le colis numéro|rendez-moi mes euros|mot de passe perdu", text, "|")
        srand(seed)
        for (i = 1; i <= rows; i++) {
            k = 1 + i % 3
            printf "%s %d,%s\n", text[k], 1000 * seed + i, label[rand() < 0.2 ? 1 + (k + i) % 3 : k]
        }
    }'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" && make_all
    noisy 240 1 >train.csv
    noisy 150 2 >held.csv
    noisy 90 3 >test.csv
    arguments=(--quiet --config c.yaml train_file=train.csv validation_file=held.csv test_file=test.csv on_duplicate=ignore
        num_train_epochs=8 label_smoothing_factor=0.4)
    printf '%s\n' "${arguments[@]}" >arguments
    cam-train "${arguments[@]}" output_dir=off 2>off.err && cam-train "${arguments[@]}" output_dir=on calibrate=true 2>on.err &&
        cam-train "${arguments[@]}" output_dir=reach calibrate=true target_accuracy=0.5 2>reach.err || {
        cat ./*.err >&2
        return 1
    }
}

take_over() {
    mapfile -t arguments <"$BATS_FILE_TMPDIR/arguments"
    cp -r "$BATS_FILE_TMPDIR"/{train.csv,held.csv,test.csv,off,on,reach} .
}

member() { jq -r ".$2" "$1/metrics.json"; }

@test "the temperature makes held-out rows likelier, and metrics.json says by how much" {
    take_over
    jq -e '.validation.calibration | .kept and .temperature < 0.9 and .loss_after < .loss_before and (.why | test("likelier"))
        and (.bins | length == 15) and ([.bins[].rows] | add) == 150' on/metrics.json
    jq -e '.test.calibration | .loss_after < .loss_before and .ece_after < .ece_before' on/metrics.json
    [ "$(member on test.calibration.temperature)" = "$(member on validation.calibration.temperature)" ]
    [ "$(member on validation.calibration.ece_before)" != "$(member on validation.calibration.ece_after)" ]
    jq -e '.validation.calibration | has("temperature") or has("kept") | not' off/metrics.json
    jq -e '([.validation.calibration.bins[].rows] | add) == 150 and .test.calibration.ece_before > 0' off/metrics.json
}

@test "only the last layer differs: its logits are divided by the temperature" {
    take_over
    cmp on/config.json off/config.json
    cmp <(head -c 2000 on/model.safetensors) <(head -c 2000 off/model.safetensors)
    changed=$(cmp -l on/model.safetensors off/model.safetensors | wc -l)
    [ "$changed" -gt 0 ] && [ "$changed" -le $((4 * (3 * 32 + 3))) ] || complain "$changed bytes changed"
    temperature=$(member on validation.calibration.temperature)
    for folder in on off; do
        cam-train predict --quiet --model $folder --input held.csv --format jsonl --top-k 3 | jq -c '[.top[] | {"label": .label, "score": .score}]' >$folder.jsonl
    done
    [ "$(wc -l <on.jsonl)" -eq 150 ]
    cmp <(jq -c '[.[].label]' on.jsonl) <(jq -c '[.[].label]' off.jsonl) # the order of the labels stays
    jq -n -e --argjson t "$temperature" --slurpfile on on.jsonl --slurpfile off off.jsonl '
        [range(150) as $i | ($off[$i][0].score / $off[$i][2].score | log) / $t - ($on[$i][0].score / $on[$i][2].score | log)
            | if . < 0 then -. else . end] | max < 1e-4'
}

@test "the figures are those of the saved model: eval finds them" {
    take_over
    for part in validation:held test:test; do
        cam-train eval --quiet --model on --data "${part#*:}.csv" --json >eval.json
        jq -n -e --slurpfile run on/metrics.json --slurpfile eval eval.json --arg part "${part%:*}" '
            $run[0][$part] as $r | $eval[0] as $e | ($r.loss - $e.loss | if . < 0 then -. else . end) < 1e-6
            and $r.accuracy == $e.accuracy and $r.confusion == $e.confusion'
    done
    jq -n -e --slurpfile on on/metrics.json --slurpfile off off/metrics.json '
        $on[0].validation.loss < $off[0].validation.loss and $on[0].validation.confusion == $off[0].validation.confusion
        and $on[0].test.confusion == $off[0].test.confusion
        and $on[0].validation.calibration.loss_before == $off[0].validation.loss'
    cut -d, -f1-5 on/mistakes.csv | sort >on.rows
    cut -d, -f1-5 off/mistakes.csv | sort | cmp - on.rows
}

@test "the best epoch before the last one is calibrated, too" {
    take_over
    [ "$(jq -r 'select(.event == "eval") | .loss' off/log.jsonl | tail -1)" != "$(member off validation.loss)" ] ||
        complain "the last epoch is the best one: the test shows nothing"
    jq -e '.validation.calibration.kept' on/metrics.json
}

@test "a run that is stopped anywhere, or after its model was calibrated, has the same result" {
    take_over
    mkdir stops && cp -r reach stops/whole && cd stops && cp ../{c.yaml,train.csv,held.csv,test.csv} . && cp -r ../tiny .
    [ "$(jq .finished whole/run.json)" = true ]
    steps=$(find whole -name 'checkpoint-*' | sed 's/.*-//' | sort -n | tail -1)
    [ "$steps" -gt 0 ]
    stopped_at "$steps" last # its model is calibrated already
    cmp last/model.safetensors whole/model.safetensors
    succeeds cam-train "${arguments[@]}" output_dir=last calibrate=true target_accuracy=0.5
    equal last
    # no file of the mistakes can be written: the run fails behind its calibration, and then goes on
    stopped_at "$steps" fails
    mkdir -p fails/mistakes.csv/x
    run --separate-stderr cam-train "${arguments[@]}" output_dir=fails calibrate=true target_accuracy=0.5
    [ "$status" -eq 8 ] || complain "expected a failure of storage"
    cmp fails/model.safetensors whole/model.safetensors
    rm -r fails/mistakes.csv
    succeeds cam-train "${arguments[@]}" output_dir=fails calibrate=true target_accuracy=0.5
    equal fails
}

@test "the threshold keeps its promise on the rows that chose it, and predict applies it" {
    take_over
    jq -e '.score_threshold > 0 and .target_accuracy == 0.5' reach/config.json
    threshold=$(jq .score_threshold reach/config.json)
    point=$(jq -c --argjson t "$threshold" '.validation.automation | map(select(.threshold == $t))[0]' reach/metrics.json)
    jq -e '.low >= 0.5 and .accuracy >= .low and .high >= .accuracy' <<<"$point"
    jq -e '.validation.automation | (map(.share) | . == sort and .[-1] == 1) and length <= 101' reach/metrics.json
    succeeds cam-train predict --model reach --input held.csv --format jsonl
    labelled=$(jq -c 'select(.label)' <<<"$output" | wc -l)
    jq -n -e --argjson n "$labelled" --argjson p "$point" '$n == ($p.share * 150 | round)'
    # its score tells why a text has no label
    succeeds cam-train predict --model reach --input held.csv --format jsonl --threshold 0.9999
    jq -s -e 'map(select(.label == null)) | length > 0 and all(.score < 0.9999 and .reason == "below the threshold of 0.9999")' <<<"$output"
    says "texts have no label: their scores are below 0.9999"
}

@test "predict leaves texts below the model's threshold to a person" {
    take_over
    jq '.score_threshold = 0.9999 | .target_accuracy = 0.99' reach/config.json >config.json && mv config.json reach/config.json
    succeeds cam-train predict --model reach --input held.csv
    answers "text,label,prediction,score"
    [ "$(tail -n +2 <<<"$output" | grep -c ',,0[.,]')" -gt 0 ] || complain "no empty prediction"
    says "their scores are below 0.9999, the model's threshold for an accuracy of 0.99 (--threshold 0 labels all)"
    succeeds cam-train predict --model reach --input held.csv --format tsv
    [ "$(cut -f1 <<<"$output" | grep -c '^$')" -gt 0 ]
    cures "the model's threshold" "$option" cam-train predict --model reach --input held.csv
    [ "$(tail -n +2 <<<"$output" | grep -c ',,0[.,]')" -eq 0 ] || complain "--threshold 0 labels all"
    jq '.score_threshold = "high"' reach/config.json >config.json && mv config.json reach/config.json
    refused 4 '"score_threshold" must be a number from 0 to 1' cam-train predict --model reach --input held.csv
}

@test "an end of a run shows calibration and threshold in 80 columns" {
    take_over
    succeeds cam-train "${arguments[@]:1}" output_dir=told calibrate=true target_accuracy=0.5
    [[ "$(said)" =~ "calibrated (temperature "[0-9.]+"): expected calibration error 0."[0-9]{3}" -> 0."[0-9]{3} ]]
    [[ "$(said)" =~ "with a score of at least 0."[0-9]+", "[0-9.]+" % of the rows are handled automatically, "[0-9.]+" % of them right ("[0-9.]+" to "[0-9.]+")" ]] ||
        complain "no line"
    while IFS= read -r line; do
        [ ${#line} -le 80 ] || complain "too wide: $line"
    done < <(sed -n '/^saved the model/,/^next/p' <<<"$stderr")
    grep -q 'The scores are calibrated' told/README.md
    grep -q 'Below that score `cam-train predict` gives no label' told/README.md
}

@test "an accuracy that is not reached is told, and predict labels all" {
    take_over
    succeeds cam-train "${arguments[@]}" output_dir=far calibrate=true target_accuracy=0.999
    [[ "$(said)" == *"warning: target_accuracy 0.999 is not reached, and predict labels every text: at best, with a score of"* ]]
    jq -e '.warnings | any(test("^target_accuracy 0.999 is not reached"))' far/metrics.json
    jq -e 'has("score_threshold") or has("target_accuracy") | not' far/config.json
    cmp far/model.safetensors on/model.safetensors
    succeeds cam-train predict --model far --input held.csv --format jsonl
    [ "$(jq -c 'select(.label)' <<<"$output" | wc -l)" -eq 150 ]
}

@test "rows that are all right choose no temperature" {
    # the training rows themselves, which are learnt by heart
    local by_heart=(validation_file=data.csv ~validation_split num_train_epochs=60)
    cam-train --quiet --config c.yaml output_dir=plain "${by_heart[@]}"
    succeeds cam-train --config c.yaml output_dir=right calibrate=true "${by_heart[@]}"
    says "not calibrated: every row is right"
    jq -e '.validation.calibration | .kept == false and .temperature == 1 and .ece_after == .ece_before' right/metrics.json
    cmp right/model.safetensors plain/model.safetensors
}

@test "the threshold goes with an exported model, and not into one that is trained from it" {
    take_over
    succeeds cam-train export --model reach --output half --dtype f16
    cmp <(jq '{score_threshold, target_accuracy}' half/config.json) <(jq '{score_threshold, target_accuracy}' reach/config.json)
    succeeds cam-train "${arguments[@]}" output_dir=next init=pretrained model_name_or_path=reach num_train_epochs=1
    jq -e 'has("score_threshold") or has("target_accuracy") | not' next/config.json
}

@test "check tells before that the validation rows are too few" {
    take_over
    succeeds cam-train check "${arguments[@]:1}" target_accuracy=0.99
    answers "target_accuracy 0.99 cannot be reached: at least 368 validation rows have to be right above the threshold, and there are 150 in all"
    succeeds cam-train check "${arguments[@]:1}" target_accuracy=0.97
    [[ "$(said)" != *"cannot be reached"* ]]
}
