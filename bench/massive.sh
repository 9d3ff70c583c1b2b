#!/bin/sh
# massive.sh: compares model quality with PyTorch. A small CamemBERT is trained from random weights on MASSIVE's French
# intents, eight epochs, several seeds, by cam-train and by PyTorch. Prints the mean accuracies on the dev rows.
#
#     bench/massive.sh BUILD_FOLDER [seeds]
#
# Needs the data folder (CAM_DATA, default ../shared/data). PyTorch is run by the Python in PEER_PYTHON (default
# build/python-index) and skipped without one. Runs stay in runs/massive-SEED.
set -eu
build=$1
seeds=$(seq "${2:-5}")
data=${CAM_DATA:-../shared/data}
python=${PEER_PYTHON:-build/python-index/bin/python}
rows=$data/massive-fr/intent
model=runs/massive-model
if [ ! -d "$rows" ]; then
    echo "SKIPPED: needs the folder $rows (set CAM_DATA)"
    exit 0
fi
mkdir -p "$model"
cp "$data"/camembert-tokenizer/tokenizer*.json "$model/"
cp bench/massive-model.json "$model/config.json"

# Mean and standard error of one number a line.
summary() {
    awk -v who="$1" '{ n++; s += $1; q += $1 * $1 }
        END { m = s / n; e = n > 1 ? sqrt((q - n * m * m) / (n - 1) / n) : 0; printf "%s: mean %.4f, standard error %.4f, %d seeds\n", who, m, e, n }'
}

for seed in $seeds; do
    "$build/cam-train" --quiet --config bench/massive.yaml model_name_or_path="$model" train_file="$rows/train.tsv" \
        validation_file="$rows/dev.tsv" output_dir="runs/massive-$seed" overwrite_output_dir=true seed="$seed"
    sed -n 's/^{"validation":{[^}]*"accuracy":\([0-9.]*\).*/\1/p' "runs/massive-$seed/metrics.json"
done | tee /dev/stderr | summary cam-train

if [ ! -x "$python" ]; then
    echo "SKIPPED: the peer needs a Python with PyTorch; tools/python_env.sh index makes one, or set PEER_PYTHON"
    exit 0
fi
for seed in $seeds; do
    CAM_DATA=$data "$python" bench/peer_torch.py train --config bench/massive-model.json --learning-rate 5e-4 --seed "$seed" |
        sed -n 's/.*"seed": [0-9]*, "accuracy": \([0-9.]*\).*/\1/p'
done | tee /dev/stderr | summary PyTorch
