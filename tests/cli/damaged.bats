# What a stopped run finds in its folder: checkpoints that were damaged, and settings that were changed meanwhile.
load resume

run_it=(--config c.yaml max_steps=6 warmup_ratio=0 save_strategy=steps save_steps=1 save_total_limit=100 eval_strategy=steps
    eval_steps=2 metric_for_best_model=loss)
go_on() { cam-train "${run_it[@]}" "$@"; }

setup_file() {
    cd "$BATS_FILE_TMPDIR" && make_all
    cam-train --quiet "${run_it[@]}" output_dir=whole 2>run.err || {
        cat run.err >&2
        return 1
    }
}

setup() {
    in_own_folder
    ln -s "$BATS_FILE_TMPDIR/whole" whole
}

# flip FILE: its middle byte gets another value.
flip() {
    local at byte
    at=$(($(stat -c %s "$1") / 2))
    byte=$(od -An -tu1 -j $at -N 1 "$1" | tr -d ' ')
    printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}

@test "one changed byte in each file of a checkpoint: exit 4 where it is named, else a warning and the one before" {
    local path file tried=0
    for path in whole/checkpoint-6/*; do
        file=${path##*/}
        stopped_at 6 out
        flip "out/checkpoint-6/$file"
        refused 4 "checkpoint-6/$file" go_on --resume out/checkpoint-6
        [[ "$stderr" == *sha256* ]] || complain "the hashes"
        succeeds go_on
        [ "$(grep -c "^warning: .*checkpoint-6/$file.*sha256" <<<"$stderr")" -eq 1 ] || complain "one warning with the hashes"
        says 'resume   checkpoint-5: step 5 of'
        equal out
        tried=$((tried + 1))
    done
    [ "$tried" -ge 9 ] || complain "only $tried files"
}

@test "a byte of the best model, which several checkpoints share: the newest one without it goes on" {
    rm whole && cp -r "$BATS_FILE_TMPDIR/whole" whole
    stopped_at 6 out
    # as a run leaves them: one file under several names
    for step in 5 6; do ln -f out/checkpoint-4/model.safetensors out/checkpoint-$step/model.safetensors; done
    flip out/checkpoint-6/model.safetensors
    succeeds go_on
    for step in 6 5 4; do says "checkpoint-$step/model.safetensors"; done
    says 'resume   checkpoint-3'
    equal out
}

@test "files of a checkpoint that were cut at each 4 KiB, or are gone: refused before they are used" {
    local file length size
    for file in weights.bin moment1.bin manifest.json training.json results.bin; do
        stopped_at 6 out
        size=$(stat -c %s out/checkpoint-6/$file)
        for length in $(seq $(((size - 1) / 4096 * 4096)) -4096 0); do
            truncate -s "$length" out/checkpoint-6/$file
            refused 4 "checkpoint-6/$file" go_on --resume out/checkpoint-6
        done
        rm out/checkpoint-6/$file
        refused 4 "checkpoint-6/$file" go_on --resume out/checkpoint-6
        succeeds go_on
        says 'resume   checkpoint-5'
        equal out
    done
}

@test "each setting that changes the result is refused by its name; none is forgotten" {
    sed 's/^text,/texte,/' data.csv >other_text.csv
    sed '1s/label/classe/' data.csv >other_label.csv
    tail -n +2 data.csv >no_header.csv
    cp data.csv second.csv
    cp -r whole out && stopped_at 3 out
    cp -r whole/. pretrained
    local changes=(
        init=pretrained:model_name_or_path=./pretrained max_seq_length=32 freeze=embeddings frozen_dropout=true:freeze=embeddings
        layerwise_lr_decay=0.9 classifier_dropout=0.2 validation_file=second.csv test_file=second.csv format=csv:train_file=second.csv
        encoding=utf-8 delimiter=, columns='[text, label]':train_file=no_header.csv text_column=texte:train_file=other_text.csv
        label_column=classe:train_file=other_label.csv labels=by_appearance label_map='{suivi: zz_suivi}' label_case=fold
        min_rows_per_label=2 on_rare_label=other validation_split=0.2 stratify=false split_seed=7 split_duplicates=apart split_by=text
        max_train_samples=50 max_eval_samples=5 on_bad_row=skip on_duplicate=drop num_train_epochs=7:max_steps=-1 max_steps=7
        learning_rate=1e-3 weight_decay=0.1 decay_bias_and_norm=true adam_beta1=0.8 adam_beta2=0.9 adam_epsilon=1e-7
        max_grad_norm=2 lr_scheduler_type=cosine warmup_ratio=0.5 warmup_steps=2:warmup_ratio=0 class_weights=balanced
        label_smoothing_factor=0.1 train_sampling_strategy=sequential bf16=false tf32=false seed=7 on_nonfinite=skip
        train_file=other_text.csv:text_column=texte:validation_split=0.2)
    local change key settings without_effect=''
    for change in "${changes[@]}"; do
        key=${change%%=*}
        IFS=: read -ra settings <<<"${change//: /@ }"
        run --separate-stderr go_on "${settings[@]//@ /: }"
        if [ "$status" -eq 0 ]; then # a key of the data that changes no row
            equal out
            without_effect="$without_effect $key"
            stopped_at 3 out
            continue
        fi
        [ "$status" -eq 2 ] || complain "expected exit 2: $change"
        [ "$(grep -c '^error: ' <<<"$stderr")" -eq 1 ] || complain "one error: $change"
        [[ "$stderr" == *"$key was "*" and is "* || "$stderr" == *"labels of the data was "*" and is "* ]] ||
            complain "expected both values of $key: $change"
    done
    [ "$(tr -s ' ' '\n' <<<"$without_effect" | sort | xargs)" = "columns delimiter encoding format label_case label_column \
max_eval_samples min_rows_per_label on_bad_row on_duplicate on_rare_label split_duplicates text_column" ] ||
        complain "no difference: $without_effect"
    refused 2 'rows of an update was 8 and is 4' go_on per_device_train_batch_size=4
    comm -23 <(jq -r '.facts | keys[] | select(contains(" ") or . == "data" or . == "model" | not)' whole/run.json | sort) \
        <(printf '%s\n' "${changes[@]%%=*}" | sort -u) >forgotten
    [ ! -s forgotten ] || complain "not tried: $(cat forgotten)"
}
