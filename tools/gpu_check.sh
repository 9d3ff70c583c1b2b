#!/bin/bash
# gpu_check.sh [ROOT]: all tests and measurements that need a GPU, in at most nine minutes: `make gpu-check`.
#
# ROOT is a build folder (default build) or a bundle of tools/bundle.sh, from which it is run as bundle/gpu_check.sh.
# The most important stages run first. Each stage has its own time limit; all together end after LIMIT seconds (default
# 530). Results are written to gpu-check.json after each stage, in $OUT if that is set, else in ROOT/gpu-check; the full
# output of each stage is in the same folder. Rows come from CAM_DATA (massive-fr and camembert-tokenizer; default
# ../shared/data), else from examples/commandes. PYTHON (default python3) runs the peers if it has PyTorch.
# Exit 0: all stages that ran passed; 1: a stage failed; 6: there is no GPU.
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ -d "$here/bin" ]; then home=$here root=${1:-$here}; else home=$(cd "$here/.." && pwd) root=${1:-$home/build}; fi
out=${OUT:-$root/gpu-check}
limit=${LIMIT:-530}
python=${PYTHON:-python3}
data=${CAM_DATA:-$home/../shared/data}
begun=$(date +%s)
failed=

if ! ${NVIDIA_SMI:-nvidia-smi} -L > /dev/null 2>&1; then
    echo "gpu-check: no NVIDIA GPU here (nvidia-smi finds none): nothing was run" >&2
    exit 6
fi
mkdir -p "$out" || exit 8
work=$(mktemp -d "${TMPDIR:-/tmp}/cam-gpu-check-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
lines=$work/stages
: > "$lines"

# The program NAME, in a bundle's bin or anywhere in a build folder.
tool() {
    if [ -x "$root/bin/$1" ]; then echo "$root/bin/$1"; else find "$root" -type f -name "$1" -perm -u+x 2> /dev/null | head -n 1; fi
}
trainer=$(tool cam-train) ops=$(tool ops_test) golden=$(tool model_golden) bench=$(tool bench_train) ceilings=$(tool ceilings)
bench_ops=$(tool bench_ops)

write_json() {
    { printf '{"stages":[\n'; sed '$!s/$/,/' "$lines"; printf ']}\n'; } > "$out/gpu-check.json.part" && mv "$out/gpu-check.json.part" "$out/gpu-check.json"
}

# record NAME STATUS SECONDS: writes a stage's result; the JSON objects in its log, one a line, are its results.
record() {
    results=$(grep '^{.*}$' "$out/$1.log" 2> /dev/null | paste -sd, -)
    printf '{"stage":"%s","status":"%s","seconds":%d,"results":[%s]}\n' "$1" "$2" "$3" "$results" >> "$lines"
    write_json
    printf '%-28s %-8s %4d s\n' "$1" "$2" "$3"
}

# watched SECONDS COMMAND...: runs a command or a function of this file in its own process group; 124 after SECONDS.
watched() {
    seconds=$1
    shift
    set -m
    (cd "$home" && "$@") &
    child=$!
    set +m
    (sleep "$seconds" && touch "$work/late" && kill -TERM -- -$child && sleep 5 && kill -KILL -- -$child) > /dev/null 2>&1 &
    watcher=$!
    wait $child
    result=$?
    kill $watcher 2> /dev/null
    if [ -e "$work/late" ]; then rm -f "$work/late"; return 124; fi
    return $result
}

# stage NAME SECONDS COMMAND...: runs a stage within its limit and the rest of the total; an empty COMMAND is "missing".
stage() {
    name=$1 most=$2
    shift 2
    left=$((limit - $(date +%s) + begun))
    : > "$out/$name.log"
    if [ -z "$1" ]; then record "$name" missing 0; return; fi
    if [ "$left" -lt 5 ]; then record "$name" "no time" 0; return; fi
    [ "$most" -gt "$left" ] && most=$left
    from=$(date +%s)
    watched "$most" "$@" > "$out/$name.log" 2> "$out/$name.err"
    code=$?
    case $code in 0) status=ok ;; 124) status=timeout ;; *) status=failed ;; esac
    [ "$status" = failed ] && failed="$failed $name" && tail -n 3 "$out/$name.err" >&2
    record "$name" "$status" $(($(date +%s) - from))
}

describe() {
    ${NVIDIA_SMI:-nvidia-smi} --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem --format=csv,noheader |
        awk -F', ' '{printf "{\"device\":\"%s\",\"driver\":\"%s\",\"memory\":\"%s\",\"sm_clock\":\"%s\",\"memory_clock\":\"%s\",", $1, $2, $3, $4, $5}'
    commit=$(cat "$root/commit" 2> /dev/null || git -C "$home" rev-parse HEAD 2> /dev/null || echo unknown)
    # shellcheck disable=SC1003 # a quotation mark and a backslash
    printf '"commit":"%s","version":"%s"}\n' "$commit" "$("$trainer" --version 2> /dev/null | head -n 1 | tr -d '"\\')"
}

# Makes a full-size checkpoint with random weights, and rows: unchanged, and joined to fill 128 and 512 tokens.
prepare() {
    mkdir -p "$work/model" || return 1
    if [ -d "$data/massive-fr" ]; then
        cp "$data"/camembert-tokenizer/*.json "$work/model/" && cp "$data/massive-fr/intent/train.tsv" "$work/short.tsv" &&
            cp "$data/massive-fr/intent/dev.tsv" "$work/dev.tsv" || return 1
    else
        cp "$home"/examples/quickstart-model/*.json "$home"/examples/quickstart-model/*.model "$work/model/" || return 1
        sed -i -e 's/"hidden_size": *[0-9]*/"hidden_size": 768/' -e 's/"intermediate_size": *[0-9]*/"intermediate_size": 3072/' \
            -e 's/"max_position_embeddings": *[0-9]*/"max_position_embeddings": 514/' -e 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 12/' \
            -e 's/"num_attention_heads": *[0-9]*/"num_attention_heads": 12/' "$work/model/config.json"
        sed -n '2,$s/^"\{0,1\}\(.*[^"]\)"\{0,1\},\([a-z_]*\)$/\2\t\1/p' "$home/examples/commandes/commandes.csv" > "$work/short.tsv"
        head -n 150 "$work/short.tsv" > "$work/dev.tsv"
    fi
    for length in 128 512; do
        awk -F'\t' -v n=$((length / 6)) '{row[NR] = $2; label[NR] = $1}
            END {for (i = 1; i <= 2048; i++) {text = ""; for (j = 0; j < n; j++) text = text " " row[(i * 7 + j) % NR + 1];
                 print label[i % NR + 1] "\t" substr(text, 2)}}' "$work/short.tsv" > "$work/$length.tsv"
    done
    configure "$work/checkpoint" "$work/model" > "$work/checkpoint.yaml"
    "$trainer" --quiet --device cpu --config "$work/checkpoint.yaml" training.max_steps=1 training.warmup_ratio=0 \
        training.per_device_train_batch_size=1 \
        model.init=random data.max_train_samples=200 data.max_eval_samples=50 eval.eval_strategy=no eval.load_best_model_at_end=false
}

# configure OUTPUT MODEL: a run's configuration
configure() {
    cat << YAML
model: {model_name_or_path: $2}
data: {train_file: $work/short.tsv, columns: [label, text], stratify: false, on_duplicate: ignore}
training: {output_dir: $1, overwrite_output_dir: true, per_device_train_batch_size: 32, num_train_epochs: 3}
eval: {load_best_model_at_end: false}
YAML
}

# Two short runs on the GPU must give equal bits.
determinism() {
    for run in a b; do
        configure "$work/$run" "$work/checkpoint" > "$work/$run.yaml"
        "$trainer" --quiet --device cuda --config "$work/$run.yaml" training.max_steps=40 eval.eval_strategy=no || return 1
    done
    cmp "$work/a/model.safetensors" "$work/b/model.safetensors" || return 1
    echo '{"equal_bits":true,"steps":40}'
}

# One rank with NCCL must give the bits of a run without collectives; two ranks on one GPU with MPI must give the same
# losses.
ranks() {
    for run in alone nccl; do
        configure "$work/$run" "$work/checkpoint" > "$work/$run.yaml"
        case $run in alone) unset CAM_COMM ;; nccl) export CAM_COMM=nccl ;; esac
        "$trainer" --quiet --device cuda --config "$work/$run.yaml" training.max_steps=40 eval.eval_strategy=no || return 1
    done
    unset CAM_COMM
    cmp "$work/alone/model.safetensors" "$work/nccl/model.safetensors" || return 1
    echo '{"one_rank_by_nccl_equals_none":true,"steps":40}'
    mpirun=$root/bin/mpirun
    [ -x "$mpirun" ] || mpirun=$(command -v mpirun) || { echo '{"skipped":"no mpirun: two ranks were not tried"}'; return 0; }
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    for run in one two; do
        configure "$work/$run" "$work/checkpoint" > "$work/$run.yaml"
        set -- training.max_steps=5 training.bf16=false training.tf32=false eval.eval_strategy=no
        if [ "$run" = one ]; then
            "$trainer" --quiet --device cuda --config "$work/one.yaml" "$@" || return 1
        else
            CAM_COMM=mpi "$mpirun" --bind-to none --oversubscribe -np 2 "$trainer" --quiet --device cuda --config "$work/two.yaml" "$@" \
                training.per_device_train_batch_size=16 || return 1
        fi
        sed -n 's/.*"event":"step".*"loss": *\([0-9.eE+-]*\).*/\1/p' "$work/$run/log.jsonl" > "$work/$run.loss"
    done
    paste "$work/one.loss" "$work/two.loss" | awk '{d = $1 - $2; if (d < 0) d = -d; if (d / $1 > worst) worst = d / $1; n++}
        END {printf "{\"two_ranks_losses\":%d,\"largest_relative_difference\":%g}\n", n, worst; exit !(n == 5 && worst < 1e-5)}'
}

# Compares the logged losses of three f32 steps on both backends.
agreement() {
    for device in cpu cuda; do
        configure "$work/$device" "$work/checkpoint" > "$work/$device.yaml"
        "$trainer" --quiet --device $device --config "$work/$device.yaml" training.max_steps=3 training.bf16=false training.tf32=false \
            logging.logging_steps=1 eval.eval_strategy=no || return 1
        sed -n 's/.*"loss": *\([0-9.eE+-]*\).*/\1/p' "$work/$device/log.jsonl" > "$work/$device.loss"
    done
    paste "$work/cpu.loss" "$work/cuda.loss" | awk '{d = $1 - $2; if (d < 0) d = -d; if (d / $1 > worst) worst = d / $1; n++}
        END {printf "{\"losses\":%d,\"largest_relative_difference\":%g}\n", n, worst; exit !(n > 0 && worst < 1e-4)}'
}

cold() {
    configure "$work/cold" "$work/checkpoint" > "$work/cold.yaml"
    from=$(date +%s.%N)
    "$trainer" --quiet --device cuda --config "$work/cold.yaml" || return 1
    awk -v a="$from" -v b="$(date +%s.%N)" 'BEGIN {printf "{\"bench\":\"cold\",\"wall_s\":%.3f}\n", b - a}'
}

sanitize() {
    command -v compute-sanitizer > /dev/null || { echo '{"skipped":"no compute-sanitizer"}'; return 0; }
    for kind in memcheck racecheck; do
        compute-sanitizer --tool $kind --error-exitcode 1 "$ops" --backend cuda --small --no-wrong-calls --family attention || return 1
    done
}

ours() { "$bench" "$work/checkpoint" "$work/$1.tsv" --device cuda --precision bf16 --batch "$2" --steps 200 --max-length "$3" --order "$work/$1.order"; }
peers() {
    "$python" "$home/bench/peer_gpu.py" step --model "$work/checkpoint" --data "$work/$1.tsv" --batch "$2" --max-length "$3" \
        --order "$work/$1.order" --regime "$1" --peers "$4" --steps "$5" --out "$out/peers-$1-$4.json"
}
has_torch() { "$python" -c 'import torch, transformers, tokenizers; assert torch.cuda.is_available()' 2> /dev/null; }

stage device 15 describe
stage ceilings 60 "$ceilings"
stage kernels 90 "$ops" --backend cuda
stage goldens 60 "$golden" --device cuda
if [ "$trainer" ]; then stage prepare 60 prepare; fi
for regime in "short 32 64" "128 64 128" "512 32 512"; do
    # shellcheck disable=SC2086 # three words
    set -- $regime
    if [ "$bench" ]; then stage "ours-$1" 45 ours "$@"; else stage "ours-$1" 0 ""; fi
    if has_torch; then stage "P4-$1" 45 peers "$@" P4 100; else stage "P4-$1" 0 ""; fi
done
if [ "$trainer" ]; then
    stage determinism 40 determinism
    stage cold 30 cold
    stage agreement 60 agreement
    stage ranks 60 ranks
fi
if has_torch; then
    stage P4-cold 60 "$python" "$home/bench/peer_gpu.py" train --model "$work/checkpoint" --data "$work/short.tsv" --dev "$work/dev.tsv" --save "$work/peer"
    stage P1-P3-short 90 peers short 32 64 P1,P2,P3 60
fi
stage operators "${OPERATORS_S:-45}" "$bench_ops" --device cuda --bf16 1
if [ "$ops" ]; then stage sanitizer 60 sanitize; fi
if has_torch; then stage P4c-short 120 peers short 32 64 P4c 100; fi

# value FILE KEY: the last number with that key
value() { sed -n "s/.*\"$2\": *\([0-9.eE+-]*\).*/\1/p" "$1" 2> /dev/null | tail -n 1; }
row() {
    awk -v name="$1" -v ours="$2" -v gate="$3" -v target="$4" -v peer="$5" 'BEGIN {
        printf "%-22s | %8s | %6s | %6s | %8s | %s\n", name, ours == "" ? "-" : sprintf("%.2f", ours), gate, target,
               peer == "" ? "-" : sprintf("%.2f", peer), ours == "" || peer == "" ? "-" : sprintf("%.2f", peer / ours)}'
}
ms() { awk -v s="$(value "$1" median_step_s)" 'BEGIN {if (s != "") print 1e3 * s}'; }
echo
echo "regime                 |     ours |   gate | target |       P4 | ratio"
row "32 short commands, ms" "$(ms "$out/ours-short.log")" 2.0 1.0 "$(value "$out/P4-short.log" step_ms)"
row "64 x 128, ms" "$(ms "$out/ours-128.log")" 9 7.2 "$(value "$out/P4-128.log" step_ms)"
row "32 x 512, ms" "$(ms "$out/ours-512.log")" 21 19.5 "$(value "$out/P4-512.log" step_ms)"
row "cold run, s" "$(value "$out/cold.log" wall_s)" 4 2.0 "$(value "$out/P4-cold.log" wall_s)"
echo "all figures: $out/gpu-check.json"
[ -z "$failed" ] || { echo "FAILED:$failed"; exit 1; }
