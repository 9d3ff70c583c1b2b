#!/bin/sh
# bundle.sh [BUILD [FOLDER]]: what a machine with a GPU needs to run `gpu-check`, in one folder that can be moved: `make bundle`.
#
# BUILD (default build) is a finished build; the result is FOLDER (default BUILD/bundle): bin/ (the program, tests and benchmarks, which
# look for their libraries in ../lib), lib/ (the small shared libraries; not glibc's, not CUDA's), bench/, tests/,
# examples/ and gpu_check.sh. Needs patchelf, ldd and objdump. Says which glibc the result needs at least.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
bundle=${2:-$build/bundle}
command -v patchelf > /dev/null || { echo "bundle: patchelf is missing; ask for: apt-get install patchelf" >&2; exit 2; }
rm -rf "$bundle"
mkdir -p "$bundle/bin" "$bundle/lib" "$bundle/bench" "$bundle/tests/model"

for name in cam-train ops_test model_golden bench_train bench_ops ceilings cuda_objects; do
    file=$(find "$build" -path "$bundle" -prune -o -type f -name "$name" -perm -u+x -print | head -n 1)
    if [ "$file" ]; then cp "$file" "$bundle/bin/"; else echo "bundle: $name is not built: left out" >&2; fi
done
[ -x "$bundle/bin/cam-train" ] || { echo "bundle: no cam-train in $build; run make build" >&2; exit 2; }

# glibc's own libraries and the driver's are the target machine's
ldd "$bundle"/bin/* | awk '/=> \// {print $1, $3}' | sort -u | while read -r name path; do
    case $name in
    libc.so* | libm.so* | libdl.so* | libpthread.so* | librt.so* | ld-linux* | libcuda.so* | libcublas* | libcudnn* | libnccl*) ;;
    *) cp -L "$path" "$bundle/lib/$name" ;;
    esac
done
chmod u+w "$bundle"/lib/* "$bundle"/bin/*
strip --strip-debug "$bundle"/bin/*
for file in "$bundle"/bin/*; do patchelf --set-rpath '$ORIGIN/../lib' "$file"; done
for file in "$bundle"/lib/*; do patchelf --set-rpath '$ORIGIN' "$file"; done

cp bench/peer_gpu.py "$bundle/bench/"
cp -r tests/model/golden "$bundle/tests/model/"
cp -r examples "$bundle/"
cp tools/gpu_check.sh "$bundle/"
git rev-parse HEAD > "$bundle/commit" 2> /dev/null || echo unknown > "$bundle/commit"

glibc=$(objdump -T "$bundle"/bin/* "$bundle"/lib/* 2> /dev/null | grep -o 'GLIBC_2\.[0-9.]*' | sort -uV | tail -n 1)
echo "$bundle: $(du -sh "$bundle" | cut -f 1), needs glibc ${glibc#GLIBC_} or newer"
