#!/bin/sh
# test.sh: every test, three ways: gcc Release, with the CUDA backend in machine code where nvcc is found; clang with the address and
# undefined-behaviour sanitizers; and clang Release without CUDA (compiled only). CUDA's kernels run in the first two, on the host
# (tests/simt). Then the container images, where they can be built. All run even where one fails; what was skipped is listed at the end.
set -u
jobs=${JOBS:-2}
failed=
# Threads that spin while they wait starve each other wherever there are more of them than processors.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"

# configure FOLDER OPTION...: CMake's own output only where it fails
configure() {
    folder=$1
    shift
    log=$(cmake -S . -B "$folder" -G Ninja "$@" 2>&1) || { echo "$log"; return 1; }
}

# way NAME FOLDER OPTION...: configure and build
way() {
    name=$1 folder=$2
    shift 2
    echo "== $name: build in $folder"
    configure "$folder" "$@" && cmake --build "$folder" --parallel "$jobs" && return 0
    failed="$failed, $name (build)"
    return 1
}

# tests NAME FOLDER
tests() {
    echo "== $1: tests of $2"
    ctest --test-dir "$2" --parallel "$jobs" --output-on-failure --no-tests=error || failed="$failed, $1"
}

way gcc build -DCMAKE_BUILD_TYPE=Release -DCAM_TESTS=ON && tests gcc build
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
way sanitizers build-san -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    -DCAM_SANITIZE=ON -DCAM_TESTS=ON && tests sanitizers build-san
way clang build-clang -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCAM_TESTS=ON -DCAM_CUDA=OFF

images=build/docker-test.log
echo "== container images: docker/test.sh (minutes; $images tells how far it is)"
mkdir -p build
docker/test.sh >"$images" 2>&1 || [ $? -eq 77 ] || failed="$failed, container images"
cat "$images"

echo "== skipped"
for folder in build build-san; do
    log=$folder/Testing/Temporary/LastTest.log
    [ -f "$log" ] && grep -E '^(\[ *SKIPPED *\]|ok .* # skip|SKIP)' "$log" | sort -u | sed "s|^|$folder: |"
done
grep '^SKIP' "$images" | sed "s|^|docker: |"
echo "(end of the list)"
if [ "$failed" ]; then
    echo "FAILED:${failed#,}"
    exit 1
fi
echo "all tests passed, three ways"
