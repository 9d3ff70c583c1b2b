#!/bin/sh
# docker/test.sh: builds the container images and uses them as `docker run` would, without a container engine: `make docker-test`.
#
# Debian's buildah builds Dockerfile.cpu over a base image that debootstrap makes; nothing comes from an image registry. Where
# /usr/local/cuda holds nvcc, Dockerfile is built as well, for one architecture, over the same base with that toolkit mounted into it
# in place of the one that NVIDIA's images hold. Everything lies in one temporary folder that is gone at the end. Needs root.
# Exits 0 if all went well, 1 if not, 77 where it cannot run here; what is left out has a line that begins with SKIP.
set -eu

if [ $# -eq 0 ]; then
    skip() {
        echo "SKIP the container images: $1"
        exit 77
    }
    [ "$(id -u)" -eq 0 ] || skip "only root can make a base image"
    for tool in buildah debootstrap jq pgrep unshare; do
        command -v $tool >/dev/null || skip "$tool is missing; tools/setup.sh docker installs it"
    done
    unshare --mount true 2>/dev/null || skip "this root may not mount"
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 130' INT TERM
    # In namespaces of its own: no process and no mount outlives the test, however it ends.
    status=0
    timeout --foreground -k 5 2400 unshare --mount --pid --fork --kill-child --mount-proc "$0" "$folder" || status=$?
    [ $status -ne 124 ] && [ $status -ne 137 ] || echo "FAILED: not done after 40 minutes"
    exit $status
fi
folder=$1
cd "$(dirname "$0")/.."
suite=bookworm
share=/usr/share/cam-train
toolkit=/usr/local/cuda
log=$folder/log
mkdir "$folder/tmp"
export TMPDIR="$folder/tmp" BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}" OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"

b() { buildah --root "$folder/images" --runroot "$folder/run" --storage-driver "${STORAGE_DRIVER:-vfs}" "$@"; }

stage() {
    now=$(date +%s)
    [ -z "${began:-}" ] || echo "   ($((now - began)) s)"
    began=$now
    echo "-- $1"
}

fail() {
    tail -n 60 "$log"
    echo "FAILED: $1"
    exit 1
}

# expect STATUS WHAT COMMAND...: COMMAND ends with STATUS; what it says goes to $log
expect() {
    due=$1 what=$2 status=0
    shift 2
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq "$due" ] || fail "$what: exit status $status, not $due"
}

says() { grep -q -e "$1" "$log" || fail "$what: does not say \"$1\""; }

config() { b inspect --type image "localhost/cam-train:$1" | jq "${3:--r}" ".OCIv1.config$2"; }

# image NAME OPTION...: builds and prints the size
image() {
    name=$1
    shift
    expect 0 "building cam-train:$name" b build --pull-never --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
        -t "localhost/cam-train:$name" "$@" .
    echo "   $(b images --format '{{.Size}}' "localhost/cam-train:$name"), over a base of $(b images --format '{{.Size}}' localhost/base)"
}

# container NAME [OPTION...] -- ARGUMENT...: `docker run OPTION... cam-train:NAME ARGUMENT...`. buildah takes user, environment and
# working folder from the image and leaves its entrypoint to us.
container() {
    name=$1 options=
    shift
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    # shellcheck disable=SC2046,SC2086 # words are meant to be split
    b run --env OMP_WAIT_POLICY $options "$name" -- $(config "$name" '.Entrypoint[]') "$@"
}

# properties NAME: what the image's configuration and its user must be
properties() {
    name=$1
    for label in title description licenses version revision; do
        value=$(config "$name" ".Labels[\"org.opencontainers.image.$label\"]")
        case $value in '' | null) fail "cam-train:$name has no label $label" ;; esac
    done
    [ "$(config "$name" .Entrypoint -c)" = '["cam-train"]' ] || fail "the entrypoint is not the program alone"
    b from --pull-never --name "$name" "localhost/cam-train:$name" >/dev/null
    # shellcheck disable=SC2016 # the container's shell expands it
    expect 0 "user and folder" b run "$name" -- sh -c 'touch file && rm file && echo "user $(id -u):$(id -g)"'
    says "user $(config "$name" .User)"
    if grep -q 'user 0' "$log"; then fail "the image's user is root"; fi
    expect 0 "cam-train --version" container "$name" -- --version
    says "^cam-train $version"
    sed 's/^/   /' "$log"
}

version=$(sed -n 's/^project(cam-train VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

stage "a base image: Debian $suite by debootstrap"
# Packages come from where this machine gets them, and in the same way (proxy, certificates, checks); buildah itself hands on
# http_proxy and its like.
# shellcheck disable=SC2016 # apt-get's own variables
sources=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v suite=$suite '$1 == "Debian" && index($2, suite) == 1 && $3 == "main" { print "deb", $4, $5, $3 }' | sort -u)
mirror=$(echo "$sources" | awk -v suite=$suite '$3 == suite { print $2; exit }')
b from --name base scratch >/dev/null
root=$(b mount base)
case $mirror in https:*) secure=--include=ca-certificates ;; *) secure= ;; esac
# shellcheck disable=SC2086 # either may be nothing
expect 0 debootstrap debootstrap --variant=minbase $secure $suite "$root" $mirror
[ -z "$mirror" ] || echo "$sources" >"$root/etc/apt/sources.list"
[ -z "$secure" ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
apt-config dump Acquire | grep -v '^Acquire::IndexTargets' >"$root/etc/apt/apt.conf.d/90host"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
expect 0 "the base image" b commit --rm base localhost/base

stage "docker/Dockerfile.cpu"
image cpu --build-arg BASE=localhost/base -f docker/Dockerfile.cpu

stage "the quickstart, a quarter of it, in cam-train:cpu"
properties cpu
expect 0 "the quickstart" container cpu --workingdir $share -- \
    --config configs/quickstart.yaml output_dir=/work/quickstart num_train_epochs=5
says '^validation  *153 .* 0\.[0-9]'
sed -n 's/^\(saved the model\|validation\) /   &/p' "$log"
expect 0 predict container cpu -- predict --model quickstart --input $share/examples/sentences.txt
[ "$(cut -f 1 "$log" | grep -c '^[a-z_]\{1,\}$')" -eq "$(wc -l <examples/sentences.txt)" ] || fail "predict: not a label for every sentence"
sed 's/^/   /' "$log"
expect 0 "two ranks, by mpirun as the image's user" b run --env OMP_WAIT_POLICY --workingdir $share cpu -- \
    mpirun -n 2 --oversubscribe --bind-to none cam-train --config configs/quickstart.yaml output_dir=/work/ranks max_steps=8
says '^ranks  *2, by mpi'
says '^saved the model of step 8'

stage "TERM to the container's first process"
# In Docker the program is process 1 of a namespace, to which the kernel delivers only signals that it has asked for.
user=$(config cpu .User)
container_1() {
    # shellcheck disable=SC2046 # words are meant to be split
    b run --env OMP_WAIT_POLICY --user root --cap-add CAP_SYS_ADMIN --workingdir $share cpu -- \
        unshare --pid --fork --kill-child --mount-proc --setgid "${user#*:}" --setuid "${user%:*}" $(config cpu '.Entrypoint[]') "$@"
}
container_1 --config configs/quickstart.yaml output_dir=/work/stopped logging_steps=1 >"$log" 2>&1 &
run=$! waited=0
until grep -q '^step 3/' "$log"; do
    sleep 1
    waited=$((waited + 1))
    [ $waited -lt 120 ] || fail "no step of a training run in two minutes"
done
process=$run
while child=$(pgrep -n -P "$process"); do process=$child; done
grep -q '^NSpid:.*[^0-9]1$' "/proc/$process/status" || fail "process $process is not the container's first"
kill -TERM "$process"
status=0
wait $run || status=$?
[ $status -eq 75 ] || fail "a training run that got TERM: exit status $status, not 75"
what="a training run that got TERM"
says 'is saved'

if [ -x $toolkit/bin/nvcc ]; then
    stage "docker/Dockerfile, with the toolkit of $toolkit, for sm_90a"
    b from --pull-never --name base localhost/base >/dev/null
    b config --env "PATH=$toolkit/bin:$PATH" --env "LD_LIBRARY_PATH=$toolkit/lib64" base
    expect 0 "the base image for CUDA" b commit --rm base localhost/base-cuda
    mounted="--volume $(readlink -f $toolkit):$toolkit:ro"
    # shellcheck disable=SC2086
    image cuda $mounted --build-arg BUILD_BASE=localhost/base-cuda --build-arg RUN_BASE=localhost/base-cuda \
        --build-arg CUDA_ARCHITECTURES=90a-real -f docker/Dockerfile

    stage "cam-train:cuda without a GPU"
    properties cuda
    says '^ *cuda: toolkit'
    if [ -e /proc/driver/nvidia ]; then
        echo "SKIP cam-train:cuda without a driver: this machine has one"
    else
        expect 6 "device=cuda without a driver" container cuda --workingdir $share -- \
            --device cuda --config configs/quickstart.yaml output_dir=/work/quickstart
        says '^error: no NVIDIA driver'
        sed -n 's/^error:/   &/p' "$log"
    fi
else
    echo "SKIP docker/Dockerfile: no CUDA toolkit in $toolkit"
fi
stage "done"
