# The whole program on the simulated GPU: the device is opened by a thread of its own while the data are read.
load ../cli/common
setup() { in_own_folder; }

@test "a run on the GPU: trained, saved, scored again, and the same bits twice" {
    succeeds cam-train --verbose --config c.yaml device=cuda max_steps=4
    says "beside them:"
    says "opening the device"
    says "training steps"
    succeeds cam-train eval --model out --data data.csv --device cuda --json
    jq -e '.rows == 6' <<<"$output" || complain "expected the six rows held out"
    succeeds cam-train --quiet --config c.yaml device=cuda max_steps=4 output_dir=two
    cmp out/model.safetensors two/model.safetensors
}

@test "auto takes the GPU" {
    succeeds cam-train --config c.yaml max_steps=2
    says "device   cuda: simt host device"
}

@test "wrong data are told while the device is still being opened, and it is closed" {
    echo 'a,"b' >>data.csv
    refused 3 "data.csv" cam-train --config c.yaml device=cuda
    [ ! -e out ]
}

@test "a device that cannot be opened: the message of the thread that tried" {
    export CAM_MATMUL_TABLE=missing.txt
    refused 6 "missing.txt" cam-train --config c.yaml device=cuda
}

@test "the CPU is opened by no other thread" {
    succeeds cam-train --verbose --config c.yaml device=cpu max_steps=2
    [[ "$stderr" != *"opening the device"* ]] || complain "opened beside"
}
