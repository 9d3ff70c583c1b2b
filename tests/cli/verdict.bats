# The line that closes a run which learned little: its cause, and settings that cure.
load common
setup() { in_own_folder; }

# The settings that the closing line proposes, as words of a shell.
proposed() { sed -n 's/^warning: .*train again with //p' <<<"$stderr" | tail -1; }

# closes_with TEXT: the last line is a warning that holds it, and what it proposes cures: another run with these settings
# has nothing to say.
closes_with() {
    [[ "$(tail -1 <<<"$stderr")" == "warning: "*"$1"* ]] || complain "expected in the last line: $1"
    [[ "$stderr" != *"longer warm-up"* ]] || complain "a longer warm-up"
    local settings
    settings=$(proposed)
    [ -n "$settings" ] || complain "no settings"
    eval "succeeds cam-train --config c.yaml ${2:-} $settings"
    [ -z "$(proposed)" ] || complain "the proposal did not cure"
}

@test "few steps: the closing line gives epochs that suffice" {
    succeeds cam-train --config c.yaml num_train_epochs=2
    jq -e '.verdict | test("num_train_epochs=")' out/metrics.json
    closes_with "the run made only 14 steps"
}

@test "a warm-up of the whole run" {
    succeeds cam-train --config c.yaml warmup_steps=500
    closes_with "the warm-up takes 500 steps and the run made 21" warmup_steps=500
}

@test "a rate that trains nothing, and a frozen encoder of random weights" {
    succeeds cam-train --config c.yaml learning_rate=1e-8 num_train_epochs=20
    closes_with "a learning_rate of 1e-8 is too low"
    rm -rf out
    succeeds cam-train --config c.yaml freeze=encoder
    closes_with "the frozen part has random weights" freeze=encoder
}

@test "patience that ends a run before it learns" {
    succeeds cam-train --config c.yaml num_train_epochs=93 early_stopping_patience=1 learning_rate=1e-3
    closes_with "early_stopping_patience ended the run after 14 steps" "early_stopping_patience=1 learning_rate=1e-3 num_train_epochs=93"
}

@test "one label has most of the rows: weights, and epochs" {
    { echo text,label; for i in $(seq 200); do echo "où est le colis numéro $i,suivi"; done
        for i in $(seq 20); do echo "rendez-moi mes $i euros,remboursement"; done; } >data.csv
    succeeds cam-train --config c.yaml validation_split=0.3 num_train_epochs=1
    [[ "$(proposed)" == "class_weights=balanced num_train_epochs="* ]] || complain "settings"
    closes_with 'one label only, "suivi", for all 66 rows: one label has most of the rows' validation_split=0.3
}

@test "a label that is never predicted is named with its rows" {
    { echo text,label; for i in $(seq 60); do printf 'où est le colis numéro %d,suivi\nrendez-moi mes %d euros,remboursement\n' "$i" "$i"; done
        for i in $(seq 61 72); do echo "où est le colis numéro $i,rare"; done; } >data.csv
    succeeds cam-train --config c.yaml validation_split=0.3 num_train_epochs=10
    [[ "$(tail -1 <<<"$stderr")" == 'warning: never predicted: "rare" (8 training rows): '*"train again with num_train_epochs="* ]] ||
        complain "the last line"
}

@test "a run that ends while it still learns: twice its steps have a lower loss" {
    { echo text,label; grep -v '^"' data.csv | tail -n +2; } >some.csv
    awk 'NR == 1 { print; next } { for (i = 0; i < 501; i++) print i " " $0 }' some.csv >many.csv
    many=(on_duplicate=ignore train_file=many.csv validation_file=some.csv eval_strategy=steps eval_steps=20 metric_for_best_model=loss)
    succeeds cam-train --config c.yaml "${many[@]}" max_steps=60
    # more rows than the baseline takes
    jq -e 'has("baseline") | not' out/metrics.json
    [[ "$(tail -1 <<<"$stderr")" == "warning: the last evaluation was the best one, by 0."*"max_steps=120 output_dir=out-2" ]] ||
        complain "the last line"
    eval "succeeds cam-train --config c.yaml ${many[*]} $(proposed)"
    jq -es '.[1].validation.loss < .[0].validation.loss' out/metrics.json out-2/metrics.json
}

@test "a proposed folder is one that does not exist, and the finished run stays" {
    mkdir out-2
    succeeds cam-train --config c.yaml num_train_epochs=2
    [[ "$(proposed)" == *" output_dir=out-3" ]] || complain "out-2 exists"
    succeeds cam-train --config c.yaml num_train_epochs=2 output_dir=nested/out/
    [[ "$(proposed)" == *" output_dir=nested/out-2" ]] || complain "the folder beside it"
}

@test "texts that do not tell the labels: no setting is proposed" {
    { echo text,label; for i in $(seq 60); do echo "bonjour $i,$((i * 7919 % 97 % 2 ? 1 : 0))" | sed 's/,1/,oui/; s/,0/,non/'; done; } >data.csv
    succeeds cam-train --config c.yaml num_train_epochs=10
    [[ "$(tail -1 <<<"$stderr")" == *"TF-IDF learns no more"*"read mistakes.csv" ]] || complain "the last line"
}
