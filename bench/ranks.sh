#!/bin/sh
# ranks.sh: compares one rank with two ranks on this machine: `make bench-ranks`.
#
#     bench/ranks.sh BUILD_FOLDER
#
# Full-size CamemBERT-base with random weights on the rows of MASSIVE (CAM_DATA, default ../shared/data): one rank with
# two threads, and two ranks with one thread each, at the same global batch, three times in turn. Prints the median step
# of each, their ratio, the bytes that a rank sends a step beside the least possible, and the fraction of the exchange
# that overlapped with other work. Regimes: short rows unchanged, and rows joined and truncated to 128 tokens. Needs 2.5
# GB of disk under TMPDIR and mpirun.
set -eu
build=$1
data=${CAM_DATA:-../shared/data}
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-20000}" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
[ -d "$data/massive-fr" ] || { echo "SKIPPED: the folder $data/massive-fr is not there (set CAM_DATA)"; exit 0; }
command -v mpirun > /dev/null || { echo "SKIPPED: no mpirun"; exit 0; }
work=$(mktemp -d "${TMPDIR:-/tmp}/cam-train-ranks-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

# configure OUTPUT MODEL ROWS
configure() {
    cat << YAML
model: {model_name_or_path: $2, max_seq_length: 128}
data: {train_file: $3, columns: [label, text], stratify: false, on_duplicate: ignore, max_eval_samples: 8}
training: {output_dir: $1, overwrite_output_dir: true}
eval: {eval_strategy: "no", load_best_model_at_end: false}
YAML
}

mkdir "$work/model"
cp "$data"/camembert-tokenizer/*.json "$work/model/"
rows=$data/massive-fr/intent/train.tsv
awk -F'\t' '{row[NR] = $2; label[NR] = $1}
    END {for (i = 1; i <= 2048; i++) {text = ""; for (j = 0; j < 21; j++) text = text " " row[(i * 7 + j) % NR + 1];
         print label[i % NR + 1] "\t" substr(text, 2)}}' "$rows" > "$work/long.tsv"
configure "$work/checkpoint" "$work/model" "$rows" > "$work/checkpoint.yaml"
"$build/cam-train" --quiet --config "$work/checkpoint.yaml" init=random max_steps=1 warmup_ratio=0 per_device_train_batch_size=1 2> "$work/log" ||
    { cat "$work/log"; exit 1; }

# median FILE: median of the steps' seconds without the first two
median() { sed -n 's/.*"event":"step".*"step_s": *\([0-9.eE+-]*\).*/\1/p' "$1" | tail -n +3 | sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# alone|together NAME ROWS BATCH STEPS: a run with BATCH rows a step; its median is appended to $work/NAME.s
alone() {
    configure "$work/alone" "$work/checkpoint" "$2" > "$work/alone.yaml"
    "$build/cam-train" --quiet --config "$work/alone.yaml" cpu_threads=2 per_device_train_batch_size="$3" max_steps="$4" 2>> "$work/log"
    median "$work/alone/log.jsonl" >> "$work/$1.s"
}
together() {
    configure "$work/together" "$work/checkpoint" "$2" > "$work/together.yaml"
    mpirun --bind-to none -np 2 "$build/cam-train" --verbose --config "$work/together.yaml" cpu_threads=1 \
        per_device_train_batch_size=$(($3 / 2)) max_steps="$4" shard_optimizer="$5" 2> "$work/together.log"
    median "$work/together/log.jsonl" >> "$work/$1.s"
    sed -n 's/^exchange *//p' "$work/together.log" > "$work/$1.exchange"
}

middle() { sort -g "$work/$1.s" | sed -n 2p; }

# regime NAME ROWS BATCH STEPS
regime() {
    echo "== $1: $3 rows a step"
    rm -f "$work"/*.s
    for _ in 1 2 3; do
        alone one "$2" "$3" "$4"
        together sharded "$2" "$3" "$4" true
        together whole "$2" "$3" "$4" false
    done
    one=$(middle one)
    echo "one rank, two threads: $one s a step ($(tr '\n' ' ' < "$work/one.s"))"
    for kind in sharded whole; do
        awk -v k="$kind" -v a="$one" -v b="$(middle $kind)" -v all="$(tr '\n' ' ' < "$work/$kind.s")" -v x="$(cat "$work/$kind.exchange")" \
            'BEGIN {printf "two ranks, one thread each, state %s: %s s a step (%s): %.1f %% of one rank with two threads\n  %s\n", k, b, all, 100 * a / b, x}'
    done
}

regime "short rows, 12 tokens each" "$rows" 32 "${STEPS:-10}"
regime "rows of 128 tokens" "$work/long.tsv" 16 "${STEPS_LONG:-5}"
