#!/bin/sh
# bundle.sh [BUILD [FOLDER]]: makes one movable folder with all that `gpu-check` needs on a machine with a GPU: `make
# bundle`.
#
# BUILD (default build) is a finished build; the result is FOLDER (default BUILD/bundle): bin/ (the program, tests and
# benchmarks, which load their libraries from ../lib), lib/ (the small shared libraries; not glibc's, not CUDA's),
# bench/, tests/, examples/ and gpu_check.sh. Needs patchelf, ldd and objdump. Prints the lowest glibc version that
# works.
# shellcheck disable=SC2016 # $ORIGIN is for the dynamic linker
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

# glibc's libraries and the driver's come from the target machine
ldd "$bundle"/bin/* | awk '/=> \// {print $1, $3}' | sort -u | while read -r name path; do
    case $name in
    libc.so* | libm.so* | libdl.so* | libpthread.so* | librt.so* | ld-linux* | libcuda.so* | libcublas* | libcudnn* | libnccl*) ;;
    *) cp -L "$path" "$bundle/lib/$name" ;;
    esac
done
# This machine's Open MPI, without the transports that need further libraries: ranks on one machine do not use them. The
# script `mpirun` sets Open MPI's paths to the bundle.
if command -v ompi_info > /dev/null; then
    mpi_path() { ompi_info --path "$1" --parsable | sed -n "s/^path:$1://p" | head -n 1; }
    mkdir -p "$bundle/mpi/bin" "$bundle/mpi/lib/openmpi" "$bundle/mpi/share" "$bundle/mpi/etc"
    for name in mpirun orted; do cp -L "$(mpi_path bindir)/$name" "$bundle/mpi/bin/"; done
    cp "$(mpi_path pkglibdir)"/mca_*.so "$bundle/mpi/lib/openmpi/"
    rm -f "$bundle"/mpi/lib/openmpi/mca_*_ucx.so "$bundle"/mpi/lib/openmpi/mca_*_ofi.so "$bundle"/mpi/lib/openmpi/mca_*_psm*.so \
        "$bundle"/mpi/lib/openmpi/mca_*_openib.so "$bundle"/mpi/lib/openmpi/mca_*_monitoring.so
    cp -r "$(mpi_path pkgdatadir)" "$bundle/mpi/share/openmpi"
    for file in "$bundle"/mpi/bin/* "$bundle"/mpi/lib/openmpi/*.so; do
        ldd "$file" | awk '/=> \// {print $3}' | grep -E '/lib(mpi|open-|pmix|hwloc|event|udev|munge|ltdl|z\.|cap|nl-)' |
            while read -r path; do cp -nL "$path" "$bundle/lib/"; done
    done
    cat > "$bundle/bin/mpirun" << 'MPIRUN'
#!/bin/sh
# mpirun of this bundle, from any place.
here=$(cd "$(dirname "$0")/.." && pwd)
export OPAL_PREFIX="$here/mpi" OPAL_BINDIR="$here/mpi/bin" OPAL_LIBDIR="$here/lib" OPAL_PKGLIBDIR="$here/mpi/lib/openmpi" \
    OPAL_PKGDATADIR="$here/mpi/share/openmpi" OPAL_DATADIR="$here/mpi/share" OPAL_SYSCONFDIR="$here/mpi/etc" PMIX_PREFIX="$here/mpi"
[ "$(id -u)" -eq 0 ] && export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
exec "$here/mpi/bin/mpirun" "$@"
MPIRUN
    chmod +x "$bundle/bin/mpirun"
else
    echo "bundle: no Open MPI here: several ranks cannot be tried from this bundle" >&2
fi
chmod -R u+w "$bundle"
for file in "$bundle"/bin/*; do case $file in */mpirun) ;; *) strip --strip-debug "$file" ;; esac; done
for file in "$bundle"/bin/* "$bundle"/mpi/bin/*; do
    if patchelf --print-rpath "$file" > /dev/null 2>&1; then patchelf --set-rpath '$ORIGIN/../lib:$ORIGIN/../../lib' "$file"; fi
done
for file in "$bundle"/mpi/lib/openmpi/*.so; do
    if [ -f "$file" ]; then patchelf --set-rpath '$ORIGIN/../../../lib' "$file"; fi
done
for file in "$bundle"/lib/*; do patchelf --set-rpath '$ORIGIN' "$file"; done

cp bench/peer_gpu.py "$bundle/bench/"
cp -r tests/model/golden "$bundle/tests/model/"
cp -r examples "$bundle/"
cp tools/gpu_check.sh "$bundle/"
git rev-parse HEAD > "$bundle/commit" 2> /dev/null || echo unknown > "$bundle/commit"

glibc=$(objdump -T "$bundle"/bin/* "$bundle"/lib/* 2> /dev/null | grep -o 'GLIBC_2\.[0-9.]*' | sort -uV | tail -n 1)
echo "$bundle: $(du -sh "$bundle" | cut -f 1), needs glibc ${glibc#GLIBC_} or newer"
