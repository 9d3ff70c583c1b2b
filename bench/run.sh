#!/bin/sh
# run.sh: measures this machine: `make bench`.
#
#     bench/run.sh BUILD_FOLDER
#
# It measures the operators beside the machine's limits, what a save waits for, a copy of the training state, a
# checkpoint, reading and tokenising, and one step of full-size CamemBERT-base (random weights, real vocabulary) on the
# rows of MASSIVE, then the same rows in PyTorch. The full-size part needs the data folder (CAM_DATA, default
# ../shared/data) and 2.5 GB of disk under TMPDIR; a checkpoint of CHECKPOINT_MB (default 256; 1300: weights and moments
# of CamemBERT-base) three times as many. PyTorch is run by the Pythons named in PEER_PYTHONS (default: those of
# tools/python_env.sh). Missing parts are reported and skipped.
set -eu
build=$1
data=${CAM_DATA:-../shared/data}
steps=${STEPS:-20}
checkpoint=${CHECKPOINT_MB:-256}
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-20000}" # the program sets the same value
work=$(mktemp -d "${TMPDIR:-/tmp}/cam-train-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
peers=${PEER_PYTHONS:-}
if [ -z "$peers" ]; then
    for python in build/python-debian/bin/python build/python-index/bin/python; do
        [ -x "$python" ] && peers="$peers $python"
    done
fi

echo "== operators"
"$build/bench/bench_ops"

echo "== vocabulary rows that no text uses, at a save"
"$build/bench/bench_decay"

echo "== a copy of the training state"
"$build/bench/bench_state"

echo "== a checkpoint of $checkpoint MB"
mkdir "$work/checkpoints"
"$build/bench/bench_checkpoint" "$work/checkpoints" "$checkpoint"
for python in $peers; do
    "$python" bench/peer_save.py "$work/checkpoints" "$checkpoint"
done

if [ ! -d "$data/massive-fr" ]; then
    echo "SKIPPED: text, full-size step and peers need the folder $data/massive-fr (set CAM_DATA)"
    exit 0
fi
rows=$data/massive-fr/intent/train.tsv
mkdir "$work/model"
cp "$data"/camembert-tokenizer/*.json "$work/model/"

echo "== reading and tokenising"
"$build/bench/bench_text" "$work/model" "$rows"

echo "== full-size CamemBERT-base, batch 32, float32"
cat > "$work/checkpoint.yaml" <<YAML
model: {model_name_or_path: $work/model, init: random}
data: {train_file: $rows, columns: [label, text], stratify: false, on_duplicate: ignore, max_train_samples: 200}
training: {output_dir: $work/checkpoint, max_steps: 1, warmup_ratio: 0, per_device_train_batch_size: 1}
eval: {eval_strategy: "no", load_best_model_at_end: false}
YAML
"$build/cam-train" --quiet --config "$work/checkpoint.yaml" 2> "$work/log" || { cat "$work/log"; exit 1; }
"$build/bench/bench_train" "$work/checkpoint" "$rows" --device cpu --precision f32 --steps "$steps" --order "$work/order" | tee "$work/ours"

if [ -z "$peers" ]; then
    echo "SKIPPED: no Python with PyTorch; tools/python_env.sh makes them, or name some in PEER_PYTHONS"
    exit 0
fi
ours=$(sed -n 's/.*"median_step_s":\([0-9.]*\).*/\1/p' "$work/ours")
for python in $peers; do
    echo "== the same rows in PyTorch: $python"
    env -u GOMP_SPINCOUNT CAM_DATA="$data" "$python" bench/peer_torch.py step --rows "$work/order" --steps "$steps" --threads "$(nproc)" | tee "$work/peer"
    theirs=$(sed -n 's/.*"step_s": *\([0-9.]*\).*/\1/p' "$work/peer")
    awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "ratio: %.2f times as fast (%.3f s against %.3f s a step)\n", a / b, b, a }'
done
