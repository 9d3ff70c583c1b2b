#!/bin/sh
# package_test.sh PACKAGE.deb: installs the package in an empty Debian, where there is no compiler, and uses it as its
# reader would. For root, with debootstrap.
set -eu
package=$(realpath "$1")
[ "$(id -u)" -eq 0 ] || { echo "package_test: needs root" >&2; exit 2; }

root=$(mktemp -d)
clean() {
    umount "$root/proc" 2>/dev/null || :
    rm -rf "$root"
}
trap clean EXIT
trap 'exit 1' INT TERM
# shellcheck disable=SC2016 # apt-get expands it
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "${mirror%/}" >"$root.log" 2>&1 || {
    cat "$root.log" >&2
    exit 1
}
rm -f "$root.log"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || :
apt-config dump Acquire >"$root/etc/apt/apt.conf.d/90host"
cp "$package" "$root/cam-train.deb"
mount -t proc proc "$root/proc"

inside() { chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"; }
inside sh -c 'apt-get -q update && apt-get -qy --no-install-recommends install /cam-train.deb' >"$root/install.log" 2>&1 || {
    cat "$root/install.log" >&2
    exit 1
}
! inside sh -c 'command -v cc || command -v python3' || { echo "package_test: the root is not empty" >&2; exit 1; }
inside cam-train --version
inside sh -eu -c 'cd /root
    cp -r /usr/share/cam-train/examples /usr/share/cam-train/configs .
    cam-train --quiet --config configs/quickstart.yaml max_steps=3
    echo "où est mon colis" | cam-train predict --model runs/quickstart | grep -q "où est mon colis"
    test -f /usr/share/man/man1/cam-train.1 || test -f /usr/share/doc/cam-train/README.md'
inside apt-get -qy remove cam-train >/dev/null 2>&1
! inside sh -c 'command -v cam-train' || { echo "package_test: removing left the program behind" >&2; exit 1; }
echo "package_test: 1 passed, 0 failed"
