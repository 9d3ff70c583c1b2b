# Pretraining: the corpus of texts, its cache, the configuration, the run with its checkpoints, and `fill`.
load resume

setup() {
    in_own_folder
    make_texts 200 >texts.txt
    pretrain_config >p.yaml
}

# make_texts N: a text a line, of a few words that foretell each other.
make_texts() {
    local who=(client vendeur livreur gérant) what=(commande facture livraison remise)
    for i in $(seq "$1"); do
        printf 'le %s demande où est la %s numéro %d\n' "${who[$((i % 4))]}" "${what[$((i / 4 % 4))]}" $((i % 50))
    done
}

pretrain_config() {
    printf '%s\n' 'model:' '  model_name_or_path: ./tiny' '  init: random' '  max_seq_length: 32' 'data:' \
        '  train_file: texts.txt' '  validation_split: 0.1' 'training:' '  output_dir: out' '  learning_rate: 5e-3' \
        '  num_train_epochs: 2' '  per_device_train_batch_size: 16'
}

pretrain() { cam-train pretrain --config p.yaml "$@"; }
check() { cam-train check --config p.yaml task=pretrain "$@"; }

# --- the corpus

@test "check shows files, texts, tokens, rows, lengths, steps and the cost, and leaves the cache" {
    succeeds check
    answers "file     texts.txt, "
    answers "texts    200"
    [[ "$output" =~ tokens\ \ \ [0-9,]+,\ 0.15\ of\ them\ masked ]] || complain "no tokens"
    answers "cache    written to out/corpus.tokens"
    [[ "$output" =~ rows\ \ \ \ \ [0-9]+\ train,\ [0-9]+\ validation,\ 0\ test ]] || complain "no rows"
    [[ "$output" =~ lengths\ \ median ]] || complain "no lengths"
    answers "all is well: the run can start"
    succeeds check
    answers "cache    taken from out/corpus.tokens"
    [ "$(ls out)" = corpus.tokens ] || complain "more than the cache was written"
}

@test "the cache is made anew for other texts, another length and another tokenizer, and taken otherwise" {
    succeeds check --quiet
    sum=$(sha256sum out/corpus.tokens)
    succeeds check learning_rate=1e-3 mlm_probability=0.2 seed=7 validation_split=0.3 split_seed=1
    answers "cache    taken from"
    echo "une ligne de plus" >>texts.txt
    succeeds check
    answers "cache    written to"
    says "is of other texts or settings: it is made anew"
    [ "$sum" != "$(sha256sum out/corpus.tokens)" ] || complain "the same cache"
    succeeds check max_seq_length=16
    answers "cache    written to"
    cp -r tiny other
    jq '.added_tokens += []' tiny/tokenizer.json >other/tokenizer.json
    succeeds check max_seq_length=16 model_name_or_path=./other
    answers "cache    written to"
    succeeds check max_seq_length=16 model_name_or_path=./other cache_dir=elsewhere
    answers "cache    written to elsewhere/corpus.tokens"
}

@test "a damaged cache is made anew; another file of its name stays" {
    succeeds check --quiet
    sum=$(sha256sum out/corpus.tokens)
    printf '\377\377\377\377' | dd of=out/corpus.tokens bs=1 seek=100 conv=notrunc status=none
    succeeds check
    says "is damaged: it is made anew"
    [ "$sum" = "$(sha256sum out/corpus.tokens)" ] || complain "not the same again"
    truncate -s -3 out/corpus.tokens
    succeeds check
    says "is damaged: it is made anew"
    echo "mes notes" >out/corpus.tokens
    refused 2 "is no cache of texts" pretrain
    [ "$(cat out/corpus.tokens)" = "mes notes" ] || complain "the file was replaced"
    succeeds check cache_dir=elsewhere
}

@test "the tokens are those of tokenize, whatever the number of threads" {
    succeeds check --quiet cpu_threads=1
    sum=$(sha256sum <out/corpus.tokens)
    rm out/corpus.tokens
    succeeds check --quiet cpu_threads=3
    [ "$sum" = "$(sha256sum <out/corpus.tokens)" ] || complain "another cache"
    cam-train tokenize --model tiny --format ids --input texts.txt >ids
    od -An -v -t d4 -w4 -j 64 -N $((4 * $(wc -w <ids))) out/corpus.tokens | tr -d ' ' | cmp - <(tr ' ' '\n' <ids) ||
        complain "other ids than those of tokenize"
}

@test "a list, patterns, tables and JSON; each file once" {
    mkdir parts
    head -n 50 texts.txt >parts/a.txt
    tail -n 150 texts.txt >parts/b.txt
    { echo '{"text": "où est le colis"}' && echo '{"autre": 1, "text": "une remise"}'; } >c.jsonl
    { echo 'n;text' && echo '1;"deux lignes' && echo 'une cellule"'; } >d.csv
    succeeds check 'train_file=[parts/*.txt, c.jsonl, d.csv]'
    answers "parts/a.txt and 3 others"
    answers "texts    203"
    succeeds check 'train_file=parts/*.txt'
    answers "texts    200"
    succeeds check 'train_file=[parts/a.txt, parts/*.txt]'
    answers "texts    200"
    cp parts/a.txt 'parts/[1].txt'
    succeeds check 'train_file=parts/[1].txt'
    answers "texts    50"
    succeeds cam-train show --config p.yaml task=pretrain 'train_file=[parts/*.txt, c.jsonl]'
    answers 'train_file: ["parts/*.txt", c.jsonl]'
}

@test "empty lines are counted; a line of 1 MB is cut into rows and nothing is lost" {
    { cat texts.txt && printf '\n   \n\n' && yes "le client demande où est sa commande" | head -n 28000 | tr '\n' ' ' && echo; } >long.txt
    [ "$(tail -n 1 long.txt | wc -c)" -gt 1000000 ] || complain "too short a line"
    succeeds check train_file=long.txt
    answers "texts    201; 3 empty ones are left out; 1 long one makes several rows"
    all=$(cam-train tokenize --model tiny --format ids --input long.txt | tail -n 1 | wc -w)
    few=$(cam-train tokenize --model tiny --format ids --input texts.txt | wc -w)
    rows=$(((all - 2 + 29) / 30))
    tokens=$(grep '^tokens' <<<"$output" | tr -dc '0-9 ' | awk '{ print $1 }')
    [ "$(tr -d , <<<"$tokens")" -eq $((few + all - 2 + 2 * rows)) ] || complain "expected $((few + all - 2 + 2 * rows)) tokens"
}

@test "the memory does not grow with the corpus" {
    ! grep -q __asan_init "$program" || skip "the sanitizers take memory of their own"
    yes "$(cat texts.txt)" | head -n 600000 >large.txt
    [ "$(stat -c %s large.txt)" -gt 28000000 ] || complain "too small a corpus"
    limit=72000
    succeeds bash -c 'ulimit -d "$1" && "$0" check --config p.yaml task=pretrain train_file=large.txt cpu_threads=2' \
        "$program" "$limit"
    [ "$(stat -c %s out/corpus.tokens)" -gt 40000000 ] || complain "too small a cache"
}

@test "held-out texts stay held out when others are added, and rows of one text stay together" {
    succeeds pretrain --quiet num_train_epochs=1 max_seq_length=8
    held=$(jq .validation.rows out/metrics.json)
    [ "$held" -gt 5 ] || complain "too few rows held out"
    make_texts 200 | sed 's/demande/réclame/' >more.txt
    succeeds pretrain --quiet num_train_epochs=1 max_seq_length=8 'train_file=[texts.txt, more.txt]' output_dir=two
    succeeds pretrain --quiet num_train_epochs=1 max_seq_length=8 train_file=more.txt output_dir=three
    both=$(jq .validation.rows two/metrics.json)
    [ "$both" -eq $((held + $(jq .validation.rows three/metrics.json))) ] || complain "the split of a text depends on others"
    head -n 20 more.txt >valid.txt
    succeeds check validation_file=valid.txt output_dir=four
    answers "rows     200 train, 20 validation"
}

@test "files that are missing, match nothing, are folders, pipes or no text: refused by name, all at once" {
    mkdir folder
    run --separate-stderr check 'train_file=[absent.txt, "*.md", folder, texts.txt]'
    [ "$status" -eq 3 ] || complain "expected exit 3"
    says 'train_file: cannot open "absent.txt": No such file or directory'
    says 'train_file: no file matches "*.md"'
    says 'train_file: "folder" is a folder; write "folder/*.txt" for its texts'
    cp texts.txt folder
    succeeds check 'train_file=folder/*.txt'
    mkfifo pipe
    refused 3 '"pipe" is no regular file' check train_file=pipe
    cp "$program" program.txt
    refused 3 "program.txt" check train_file=program.txt
    gzip -k texts.txt
    refused 3 "texts.txt.gz: a gzip archive" check train_file=texts.txt.gz
    printf 'une ligne\nbris\xe9e\n' >latin.txt
    refused 3 "latin.txt:2: byte 0xE9 is not UTF-8" check train_file=latin.txt
    printf '\n \n' >blank.txt
    refused 3 "blank.txt: the texts have no word" check train_file=blank.txt
    : >empty.txt
    refused 3 "empty.txt: the texts have no word" check train_file=empty.txt
    refused 3 'validation_file: "texts.txt" is read for training, too' check validation_file=texts.txt
    yes "un seul texte" | head -n 9 >one.txt
    refused 3 "one.txt: a single text cannot be trained on and held out as well; add texts" check train_file=one.txt
    echo "un autre texte" >>one.txt
    succeeds check train_file=one.txt
    answers "rows     "
    cures "none is left for training; set " "$settings" check train_file=one.txt validation_split=0.999999
    [ ! -e out/model.safetensors ] || complain "something was trained"
}

@test "a full disk while the cache is written: exit 8, nothing is left, and the same command succeeds later" {
    [ -n "${CAM_FAILING_CALLS:-}" ] || skip "run by ctest, which knows where the library of failing calls is"
    run --separate-stderr env LD_PRELOAD="$CAM_FAILING_CALLS" ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
        FAULT_FOLDER="$PWD/out" FAULT_CALLS=write FAULT_AT=2 FAULT_KIND=ENOSPC "$program" pretrain --config p.yaml
    [ "$status" -eq 8 ] || complain "expected exit 8"
    says "No space left on device"
    [ -z "$(ls out)" ] || complain "left: $(ls out)"
    succeeds pretrain --quiet
}

# --- the configuration

@test "keys of classifiers are refused where they are set, and cured as told" {
    for setting in labels=[a,b] label_column=x class_weights=balanced label_smoothing_factor=0.1 test_file=texts.txt \
        stratify=false split_by=text num_labels=3 on_duplicate=drop min_rows_per_label=2 classifier_dropout=0.1; do
        key=${setting%%=*}
        refused 2 "$key has no meaning in pretraining; set ~$key" check "$setting"
        succeeds check "$setting" "~$key"
    done
    cures "all of the model learns" "$settings" check freeze=encoder
    cures "all of the model learns" "$settings" check freeze=first:1
    cures "pretraining has the loss only; set " "$settings" check metric_for_best_model=accuracy
    cures "is for pretraining; set " "$settings" cam-train check --config p.yaml mlm_probability=0.2
    refused 2 "train_file lists 2 files" cam-train check --config p.yaml 'train_file=[texts.txt, data.csv]'
    succeeds cam-train check --config p.yaml 'train_file=[texts.txt, data.csv]' task=pretrain
    refused 2 "mlm_probability must be a number from 0 and below 1" check mlm_probability=1
    refused 2 "train_file must be a path or [path, path, ...], not a list" check 'train_file=[]'
}

# --- the run

# What a run of pretraining leaves, but for its times and its id.
result() {
    (cd "$1" && sha256sum model.safetensors config.json tokenizer.json)
    jq -cS 'del(.step_s, .wall_s, .run_id)' "$1/log.jsonl"
    jq -cS . "$1/metrics.json"
}

# stopped_at STEP FOLDER: a copy of ./whole as a kill after this step would have left it.
stopped_at() {
    rm -rf "$2" && cp -r whole "$2"
    for folder in "$2"/checkpoint-*; do [ "${folder##*-}" -le "$1" ] || rm -r "$folder"; done
    jq -c '.finished = false' "$2/run.json" >run.json && mv run.json "$2/run.json"
    rm "$2/metrics.json"
}

@test "a run from random weights learns, and its folder has the model, the figures and the card" {
    succeeds pretrain num_train_epochs=12
    says "validation loss "
    says "perplexity "
    says "best epoch "
    says 'cam-train fill --model out "Je voudrais <mask> ma commande"'
    first=$(jq -s '[.[] | select(.event == "eval")][0].loss' out/log.jsonl)
    last=$(jq .validation.loss out/metrics.json)
    awk -v a="$first" -v b="$last" 'BEGIN { exit !(b < a - 0.5) }' || complain "the loss fell from $first to $last only"
    jq -e '.validation | .positions > 20 and .masked_accuracy > 0.3 and (.perplexity | log) - .loss < 1e-6' out/metrics.json ||
        complain "metrics.json: $(cat out/metrics.json)"
    [ "$(jq -c .architectures out/config.json)" = '["CamembertForMaskedLM"]' ] || complain "other architectures"
    grep -q '^pipeline_tag: fill-mask$' out/README.md || complain "no card of a masked language model"
    [ ! -e out/split.tsv ] && [ ! -e out/mistakes.csv ] || complain "files of a classifier"
    succeeds pretrain num_train_epochs=12
    says "holds this run, finished: nothing is left to do"
    says "cache    taken from out/corpus.tokens"
    succeeds pretrain num_train_epochs=1 overwrite_output_dir=true
    says "cache    taken from out/corpus.tokens"
}

@test "the same bytes for any number of threads, and with task=pretrain in a configuration" {
    succeeds pretrain --quiet cpu_threads=1 output_dir=one
    succeeds pretrain --quiet cpu_threads=3 output_dir=three
    cmp one/model.safetensors three/model.safetensors || complain "other weights"
    succeeds cam-train --quiet --config p.yaml task=pretrain output_dir=two
    cmp one/model.safetensors two/model.safetensors || complain "other weights"
    succeeds cam-train --quiet --config one/run.yaml output_dir=again
    cmp one/model.safetensors again/model.safetensors || complain "run.yaml does not train the same again"
}

@test "a run stopped after any step ends with the bytes of an undisturbed one" {
    every_step="save_strategy=steps save_steps=1 save_total_limit=100 eval_strategy=steps eval_steps=3"
    # shellcheck disable=SC2086
    succeeds pretrain --quiet output_dir=whole gradient_accumulation_steps=2 per_device_train_batch_size=8 $every_step
    last=$(jq -s '[.[] | select(.event == "step").step] | max' whole/log.jsonl)
    for step in 1 5 $((last / 2)) $((last - 1)) "$last"; do
        stopped_at "$step" again
        # shellcheck disable=SC2086
        succeeds pretrain output_dir=again gradient_accumulation_steps=2 per_device_train_batch_size=8 $every_step
        says "resume   checkpoint-$step: step $step of"
        says "cache    taken from again/corpus.tokens"
        equal again
    done
    stopped_at 3 again
    # shellcheck disable=SC2086
    refused 2 "mlm_probability was 0.15 and is 0.2" pretrain output_dir=again gradient_accumulation_steps=2 \
        per_device_train_batch_size=8 $every_step mlm_probability=0.2
}

@test "two ranks train what one does with twice the batch" {
    command -v mpirun >/dev/null || skip "mpirun is not installed"
    succeeds pretrain --quiet output_dir=one per_device_train_batch_size=16
    succeeds env ASAN_OPTIONS=detect_leaks=0 timeout 120 mpirun --allow-run-as-root --oversubscribe -n 2 --bind-to none "$program" pretrain --config p.yaml --quiet \
        output_dir=two per_device_train_batch_size=8
    [ -s two/corpus.tokens ] || complain "no cache"
    jq -s '[.[] | select(.event == "step").loss]' one/log.jsonl >a.json
    jq -s '[.[] | select(.event == "step").loss]' two/log.jsonl >b.json
    jq -e -n --slurpfile a a.json --slurpfile b b.json '[$a[0], $b[0]] | transpose | map((.[0] - .[1]) | fabs) | max < 1e-4' ||
        complain "other losses: $(paste a.json b.json)"
}

@test "a pretrained model goes on from its lm_head; a folder without one gets a fresh one, which is said" {
    succeeds pretrain --quiet num_train_epochs=8
    succeeds pretrain num_train_epochs=1 init=pretrained model_name_or_path=./out output_dir=more learning_rate=1e-3
    [[ "$stderr" != *"lm_head is fresh"* ]] || complain "the lm_head was not read"
    awk -v a="$(jq -s '[.[] | select(.event == "step")][0].loss' more/log.jsonl)" 'BEGIN { exit !(a < 6) }' ||
        complain "it did not begin where the first ended"
    succeeds cam-train --quiet --config c.yaml num_train_epochs=1 output_dir=classifier
    succeeds pretrain num_train_epochs=1 init=pretrained model_name_or_path=./classifier output_dir=third
    says 'the lm_head is fresh; all else comes from "./classifier"'
    succeeds cam-train --config c.yaml num_train_epochs=1 init=pretrained model_name_or_path=./out output_dir=from_lm
    says 'the classifier is fresh; all else comes from "./out"'
}

@test "what a run proposes at its end works" {
    succeeds pretrain num_train_epochs=1
    eval "$(grep -A2 'next: guess a word' <<<"$stderr" | sed -n 's/^  cam-train fill/succeeds cam-train fill/p')"
    [ "$(wc -l <<<"$output")" -eq 5 ] || complain "no five words"
    mv c.yaml my.yaml
    succeeds pretrain num_train_epochs=1 overwrite_output_dir=true
    eval "$(sed -n 's/^  cam-train --config my.yaml/succeeds cam-train --config my.yaml init=pretrained output_dir=next/p' <<<"$stderr")"
    [ -s next/model.safetensors ] || complain "no classifier"
}

# --- fill

@test "fill: the best words, as lines for a program, as JSON, and as a table on a terminal" {
    succeeds pretrain --quiet num_train_epochs=30
    succeeds cam-train fill --model out "le client demande où est la <mask> numéro 3"
    [ "$(wc -l <<<"$output")" -eq 5 ] || complain "expected five words"
    [ "$(cut -f 1 <<<"$output" | sort -u)" = 1 ] || complain "one mask"
    cut -f 3 <<<"$output" | sort -rgc || complain "the likeliest first"
    succeeds cam-train fill --model out --top-k 3 --json "le <mask> demande où est la <mask> numéro 3"
    jq -e '.masks | length == 2 and all(.[]; length == 3 and all(.[]; .probability > 0 and .probability <= 1))' <<<"$output" ||
        complain "other JSON"
    lines=$(cam-train fill --model out --top-k 3 "le <mask> demande où est la <mask> numéro 3" | cut -f 2)
    [ "$(jq -r '.masks[][].word' <<<"$output")" = "$lines" ] || complain "other words"
    run --separate-stderr script -qec "'$program' fill --model out 'le <mask> arrive'" /dev/null
    [[ "$output" == "mask 1"* ]] || complain "no table on a terminal"
}

@test "fill: no <mask>, no text, no lm_head, no such number: refused" {
    succeeds pretrain --quiet num_train_epochs=1
    refused 2 'the text has no <mask>; write it in the place of a word: "Je voudrais <mask> ma commande"' \
        cam-train fill --model out "je voudrais ma commande"
    succeeds cam-train fill --model out "Je voudrais <mask> ma commande"
    refused 2 'fill needs a text; write "Je voudrais <mask> ma commande"' cam-train fill --model out
    refused 2 "fill needs --model DIR" cam-train fill "le <mask>"
    refused 2 'option "--top-k" takes a whole number from 1 to 1000' cam-train fill --model out --top-k 0 "le <mask>"
    refused 2 "the model reads at most 64; write a shorter one" \
        cam-train fill --model out "le <mask> $(printf 'colis %.0s' $(seq 70))"
    succeeds cam-train --quiet --config c.yaml num_train_epochs=1 output_dir=classifier
    refused 4 "has no lm_head" cam-train fill --model classifier "le <mask>"
    echo "où est le colis" >other.txt
    refused 4 "no classifier" cam-train predict --model out --input other.txt
}
