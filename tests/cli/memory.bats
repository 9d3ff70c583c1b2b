# Allocations of the program that fail, in each verb: exit 6 or success, no crash, and no output that is not whole.
# CAM_MEMORY=all tries every place that allocates, and the first and second time there; otherwise some are tried.
load common

setup_file() {
    [ -e "${CAM_FAILING_MEMORY:-}" ] || return 0
    train_once
    cp -r out model
    cp data.csv old.csv
}

setup() {
    [ -n "${CAM_FAILING_MEMORY:-}" ] || skip "run by ctest, which knows where the program with the failing allocator is"
    [ "$CAM_FAILING_MEMORY" != cuda ] || skip "NVIDIA's runtime is linked into this program: only builds without it were tried"
    cd "$BATS_FILE_TMPDIR"
    export OMP_NUM_THREADS=1 # so that the n-th allocation is the same in every run
}

# limited COMMAND...: the program, whose n-th allocation may fail.
limited() {
    case $1 in
    train) shift && set -- --config c.yaml max_steps=2 eval_strategy=steps eval_steps=1 "$@" ;;
    esac
    timeout 60 "$CAM_FAILING_MEMORY" "$@" >stdout 2>stderr 3>&-
}

# chosen HOW_MANY: the numbers of the allocations to fail, of the report ./sites.
chosen() {
    if [ "${CAM_MEMORY:-}" = all ]; then awk '++turn[$2] <= 2 { print $1 }' sites; else
        awk -v most="$1" '!seen[$2]++ { line[++n] = $1 } END { step = n > most ? n / most : 1
            for (i = 1; i <= n; i += step) print line[int(i)] }' sites
    fi
}

# sweep HOW_MANY OUTPUT COMMAND...: OUTPUT ("" for none, "-" for standard output) is as without failures, or not there.
sweep() {
    local most=$1 output=$2 n kind tried=0 failed=0
    shift 2
    rm -rf result
    MEMORY_REPORT=$PWD/sites limited "$@" || complain "without a failure: $(cat stderr)"
    if [ "$output" = - ]; then cp stdout whole; elif [ "$output" ]; then cp -r "$output" whole; fi
    for n in $(chosen "$most"); do
        for kind in '' all; do
            rm -rf result
            status=0
            MEMORY_FAIL_AT=$n MEMORY_FAIL_ALL=$kind run_one "$kind" "$@" || status=$?
            tried=$((tried + 1))
            [ "$status" -ne 6 ] || failed=$((failed + 1))
            stderr=$(cat stderr)
            [[ "$status" -eq 0 || "$status" -eq 6 ]] || complain "allocation $n${kind:+ and all after it}: $*"
            [[ "$status" -eq 0 || "$stderr" == *"no memory"* || "$stderr" == *"out of memory"* ]] || complain "allocation $n: no reason"
            [[ "$stderr" != *"ERROR: "* && "$stderr" != *"runtime error"* ]] || complain "allocation $n: a sanitizer"
            whole "$output" "$n"
        done
    done
    echo "# $*: $tried failures of $(wc -l <sites) allocations, $failed ended with exit 6" >&3
    [ "$failed" -gt 0 ] || complain "nothing failed"
    rm -rf whole
}

run_one() {
    local kind=$1
    shift
    if [ "$kind" ]; then limited "$@"; else (unset MEMORY_FAIL_ALL && limited "$@"); fi
}

# whole OUTPUT N: see sweep.
whole() {
    case $1 in
    '') ;;
    -) [ ! -s stdout ] || cmp -s stdout whole || complain "allocation $2: not the whole result: $(cat stdout)" ;;
    *) [ ! -e "$1" ] || cmp -s "$1" whole || complain "allocation $2: not the whole file" ;;
    esac
}

@test "show" { sweep 40 - show --config c.yaml 'label_map={suivi: "b c"}' 'labels=[a, "b c"]' 'class_weights={a: 2}'; }

@test "show, an error" {
    local n
    for n in $(seq 1 40 400); do
        status=0
        MEMORY_FAIL_AT=$n limited show --config c.yaml learning_rat=1 epochs=2 || status=$?
        [[ "$status" -eq 2 || "$status" -eq 6 ]] || complain "allocation $n"
        [ ! -s stdout ] || complain "allocation $n: a result"
    done
}

@test "check" { sweep 60 '' check --config c.yaml output_dir=result; }
@test "check of pretraining" { sweep 60 '' check --config c.yaml task=pretrain output_dir=result; }
@test "fill" {
    cam-train pretrain --quiet --config c.yaml output_dir=lm num_train_epochs=1 2>err || complain "no model: $(cat err)"
    sweep 40 - fill --model lm --json "où est le <mask> ?"
}
@test "init" { sweep 40 - init --data data.csv --model ./tiny; }
@test "tokenize" { sweep 40 - tokenize --model model --input data.csv; }
@test "predict" { sweep 40 result predict --model model --input data.csv --output result; }
@test "predict to standard output" { sweep 30 - predict --model model --input data.csv --format tsv; }
@test "eval" { sweep 40 - eval --model model --data old.csv --json; }

# A run ends with its whole model, or has no config.json beside weights that are not there; each file that is there is whole.
@test "train" {
    local n tried=0
    rm -rf result reference
    MEMORY_REPORT=$PWD/sites limited train output_dir=result || complain "without a failure: $(cat stderr)"
    mv result reference
    for n in $(chosen 90); do
        rm -rf result
        status=0
        MEMORY_FAIL_AT=$n limited train output_dir=result || status=$?
        stderr=$(cat stderr)
        tried=$((tried + 1))
        [[ "$status" -eq 0 || "$status" -eq 6 ]] || complain "allocation $n"
        [[ "$stderr" != *"ERROR: "* && "$stderr" != *"runtime error"* ]] || complain "allocation $n: a sanitizer"
        for file in model.safetensors tokenizer.json sentencepiece.bpe.model tokenizer_config.json config.json split.tsv mistakes.csv special_tokens_map.json; do
            if [ -e "result/$file" ]; then
                cmp -s "result/$file" "reference/$file" || [[ "$file" == mistakes.csv || "$file" == model.safetensors ]] ||
                    complain "allocation $n: $file is not whole"
            else
                [ "$status" -ne 0 ] || complain "allocation $n: success without $file"
            fi
        done
        [ ! -e result/run.yaml ] || cmp -s result/run.yaml reference/run.yaml || complain "allocation $n: run.yaml"
        [ ! -e result/metrics.json ] || jq -e . result/metrics.json >/dev/null || complain "allocation $n: metrics.json"
        [ ! -e result/log.jsonl ] || jq -e . result/log.jsonl >/dev/null || complain "allocation $n: log.jsonl"
        if [ -e result/config.json ]; then
            cam-train predict --quiet --model result --input data.csv >predicted 2>err || complain "allocation $n: no model: $(cat err)"
        fi
    done
    echo "# train: $tried failures of $(wc -l <sites) allocations" >&3
}
