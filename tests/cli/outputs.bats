# What verbs write: never over a file that they read, and whole or not at all.
load common
setup_file() { train_once; }
setup() {
    cd "$BATS_TEST_TMPDIR"
    cp -r "$BATS_FILE_TMPDIR"/{out,tiny,data.csv,c.yaml} .
    sha256sum data.csv c.yaml $(find out -type f) >before
}

unchanged() { sha256sum --check --quiet before || complain "a file was changed"; }

@test "predict: its output is not its input, by whatever name" {
    ln -s data.csv link.csv && ln data.csv hard.csv
    for target in data.csv ./data.csv "$PWD/data.csv" link.csv hard.csv; do
        for force in "" --force; do
            refused 2 "the output is the input file" cam-train predict --model out --input data.csv --output "$target" $force
            refused 2 "the output is the input file" cam-train predict --model out --output "$target" $force <data.csv
        done
    done
    unchanged
}

@test "predict: its output is no file of the model, nor one that would change the model" {
    ln -s out/tokenizer.json link.tsv && ln out/model.safetensors hard.tsv
    for target in out/model.safetensors out/config.json out/tokenizer.json out/run.yaml out/split.tsv link.tsv hard.tsv; do
        refused 2 "the output is a file of the model" cam-train predict --model out --input data.csv --output "$target" --force
    done
    rm out/sentencepiece.bpe.model
    for name in sentencepiece.bpe.model added_tokens.json vocab.txt model-00001-of-00002.safetensors; do
        refused 2 "the output is a file of the model" cam-train predict --model out --input data.csv --output "out/$name"
        [ ! -e "out/$name" ]
    done
    succeeds cam-train predict --model out --input data.csv --output out/predictions.csv
    sed -i '/sentencepiece/d' before && unchanged
}

@test "a verb whose standard output is the file that it reads is refused" {
    for command in "tokenize --model out --input data.csv" "predict --model out --input data.csv" "init --data data.csv" \
        "eval --model out --data data.csv"; do
        run --separate-stderr bash -c "exec '$program' $command >>data.csv"
        [ "$status" -eq 2 ] || complain "$command"
        says 'standard output is the input file, "data.csv"'
        unchanged
    done
    for verb in show check train "tune"; do
        run --separate-stderr bash -c "exec '$program' $verb --config c.yaml >>c.yaml"
        [ "$status" -eq 2 ] || complain "$verb"
        unchanged
    done
    run --separate-stderr bash -c "exec '$program' show --config c.yaml >c.yaml"
    [ "$status" -eq 2 ] && [ ! -s c.yaml ] || complain "show"
    says "the shell has emptied this one before cam-train began"
}

@test "tune: its table replaces no file that is read" {
    for target in c.yaml data.csv; do
        refused 2 "the output is the input file" cam-train tune --config c.yaml --output "$target"
    done
    refused 2 "the output is a file of the model" cam-train tune --config c.yaml --output tiny/config.json
    unchanged
}

@test "predict: a signal or a limit leaves no file and no temporary one" {
    seq 300000 >many.txt
    for signal in TERM INT HUP USR1 KILL; do
        if [ $signal = INT ]; then set -m; fi
        "$program" predict --model out --input many.txt --output rows.tsv 2>err 3>&- &
        job=$!
        set +m
        for _ in $(seq 100); do [ -n "$(find . -name 'rows.tsv.cam-tmp*' -size +0)" ] && break || sleep 0.02; done
        kill -$signal $job
        status=0 && wait $job || status=$?
        [ ! -e rows.tsv ] || complain "$signal"
        case $signal in
        KILL) [ "$status" -eq 137 ] && [ -n "$(find . -name 'rows.tsv.cam-tmp*')" ] ;;
        *) [ "$status" -eq 130 ] && [ -z "$(find . -name '*cam-tmp*')" ] || complain "$signal" ;;
        esac
    done
    run --separate-stderr bash -c "ulimit -f 16; exec '$program' predict --model out --input many.txt --output rows.tsv"
    [ "$status" -eq 8 ] || complain "ulimit -f"
    says "File too large; the file needs more than "
    [ ! -e rows.tsv ] && [ -z "$(find . -name '*cam-tmp*')" ] || complain "the leftover of KILL is removed, too"
}
