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

@test "pretraining on the GPU: the losses of the CPU, the same bits from a checkpoint, and fill" {
    settings=(--config c.yaml task=pretrain max_steps=4 save_strategy=steps save_steps=2 save_total_limit=9 bf16=false tf32=false)
    succeeds cam-train pretrain --quiet "${settings[@]}" device=cuda output_dir=gpu
    succeeds cam-train pretrain --quiet "${settings[@]}" device=cpu output_dir=cpu
    for device in gpu cpu; do jq -s 'map(select(.event == "step" or .event == "eval").loss)' $device/log.jsonl >$device.json; done
    jq -e -n --slurpfile a gpu.json --slurpfile b cpu.json \
        '[$a[0], $b[0]] | transpose | length == 5 and (map((.[0] - .[1]) | fabs) | max) < 1e-4' || complain "$(paste gpu.json cpu.json)"
    cp -r gpu again && rm -r again/checkpoint-4 again/metrics.json
    jq -c '.finished = false' gpu/run.json >again/run.json
    succeeds cam-train pretrain "${settings[@]}" device=cuda output_dir=again
    says "resume   checkpoint-2: step 2 of 4"
    cmp gpu/model.safetensors again/model.safetensors
    for device in cuda cpu; do cam-train fill --model gpu --device $device "le <mask> perdu" | cut -f 1,2,4 >$device.tsv; done
    [ "$(wc -l <cuda.tsv)" -eq 5 ] && diff cuda.tsv cpu.tsv || complain "other words on the CPU"
}
