#!/bin/sh
# setup.sh build|run|test|check|fuzz|bench|bundle|package|docker: installs the Debian (or Ubuntu) packages that are needed to
# build, to run a program built elsewhere, to test, to fuzz, to measure, to bundle, to make a Debian package, or to test the
# container images. It does nothing if all are installed. Root installs the missing ones; for other users it prints the command and exits 2. With
# SETUP_CLEAN=1 it removes the package lists afterwards, for images.
set -eu

# One word for each package; for "a|b" either is enough, and the first known one is installed: names differ between
# releases.
build='gcc g++ cmake ninja-build pkg-config|pkgconf
  libyaml-dev libjansson-dev libsentencepiece-dev libutf8proc-dev liblinear-dev
  libcurl4-openssl-dev libssl-dev'
# The shared libraries of a program built with the packages above; openmpi-bin has mpirun, whose library is loaded under it.
run='libstdc++6 libgomp1 libyaml-0-2 libjansson4 libsentencepiece0 libutf8proc2|libutf8proc3 liblinear4
  libcurl4|libcurl4t64 libssl3|libssl3t64 ca-certificates
  libopenmpi3|libopenmpi3t64|libopenmpi40 openmpi-bin'
test='libopenmpi-dev|libmpich-dev openmpi-bin|mpich libcmocka-dev bats jq python3 iproute2 clang libomp-dev
  libclang-rt-dev|libclang-rt-14-dev libboost-context-dev'
# What make check reads the sources with; ccache is used where it is there and never asked for.
check='git clang-format clang-tidy codespell shellcheck'
# libFuzzer and the sanitizers come with clang.
fuzz='clang libomp-dev libclang-rt-dev|libclang-rt-14-dev'
bench='libopenblas-pthread-dev|libopenblas-openmp-dev|libopenblas-serial-dev'
docker='buildah debootstrap debian-archive-keyring jq procps'

package='dpkg-dev file'

case "${1:-}" in
build) needed=$build ;;
run) needed=$run ;;
fuzz) needed="$build $fuzz" ;;
bench) needed="$build $bench" ;;
package) needed="$build $package" ;;
bundle) needed="$build patchelf binutils" ;;
test) needed="$build $test" ;;
check) needed="$build $test $check" ;;
docker) needed=$docker ;;
*)
    echo "usage: tools/setup.sh build|run|test|check|fuzz|bench|bundle|package|docker" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "setup: this is not a Debian system, nothing was checked or installed; what is needed, by Debian's names:" >&2
    echo "$needed" >&2
    exit 0
fi

# shellcheck disable=SC2086,SC2046 # words are meant to be split
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $(echo $needed | tr '|' ' ') 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ') || true
missing=
for need in $needed; do
    met=
    for package in $(echo "$need" | tr '|' ' '); do
        case " $installed " in *" $package "*) met=yes ;; esac
    done
    [ "$met" ] || missing="$missing $need"
done
[ "$missing" ] || exit 0

# known NEED...: for each word the first package that is in the package lists, else the first
known() {
    for need; do
        for package in $(echo "$need" | tr '|' ' ') "${need%%|*}"; do
            [ -z "$(apt-cache show "$package" 2>/dev/null)" ] || break
        done
        printf ' %s' "$package"
    done
}

# shellcheck disable=SC2086 # words are meant to be split
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: packages are missing, and only root can install them; ask for" >&2
    echo "  apt-get update && apt-get install --no-install-recommends$(known $missing)" >&2
    exit 2
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
packages=$(known $missing)
echo "setup: installing$packages" >&2
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $packages
if [ "${SETUP_CLEAN:-}" ]; then
    apt-get clean
    rm -rf /var/lib/apt/lists/*
fi
