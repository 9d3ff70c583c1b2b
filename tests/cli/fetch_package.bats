# One cache for this program and for the package huggingface_hub.
load hub

# The package huggingface_hub of the interpreter CAM_HUB_PYTHON, or of python3.
hub_package() {
    python=${CAM_HUB_PYTHON:-python3}
    "$python" -c 'import huggingface_hub' 2>/dev/null || skip "no huggingface_hub: caches were not compared with its own"
    export HF_HUB_DISABLE_XET=1 HF_HUB_DISABLE_TELEMETRY=1
}

snapshot_of() {
    "$python" -c 'import sys, huggingface_hub
print(huggingface_hub.snapshot_download(sys.argv[1], local_files_only=sys.argv[2] == "offline"))' "$1" "$2"
}

@test "huggingface_hub uses what is fetched here, and goes on with half of it" {
    hub_package
    succeeds cam-train fetch acme/m
    folder=$output
    : >"$BATS_FILE_TMPDIR/requests"
    succeeds snapshot_of acme/m offline
    [ "$output" = "$folder" ] || complain "another folder"
    [ "$(requests .)" -eq 0 ] || complain "requests although offline"
    succeeds snapshot_of acme/m online
    [ "$output" = "$folder" ] || complain "another folder"
    [ "$(requests "^store")" -eq 0 ] || complain "downloaded again"
    stopped INT fetch slow/m
    succeeds snapshot_of slow/m online
    blobs_are_right slow/m
}

@test "the command that an offline message names is the cure" {
    hub_package
    PATH=$(dirname "$python"):$PATH
    command -v hf >/dev/null || skip "no hf"
    HF_HUB_OFFLINE=1 refused 5 "; run \"hf download acme/m\"" cam-train tokenize --model acme/m </dev/null
    command=${stderr#*; run \"}
    succeeds eval "${command%%\"*}"
    HF_HUB_OFFLINE=1 succeeds cam-train tokenize --model acme/m <<<"mon colis"
}

@test "what huggingface_hub downloads is used here, half-filled too" {
    hub_package
    succeeds snapshot_of acme/m online
    folder=$output
    : >"$BATS_FILE_TMPDIR/requests"
    succeeds cam-train predict --model acme/m <<<"mon colis"
    [ "$(requests .)" -eq 0 ] || complain "asked although complete"
    succeeds cam-train fetch acme/m
    [ "$output" = "$folder" ] || complain "another folder"
    [ "$(requests "^store")" -eq 0 ] || complain "downloaded again"
    "$python" -c 'import huggingface_hub; huggingface_hub.hf_hub_download("one/m", "config.json")' 2>/dev/null
    succeeds cam-train predict --model one/m <<<"mon colis"
    blobs_are_right one/m
}

@test "huggingface_hub and this program at once: locks that both respect" {
    hub_package
    for i in 1 2 3; do
        snapshot_of slow/m online >"out.$i" 2>"err.$i" 3>&- &
        pids+=($!)
        timeout 60 "$program" fetch slow/m >"out.1$i" 2>"err.1$i" 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || complain "$(cat err.*)"; done
    [ "$(sort -u out.* | wc -l)" -eq 1 ] || complain "$(cat out.*)"
    blobs_are_right slow/m
    [ "$(requests "^store .*/model.safetensors")" -eq 1 ] || complain "downloaded more than once"
}
