#!/bin/bash
# gpu_stages.sh NAME FUNCTION [ARGUMENT...]: the stages of gpu_check.sh, which runs each in a process of its own and
# exports the variables that are asked for below. A function's lines that are JSON objects are its results. Exit 77, with
# a line "SKIP: why", is "skipped"; any other than 0 is "failed". What is to come back is written to $logs/NAME.*.
set -u
: "${here:?}" "${home:?}" "${root:?}" "${work:?}" "${logs:?}" "${data:?}" "${python:?}" "${smi:?}"
begun_at=$EPOCHREALTIME
name=$1
shift
cd "$home" || exit 8
ulimit -f 8388608 # KiB: a program that prints for ever shall not fill the disk

skip() {
    echo "SKIP: $*"
    exit 77
}

# found PATTERN...: the files that are there
found() { for file in "$@"; do [ ! -e "$file" ] || echo "$file"; done; }

# with_libraries COMMAND...: with the libraries that the stage of that name has found. They come last: where the system
# has one of its own, that one is taken.
with_libraries() {
    more=$(cat "$work/libraries" 2> /dev/null)
    [ -z "$more" ] || local -x LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$more
    "$@"
}
# ours PROGRAM ARGUMENT...: one of our programs
ours() { with_libraries "$work/bin/$1" "${@:2}"; }

# --- what there is ---------------------------------------------------------------------------------------------------

# Where a library is: known to the dynamic linker, or in a folder that is then written to $work/libraries.
find_library() {
    path=$( (ldconfig -p || /sbin/ldconfig -p) 2> /dev/null | sed -n "s/^[[:space:]]*$1 .* => //p" | head -n 1)
    by=ldconfig
    if [ -z "$path" ]; then
        packages=$("$python" -c 'import site, sys; print(*site.getsitepackages(), site.getusersitepackages(), *sys.path, sep="\n")' 2> /dev/null)
        by=folder
        # shellcheck disable=SC2086,SC2046 # patterns are meant to be expanded
        path=$(found "${CUDA_HOME:-/usr/local/cuda}"/lib64/$1 /usr/local/cuda*/lib*/$1 /usr/local/cuda*/targets/*/lib/$1 $(printf '%s\n' "$packages" | sed "/./!d; s|\$|/nvidia/*/lib/$1|") | head -n 1)
        [ -z "$path" ] || dirname "$path" >> "$work/folders"
    fi
    [ "$path" ] || by=nothing
    printf '{"library":"%s","by":"%s","path":"%s"}\n' "$1" "$by" "$path"
    [ "$path" ]
}
libraries() {
    : > "$work/folders"
    for kind in libcudnn libnccl libcublasLt; do
        soname=$(grep -aho "$kind\.so\.[0-9]*" "$work/bin/cam-train" 2> /dev/null | head -n 1)
        find_library "${soname:-$kind.so}"
        result=$?
    done
    sort -u "$work/folders" | paste -sd: > "$work/libraries"
    [ $result -eq 0 ] || echo "libcublasLt is nowhere: no product can be computed" >&2
    return $result
}

describe() {
    "$smi" --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem --format=csv,noheader > "$work/device" || return 1
    awk -F', ' '{printf "{\"device\":\"%s\",\"driver\":\"%s\",\"memory\":\"%s\",\"sm_clock\":\"%s\",\"memory_clock\":\"%s\"}\n", $1, $2, $3, $4, $5}' "$work/device"
    commit=$(cat "$root/commit" 2> /dev/null || git -C "$home" rev-parse HEAD 2> /dev/null || echo unknown)
    version=$(ours cam-train --version 2> /dev/null | head -n 1 | tr -cd ' -~' | tr -d '"\\')
    printf '{"commit":"%s","version":"%s","processors":%d}\n' "$commit" "$version" "$(nproc)"
    [ -s "$work/device" ]
}

has_torch() {
    "$python" -c 'import json, torch, transformers, tokenizers
print(json.dumps({"torch": torch.__version__, "cuda": torch.version.cuda, "transformers": transformers.__version__}))
raise SystemExit(0 if torch.cuda.is_available() else "PyTorch sees no GPU")' 2> "$work/torch.err" && return
    skip "no PyTorch with a GPU and transformers: $(tail -n 1 "$work/torch.err")"
}

# --- a model and rows ------------------------------------------------------------------------------------------------

# configure OUTPUT MODEL: a run's configuration
configure() {
    cat << YAML
model: {model_name_or_path: $2}
data: {train_file: $work/short.tsv, columns: [label, text], stratify: false, on_duplicate: ignore}
training: {output_dir: $1, overwrite_output_dir: true, per_device_train_batch_size: 32, num_train_epochs: 3}
eval: {load_best_model_at_end: false}
YAML
}

# A tokenizer, a configuration of the full size, and rows.
take_rows() {
    mkdir -p "$work/model" || return 1
    if [ -d "$data/massive-fr" ]; then
        echo '{"rows":"MASSIVE, fr-FR, intent"}'
        cp "$data"/camembert-tokenizer/*.json "$work/model/" && cp "$data/massive-fr/intent/train.tsv" "$work/short.tsv" &&
            cp "$data/massive-fr/intent/dev.tsv" "$work/dev.tsv"
        return
    fi
    echo '{"rows":"examples/commandes"}'
    cp "$home"/examples/untrained-model/*.json "$home"/examples/untrained-model/*.model "$work/model/" || return 1
    sed -i -e 's/"hidden_size": *[0-9]*/"hidden_size": 768/' -e 's/"intermediate_size": *[0-9]*/"intermediate_size": 3072/' \
        -e 's/"max_position_embeddings": *[0-9]*/"max_position_embeddings": 514/' -e 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 12/' \
        -e 's/"num_attention_heads": *[0-9]*/"num_attention_heads": 12/' "$work/model/config.json"
    sed -n '2,$s/^"\{0,1\}\(.*[^"]\)"\{0,1\},\([a-z_]*\)$/\2\t\1/p' "$home/examples/commandes/commandes.csv" > "$work/short.tsv"
    head -n 150 "$work/short.tsv" > "$work/dev.tsv"
}

# Makes a full-size checkpoint with random weights, and rows: unchanged, and joined to fill 128 and 512 tokens. The order
# of the rows is written here, so that the peers do not depend on a run of ours.
prepare() {
    take_rows || return 1
    for length in 128 512; do
        awk -F'\t' -v n=$((length / 6)) '{row[NR] = $2; label[NR] = $1}
            END {for (i = 1; i <= 2048; i++) {text = ""; for (j = 0; j < n; j++) text = text " " row[(i * 7 + j) % NR + 1];
                 print label[i % NR + 1] "\t" substr(text, 2)}}' "$work/short.tsv" > "$work/$length.tsv"
    done
    configure "$work/checkpoint" "$work/model" > "$work/checkpoint.yaml"
    ours cam-train --quiet --device cpu --config "$work/checkpoint.yaml" training.max_steps=1 training.warmup_ratio=0 \
        training.per_device_train_batch_size=1 model.init=random data.max_train_samples=200 data.max_eval_samples=50 \
        eval.eval_strategy=no eval.load_best_model_at_end=false || return 1
    [ -e "$work/bin/bench_train" ] || return 0
    for length in short 128 512; do
        ours bench_train "$work/checkpoint" "$work/$length.tsv" --order "$work/$length.order" --only order || return 1
    done
}

# --- is it right? ----------------------------------------------------------------------------------------------------

# One process a family: an error of one leaves the others alone. Several at once: most of their time is the host's.
families() {
    at_once=$(($(nproc) / 4))
    all=$(ours ops_test --list | sed -n 's/^\([a-z]*\)\..*/\1/p' | sort -u)
    [ "$all" ] || { echo "ops_test lists no cases" >&2; return 1; }
    printf '%s\n' "$all" | xargs -P $((at_once > 1 ? at_once : 2)) -I{} "$BASH" "$here/gpu_stages.sh" "$name-{}" family "$1" {}
}
# Printed at once, so that families do not mix, and what others have found is there when one of them hangs.
family() {
    log=$work/$name.out
    most=${GPU_CHECK_MOST:-75}
    with_libraries timeout --foreground --signal=KILL \
        $((most > 2 ? most - 1 : 1)) "$work/bin/ops_test" --backend "${backend:-cuda}" --family "$2" "$1" > "$log" 2>&1
    result=$?
    grep -qa ' cases and ' "$log" || [ $result -ne 0 ] || result=1 # it ends with a summary
    [ $result -eq 0 ] || grep -qa '^FAIL ' "$log" || echo "FAIL $2: exit $result: $(tail -n 1 "$log" | tr -cd ' -~')" >> "$log"
    printf '{"family":"%s","cases":"%s","exit":%d,"seconds":%d,"summary":"%s"}\n' "$2" "$1" $result $SECONDS \
        "$(grep -a ' cases and ' "$log" | tail -n 1 | tr -cd ' -~' | tr -d '"\\')" >> "$log"
    tail -c 60000 "$log"
    return $result
}
goldens() {
    ours model_golden --device cuda > "$work/$name.out" 2>&1
    result=$?
    cat "$work/$name.out"
    sed -n 's/^\[  FAILED  \] \([a-z].*\)$/FAIL golden \1/p' "$work/$name.out"
    sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/{"goldens_passed":\1}/p' "$work/$name.out"
    return $result
}

run_steps() { # OUTPUT DEVICE KEY=VALUE...
    run=$1 device=$2
    shift 2
    configure "$work/$run" "$work/checkpoint" > "$work/$run.yaml"
    ours cam-train --quiet --device "$device" --config "$work/$run.yaml" eval.eval_strategy=no "$@"
}

# Two short runs on the GPU give equal bits.
determinism() {
    run_steps a cuda training.max_steps=40 && run_steps b cuda training.max_steps=40 &&
        cmp "$work/a/model.safetensors" "$work/b/model.safetensors" && echo '{"equal_bits":true,"steps":40}'
}

# One rank with NCCL gives the bits of a run without collectives. NCCL launches nothing for one rank: this shows that it is
# loaded, begun, captured and ended.
one_nccl_rank() {
    run_steps alone cuda training.max_steps=40 && CAM_COMM=nccl run_steps nccl cuda training.max_steps=40 &&
        cmp "$work/alone/model.safetensors" "$work/nccl/model.safetensors" && echo '{"one_rank_by_nccl_equals_none":true,"steps":40}'
}

# The logged losses of three f32 steps, with dropout, on both backends.
agreement() {
    for device in cpu cuda; do
        run_steps agree-$device $device training.max_steps=3 training.bf16=false training.tf32=false logging.logging_steps=1 || return 1
        sed -n 's/.*"event":"step".*"loss": *\([0-9.eE+-]*\).*/\1/p' "$work/agree-$device/log.jsonl" > "$work/$device.loss"
    done
    paste "$work/cpu.loss" "$work/cuda.loss" | awk '{d = $1 - $2; if (d < 0) d = -d; if (d / $1 > worst) worst = d / $1; n++}
        END {printf "{\"losses\":%d,\"largest_relative_difference\":%g}\n", n, worst; exit !(n == 3 && worst < 1e-4)}'
}
# Our predictions on the GPU are transformers' in PyTorch, of the model that the stage determinism has trained; and the
# peers compute what transformers computes.
agreement_torch() {
    [ -s "$work/a/model.safetensors" ] || skip "the stage determinism has left no model"
    head -n 256 "$work/short.tsv" > "$work/some.tsv"
    cut -f 2 "$work/some.tsv" > "$work/some.txt"
    ours cam-train predict --quiet --model "$work/a" --input "$work/some.txt" --format jsonl --device cuda > "$logs/$name.ours" &&
        "$python" "$home/bench/peer_gpu.py" predict --model "$work/a" --data "$work/some.tsv" > "$logs/$name.theirs" || return 1
    sed -n 's/.*"label":"\([^"]*\)","score":\([0-9.eE+-]*\).*/\1\t\2/p' "$logs/$name.ours" | paste - "$logs/$name.theirs" |
        awk -F '\t' '{n++; if ($1 != $3) other++; else {d = $2 - $4; if (d < 0) d = -d; if (d > worst) worst = d}}
            END {printf "{\"predictions\":%d,\"other_labels\":%d,\"largest_difference_of_scores\":%g}\n", n, other, worst
                 exit !(n > 0 && other <= n / 50 && worst < 0.01)}' || return 1
    "$python" "$home/bench/peer_gpu.py" check --model "$work/checkpoint" --data "$work/short.tsv" --batch 8
}

# A program of NVIDIA's, on the PATH or where the toolkit has it.
nvidia_tool() {
    command -v "$1" || found "${CUDA_HOME:-/usr/local/cuda}"/bin/"$1" /usr/local/cuda*/bin/"$1" /usr/local/cuda*/compute-sanitizer/"$1" /opt/nvidia/*/"$1" \
        /opt/nvidia/*/*/"$1" /opt/nvidia/*/*/*/"$1" | head -n 1
}
sanitize() {
    tool=$(nvidia_tool compute-sanitizer)
    [ "$tool" ] || skip "no compute-sanitizer, neither on the PATH nor in \$CUDA_HOME, /usr/local/cuda* or /opt/nvidia"
    cases="attention_fwd/up-to-32/bf16 attention_bwd/up-to-64/bf16 attention_bwd/up-to-128/bf16 attention_bwd/129/bf16
        attention_fwd/classifier-list/bf16 embedding_bwd/padding/bf16"
    result=0
    for kind in memcheck racecheck; do
        # shellcheck disable=SC2086 # the names of six cases
        with_libraries "$tool" --tool $kind --error-exitcode 1 "$work/bin/ops_test" --backend cuda --small --no-wrong-calls $cases || result=1
        printf '{"sanitizer":"%s","found_nothing":%s}\n' $kind "$([ $result -eq 0 ] && echo true || echo false)"
    done
    return $result
}

# --- how fast is it? -------------------------------------------------------------------------------------------------

bench() { # REGIME ROWS TOKENS OPTION...
    kind=$1 rows=$2 tokens=$3
    shift 3
    ours bench_train "$work/checkpoint" "$work/$kind.tsv" --device cuda --batch "$rows" --max-length "$tokens" "$@"
}
measured() {
    bench "$@" --precision bf16 --steps 200 --warmup 20 > "$work/$name.out"
    result=$?
    cat "$work/$name.out"
    [ $result -ne 0 ] || grep -q median_step_s "$work/$name.out" || { echo "bench_train has printed no median_step_s" >&2; return 1; }
    return $result
}
ours_tuned() { CAM_MATMUL_TABLE=$logs/tune.table.txt measured "$@"; }
peer() { # REGIME ROWS TOKENS: P4
    order=$(found "$work/$1.order")
    "$python" "$home/bench/peer_gpu.py" step --model "$work/checkpoint" --data "$work/$1.tsv" --batch "$2" --max-length "$3" \
        ${order:+--order "$order"} --regime "$1" --peers P4 --steps 100
}
peer_cold() {
    "$python" "$home/bench/peer_gpu.py" train --model "$work/checkpoint" --data "$work/short.tsv" --dev "$work/dev.tsv" --save "$work/peer"
}

# timed COMMAND...: its wall time, and when it wrote each of its first lines, which tell its phases apart
timed() {
    begun=$EPOCHREALTIME
    "$@" 2>&1 | while IFS= read -r line; do printf '%s %s\n' "$EPOCHREALTIME" "$line"; done > "$logs/$name.lines"
    result=${PIPESTATUS[0]}
    awk -v a="$begun" -v b="$EPOCHREALTIME" -v bench="${name/-/_}" '
        NR <= 40 {line = substr($0, index($0, " ") + 1, 100); gsub(/[^ -~]/, "", line); gsub(/["\\]/, "", line)
                  if (line != "") phases = phases (phases == "" ? "" : ",") sprintf("{\"s\":%.3f,\"line\":\"%s\"}", $1 - a, line)}
        END {printf "{\"bench\":\"%s\",\"phases\":[%s],\"wall_s\":%.3f}\n", bench, phases, b - a}' "$logs/$name.lines" > "$work/$name.json"
    if [ "$result" -eq 0 ]; then cat "$work/$name.json"; else cut -d' ' -f 2- "$logs/$name.lines" | tail -n 3 >&2; fi
    return "$result"
}
cold() {
    configure "$work/cold" "$work/checkpoint" > "$work/cold.yaml"
    timed ours cam-train --device cuda --config "$work/cold.yaml"
}
# The same with the defaults that the shipped configuration has: the best model is kept.
cold_base() {
    cat > "$work/cold_base.yaml" << YAML
model: {model_name_or_path: $work/checkpoint}
data: {train_file: $work/short.tsv, columns: [label, text], on_duplicate: ignore}
training: {output_dir: $work/cold_base, overwrite_output_dir: true}
YAML
    sed '/^ *\(model_name_or_path\|train_file\|text_column\|label_column\|output_dir\):/d' "$home/configs/base.yaml" > "$work/base.yaml"
    timed ours cam-train --device cuda --config "$work/base.yaml" --config "$work/cold_base.yaml"
}

# --- why is it so fast, or so slow? ----------------------------------------------------------------------------------

nodes() { ours nodes; }
ceilings() { ours ceilings; }

# The kernels of one step, not captured, beside what was counted for them.
profile() {
    tool=$(nvidia_tool ncu)
    [ "$tool" ] || skip "no ncu, neither on the PATH nor in \$CUDA_HOME, /usr/local/cuda* or /opt/nvidia"
    case $1 in short) section='32 short commands, bf16' ;; 128) section='64 x 128, bf16' ;; *) section='32 x 512, bf16' ;; esac
    CAM_CUDA_CHECK=1 with_libraries "$tool" --profile-from-start off --csv --page raw --print-units base --log-file "$work/$name.ncu" \
        --metrics gpu__time_duration.sum,dram__bytes_read.sum,dram__bytes_write.sum,smsp__inst_executed.sum \
        "$work/bin/bench_train" "$work/checkpoint" "$work/$1.tsv" --device cuda --precision bf16 --batch "$2" --max-length "$3" \
        --warmup 2 --only profile
    result=$?
    grep -q ERR_NVGPUCTRPERM "$work/$name.ncu" && skip "this machine lets nobody read the GPU's counters (ERR_NVGPUCTRPERM)"
    grep '^"' "$work/$name.ncu" > "$logs/$name.csv"
    awk -v section="$section" -f "$here/gpu_profile.awk" "$home/docs/cuda-cost.md" "$logs/$name.csv" || result=1
    return $result
}

tune() {
    configure "$work/tune" "$work/checkpoint" > "$work/tune.yaml"
    ours cam-train tune --config "$work/tune.yaml" --output "$logs/tune.table.txt" training.max_steps=200 || return 1
    printf '{"table":"logs.tgz: tune.table.txt","products":%d}\n' "$(grep -c '^product ' "$logs/tune.table.txt")"
}

# The operators at the sizes of two regimes, and once in f32. A row of the table is a result.
operators() {
    result=0
    for options in "--bf16 1 --tokens 384 --sequences 32" "--bf16 1 --tokens 8192 --sequences 64" "--tokens 8192 --sequences 64"; do
        # shellcheck disable=SC2086 # several words
        ours bench_ops --device cuda $options > "$work/$name.out" || result=1
        cat "$work/$name.out"
        tr -cd ' -~\n' < "$work/$name.out" | tr -d '"\\' | awk -v o="$options" '/ms  / {next} NF > 2 {printf "{\"options\":\"%s\",\"row\":\"%s\"}\n", o, $0}'
    done
    return $result
}

# cuDNN's attention has no dropout: both kinds of attention without it.
without_dropout() {
    mkdir -p "$work/no-dropout" && cp -r "$work"/checkpoint/* "$work/no-dropout/" || return 1
    sed -i 's/\("[a-z_]*dropout[a-z_]*": *\)[0-9.]*/\10.0/' "$work/no-dropout/config.json"
    result=0
    for attention in native cudnn; do
        for regime in "128 64" "512 32"; do
            # shellcheck disable=SC2086 # two words
            set -- $regime
            echo "{\"attention\":\"$attention\",\"regime\":\"$1\"}"
            ours bench_train "$work/no-dropout" "$work/$1.tsv" --device cuda --precision bf16 --batch "$2" --max-length "$1" --steps 60 \
                --attention $attention || result=1
        done
    done
    return $result
}
kernels_cudnn() { backend=cuda-cudnn family --small attention; }

"$@"
result=$?
awk -v a="$begun_at" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}' > "$work/$name.took"
exit $result
