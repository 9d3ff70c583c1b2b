#!/bin/sh
# try.sh: builds ops_test with the kernels of one family (kernels/FAMILY.cu, FAMILY_*.cu) and runs that family's cases on
# the simulated GPU of this folder. Operators of other families are missing. FAMILY "all" takes all kernels.
#
#     tests/simt/try.sh FAMILY [SEED] [-- options and filters of ops_test]
#
# CXX=clang++ CC=clang   other compilers;   SANITIZE=1   address and undefined-behaviour sanitizers
# RACES=1                the race detector;   OUT=folder   for objects (default: one a family in /tmp)
# CAM_SIMT_LAZY=1        streams run nothing until the host waits for them
# shellcheck disable=SC2010,SC2046 # our own file names; words are meant to be split
set -eu
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
[ $# -ge 1 ] || usage
family=$1; shift
seed=1
[ $# -ge 1 ] && [ "$1" != "--" ] && { seed=$1; shift; }
[ $# -ge 1 ] && [ "$1" = "--" ] && shift
cd "$(dirname "$0")/../.."

CC=${CC:-gcc} CXX=${CXX:-g++}
flags="-O2 -g1 -Wall -Wextra -Wshadow -Wno-unknown-pragmas -D_GNU_SOURCE -Iinclude -Isrc/base -Isrc/ops -Itests/ops -Itests/ops/harness -Itests/simt -Ikernels -Ikernels/vendor -DCAM_CUDA_BUILD='\"simt\"' -MMD -MP"
link=
kernel_flags=
flavour=$CC
if [ "${SANITIZE:-0}" = 1 ]; then
    flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
    link="-fsanitize=address,undefined"
    flavour=$flavour-sanitize
fi
if [ "${RACES:-0}" = 1 ]; then
    kernel_flags="-fsanitize=thread"
    flavour=$flavour-races
fi
base=${OUT:-${TMPDIR:-/tmp}/cam-simt-$(id -u)}
out=$base/$family-$flavour
good=$base/good-$flavour # for a test source that does not compile now: its last good object is used
mkdir -p "$out" "$good"

case $family in
all) kernels=$(ls kernels/*.cu | grep -v backend_cuda.cu) ;;
*) kernels=$(ls "kernels/$family.cu" kernels/"${family}"_*.cu 2>/dev/null || true) ;;
esac
[ -n "$kernels" ] || { echo "try.sh: no kernels/$family.cu yet" >&2; exit 2; }
sources=
for k in $kernels; do sources="$sources $k"; done
sources="$sources kernels/backend_cuda.cu kernels/table.c kernels/vendor/attention_cudnn_none.c $(ls src/base/*.c src/ops/*.c tests/ops/*.c tests/ops/harness/*.c | grep -v -e backends_native.c)"
sources="$sources $(ls tests/simt/*.cc | grep -v -e machine_ -e races.cc -e nccl_host.cc -e cublaslt_)"
[ "${RACES:-0}" = 1 ] && sources="$sources tests/simt/races.cc"

objects=
{
    printf 'all: ops_test_simt\n'
    for s in $sources; do
        o=$(echo "$s" | tr / _).o
        objects="$objects $o"
        case $s in
        *.cu) rule="$CXX -x c++ -std=c++17 $flags $kernel_flags" ;;
        *.cc) rule="$CXX -std=c++17 $flags" ;;
        *) rule="$CC -std=c11 -DCAM_CUDA_PARTIAL $flags" ;;
        esac
        case $s in
        tests/ops/* | src/*) spare="&& cp $out/$o $good/$o || { echo 'try.sh: $s does not compile: taking an older object' >&2; cp $good/$o $out/$o; }" ;;
        *) spare= ;;
        esac
        printf '%s: %s\n\t@cd %s && %s -c %s -o %s/%s %s\n' "$o" "$PWD/$s" "$PWD" "$rule" "$s" "$out" "$o" "$spare"
    done
    printf 'ops_test_simt: %s\n\t@%s %s %s -Wl,--warn-unresolved-symbols -lboost_context -lm -lpthread -o $@\n' "$objects" "$CXX" "$link" "$objects"
    printf -- '-include %s\n' "$(echo "$objects" | sed 's/\.o/.d/g')"
} >"$out/Makefile.new"
cmp -s "$out/Makefile.new" "$out/Makefile" || mv "$out/Makefile.new" "$out/Makefile"
nice make -s -j2 -C "$out"
set -- --backend cuda --seed "$seed" $([ "$family" = all ] || echo "--family $family") "$@"
CAM_SIMT_SEED=$seed exec nice "$out/ops_test_simt" "$@"
