#!/bin/bash
# gpu_check.sh [--part A|B|AB] [--budget SECONDS] [ROOT]: all tests and measurements that need a GPU: `make gpu-check`.
#
# ROOT is a build folder (default build) or an unpacked bundle of tools/bundle.sh, from which it is run as
# ./gpu_check.sh. Part A says whether the program is right and how fast it is, part B says why; AB, the default, is one
# after the other. A part ends after its budget (default 330 s): what is not begun by then is "no time".
#
# The results are two files, in $OUT if that is set, else in ROOT/gpu-check: gpu-check.json, and logs.tgz with all
# output. Both are replaced as a whole after every stage, so that they are right whenever this is killed. A stage is
#   ok, failed, timeout (it was killed, and all that it had started), skipped (with the reason; it says nothing),
#   missing (its program is not in ROOT) or no time
# and the names of failing cases are in gpu-check.json. The stages themselves are in gpu_stages.sh.
#
# CAM_DATA: rows and tokenizer (default: ROOT/data, else ../shared/data; without both, examples/commandes).
# PYTHON (default python3) runs the peers if it has PyTorch. NVIDIA_SMI (default nvidia-smi).
# GPU_CHECK_MOST: no stage gets more seconds than this (for tests/gpu_check.sh).
# Exit 0: all stages are ok or skipped; 1: others; 2: wrong usage; 6: there is no GPU; 8: nowhere to write.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
parts=AB budget=330 root=
while [ $# -gt 0 ]; do
    case $1 in
    --part) parts=${2:-} && shift ;;
    --budget) budget=${2:-} && shift ;;
    -*) parts= ;;
    *) root=$1 ;;
    esac
    shift
done
case $parts:$budget in A:[1-9]* | B:[1-9]* | AB:[1-9]*) ;; *)
    echo "usage: gpu_check.sh [--part A|B|AB] [--budget SECONDS] [ROOT]" >&2
    exit 2
    ;;
esac
if [ -d "$here/bin" ]; then home=$here root=${root:-$here}; else home=$(cd "$here/.." && pwd) root=${root:-$home/build}; fi
root=$(cd "$root" && pwd) || exit 2
python=${PYTHON:-python3} smi=${NVIDIA_SMI:-nvidia-smi}
data=${CAM_DATA:-}
[ "$data" ] || { if [ -d "$root/data" ]; then data=$root/data; else data=$home/../shared/data; fi; }

if ! timeout --signal=KILL 30 "$smi" -L > /dev/null 2>&1; then
    echo "gpu-check: no NVIDIA GPU here (nvidia-smi finds none): nothing was run" >&2
    exit 6
fi
out=${OUT:-$root/gpu-check}
mkdir -p "$out" && work=$(mktemp -d "${TMPDIR:-/tmp}/cam-gpu-check-XXXXXX") || exit 8
logs=$work/logs
mkdir -p "$logs" "$work/send" "$work/bin"
: > "$work/stages"
declare -A child began limit_of status_of
failed=
complete=false

# What is left of this check is killed by KILL, which no program can refuse. This shell is the only process with the
# trap: the processes of stages are new ones that know nothing of the work folder's end.
end_all() {
    for pid in "${child[@]}" "$holder"; do
        kill -KILL -- "-$pid" "$pid" 2> /dev/null
    done
    rm -rf "$work"
}
holder=
trap end_all EXIT
trap 'exit 143' INT TERM HUP

export here home root work logs data python smi
export CAM_MATMUL_TABLE=none XDG_CACHE_HOME=$work/cache HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
# The programs, wherever they are in a build folder.
for name in cam-train ops_test model_golden bench_train bench_ops ceilings nodes; do
    if [ -x "$root/bin/$name" ]; then file=$root/bin/$name; else
        file=$(find "$root" -type f -name "$name" -perm -u+x 2> /dev/null | head -n 1)
    fi
    [ -z "$file" ] || ln -s "$file" "$work/bin/$name"
done

# --- results ---------------------------------------------------------------------------------------------------------

# The lines of standard input as one JSON string's content: printable, and not endless.
text() { tr '\t' ' ' | tr -cd ' -~\n' | cut -c 1-240 | sed 's/\\/\\\\/g; s/"/\\"/g' | paste -sd'|' | sed 's/|/ | /g'; }

write_json() {
    held=none
    [ -z "$holder" ] || { if kill -0 "$holder" 2> /dev/null; then held='one idle process'; else held='no longer: the idle process has ended'; fi; }
    {
        printf '{"parts":"%s","budget_s":%s,"complete":%s,"device_held_open_by":"%s","stages":[\n' "$parts" "$budget" "$complete" "$held"
        sed '$!s/$/,/' "$work/stages"
        printf ']}\n'
    } > "$out/.gpu-check.json" && mv "$out/.gpu-check.json" "$out/gpu-check.json"
}

# The log files of a stage, without the middle of a long one.
write_logs() {
    for file in "$logs/$1".*; do
        [ -f "$file" ] || continue
        if [ "$(wc -c < "$file")" -le 400000 ]; then cp "$file" "$work/send/"; else
            { head -c 200000 "$file" && printf '\n... cut ...\n' && tail -c 200000 "$file"; } > "$work/send/${file##*/}"
        fi
    done
    tar czf "$out/.logs.tgz" -C "$work/send" . && mv "$out/.logs.tgz" "$out/logs.tgz"
}

# Why a stage has its status, in words.
reason() {
    case $2 in
    skipped) grep -ah '^SKIP: ' "$logs/$1.log" "$logs/$1.err" 2> /dev/null | tail -n 1 | sed 's/^SKIP: //' | text ;;
    ok) ;;
    *)
        { if [ -s "$logs/$1.err" ]; then cat "$logs/$1.err"; else grep -av '^{' "$logs/$1.log"; fi; } 2> /dev/null | tail -n 3 | text
        ;;
    esac
}

# record NAME STATUS SECONDS CODE [REASON]: the lines of the stage's log that are JSON are its results, and the cases
# that its programs call failing are named.
record() {
    why=${5:-$(reason "$1" "$2")}
    failing=$(grep -ahE '^(FAIL|WRONG|not ok) ' "$logs/$1.log" "$logs/$1.err" 2> /dev/null | head -n 20 | while IFS= read -r line; do
        printf '"%s",' "$(printf '%s\n' "$line" | text)"
    done)
    {
        printf '{"stage":"%s","status":"%s","seconds":%s,"exit":%d,' "$1" "$2" "$3" "$4"
        [ -z "$why" ] || printf '"reason":"%s",' "$why"
        [ -z "$failing" ] || printf '"failing":[%s],' "${failing%,}"
        touch "$logs/$1.log"
        printf '"results":[%s]}\n' "$(awk -f "$here/gpu_results.awk" "$logs/$1.log")"
    } >> "$work/stages"
    status_of[$1]=$2
    case $2 in ok | skipped) ;; *) failed="$failed $1" ;; esac
    write_json
    write_logs "$1"
    printf '%-24s %-8s %6s s  %s\n' "$1" "$2" "$3" "$why"
    [ -z "$failing" ] || printf '%s\n' "${failing%,}" | sed 's/^/    /; s/","/"\n    "/g' | head -n 5
}

# --- stages ----------------------------------------------------------------------------------------------------------

now() { echo "$EPOCHREALTIME"; }
# since TIME: seconds, with a tenth
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}'; }

# begin NAME SECONDS PROGRAM FUNCTION...: starts a stage in a process group of its own; PROGRAM is what it cannot do
# without, or "-". Its time is at most SECONDS, and what is left of the part's budget.
begin() {
    name=$1 most=$2 program=$3
    shift 3
    left=$((budget - SECONDS + part_began))
    if [ "$program" != - ] && [ ! -e "$work/bin/$program" ]; then
        record "$name" missing 0 0 "there is no $program in ROOT"
        return
    fi
    if [ "$left" -lt 2 ]; then
        record "$name" 'no time' 0 0 "the budget of $budget s is spent"
        return
    fi
    [ "$most" -le "$left" ] || most=$left
    [ "$most" -le "${GPU_CHECK_MOST:-$most}" ] || most=$GPU_CHECK_MOST
    began[$name]=$(now) limit_of[$name]=$most
    # timeout leads the new process group, and kills all of it
    timeout --signal=KILL "$most" "$BASH" "$here/gpu_stages.sh" "$name" "$@" > "$logs/$name.log" 2> "$logs/$name.err" < /dev/null &
    child[$name]=$!
}

# finish NAME: waits for a stage that was begun, ends what it has left behind, and records it.
finish() {
    [ "${child[$1]:-}" ] || return
    { wait "${child[$1]}"; } 2> /dev/null
    code=$?
    kill -KILL -- "-${child[$1]}" 2> /dev/null
    unset "child[$1]"
    took=$(cat "$work/$1.took" 2> /dev/null || since "${began[$1]}")
    why=
    case $code in
    0) status=ok ;;
    77) status=skipped ;;
    *) status=failed ;;
    esac
    if [ $code -eq 137 ] && [ ! -e "$work/$1.took" ] && awk -v t="$took" -v m="${limit_of[$1]}" 'BEGIN {exit t < m}'; then
        status=timeout took=${limit_of[$1]} why="killed after ${limit_of[$1]} s; last: $(reason "$1" timeout)"
    fi
    if [ $status = ok ] && [ -z "$(awk -f "$here/gpu_results.awk" "$logs/$1.log")" ]; then
        status=failed why="it ended well, but has given no result"
    fi
    record "$1" "$status" "$took" "$code" "$why"
}

stage() { begin "$@" && finish "$1"; }

# after STAGE NAME ...: a stage that makes no sense unless STAGE is ok
after() {
    if [ "${status_of[$1]:-}" = ok ]; then shift && stage "$@"; else
        record "$2" skipped 0 0 "the stage $1 is not ok: $(grep "^{\"stage\":\"$1\"" "$work/stages" | sed -n 's/.*"reason":"\([^"]*\)".*/\1/p' | head -n 1)"
    fi
}

regimes="short:32:64 128:64:128 512:32:512"
each_regime() { # NAME FUNCTION as in: after PREPARE NAME-regime SECONDS PROGRAM FUNCTION regime rows tokens
    for regime in $regimes; do
        IFS=: read -r kind rows tokens <<< "$regime"
        after "$1" "$2-$kind" "$3" "$4" "$5" "$kind" "$rows" "$tokens"
    done
}

part_A() {
    stage libraries 20 - libraries
    stage device 20 - describe
    begin torch 60 - has_torch # both on the CPU, beside the kernels' tests
    begin prepare 60 cam-train prepare
    stage kernels-small 80 ops_test families --small
    stage kernels-big 80 ops_test families --big
    finish torch
    finish prepare
    stage goldens 45 model_golden goldens
    after prepare determinism 40 cam-train determinism
    each_regime prepare ours 40 bench_train measured
    if [ "${status_of[torch]:-}" = ok ]; then each_regime prepare P4 45 - peer; else each_regime torch P4 45 - peer; fi
    after prepare cold 30 cam-train cold
    after prepare cold-base 45 cam-train cold_base
    after prepare agreement 45 cam-train agreement
    after torch agreement-torch 45 - agreement_torch
    after prepare nccl 40 cam-train one_nccl_rank
    stage sanitizer 60 ops_test sanitize
}

part_B() {
    [ "${status_of[libraries]:-}" ] || stage libraries 20 - libraries
    [ "${status_of[prepare]:-}" = ok ] || begin prepare 60 cam-train prepare
    [ "${status_of[torch]:-}" ] || begin torch 60 - has_torch
    stage nodes 30 nodes nodes
    stage ceilings 45 ceilings ceilings
    finish prepare
    finish torch
    each_regime prepare ncu 45 bench_train profile
    after prepare tune 90 cam-train tune
    after tune ours-short-tuned 40 bench_train ours_tuned short 32 64
    stage operators 60 bench_ops operators
    after prepare cudnn 60 bench_train without_dropout
    stage kernels-cudnn 80 ops_test kernels_cudnn
    after torch P4-cold 60 - peer_cold
}

# The device stays open, for ours and for the peers alike: opening it again takes long without a persistence daemon.
"$smi" dmon -d 60 > /dev/null 2>&1 < /dev/null &
holder=$!
disown "$holder"

case $parts in *A*) part_began=$SECONDS && part_A ;; esac
case $parts in *B*) part_began=$SECONDS && part_B ;; esac
complete=true
write_json

# value STAGE KEY: the last number with that key, of a stage that is ok
value() { [ "${status_of[$1]:-}" != ok ] || sed -n "s/.*\"$2\": *\([0-9.eE+-]*\).*/\1/p" "$logs/$1.log" 2> /dev/null | tail -n 1; }
ms() { awk -v s="$(value "$1" median_step_s)" 'BEGIN {if (s != "") print 1e3 * s}'; }
row() {
    awk -v name="$1" -v ours="$2" -v gate="$3" -v target="$4" -v peer="$5" 'BEGIN {
        printf "%-22s | %8s | %6s | %6s | %8s | %s\n", name, ours == "" ? "-" : sprintf("%.2f", ours), gate, target,
               peer == "" ? "-" : sprintf("%.2f", peer), ours == "" || peer == "" ? "-" : sprintf("%.2f", peer / ours)}'
}
echo
echo "regime                 |     ours |   gate | target |       P4 | ratio"
row "32 short commands, ms" "$(ms ours-short)" 2.0 1.0 "$(value P4-short step_ms)"
row "64 x 128, ms" "$(ms ours-128)" 9 7.2 "$(value P4-128 step_ms)"
row "32 x 512, ms" "$(ms ours-512)" 21 19.5 "$(value P4-512 step_ms)"
row "cold run, s" "$(value cold wall_s)" 4 2.0 "$(value P4-cold wall_s)"
echo "all figures: $out/gpu-check.json; all output: $out/logs.tgz"
[ -z "$failed" ] || { echo "NOT OK:$failed"; exit 1; }
