# Models of the Hub, by `fetch` and by the other verbs.
load hub

@test "fetch prints the folder; the other verbs use it without a request" {
    succeeds cam-train fetch acme/m
    [ "$output" = "$PWD/$snapshot" ] || complain "the folder"
    says "downloading \"acme/m\" (main) from $HF_ENDPOINT"
    cmp "$snapshot/model.safetensors" "$BATS_FILE_TMPDIR/models/m/model.safetensors"
    [ "$(cat home/hub/models--acme--m/refs/main)" = "${snapshot##*/}" ]
    [[ "$(readlink "$snapshot/config.json")" == ../../blobs/* ]]
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
    [ -z "$(find home/hub/models--two--m -name model.safetensors)" ] || complain "weights that nobody needs"
    succeeds cam-train --config c.yaml init=pretrained model_name_or_path=acme/m revision=refs/pr/1 max_steps=2
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

@test "offline: no socket is opened, whether the model is cached or not" {
    command -v strace >/dev/null || skip "no strace: sockets were not counted"
    export ASAN_OPTIONS=detect_leaks=0 # the leak checker does not work under strace
    cam-train fetch --quiet acme/m
    local command variable
    for variable in HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1; do
        for command in "0 predict --model acme/m --input data.csv" "0 check --config c.yaml init=pretrained model_name_or_path=acme/m" \
            "0 fetch acme/m" "5 fetch acme/none" "5 check --config c.yaml init=pretrained model_name_or_path=acme/none" \
            "5 predict --model acme/none --input data.csv"; do
            status=0
            # shellcheck disable=SC2086 # words
            env $variable strace -f -qq -e trace=socket,connect -o calls "$program" ${command#* } >stdout 2>stderr || status=$?
            stderr=$(cat stderr) output="$variable"
            [ "$status" -eq "${command%% *}" ] || complain "$command"
            [ "$status" -eq 0 ] || says "${variable%=1} is set"
            ! grep -E '^[0-9]+ +(socket|connect)\(' calls || complain "a socket: $command"
        done
    done
    strace -f -qq -e trace=socket,connect -o calls "$program" fetch acme/other 2>stderr || true
    grep -qE '(socket|connect)\(' calls || complain "strace sees nothing"
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

@test "a cache that cannot be written: exit 8" {
    mkdir -p home/hub
    touch home/hub/models--acme--m
    refused 8 "models--acme--m" cam-train fetch acme/m
}
