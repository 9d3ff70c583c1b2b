# What a user must be able to trust: a token is told to nobody, a model runs nothing, and a run writes into its folder only.
load common

setup_file() { train_once; }

setup() {
    in_own_folder
    cp -r "$BATS_FILE_TMPDIR/out" m
    rm m/run.yaml
}

@test "the token of the Hub is in no file and no message of a run" {
    export HF_TOKEN=hf_verysecret
    succeeds cam-train --verbose --config c.yaml max_steps=2
    [[ "$output$stderr" != *hf_verysecret* ]] || complain "the token was printed"
    succeeds cam-train show --config c.yaml
    [[ "$output$stderr" != *hf_verysecret* ]] || complain "the token was printed"
    run --separate-stderr cam-train fetch --verbose acme/m
    [ "$status" -eq 5 ] || complain "nobody answers at $HF_ENDPOINT"
    [[ "$output$stderr" != *hf_verysecret* ]] || complain "the token was printed"
    ! grep -rq hf_verysecret out || complain "the token is in $(grep -rl hf_verysecret out)"
}

@test "code of a model folder is not run: .py files, auto_map, pickles" {
    local code='import os; os.system("touch pwned")' pickle='\x80\x02cposix\nsystem\n(S"touch pwned"\ntR.'
    for name in modeling_x configuration_x tokenization_x handler __init__ setup; do echo "$code" >"m/$name.py"; done
    jq '.auto_map = {AutoConfig: "configuration_x.C", AutoModelForSequenceClassification: "modeling_x.M"} |
        .trust_remote_code = true | .custom_pipelines = {x: {impl: "handler.P"}}' m/config.json >t && mv t m/config.json
    jq '.auto_map = {AutoTokenizer: ["tokenization_x.T", null]}' m/tokenizer_config.json >t && mv t m/tokenizer_config.json
    # shellcheck disable=SC2059 # the escapes are those of printf
    for name in pytorch_model.bin training_args.bin optimizer.pt scheduler.pt rng_state.pth; do printf "$pickle" >"m/$name"; done
    PATH=$PWD/nothing:$PATH succeeds cam-train predict --model m --input data.csv
    succeeds cam-train eval --model m --data data.csv
    succeeds cam-train tokenize --model m <<<"mon colis"
    succeeds cam-train check --config c.yaml init=pretrained model_name_or_path=./m
    succeeds cam-train --config c.yaml init=pretrained model_name_or_path=./m max_steps=2
    [ -z "$(find . -name pwned)" ] || complain "code was run"
    # checkpoints have .bin files of their own
    [ -z "$(find out -name '*.py' -o -name '*.pt*' -o -name 'pytorch_model*' -o -name 'training_args*' -o -name 'optimizer*')" ] ||
        complain "code was copied"
    [ -z "$(find out -path 'out/checkpoint-*' -prune -o -name '*.bin' -print)" ] || complain "code was copied"
    ! grep -rqF 'touch pwned' out || complain "code was copied"
    [ "$(cat out/*.json | grep -c 'configuration_x\|modeling_x\|tokenization_x\|handler')" -eq 0 ] || complain "a name of code was copied"
}

@test "no program is started but the one that was called" {
    export ASAN_OPTIONS=detect_leaks=0 # the leak checker does not work under strace
    command -v strace >/dev/null || skip "no strace: nothing was tried"
    local verb
    for verb in "check --config c.yaml" "--config c.yaml max_steps=2" "predict --model m --input data.csv" "eval --model m --data data.csv" "init --data data.csv"; do
        # shellcheck disable=SC2086 # words
        strace -f -e trace=execve -o calls "$program" $verb >stdout 2>stderr || complain "$verb: $(cat stderr)"
        ! grep execve calls | grep -vF -e "\"$program\"" -e '"/proc/self/exe"' -e "\"$(realpath "$program")\"" || complain "$verb starts a program"
    done
}

@test "a run writes into output_dir only" {
    touch before
    sleep 0.02
    succeeds cam-train --config c.yaml max_steps=2 output_dir=a/../out2
    [ -z "$(find . -newer before -type f ! -path './out2/*' ! -name 'separate-stderr*')" ] || complain "$(find . -newer before -type f)"
    mkdir -p n && { cat data.csv && for i in 1 2 3; do echo "rien $i,../../label"; done; } >n/d.csv
    touch before
    sleep 0.02
    succeeds cam-train --config c.yaml max_steps=2 train_file=n/d.csv output_dir=out3
    [ -z "$(find . -newer before -type f ! -path './out3/*' ! -name 'separate-stderr*')" ] || complain "$(find . -newer before -type f)"
}
