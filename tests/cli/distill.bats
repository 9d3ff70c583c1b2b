# Distillation: a teacher, students that begin as layers of it, texts without labels, what does not fit, and resuming.
load resume

setup_file() {
    cd "$BATS_FILE_TMPDIR" && make_all && make_tiny three '.num_hidden_layers = 3'
    cam-train --quiet --config c.yaml model_name_or_path=./three output_dir=teacher num_train_epochs=6 2>train.err ||
        { cat train.err >&2; return 1; }
}

setup() {
    in_own_folder
    ln -s "$BATS_FILE_TMPDIR/teacher" teacher
    for i in $(seq 30); do echo "je voudrais savoir où est mon colis, demande $i"; done >texts.txt
    printf '%s\n' 'data:' '  train_file: data.csv' 'training:' '  output_dir: out' '  learning_rate: 1e-3' \
        '  per_device_train_batch_size: 8' '  num_train_epochs: 2' 'distill:' '  distill_teacher: ./teacher' >d.yaml
}

distill() { cam-train --config d.yaml "$@"; }
check() { cam-train check --config d.yaml "$@"; }

# layer_of MODEL LAYER: a hash of one tensor of the layer.
layer_of() { tensor "$1" "roberta.encoder.layer.$2.output.dense.bias"; }
tensor() {
    local head begin end size
    size=$(od -An -tu8 -N8 "$1/model.safetensors" | tr -d ' ')
    head=$(tail -c +9 "$1/model.safetensors" | head -c "$size")
    begin=$(jq --arg name "$2" '.[$name].data_offsets[0]' <<<"$head")
    end=$(jq --arg name "$2" '.[$name].data_offsets[1]' <<<"$head")
    tail -c +$((9 + size + begin)) "$1/model.safetensors" | head -c $((end - begin)) | sha256sum
}

# --- students

@test "a student has the layers that are named, and its folder is a model" {
    succeeds distill distill_layers='[2, 0]' distill_hidden=1
    says 'begins as layers 2, 0 of the 3 of "./teacher"'
    [ "$(jq .num_hidden_layers out/config.json)" = 2 ] || complain "not two layers"
    ! grep -aq hidden_map out/model.safetensors || complain "the map is in the file"
    succeeds cam-train predict --model out <<<"où est le colis"
    succeeds cam-train eval --model out --data data.csv
}

@test "a student begins with the values of its layers, of the embeddings and of the head" {
    succeeds distill distill_layers='[2, 0]' learning_rate=1e-30 weight_decay=0 max_steps=1 eval_strategy=no warmup_ratio=0
    [ "$(layer_of out 0)" = "$(layer_of teacher 2)" ] || complain "layer 0 is not the teacher's layer 2"
    [ "$(layer_of out 1)" = "$(layer_of teacher 0)" ] || complain "layer 1 is not the teacher's layer 0"
    [ "$(layer_of out 0)" != "$(layer_of out 1)" ] || complain "both layers are the same"
    for name in classifier.dense.weight classifier.out_proj.bias roberta.embeddings.word_embeddings.weight; do
        [ "$(tensor out $name)" = "$(tensor teacher $name)" ] || complain "$name is not the teacher's"
    done
}

@test "a number of layers is spread evenly, and check shows the teacher" {
    succeeds check distill_layers=2
    says 'begins as layers 0, 2 of the 3 of "./teacher"'
    answers "2 layers, hidden 32"
    answers "teacher  ./teacher: 3 layers"
    succeeds check distill_layers=1
    says 'begins as layer 0 of the 3'
}

@test "texts without labels are trained on, and nothing else" {
    succeeds check distill_layers=2 distill_texts=texts.txt
    answers "also for 30 texts without a label"
    answers "rows     54 train, 6 validation, 0 test"
    answers "of up to 8 rows, 11 an epoch" # 84 rows
    printf 'n,text,label\n1,bonjour,\n2,merci,remboursement\n' >more.csv
    succeeds check distill_layers=2 distill_texts=more.csv
    answers "also for 2 texts without a label"
    succeeds distill distill_layers=2 distill_texts=texts.txt
    grep -q 'also learned from the model `teacher`, which has 3 layers' out/README.md || complain "the card has no teacher"
    grep -q '`texts.txt`: texts without labels' out/README.md || complain "the card has no texts"
    [ "$(wc -l <out/split.tsv)" = 61 ] || complain "split.tsv has other rows than those of the training file"
}

@test "the teacher's ids are those of the run, and a student may be any model that shares them" {
    succeeds distill model_name_or_path=./tiny init=random
    [ "$(jq -c .id2label out/config.json)" = "$(jq -c .id2label teacher/config.json)" ] || complain "other labels"
}

@test "what a student learns depends on its settings, and not on the number of threads" {
    succeeds distill distill_layers=2 distill_hidden=1 distill_texts=texts.txt cpu_threads=1
    mv out one
    succeeds distill distill_layers=2 distill_hidden=1 distill_texts=texts.txt cpu_threads=2
    cmp out/model.safetensors one/model.safetensors || complain "another model with two threads"
    for setting in distill_alpha=0.9 distill_temperature=5 distill_hidden=0 '~distill_texts'; do
        rm -r out
        succeeds distill distill_layers=2 distill_hidden=1 distill_texts=texts.txt "$setting"
        ! cmp -s out/model.safetensors one/model.safetensors || complain "$setting changes nothing"
    done
}

@test "a stopped student goes on to the bytes of an undisturbed one, and not with another teacher" {
    succeeds distill distill_layers=2 distill_hidden=1 distill_texts=texts.txt output_dir=whole save_strategy=steps \
        save_steps=5 save_total_limit=10
    stopped_at 10 out
    succeeds distill distill_layers=2 distill_hidden=1 distill_texts=texts.txt save_strategy=steps save_steps=5 \
        save_total_limit=10
    says "resume   checkpoint-10"
    equal out
    stopped_at 10 out
    cp -rL teacher other && printf '\0' | dd of=other/model.safetensors bs=1 conv=notrunc seek="$(($(wc -c <other/model.safetensors) - 4))" 2>dd.err
    refused 2 "weights of the teacher" distill distill_teacher=./other distill_layers=2 distill_hidden=1 \
        distill_texts=texts.txt save_strategy=steps save_steps=5 save_total_limit=10
}

# --- pretraining

@test "in pretraining, the hidden states of a teacher without labels are learnt, beside the masked words" {
    pretrain() {
        cam-train pretrain --config c.yaml train_file=texts.txt max_seq_length=32 num_train_epochs=2 "$@"
    }
    succeeds pretrain model_name_or_path=./teacher init=pretrained output_dir=lm
    succeeds pretrain distill_teacher=./lm ~model_name_or_path init=pretrained distill_layers=2 distill_hidden=1
    says 'begins as layers 0, 2 of the 3 of "./lm"'
    says "teacher  ./lm: 3 layers"
    [ "$(jq .num_hidden_layers out/config.json)" = 2 ] || complain "not two layers"
    ! grep -aq hidden_map out/model.safetensors || complain "the map is in the file"
    succeeds cam-train fill --model out "où est mon <mask>"
    mv out one
    succeeds pretrain distill_teacher=./lm ~model_name_or_path init=pretrained distill_layers=2 distill_hidden=2
    ! cmp -s out/model.safetensors one/model.safetensors || complain "distill_hidden changes nothing"
    refused 2 "distill_alpha has no meaning in pretraining" pretrain distill_teacher=./lm distill_hidden=1 distill_alpha=0.9
    cures "and nothing else of it; " "$settings" pretrain distill_teacher=./lm output_dir=other
    make_tiny wide '.hidden_size = 64'
    refused 4 "its hidden states have 32 values" pretrain distill_teacher=./lm distill_hidden=1 output_dir=wide-out \
        model_name_or_path=./wide
}

@test "with mlm_probability 0 an encoder learns the states of its teacher alone, and the program takes it everywhere" {
    pretrain() {
        cam-train pretrain --config c.yaml train_file=texts.txt max_seq_length=32 num_train_epochs=20 learning_rate=2e-3 "$@"
    }
    succeeds pretrain model_name_or_path=./teacher init=pretrained output_dir=lm num_train_epochs=1
    taught="distill_teacher=./lm ~model_name_or_path init=pretrained distill_layers=2 distill_hidden=10 mlm_probability=0"
    # shellcheck disable=SC2086
    succeeds cam-train check --config c.yaml train_file=texts.txt task=pretrain $taught
    answers ", none of them masked"
    # shellcheck disable=SC2086
    succeeds pretrain $taught save_strategy=steps save_steps=1 save_total_limit=100
    says 'no token is masked: the encoder learns the last hidden states of "./lm" at all tokens'
    [[ "$stderr" != *perplexity* && "$stderr" != *"cam-train fill"* ]] || complain "it speaks of masked words"
    says "next: train a classifier from this encoder"
    cp c.yaml my.yaml
    eval "$(sed -n 's/^  cam-train --config my.yaml/succeeds cam-train --quiet --config my.yaml num_train_epochs=1 init=pretrained output_dir=next/p' <<<"$stderr")"
    [ -s next/model.safetensors ] || complain "no classifier"
    jq -se '[.[] | select(.event == "eval").loss] | .[-1] < 0.5 * .[0]' out/log.jsonl || complain "the loss did not fall"
    jq -e '.validation | .loss > 0 and .positions > 10 and (has("perplexity") or has("masked_accuracy") | not)' out/metrics.json ||
        complain "metrics.json: $(cat out/metrics.json)"
    jq -e '.architectures == ["CamembertModel"] and .num_hidden_layers == 2 and (has("id2label") | not)' out/config.json ||
        complain "config.json: $(cat out/config.json)"
    grep -q '^pipeline_tag: feature-extraction$' out/README.md || complain "the card is that of another model"
    ! grep -qa 'lm_head\|classifier\|hidden_map' out/model.safetensors || complain "the folder has a head"
    cp -r out whole
    for step in 1 7; do
        rm -rf out && cp -r whole out
        for folder in out/checkpoint-*; do [ "${folder##*-}" -le "$step" ] || rm -r "$folder"; done
        jq -c '.finished = false' whole/run.json >out/run.json
        rm -f out/metrics.json
        # shellcheck disable=SC2086
        succeeds pretrain $taught save_strategy=steps save_steps=1 save_total_limit=100
        says "step $step of"
        cmp whole/model.safetensors out/model.safetensors || complain "other weights after step $step"
    done
    succeeds cam-train export --model out --output half --dtype f16
    jq -e '.architectures == ["CamembertModel"]' half/config.json || complain "export names another model"
    succeeds cam-train --config c.yaml num_train_epochs=1 init=pretrained model_name_or_path=./half output_dir=classifier
    says 'the classifier is fresh; all else comes from "./half"'
    refused 4 "" cam-train fill --model out "le <mask>"
    cures "mlm_probability is 0, so nothing is guessed, and without a teacher nothing is learnt; set " "$settings" \
        pretrain mlm_probability=0 ~distill_teacher init=random output_dir=other
}

@test "a stopped pretraining with a teacher goes on to the bytes of an undisturbed one" {
    run_it() {
        cam-train pretrain --config c.yaml train_file=texts.txt max_seq_length=32 num_train_epochs=4 save_strategy=steps \
            save_steps=4 save_total_limit=10 distill_teacher=./teacher distill_hidden=1 "$@"
    }
    succeeds run_it output_dir=whole
    cp -r whole out
    for folder in out/checkpoint-*; do [ "${folder##*-}" -le 8 ] || rm -r "$folder"; done
    jq -c '.finished = false' out/run.json >run.json && mv run.json out/run.json
    rm out/metrics.json
    succeeds run_it
    says "resume   checkpoint-8"
    cmp out/model.safetensors whole/model.safetensors || complain "other weights"
}

# --- what does not fit

@test "a teacher that does not fit is refused by name, before any work" {
    refused 4 'distill_teacher: its label 0 is "accès", that of the data "compte"' check distill_layers=2 \
        'label_map={accès: compte}'
    grep -v accès data.csv >two.csv
    refused 4 "it has 3 labels, the data 2" check distill_layers=2 train_file=two.csv
    make_tiny wide '.hidden_size = 64'
    refused 4 "its hidden states have 32 values, those of the model 64" check model_name_or_path=./wide init=random \
        distill_hidden=1
    succeeds check model_name_or_path=./wide init=random
    make_tiny larger '.vocab_size = .vocab_size + 8'
    refused 4 "its vocabulary has" check model_name_or_path=./larger init=random
    make_tiny other
    jq '.normalizer = {"type": "Lowercase"}' tiny/tokenizer.json >other/tokenizer.json
    rm other/sentencepiece.bpe.model
    succeeds check model_name_or_path=./other init=random # these texts have no capital letters
    sed 's/^où/Où/' data.csv >capitals.csv
    refused 4 "its tokenizer gives other ids" check model_name_or_path=./other init=random train_file=capitals.csv
    succeeds check train_file=capitals.csv distill_layers=1
    refused 4 'nowhere"' check distill_teacher=./nowhere distill_layers=1
}

@test "a teacher without a classifier teaches hidden states only" {
    cp -rL teacher encoder
    jq 'del(.id2label, .label2id, .architectures, .problem_type)' teacher/config.json >encoder/config.json
    sed -i 's/classifier\.out_proj/qa_outputs.out_proj/g; s/classifier\.dense/qa_outputs.dense/g' encoder/model.safetensors
    refused 4 "has no classifier" check distill_teacher=./encoder distill_layers=1
    cures "has no classifier" "$settings" check distill_teacher=./encoder distill_layers=1
    succeeds distill distill_teacher=./encoder distill_layers=1 distill_alpha=0 distill_hidden=1
    says "the classifier is fresh"
}

@test "what the messages about a teacher propose is right" {
    cures "but the teacher has 3 layers; " "$settings" check distill_layers=4
    refused 2 "names layer 3, but the teacher has layers 0 to 2; name one of these" check 'distill_layers=[0, 3]'
    succeeds check 'distill_layers=[0, 2]'
    make_tiny wide '.hidden_size = 64'
    cures "those of the model 64" "$settings" check model_name_or_path=./wide init=random distill_hidden=1
    make_tiny longer '.max_position_embeddings = 130'
    cp -rL teacher regression
    jq '.problem_type = "regression"' teacher/config.json >regression/config.json
    refused 4 "and a teacher gives one label; name the folder of a trained classifier" check \
        distill_teacher=./regression distill_layers=1
    succeeds check distill_teacher=./teacher distill_layers=1
    cures "it reads at most 64 tokens; " "$settings" check model_name_or_path=./longer init=random max_seq_length=100
    cures "both 0: the teacher teaches nothing; " "$settings" check distill_layers=2 distill_alpha=0
    cures "distill_layers needs a teacher; " '~[a-z_]+' cam-train check --config c.yaml distill_layers=2
    cures "not of \"./tiny\"; " '~[a-z_]+' check model_name_or_path=./tiny init=random distill_layers=2
    cures "does not begin as layers of the teacher; " "$settings" check init=random distill_layers=2
}
