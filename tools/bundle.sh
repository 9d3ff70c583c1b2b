#!/bin/sh
# bundle.sh [BUILD [FOLDER]]: makes one file with all that `gpu-check` needs on a machine with a GPU: `make bundle`.
#
# BUILD (default build) is a finished build; the result is FOLDER.tgz (default BUILD/bundle.tgz), and FOLDER, of which it
# is the content: bin/ (the program, tests and benchmarks, which load their libraries from ../lib), lib/ (the small
# shared libraries; not glibc's, not CUDA's), data/ (rows of MASSIVE and the tokenizer of CamemBERT, copied from CAM_DATA,
# default ../shared/data; examples/ where it has none), bench/, configs/, docs/, tests/, gpu_check.sh and what it reads.
# Needs patchelf, ldd and objdump. Prints the lowest glibc version that works. Exit 1: FOLDER.tgz is larger than
# BUNDLE_MOST bytes (default: any size), more than the machine takes.
#
#     mkdir -p /tmp/check && tar xzf bundle.tgz -C /tmp/check && OUT=$PWD/results /tmp/check/gpu_check.sh --part A
# shellcheck disable=SC2016 # $ORIGIN is for the dynamic linker
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
bundle=${2:-$build/bundle}
data=${CAM_DATA:-../shared/data}
command -v patchelf > /dev/null || { echo "bundle: patchelf is missing; ask for: apt-get install patchelf" >&2; exit 2; }
rm -rf "$bundle"
mkdir -p "$bundle/bin" "$bundle/lib" "$bundle/bench" "$bundle/configs" "$bundle/docs" "$bundle/tests/model"

for name in cam-train ops_test model_golden bench_train bench_ops ceilings nodes; do
    file=$(find "$build" -path "$bundle" -prune -o -type f -name "$name" -perm -u+x -print | head -n 1)
    if [ "$file" ]; then cp "$file" "$bundle/bin/"; else echo "bundle: $name is not built: left out" >&2; fi
done
[ -x "$bundle/bin/cam-train" ] || { echo "bundle: no cam-train in $build; run make build" >&2; exit 2; }

# glibc's libraries and the driver's come from the target machine
ldd "$bundle"/bin/* | awk '/=> \// {print $1, $3}' | sort -u | while read -r name path; do
    case $name in
    libc.so* | libresolv.so* | libm.so* | libdl.so* | libpthread.so* | librt.so* | ld-linux* | libcuda.so* | libcublas* | libcudnn* | libnccl*) ;;
    *) cp -L "$path" "$bundle/lib/$name" ;;
    esac
done
chmod -R u+w "$bundle"
strip --strip-unneeded "$bundle"/bin/*
for file in "$bundle"/bin/*; do patchelf --set-rpath '$ORIGIN/../lib' "$file"; done
for file in "$bundle"/lib/*; do patchelf --set-rpath '$ORIGIN' "$file"; done

cp bench/peer_gpu.py "$bundle/bench/"
cp -r tests/model/golden "$bundle/tests/model/"
cp configs/base.yaml "$bundle/configs/"
cp docs/cuda-cost.md "$bundle/docs/"
cp tools/gpu_check.sh tools/gpu_stages.sh tools/gpu_results.awk tools/gpu_profile.awk "$bundle/"
if [ -d "$data/massive-fr" ] && [ -d "$data/camembert-tokenizer" ]; then
    mkdir -p "$bundle/data/massive-fr"
    cp -r "$data/camembert-tokenizer" "$bundle/data/"
    cp -r "$data/massive-fr/intent" "$bundle/data/massive-fr/"
    for file in "$data"/massive-fr/LICENSE*; do [ ! -f "$file" ] || cp "$file" "$bundle/data/massive-fr/"; done
    chmod -R u+w "$bundle/data"
else
    mkdir -p "$bundle/examples"
    cp -r examples/commandes examples/untrained-model "$bundle/examples/" # the encoder alone is larger than a bundle may be
    echo "bundle: no rows in $data: the check will use the shipped example" >&2
fi
git rev-parse HEAD > "$bundle/commit" 2> /dev/null || echo unknown > "$bundle/commit"

glibc=$(objdump -T "$bundle"/bin/* "$bundle"/lib/* 2> /dev/null | grep -o 'GLIBC_2\.[0-9.]*' | sort -uV | tail -n 1)
tar cf - -C "$bundle" . | gzip -9 > "$bundle.tgz"
bytes=$(wc -c < "$bundle.tgz")
echo "$bundle.tgz: $bytes bytes, $(du -sh "$bundle" | cut -f 1) unpacked; needs glibc ${glibc#GLIBC_} or newer"
[ "$bytes" -le "${BUNDLE_MOST:-$bytes}" ] || { echo "bundle: it has more than $BUNDLE_MOST bytes" >&2; exit 1; }
