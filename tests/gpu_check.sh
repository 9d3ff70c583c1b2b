#!/bin/bash
# gpu_check.sh [OPS_TEST]: tools/gpu_check.sh with programs and an nvidia-smi that are stand-ins: they fail, hang, crash,
# print garbage or nothing, and the results of all others are still there. With OPS_TEST, the cases that it is told to
# run by name are looked for in that program.
set -u
command -v jq > /dev/null || { echo "SKIP gpu_check: jq is not installed"; exit 0; }
cd "$(dirname "$0")/.." || exit 2
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
failed=0
fail() {
    echo "FAILED: $1"
    failed=1
}

# --- stand-ins -------------------------------------------------------------------------------------------------------

export T
mkdir -p "$T/root/bin" "$T/data/massive-fr/intent" "$T/data/camembert-tokenizer" "$T/toolkit/bin" "$T/toolkit/lib64" "$T/tmp"
for i in 1 2 3 4 5 6 7 8; do printf 'label_%d\tune phrase %d\n' $((i % 2)) $i; done > "$T/data/massive-fr/intent/train.tsv"
cp "$T/data/massive-fr/intent/train.tsv" "$T/data/massive-fr/intent/dev.tsv"
echo '{}' > "$T/data/camembert-tokenizer/tokenizer.json"
touch "$T/toolkit/lib64/libcublasLt.so.99"

# All programs are this one. $T/deeds has lines "PATTERN DEED": what a program does instead of its work, if the pattern is the
# beginning of its name and arguments.
cat > "$T/program" << 'PROGRAM'
#!/bin/bash
# libcublasLt.so.99
name=${0##*/}
echo "$name $* :$LD_LIBRARY_PATH" >> "$T/calls"
[ "$name $1" = "ops_test --list" ] && printf 'norm.norm_partial/one\nloss.loss/one\n' && exit
while read -r program deed; do
    [[ "$name $*" =~ ^$program ]] && break
    deed=
done < "$T/deeds"
case $deed in
fail) echo "FAIL norm.norm_partial/a \"b\" \\c: 3 ulp"; exit 1 ;;
die) exit 3 ;;
hang)
    trap '' TERM INT HUP
    sleep 300 &
    echo "$$ $!" >> "$T/hanging"
    while :; do sleep 300; done
    ;;
crash) kill -SEGV $$ ;;
garbage) printf '{"half":\n{"a":nan}\n{"b":01}\n{"c":"\\x"}\n{"d":"\001"}\n{"e":1}}\n{[1,]}\n\377\376{}\n'; head -c 3000 /dev/urandom; printf '\n{"good":[1.5e-3,{"x":"\\u00e9 y"}],"z":null}\n'; exit 0 ;;
nothing) exit 0 ;;
orphan)
    sleep 300 &
    echo $! >> "$T/hanging"
    ;;
look) [ -e "$T/seen/holder" ] || ln "$OUT/gpu-check.json" "$OUT/logs.tgz" "$T/seen/"; ps -o args= -p "$(cat "$T/holder")" > "$T/seen/holder" ;;
esac
case $name in
ops_test) echo "28 cases and 0 wrong calls: 0 failed" ;;
model_golden) echo "[  PASSED  ] 13 test(s)." ;;
cam-train)
    [ "$1" != predict ] || { echo '{"label":"x","score":0.5}'; exit; }
    while [ $# -gt 0 ]; do
        [ "$1" != --config ] || config=$2
        [ "$1" != --output ] || printf 'product 1\n' > "$2"
        shift
    done
    folder=$(sed -n 's/.*{output_dir: \([^,]*\),.*/\1/p' "${config:-/dev/null}")
    [ -z "$folder" ] || mkdir -p "$folder" || exit 1
    [ -z "$folder" ] || echo weights > "$folder/model.safetensors"
    [ -z "$folder" ] || printf '{"event":"step","loss":2.5}\n{"event":"step","loss":2.5}\n{"event":"step","loss":2.5}\n' > "$folder/log.jsonl"
    echo '{}' > "${folder:-$T}/config.json"
    echo "device   a \"GPU\""
    ;;
bench_train)
    while [ $# -gt 0 ]; do
        [ "$1" != --order ] || echo 0 > "$2"
        shift
    done
    echo '{"bench":"step","median_step_s":0.001}'
    ;;
bench_ops) echo "linear_fwd  qkv  0.012" ;;
compute-sanitizer | ncu)
    while [ $# -gt 0 ]; do
        [ "$1" != --log-file ] || printf '==PROF==\n"Kernel Name","gpu__time_duration.sum"\n"","ns"\n"gelu_fwd_tile","1000"\n' > "$2"
        shift
    done
    ;;
python)
    case $* in
    *"import site"*) ;;
    *"import json, torch"*) echo '{"torch":"2"}' ;;
    *predict*) printf 'x\t0.501\n' ;;
    *) echo '{"step_ms":2.5}' ;;
    esac
    ;;
*) echo '{"figure":1}' ;;
esac
PROGRAM
cat > "$T/nvidia-smi" << 'SMI'
#!/bin/bash
case $1 in
-L) [ ! -e "$T/no-gpu" ] ;;
dmon) echo $$ >> "$T/holders" && echo $$ > "$T/holder" && exec sleep 300 ;;
*) echo "NVIDIA H200, 580.1, 143771 MiB, 345 MHz, 3201 MHz" ;;
esac
SMI
chmod +x "$T/program" "$T/nvidia-smi"
for name in cam-train ops_test model_golden bench_train bench_ops ceilings nodes; do ln "$T/program" "$T/root/bin/$name"; done
ln "$T/program" "$T/python"
export CUDA_HOME=$T/toolkit NVIDIA_SMI=$T/nvidia-smi CAM_DATA=$T/data PYTHON=$T/python TMPDIR=$T/tmp OUT=$T/out
unset LD_LIBRARY_PATH

# runs PID: whether a process is there and no zombie
runs() { grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status" 2> /dev/null; }

# run DEEDS [OPTION...]: the check; its exit status is $code
run() {
    rm -rf "$OUT" "$T"/{seen,calls,hanging,holders,holder}
    mkdir "$T/seen"
    printf '%s\n' "$1" > "$T/deeds"
    shift
    tools/gpu_check.sh "$@" "$T/root" > "$T/printed" 2> "$T/errors"
    code=$?
}
# ends CODE: so it ended, with two files that can be read, nothing left of it, and nothing said to the user but results
ends() {
    [ "$code" -eq "$1" ] || fail "$what: exit $code instead of $1: $(tail -n 2 "$T/printed" "$T/errors")"
    [ "$(ls "$OUT")" = "$(printf 'gpu-check.json\nlogs.tgz')" ] || fail "$what: the results are $(ls "$OUT")"
    jq -e . "$OUT/gpu-check.json" > /dev/null || fail "$what: gpu-check.json is no JSON"
    tar tzf "$OUT/logs.tgz" > "$T/listed" || fail "$what: logs.tgz cannot be read"
    [ ! -s "$T/errors" ] || fail "$what: $(head -n 2 "$T/errors")"
    [ -z "$(ls "$T/tmp")" ] || fail "$what: it leaves a work folder"
    for pid in $(cat "$T/holder" "$T/hanging" 2> /dev/null); do
        runs "$pid" && fail "$what: process $pid still runs: $(tr '\0' ' ' < "/proc/$pid/cmdline")" && kill -KILL "$pid"
    done
}
# is STAGE FILTER: jq says that this holds of the stage
is() {
    jq -e --arg s "$1" '.stages[] | select(.stage == $s) | '"$2" "$OUT/gpu-check.json" > /dev/null ||
        fail "$what: not \"$2\": $(jq -c --arg s "$1" '.stages[] | select(.stage == $s)' "$OUT/gpu-check.json")"
}
statuses() { jq -r '.stages[] | select(.status == "'"$1"'") | .stage' "$OUT/gpu-check.json" | sort | paste -sd' '; }
stages_of_A="agreement agreement-torch cold cold-base determinism device goldens kernels-big kernels-small libraries nccl ours-128 ours-512 ours-short P4-128 P4-512 P4-short prepare sanitizer torch"
all_stages() { jq -r '.stages[].stage' "$OUT/gpu-check.json" | sort -f | paste -sd' '; }

# --- all is well -----------------------------------------------------------------------------------------------------

what="all is well"
ln "$T/program" "$T/toolkit/bin/compute-sanitizer"
ln "$T/program" "$T/toolkit/bin/ncu"
run "ops_test.--backend.cuda.--family.norm look"
ends 0
[ "$(jq '.stages | map(select(.status != "ok")) | length' "$OUT/gpu-check.json")" = 0 ] || fail "$what: $(statuses failed), $(statuses skipped)"
[ "$(jq .complete "$OUT/gpu-check.json")" = true ] || fail "$what: it is not complete"
[ "$(wc -l < "$T/holders")" -eq 1 ] || fail "$what: more than one process holds the device open"
[ "$(grep -c 'import json, torch' "$T/calls")" -eq 1 ] || fail "$what: torch is imported more than once"
is tune '.results == [{"table": "logs.tgz: tune.table.txt", "products": 1}]'
is cold '.results[0].phases[0].line == "device   a GPU" and .results[0].wall_s > 0'
is ncu-short '.results | map(select(.operator == "gelu_fwd"))[0] | .us == 1 and .counted_launches == 12'
is goldens '.results == [{"goldens_passed": 13}]'
is agreement-torch '.results[0] == {"predictions": 1, "other_labels": 0, "largest_difference_of_scores": 0.001}'
is agreement '.results == [{"losses": 3, "largest_relative_difference": 0}]'
is kernels-small '[.results[].family] | sort == ["loss", "norm"]'
grep -q tune.table.txt "$T/listed" || fail "$what: the table does not come back"
grep -q 'compute-sanitizer --tool racecheck' "$T/calls" || fail "$what: compute-sanitizer is looked for on the PATH only"
grep -q "^cam-train .*cold.yaml.*:$T/toolkit/lib64$" "$T/calls" || fail "$what: our programs do not find the libraries"
grep '^python' "$T/calls" | grep -q "$T/toolkit" && fail "$what: the peers have our libraries"
grep -q '^python .*step .*--order' "$T/calls" || fail "$what: the peers have not our order of rows"
grep '^ops_test .*cudnn' "$T/calls" | grep -q -- '--backend cuda-cudnn --family attention' || fail "$what: cuDNN is not tested"

# Links to the files of that time: a file that is not replaced as a whole has changed since.
what="results while it runs"
[ "$(jq -r .complete "$T/seen/gpu-check.json")" = false ] || fail "$what: complete"
jq -e '.stages | map(.stage) | index("device")' "$T/seen/gpu-check.json" > /dev/null || fail "$what: no stage so far"
tar tzf "$T/seen/logs.tgz" | grep -q device.log || fail "$what: no log so far"
grep -q sleep "$T/seen/holder" || fail "$what: nobody holds the device open"

# --- programs that do not do their work ------------------------------------------------------------------------------

what="all end at once"
for _ in 1 2 3; do
    run ". die" --part A
    ends 1
    [ "$(all_stages)" = "$(echo "$stages_of_A" | tr ' ' '\n' | sort -f | paste -sd' ')" ] || fail "$what: only $(all_stages)"
    is goldens '.status == "failed" and .exit == 3'
done

what="a program that hangs"
GPU_CHECK_MOST=10 run "ops_test.--backend.cuda.--family.loss.--small hang
model_golden hang" --part A
[ "$(wc -l < "$T/hanging")" -ge 2 ] || fail "$what: nothing hung"
ends 1
is goldens '.status == "timeout" and .seconds == 10 and (.reason | test("killed after 10 s"))'
is kernels-small '.status == "failed" and ([.results[] | select(.family == "norm")] | .[0].exit == 0)'
is kernels-small '.failing[0] | test("FAIL loss: exit 137")'
is determinism '.status == "ok"'

what="a program that leaves a process"
run "nodes orphan" --part B
[ -s "$T/hanging" ] || fail "$what: it left none"
ends 0

what="a program that fails"
run "ops_test.--backend.cuda.--family.norm fail" --part A
ends 1
is kernels-small '.failing == ["FAIL norm.norm_partial/a \"b\" \\c: 3 ulp"]'
is kernels-small '[.results[] | select(.family == "loss")] | .[0].exit == 0'
grep -q 'NOT OK: kernels-small kernels-big' "$T/printed" || fail "$what: $(tail -n 1 "$T/printed")"

what="a program that crashes"
run "model_golden crash
bench_train.*--device.cuda crash" --part A
ends 1
is goldens '.status == "failed" and .exit == 139'
is ours-128 '.status == "failed"'
is P4-128 '.status == "ok"'
grep '^python .*step ' "$T/calls" | grep -qv -- --order && fail "$what: the order of rows needs the device"

what="a program that prints garbage"
run "nodes garbage
ceilings garbage" --part B
ends 0
is nodes '.results == [{"good": [0.0015, {"x": "é y"}], "z": null}]'

what="a program that leaves nothing"
run ". nothing" --part A
ends 1
for stage in kernels-small goldens determinism ours-short; do is $stage '.status == "failed" and .reason != null'; done
run "nodes nothing" --part B
is nodes '.status == "failed" and (.reason | test("no result"))'

# --- what is not there -----------------------------------------------------------------------------------------------

what="no PyTorch, no sanitizer"
rm "$T/toolkit/bin/compute-sanitizer" "$T/toolkit/bin/ncu"
run "python.-c.import.json die" --part A
ends 0
[ "$(statuses skipped)" = "P4-128 P4-512 P4-short agreement-torch sanitizer torch" ] || fail "$what: skipped is $(statuses skipped)"
is sanitizer '.reason | test("no compute-sanitizer")'
is P4-128 '.reason | test("no PyTorch")'

what="no program"
mv "$T/root/bin/model_golden" "$T/kept"
run "none -" --part A
ends 1
is goldens '.status == "missing"'
mv "$T/kept" "$T/root/bin/model_golden"

what="no checkpoint"
run "cam-train.--quiet.--device.cpu die" --part A
ends 1
is prepare '.status == "failed"'
is ours-short '.status == "skipped" and (.reason | test("prepare"))'
is goldens '.status == "ok"'

what="no time"
run "model_golden hang" --part A --budget 4
ends 1
is goldens '(.status == "timeout" and .seconds <= 4) or .status == "no time"'
is sanitizer '.status == "no time"'

what="no GPU"
touch "$T/no-gpu"
run "none -" --part A
[ $code -eq 6 ] && [ ! -e "$OUT" ] || fail "$what: exit $code"
rm "$T/no-gpu"
tools/gpu_check.sh --part C "$T/root" 2> "$T/errors"
[ $? -eq 2 ] || fail "--part C is not refused"

# --- the check itself is ended ---------------------------------------------------------------------------------------

for signal in TERM KILL; do
    what="ended by $signal"
    rm -rf "$OUT" "$T/hanging"
    echo "model_golden hang" > "$T/deeds"
    GPU_CHECK_MOST=6 tools/gpu_check.sh --part A "$T/root" > "$T/printed" 2> "$T/errors" &
    pid=$!
    for _ in $(seq 300); do [ -s "$T/hanging" ] && break || sleep 0.1; done
    [ -s "$T/hanging" ] || fail "$what: goldens were not reached"
    kill -$signal $pid
    { wait $pid; } 2> /dev/null
    jq -e '.stages | map(.stage) | index("prepare")' "$OUT/gpu-check.json" > /dev/null || fail "$what: no results"
    if [ $signal = TERM ]; then
        sleep 0.2
        code=0
        ends 0
    else # timeout, a process of its own, still ends what hangs
        sleep 6
        for pid in $(cat "$T/hanging"); do
            runs "$pid" && fail "$what: process $pid still runs" && kill -KILL "$pid"
        done
        kill -KILL "$(cat "$T/holder")"
        rm -rf "$T"/tmp/*
    fi
done

# --- what is written down elsewhere ----------------------------------------------------------------------------------

what="names"
if [ "${1:-}" ]; then
    sed -n '/^    cases="/,/"$/p' tools/gpu_stages.sh | tr -d '"' | sed 's/cases=//' | tr ' ' '\n' | sed '/^$/d' > "$T/cases"
    [ "$(wc -l < "$T/cases")" -eq 6 ] || fail "$what: $(wc -l < "$T/cases") cases for the sanitizer"
    "$1" --list > "$T/list"
    while read -r name; do grep -qF "$name" "$T/list" || fail "$what: no case $name in ops_test"; done < "$T/cases"
fi
for section in $(grep -o "section='[^']*'" tools/gpu_stages.sh | cut -d"'" -f 2 | tr ' ' '_'); do
    grep -qxF "### ${section//_/ }" docs/cuda-cost.md || fail "$what: docs/cuda-cost.md has no section $section"
done

exit $failed
