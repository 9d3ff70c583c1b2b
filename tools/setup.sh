#!/bin/sh
# setup.sh build|test|bench|bundle: the Debian (or Ubuntu) packages that building, testing or measuring needs. Does nothing where
# all are there; installs the missing ones as root; otherwise names the command to ask for and exits 2.
set -eu

# One word a need; "a|b" is met by either, and a is what gets installed.
build='gcc g++ cmake ninja-build pkg-config|pkgconf
  libyaml-dev libjansson-dev libsentencepiece-dev libutf8proc-dev'
test='libcmocka-dev bats jq clang libomp-dev libclang-rt-dev|libclang-rt-14-dev libboost-context-dev'
bench='libopenblas-pthread-dev|libopenblas-openmp-dev|libopenblas-serial-dev'

case "${1:-}" in
build) needed=$build ;;
bench) needed="$build $bench" ;;
bundle) needed="$build patchelf binutils" ;;
test) needed="$build $test" ;;
*)
    echo "usage: tools/setup.sh build|test|bench|bundle" >&2
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
    [ "$met" ] || missing="$missing ${need%%|*}"
done
[ "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "setup: packages are missing, and only root can install them; ask for" >&2
    echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
    exit 2
fi
echo "setup: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $missing
