# The line that closes a run which learned little: its cause, and settings that cure.
load common
setup() { in_own_folder; }

# The closing warning without its breaks, and the command below it.
closing() { sed -n '/^warning: /h; /^  /H; ${x; p}' <<<"$stderr" | tr -s '\n ' '  ' | sed 's/ $//'; }
proposed() { [[ "$(closing)" != *"; train again: "* ]] || tail -1 <<<"$stderr" | sed -n 's/^  cam-train/cam-train/p'; }

# closes_with TEXT [WORDS]: the run closes with a warning that holds TEXT and fits 80 columns, and with the user's own command,
# which has the WORDS that he gave; pasted, it lets another run end with nothing to say.
closes_with() {
    [[ "$(closing)" == "warning: "*"$1"*"; train again: cam-train "* ]] || complain "expected at the end: $1"
    [[ "$stderr" != *"longer warm-up"* ]] || complain "a longer warm-up"
    while IFS= read -r line; do
        [[ "$line" == *cam-train* || ${#line} -le 80 ]] || complain "${#line} columns: $line"
    done < <(sed -n '/^warning: /h; /^  /H; ${x; p}' <<<"$stderr")
    local command
    command=$(proposed)
    [[ -n "$command" && "$command" == *"cam-train --config c.yaml "*"${2:-}"* ]] || complain "not the user's command with ${2:-}"
    eval "succeeds $command"
    [[ "$stderr" != *"train again:"* ]] || complain "the proposal did not cure"
}

@test "few steps: the closing line gives epochs that suffice" {
    succeeds cam-train --config c.yaml num_train_epochs=2
    jq -e '.verdict | test("num_train_epochs=")' out/metrics.json
    closes_with "the run made only 14 steps"
}

@test "a warm-up of the whole run" {
    succeeds cam-train --config c.yaml warmup_steps=500
    closes_with "the warm-up takes 500 steps and the run made 21"
}

@test "a rate that trains nothing, and a frozen encoder of random weights" {
    succeeds cam-train --config c.yaml learning_rate=1e-8 num_train_epochs=20
    closes_with "a learning_rate of 1e-8 is too low"
    rm -rf out
    succeeds cam-train --config c.yaml freeze=encoder
    closes_with "the frozen part has random weights"
}

@test "patience that ends a run before it learns" {
    succeeds cam-train --config c.yaml num_train_epochs=93 early_stopping_patience=1 learning_rate=1e-3
    closes_with "early_stopping_patience ended the run after 14 steps" "num_train_epochs=93 learning_rate=1e-3"
}

@test "one label has most of the rows: weights, and epochs" {
    { echo text,label; for i in $(seq 200); do echo "où est le colis numéro $i,suivi"; done
        for i in $(seq 20); do echo "rendez-moi mes $i euros,remboursement"; done; } >data.csv
    succeeds cam-train --config c.yaml validation_split=0.3 num_train_epochs=1
    [[ "$(proposed)" == *" class_weights=balanced num_train_epochs="* ]] || complain "settings"
    closes_with 'one label only, "suivi", for all 66 rows: one label has most of the rows' validation_split=0.3
}

@test "a label that is never predicted is named with its rows" {
    { echo text,label; for i in $(seq 60); do printf 'où est le colis numéro %d,suivi\nrendez-moi mes %d euros,remboursement\n' "$i" "$i"; done
        for i in $(seq 61 72); do echo "où est le colis numéro $i,rare"; done; } >data.csv
    succeeds cam-train --config c.yaml validation_split=0.3 num_train_epochs=10
    [[ "$(closing)" == 'warning: never predicted: "rare" (8 training rows): '*" num_train_epochs="* ]] || complain "the end"
}

@test "a run that ends while it still learns: twice its steps have a lower loss" {
    { echo text,label; grep -v '^"' data.csv | tail -n +2; } >some.csv
    awk 'NR == 1 { print; next } { for (i = 0; i < 501; i++) print i " " $0 }' some.csv >many.csv
    many=(on_duplicate=ignore train_file=many.csv validation_file=some.csv eval_strategy=steps eval_steps=20 metric_for_best_model=loss)
    succeeds cam-train --config c.yaml "${many[@]}" max_steps=60
    # more rows than the baseline takes
    jq -e 'has("baseline") | not' out/metrics.json
    [[ "$(closing)" == "warning: the last evaluation was the best one, by 0."*"max_steps=120 output_dir=out-2" ]] ||
        complain "the end"
    eval "succeeds $(proposed)"
    jq -es '.[1].validation.loss < .[0].validation.loss' out/metrics.json out-2/metrics.json
}

@test "a proposed folder is one that does not exist, and the finished run stays" {
    mkdir out-2
    succeeds cam-train --config c.yaml num_train_epochs=2
    [[ "$(proposed)" == *" output_dir=out-3" ]] || complain "out-2 exists"
    succeeds cam-train --config c.yaml num_train_epochs=2 output_dir=nested/out/
    [[ "$(proposed)" == *" output_dir=nested/out-2" ]] || complain "the folder beside it"
    succeeds cam-train --config c.yaml num_train_epochs=2 output_dir=nested/out-2
    [[ "$(proposed)" == *" output_dir=nested/out-3" ]] || complain "no number behind a number"
}

@test "texts that do not tell the labels: no setting is proposed" {
    { echo text,label; for i in $(seq 60); do echo "bonjour $i,$((i * 7919 % 97 % 2 ? 1 : 0))" | sed 's/,1/,oui/; s/,0/,non/'; done; } >data.csv
    succeeds cam-train --config c.yaml num_train_epochs=10
    [[ "$(closing)" == *"TF-IDF learns no more"*"read mistakes.csv" ]] || complain "the end"
}

@test "the proposed command has what the user set on his own, and no setting twice" {
    sed 's/,accès$/,Accès/; 3s/Accès/acces/' data.csv >"mes données.csv"
    succeeds cam-train --config c.yaml 'train_file=mes données.csv' 'label_map={acces: Accès}' num_train_epochs=2 \
        data.stratify=false overwrite_output_dir=true
    command=$(proposed)
    for word in "'train_file=mes données.csv'" "'label_map={acces: Accès}'" data.stratify=false; do
        [[ "$command" == *" $word"* ]] || complain "without $word: $command"
    done
    [ "$(grep -o num_train_epochs= <<<"$command" | wc -l)" -eq 1 ] || complain "twice: $command"
    [[ "$command" != *overwrite_output_dir* ]] || complain "it would replace a run: $command"
    eval "succeeds $command"
}

@test "labels that look alike are mended before weights are thought of" {
    { echo text,label; for i in $(seq 60); do printf 'où est le colis numéro %d,suivi\nrendez-moi mes %d euros,remboursement\n' "$i" "$i"; done
        for i in $(seq 61 72); do echo "où est le colis numéro $i,Suivi"; done; } >data.csv
    succeeds cam-train --config c.yaml validation_split=0.3 num_train_epochs=60
    [[ "$(closing)" == *'never predicted: "Suivi"'*"1 label looks like another one or damaged; mend them first"* ]] ||
        complain "the end"
    run cam-train check --config c.yaml output_dir=none
    [[ "$output" != *class_weights* ]] || complain "weights for a misspelt label"
    answers "labels \"suivi\" (60 rows), \"Suivi\" (12 rows) differ only by case"
}
