# hub.bash: a Hub for tests of downloads, tests/hub/server.py with the model "m" in ./models of the file's folder; any
# organisation has it, and some behave as their name says. unit_hub has the Hub's faults.
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
