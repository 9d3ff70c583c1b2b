# resume.bash: what tests of stopped runs use beside common.bash. ./whole is the folder of an undisturbed run.
load common

# What a run leaves, but for its times and its id.
result() {
    (cd "$1" && sha256sum model.safetensors config.json tokenizer.json split.tsv mistakes.csv)
    jq -cS 'del(.step_s, .wall_s, .run_id)' "$1/log.jsonl"
    jq -cS 'if .verdict then .verdict |= sub(" output_dir=.*"; "") else . end' "$1/metrics.json" # it names a new folder
}

# equal FOLDER: its run has the result of ./whole.
equal() {
    [ -s "$1/metrics.json" ] || complain "$1 has no metrics.json"
    diff <(result whole) <(result "$1") >differences || complain "$1 differs from an undisturbed run: $(head -20 differences)"
}

# stopped_at STEP FOLDER: a copy of ./whole as a kill after this step would have left it.
stopped_at() {
    rm -rf "$2" && cp -r whole "$2"
    for folder in "$2"/checkpoint-*; do [ "${folder##*-}" -le "$1" ] || rm -r "$folder"; done
    jq -c '.finished = false' "$2/run.json" >run.json && mv run.json "$2/run.json"
    rm "$2/metrics.json" "$2/mistakes.csv"
}
