#!/bin/sh
# test.sh check|test|all: one of the three tiers of checks: make check, make test, make test-all. All stages run even
# where one fails.
#
#   check   while working, minutes: the sources read by tools (tools/check_sources.sh), then the tests labelled check,
#           built by gcc without CUDA in build-check
#   test    before merging, and in CI: every test but those labelled slow, built twice: by gcc with the CUDA backend in
#           machine code for two cards (build-test) and by clang with the address and undefined-behaviour sanitizers
#           (build-san); then the program as docker/Dockerfile.cpu compiles it, but by clang and with its warnings
#           (build-clang), installed and run
#   all     before a release: every test, by gcc with machine code for every card (build) and by clang with the
#           sanitizers (build-san); everything compiled by clang Release (build-clang); the container images
#           (docker/test.sh), where they can be built; the Debian package, installed in an empty Debian; the tests of
#           threads with the thread sanitizer (build-tsan); every fuzz target for a minute (tools/fuzz.sh)
#
# The CUDA kernels run in each tier on the host (tests/simt). tests/CMakeLists.txt says how a test gets its tier. At the
# end: what was skipped, the seconds of each stage, the stages that failed, and as last line the sum over all CTest
# programs: "N passed, N failed". A stage that failed without CTest, such as a compilation, counts as one program.
# TEST_ARCHITECTURES: the two cards.
set -u
cd "$(dirname "$0")/.." || exit 2
tier=${1:-}
jobs=${JOBS:-2}
failed=
failures=0
passes=0
seconds=
# Threads that spin while they wait starve each other wherever there are more of them than processors.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
# Build folders lie beside one another, so that ccache may take an object for another folder: its debug information
# names the same files.
export CCACHE_NOHASHDIR=1

# stage NAME COMMAND...: runs it, says how long it took, and goes on
stage() {
    name=$1
    shift
    echo "== $name"
    began=$(date +%s)
    "$@"
    status=$?
    took=$(($(date +%s) - began))
    echo "   ($name: $took s)"
    seconds="$seconds$(printf '%6d s  %s' $took "$name")
"
    [ $status -eq 0 ] || failed="$failed, $name"
    return $status
}

# fails_as_one COMMAND...: a stage without CTest
fails_as_one() {
    "$@" || {
        failures=$((failures + 1))
        return 1
    }
}

# compile FOLDER TARGET OPTION...: CMake's own output only where it fails
compile() {
    folder=$1 target=$2
    shift 2
    log=$(cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" 2>&1) || {
        echo "$log"
        return 1
    }
    cmake --build "$folder" --parallel "$jobs" --target "$target"
}

# run_tests FOLDER [option of ctest...]
run_tests() {
    folder=$1
    shift
    report=$PWD/$folder/tests.xml
    rm -f "$report"
    ctest --test-dir "$folder" --parallel "$jobs" --output-on-failure --no-tests=error --output-junit "$report" "$@"
    status=$?
    count() {
        value=$(sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "$report" 2>/dev/null | head -n 1)
        echo "${value:-0}"
    }
    bad=$(count failures)
    passes=$((passes + $(count tests) - bad - $(count skipped) - $(count disabled)))
    # ctest itself may fail: no test, or none could be started
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    failures=$((failures + bad))
    folders="$folders $folder"
    return $status
}
folders=

# way NAME FOLDER TARGET [-L|-LE LABEL] -- OPTION...: a build and its tests
way() {
    name_of_way=$1 folder_of_way=$2 target_of_way=$3 select=
    shift 3
    while [ "$1" != -- ]; do
        select="$select $1"
        shift
    done
    shift
    stage "$name_of_way: build in $folder_of_way" fails_as_one compile "$folder_of_way" "$target_of_way" "$@" || return
    # shellcheck disable=SC2086 # words are meant to be split
    stage "$name_of_way: tests of $folder_of_way" run_tests "$folder_of_way" $select
}

# installed FOLDER: what is built there, installed as an image holds it, trains from what was installed beside it
installed() {
    root=$PWD/$1/installed
    rm -rf "$root"
    DESTDIR="$root" cmake --install "$1" --prefix /usr --strip >/dev/null && (cd "$root/usr/share/cam-train" &&
        "$root/usr/bin/cam-train" --config configs/quickstart.yaml output_dir="$root/run" max_steps=2 >"$root/log" 2>&1) || {
        cat "$root/log"
        return 1
    }
}

# sources, images: a log of their own, from which skips are listed
sources() {
    mkdir -p build-check
    tools/check_sources.sh build-check >build-check/sources.log 2>&1
    status=$?
    cat build-check/sources.log
    return $status
}
images() {
    mkdir -p build
    echo "(minutes; build/docker-test.log tells how far it is)"
    docker/test.sh >build/docker-test.log 2>&1
    status=$?
    cat build/docker-test.log
    [ $status -eq 0 ] || [ $status -eq 77 ]
}

# The Debian package, made and installed in an empty Debian, by root where debootstrap is.
package() {
    make -s package JOBS="$jobs" PACKAGE_OPTIONS=-DCAM_CUDA=OFF >build/package.log 2>&1 || {
        cat build/package.log
        return 1
    }
    if [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null; then
        tools/package_test.sh build-package/cam-train_*.deb
    else
        echo "SKIP package: only root can install it in an empty Debian, with debootstrap" | tee -a build/docker-test.log
    fi
}

sanitizers() {
    ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
    export ASAN_OPTIONS UBSAN_OPTIONS
    way sanitizers build-san all "$@" -- -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCAM_SANITIZE=ON -DCAM_TESTS=ON
}

# The thread sanitizer knows locks and threads, but not the barriers of an OpenMP library that was compiled without it, and
# would call what they order a race. clang's OpenMP library has a tool that tells it of them, libarcher.so; with it the
# parallel loops are checked as well. MPI is compiled without the sanitizer, too: what it does within is left out.
threads() {
    archer=$(clang -print-file-name=libarcher.so 2>/dev/null)
    [ -f "$archer" ] || {
        mkdir -p build
        echo "SKIP thread sanitizer: clang's OpenMP library has no libarcher.so (libomp-dev)" | tee -a build/docker-test.log
        return
    }
    TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66" OMP_TOOL_LIBRARIES=$archer
    export TSAN_OPTIONS OMP_TOOL_LIBRARIES
    way threads build-tsan thread_programs -L '^threads$' -- -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DCAM_THREAD_SANITIZER=ON -DCAM_BENCH=OFF -DCAM_TESTS=ON
    unset TSAN_OPTIONS OMP_TOOL_LIBRARIES
}

case $tier in
check)
    rm -f build-check/sources.log
    # The sources last: clang-tidy wants the build's compile_commands.json, and a failing test is the more urgent news.
    way gcc build-check check_programs -L '^check$' -- -DCAM_CUDA=OFF -DCAM_BENCH=OFF -DCAM_TESTS=ON
    stage "sources" fails_as_one sources
    logs=build-check/sources.log
    ;;
test)
    way gcc build-test all -LE '^slow$' -- -DCAM_TESTS=ON "-DCAM_CUDA_ARCHITECTURES=${TEST_ARCHITECTURES:-80-real;90a-real}"
    sanitizers -LE '^slow$'
    stage "clang: build in build-clang" fails_as_one compile build-clang all -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DCAM_CUDA=OFF -DCAM_TESTS=OFF -DCAM_BENCH=OFF &&
        stage "clang: installed" fails_as_one installed build-clang
    logs=
    ;;
all)
    # A folder that was made for one card is made for all.
    way gcc build all -- -UCAM_CUDA_ARCHITECTURES -DCAM_TESTS=ON -DCAM_BENCH=ON
    sanitizers
    stage "clang: build in build-clang" fails_as_one compile build-clang all -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DCAM_CUDA=OFF -DCAM_TESTS=ON -DCAM_BENCH=ON &&
        stage "clang: installed" fails_as_one installed build-clang
    stage "container images: docker/test.sh" fails_as_one images
    stage "Debian package: tools/package_test.sh" fails_as_one package
    threads
    stage "fuzzing: tools/fuzz.sh" fails_as_one env TIME=60 JOBS="$jobs" tools/fuzz.sh
    logs=build/docker-test.log
    ;;
*)
    echo "usage: tools/test.sh check|test|all" >&2
    exit 2
    ;;
esac

echo "== skipped"
for folder in $folders; do
    log=$folder/Testing/Temporary/LastTest.log
    [ -f "$log" ] && grep -E '^(\[ *SKIPPED *\]|ok .* # skip|SKIP)' "$log" | sort -u | sed "s|^|$folder: |"
done
[ -z "$logs" ] || grep '^SKIP' "$logs"
echo "(end of the list)"
echo "== seconds"
printf '%s' "$seconds"
[ -z "$failed" ] || echo "FAILED:${failed#,}"
echo "$passes passed, $failures failed"
[ -z "$failed" ]
