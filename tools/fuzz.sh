#!/bin/sh
# fuzz.sh [TARGET...]: builds the fuzz targets of tests/fuzz with clang's libFuzzer, the address and the
# undefined-behaviour sanitizer, in build-fuzz, and runs each for TIME seconds (60), JOBS of them at a time. For each it
# prints the executions, the edges of the program that were reached and the inputs that reach them. An input that fails is
# kept in build-fuzz/findings/TARGET, which is named at the end; after the fault is mended it becomes a file of
# tests/fuzz/regressions/TARGET. What is learnt is kept in build-fuzz/corpus/TARGET and used by the next run.
set -eu
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)} build=$PWD/build-fuzz
export FUZZ_TIME="${TIME:-60}" FUZZ_BUILD="$build"
log=$(cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    -DCAM_FUZZ=ON -DCAM_BENCH=OFF 2>&1) || {
    echo "$log" >&2
    exit 1
}
cmake --build "$build" --parallel "$jobs" --target fuzz
rm -rf "$build/findings" "$build/logs"
mkdir -p "$build/logs"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

# run_one.sh NAME BYTES: one target
cat >"$build/run_one.sh" <<'RUN'
set -u
name=$1 most=$2 build=$FUZZ_BUILD
sources=tests/fuzz
mkdir -p "$build/corpus/$name" "$build/findings/$name"
dictionary=
[ ! -f "$sources/dictionaries/$name.txt" ] || dictionary=-dict=$sources/dictionaries/$name.txt
seeds="$sources/corpus/$name"
[ ! -d "$sources/regressions/$name" ] || seeds="$seeds $sources/regressions/$name"
# shellcheck disable=SC2086 # words are meant to be split
"$build/tests/fuzz/fuzz_$name" -max_total_time="$FUZZ_TIME" -max_len="$most" -timeout=20 -rss_limit_mb=2500 -print_final_stats=1 \
    -artifact_prefix="$build/findings/$name/" $dictionary "$build/corpus/$name" $seeds >"$build/logs/$name" 2>&1
code=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/logs/$name")
last=$(grep -a -E '^#[0-9]+.* cov: ' "$build/logs/$name" | tail -n 1)
edges=$(printf '%s' "$last" | sed -n 's/.* cov: \([0-9]*\).*/\1/p')
first=$(grep -a -E '^#[0-9]+[[:space:]]+INITED cov: ' "$build/logs/$name" | sed -n 's/.* cov: \([0-9]*\).*/\1/p')
inputs=$(printf '%s' "$last" | sed -n 's/.* corp: \([0-9]*\).*/\1/p')
printf '%-18s %10s executions  %5s edges (%s at first)  %5s inputs%s\n' "$name" "${runs:-?}" "${edges:-?}" "${first:-?}" \
    "${inputs:-?}" "$([ $code -eq 0 ] || echo "  FAILED")"
RUN
while read -r name most; do
    case " ${*:-$name} " in *" $name "*) echo "$name $most" ;; esac
done <"$build/tests/fuzz/targets.txt" |
    xargs -P "$jobs" -L 1 sh "$build/run_one.sh"
rmdir "$build"/findings/* 2>/dev/null || true
[ -z "$(ls -A "$build/findings")" ] && exit 0
for finding in "$build"/findings/*/*; do
    echo "found: $finding"
done
for name in "$build"/findings/*; do
    grep -a -E -m 3 'ERROR: |runtime error|not so: |SUMMARY' "$build/logs/${name##*/}"
done
exit 1
