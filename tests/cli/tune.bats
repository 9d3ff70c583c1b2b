# tune: its errors on every machine; its measurements and table where there is a GPU.
load common
setup() { in_own_folder && export XDG_CACHE_HOME=$PWD/cache && unset CAM_MATMUL_TABLE; }

has_gpu() { cam-train --version | grep -q '^ *cuda: .*, sm_[0-9]*, '; }
needs_gpu() { has_gpu || skip "no GPU here: nothing is measured"; }
lacks_gpu() { ! has_gpu || skip "there is a GPU here"; }

@test "without a GPU: exit 6 with a message, and nothing is written" {
    lacks_gpu
    refused 6 'tune measures a GPU: ' cam-train tune --config c.yaml
    refused 6 'tune measures a GPU: ' cam-train tune --config c.yaml --output t.txt
    [ ! -e cache ] && [ ! -e t.txt ] && [ ! -e out ]
}

@test "an occupied output folder does not matter to tune" {
    lacks_gpu
    mkdir out && touch out/model.safetensors
    refused 6 'tune measures a GPU: ' cam-train tune --config c.yaml
}

@test "without a GPU, CAM_MATMUL_TABLE has no effect" {
    lacks_gpu
    CAM_MATMUL_TABLE=none.txt succeeds cam-train --config c.yaml
}

@test "options and configurations that tune refuses" {
    refused 2 '"--dry-run" is not one of "tune"' cam-train tune --config c.yaml --dry-run
    refused 2 'takes the name of a file, not "-"' cam-train tune --config c.yaml --output -
    refused 2 'takes the name of a file, not "tiny"' cam-train tune --config c.yaml --output tiny
    refused 2 'device=auto' cam-train tune --config c.yaml device=cpu
    refused 2 '--config FILE' cam-train tune
    refused 3 'data.csv' bash -c 'rm data.csv && "$0" tune --config c.yaml' "$program"
}

@test "--help names the file of the table" {
    succeeds cam-train tune --help
    answers CAM_MATMUL_TABLE
    answers matmul-GPU.txt
    answers "~/.cache/cam-train"
}

@test "on a GPU: a table in the cache, which later runs use" {
    needs_gpu
    succeeds cam-train tune --config c.yaml
    answers "tuned us"
    [ "$(grep -c '^product ' cache/cam-train/matmul-*.txt)" -eq "$(($(wc -l <<<"$output") - 1))" ]
    succeeds cam-train --config c.yaml
    says "products tuned"
    CAM_MATMUL_TABLE=none succeeds cam-train --config c.yaml output_dir=untuned
    [[ "$stderr" != *"products tuned"* ]]
}

@test "on a GPU: the table of another GPU is ignored with a message, a missing or damaged one is exit 3" {
    needs_gpu
    printf 'table 1\ndevice 80 1 1 Another\n' >t.txt
    CAM_MATMUL_TABLE=t.txt succeeds cam-train --config c.yaml
    says "t.txt\" has no products of this GPU"
    echo hello >t.txt
    CAM_MATMUL_TABLE=t.txt refused 3 "t.txt:1" cam-train --config c.yaml output_dir=again
    CAM_MATMUL_TABLE=missing.txt refused 3 "missing.txt" cam-train --config c.yaml output_dir=again
    CAM_MATMUL_TABLE=t.txt succeeds cam-train tune --config c.yaml
    says "it is replaced"
}
