# Models of the Hub, by `fetch` and by the other verbs, from tests/hub/server.py. unit_hub has the Hub's faults.
load ranks

setup_file() {
    command -v python3 >/dev/null || skip "no python3: nothing of the Hub was tried"
    train_once
    mkdir -p models
    cp -r out models/m
    rm models/m/run.yaml
    python3 "$repository/tests/hub/server.py" models ports requests 3>&- &
    echo $! >server.pid
    for _ in $(seq 200); do [ -e ports ] || sleep 0.05; done
}

teardown_file() { [ ! -e "$BATS_FILE_TMPDIR/server.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/server.pid")"; }

setup() {
    command -v python3 >/dev/null || skip "no python3: nothing of the Hub was tried"
    in_own_folder
    export HF_ENDPOINT HF_HOME=$PWD/home
    HF_ENDPOINT=http://127.0.0.1:$(cut -d' ' -f1 "$BATS_FILE_TMPDIR/ports")
    : >"$BATS_FILE_TMPDIR/requests"
    snapshot=home/hub/models--acme--m/snapshots/1111111111111111111111111111111111111111
}

# requests PATTERN: how many of this test's requests match.
requests() { grep -c -- "$1" "$BATS_FILE_TMPDIR/requests" || true; }

# Every blob of a model has the hash that it is named by.
blobs_are_right() {
    local blob hash
    for blob in "home/hub/models--${1/\//--}/blobs"/*; do
        case $blob in
        *.incomplete) continue ;;
        */????????????????????????????????????????) hash=$({ printf 'blob %d\0' "$(stat -Lc %s "$blob")" && cat "$blob"; } | sha1sum) ;;
        *) hash=$(sha256sum <"$blob") ;;
        esac
        [ "${hash%% *}" = "${blob##*/}" ] || complain "bad blob $blob"
    done
}

@test "fetch prints the folder; the other verbs use it without a request" {
    succeeds cam-train fetch acme/m
    [ "$output" = "$PWD/$snapshot" ] || complain "the folder"
    says "downloading \"acme/m\" (main) from $HF_ENDPOINT"
    cmp "$snapshot/model.safetensors" "$BATS_FILE_TMPDIR/models/m/model.safetensors"
    [ "$(cat home/hub/models--acme--m/refs/main)" = "${snapshot##*/}" ]
    [[ "$(readlink $snapshot/config.json)" == ../../blobs/* ]]
    : >"$BATS_FILE_TMPDIR/requests"
    succeeds cam-train check --config c.yaml init=pretrained model_name_or_path=acme/m
    succeeds cam-train predict --model acme/m <<<"mon colis"
    [ "$(requests .)" -eq 0 ] || complain "a model of the cache was asked for"
    chmod -R a-w home
    succeeds cam-train fetch acme/m
    [ "$(requests "GET .*resolve")" -eq 0 ] || complain "what is there was downloaded again"
    chmod -R u+w home
}

@test "every verb downloads a model that is named; a revision has its own commit" {
    succeeds cam-train predict --model acme/m <<<"mon colis"
    succeeds cam-train eval --model one/m --data data.csv
    succeeds cam-train tokenize --model two/m <<<"mon colis"
    [ ! -e home/hub/models--two--m/snapshots/*/model.safetensors ] || complain "weights that nobody needs"
    succeeds cam-train --config c.yaml init=pretrained model_name_or_path=acme/m revision=refs/pr/1 max_steps=1
    [ "$(cat home/hub/models--acme--m/refs/refs/pr/1)" = 2222222222222222222222222222222222222222 ]
    succeeds cam-train fetch acme/m --revision v2
    answers 3333333333333333333333333333333333333333
    refused 5 'has no revision "v3" on the Hub' cam-train fetch acme/m --revision v3
}

@test "offline: no request, and the missing file by its name" {
    export HF_HUB_OFFLINE=1
    refused 5 'run "hf download acme/m"' cam-train fetch acme/m
    says "nothing is downloaded, because HF_HUB_OFFLINE is set"
    HF_HUB_OFFLINE=0 cam-train fetch --quiet acme/m
    : >"$BATS_FILE_TMPDIR/requests"
    succeeds cam-train fetch acme/m
    rm "$snapshot/model.safetensors"
    refused 5 "has no weights (model.safetensors)" cam-train eval --model acme/m --data data.csv
    unset HF_HUB_OFFLINE
    export TRANSFORMERS_OFFLINE=yes
    refused 5 "TRANSFORMERS_OFFLINE is set" cam-train check --config c.yaml init=pretrained model_name_or_path=acme/m
    [ "$(requests .)" -eq 0 ] || complain "a request although offline"
}

@test "no network: the command for another machine, and a cached model goes on working" {
    cam-train fetch --quiet acme/m
    export HF_ENDPOINT=http://127.0.0.1:9
    succeeds cam-train fetch acme/m
    says "the model of the cache is kept as it is"
    refused 5 'run "hf download acme/n" on a machine that has it' cam-train tokenize --model acme/n </dev/null
}

@test "the token goes to the Hub only, and into no message" {
    export HF_TOKEN=hf_right
    succeeds cam-train fetch --verbose gated/m
    [[ "$output$stderr" != *hf_right* ]] || complain "the token was printed"
    [ "$(requests "^hub .* token$")" -gt 5 ] || complain "no token"
    [ "$(requests "^store .* no-token$")" -gt 0 ] || complain "nothing came from the other host"
    [ "$(requests "^store")" -eq "$(requests "^store .* no-token$")" ] || complain "the token went to another host"
    unset HF_TOKEN
    rm -r home/hub
    refused 5 "/gated/m, then set HF_TOKEN" cam-train fetch gated/m
    printf 'hf_right\n' >token
    HF_TOKEN_PATH=$PWD/token succeeds cam-train fetch gated/m
}

@test "names that are no models" {
    refused 2 "is a path" cam-train fetch ../../x
    refused 2 "is a path" cam-train fetch ./tiny
    refused 2 "neither a folder nor a model" cam-train fetch x/../../y
    refused 2 "cannot be a revision" cam-train fetch acme/m --revision ../x
    refused 2 "fetch needs the name of a model" cam-train fetch
    refused 2 "n" cam-train fetch acme/m acme/n
    refused 5 'did you mean "camembert-base"? a folder is written "./camembert-bse"' cam-train fetch camembert-bse
    [ "$(find home -type f 2>/dev/null | wc -l)" -eq 0 ] || complain "files of a model that is none"
}

@test "twelve processes fetch one model: one download, right blobs" {
    for i in $(seq 12); do
        timeout 60 "$program" fetch slow/m >"out.$i" 2>"err.$i" 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || complain "$(cat err.*)"; done
    [ "$(sort -u out.* | wc -l)" -eq 1 ]
    blobs_are_right slow/m
    [ "$(requests "^store .*model.safetensors")" -eq 1 ] || complain "downloaded more than once"
    [ -z "$(find home -name '*.incomplete' -o -name '*.tmp-*')" ] || complain "left-overs"
}

# stopped SIGNAL ARGUMENTS...: sends a signal in the middle of the slow file; $status is what the program returned.
stopped() {
    local signal=$1 part
    shift
    part=home/hub/models--slow--m/blobs/$(sha256sum <"$BATS_FILE_TMPDIR/models/m/model.safetensors" | cut -c-64).incomplete
    "$program" "$@" >stopped.out 2>stopped.err 3>&- &
    for _ in $(seq 200); do
        [ ! -s "$part" ] || break
        sleep 0.02
    done
    kill -s "$signal" $!
    status=0
    wait $! || status=$?
    [ -s "$part" ] || complain "the part is gone: $(cat stopped.err)"
}

@test "a signal ends a download, and the next command goes on where it ended" {
    stopped INT fetch slow/m
    [ "$status" -eq 130 ] || complain "INT"
    succeeds cam-train fetch slow/m
    [ "$(requests "^store .*bytes=")" -gt 0 ] || complain "from the beginning"
    rm -r home
    stopped TERM --config c.yaml init=pretrained model_name_or_path=slow/m max_steps=1
    [ "$status" -eq 75 ] || complain "TERM: $(cat stopped.err)"
    succeeds cam-train --config c.yaml init=pretrained model_name_or_path=slow/m max_steps=1
    blobs_are_right slow/m
}

@test "a cache that cannot be written: exit 8" {
    mkdir -p home/hub
    touch home/hub/models--acme--m
    refused 8 "models--acme--m" cam-train fetch acme/m
}

@test "ranks: the first one downloads, the others wait" {
    in_own_folder_of_ranks
    succeeds ranks 2 eval --model slow/m --data data.csv
    [ "$(requests "^store .*model.safetensors")" -eq 1 ] || complain "both downloaded $(cat "$BATS_FILE_TMPDIR/requests")"
    run --separate-stderr ranks 2 eval --model acme/none --data data.csv
    [ "$status" -eq 5 ] || complain "a model that is none"
    [ "$(grep -c 'the Hub has no model "acme/none"' <<<"$stderr")" -eq 1 ] || complain "said once"
}

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
