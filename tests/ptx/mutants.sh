#!/bin/sh
# mutants.sh OPS_TEST PTX_FOLDER ptx
# mutants.sh OPS_TEST PTX_FOLDER device SOURCE_FOLDER NVCC FLAGS...
#
# Kernels that are wrong on purpose, each run on the interpreter by the conformance cases: each must be reported, by the
# words that name its defect; "FAIL" is a wrong result. "ptx" patches what nvcc wrote, "device" patches
# kernels/nvcc/device_target.cuh and compiles a kernel file with it.
set -u
ops_test=$1 good=$2 mode=$3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
missed=0
count=0

# folder_with FILE: the good files but this one
folder_with() {
    rm -rf "$work/ptx"
    mkdir "$work/ptx"
    cp "$good"/*.ptx "$work/ptx"
    rm "$work/ptx/$1"
}

# judge NAME WORDS FAMILY [filter of ops_test...]: the cases on the patched files
judge() {
    name=$1 words=$2 family=$3
    shift 3
    count=$((count + 1))
    CAM_PTX=$work/ptx "$ops_test" --no-wrong-calls --family "$family" --small "$@" >"$work/out" 2>&1
    status=$?
    if [ $status -ne 0 ] && grep -q -e "$words" "$work/out"; then
        echo "caught $name: $(grep -m 1 -e "$words" "$work/out" | cut -c 1-150 | sed "s|$work/||")"
    else
        echo "FAIL: not caught: $name (exit status $status, without \"$words\")"
        grep -v '^ok' "$work/out" | tail -n 3
        missed=$((missed + 1))
    fi
}

# mutant NAME FILE AWK WORDS FAMILY [filter...]: awk rewrites the file, but columns_total, which is the same in several
mutant() {
    name=$1 file=$2 program=$3
    shift 3
    folder_with "$file"
    awk "/[.]entry/ { kept = /columns_total/ } kept { print; next } $program" "$good/$file" >"$work/ptx/$file"
    if cmp -s "$good/$file" "$work/ptx/$file"; then
        echo "FAIL: $name changes nothing in $file"
        missed=$((missed + 1))
        return
    fi
    judge "$name" "$@"
}

# dropped N PATTERN: an awk program that leaves out the N-th line that matches
dropped() {
    printf '/%s/ && ++n == %d { next } { print }' "$2" "$1"
}

of_ptx() {
    mutant wait-group-dropped attention_tiled.ptx "$(dropped 1 'cp.async.wait_group')" "no wait" attention attention_fwd/129/bf16
    mutant wait-groups-dropped attention_short.ptx '/cp.async.wait_group/ { next } { print }' "no wait" attention attention_fwd/up-to-32/bf16
    mutant wait-for-one-group-less attention_tiled.ptx '{ sub(/wait_group 0/, "wait_group 1"); print }' "no wait" attention attention_fwd/129/bf16
    mutant barrier-dropped-after-a-copy attention_tiled.ptx '/bar.sync/ { next } { print }' "shared memory" attention attention_fwd/129/bf16
    mutant barrier-dropped-in-a-sum residual.ptx "$(dropped 1 'bar.sync')" "shared memory" residual residual_fwd
    mutant barrier-dropped-before-global-reads loss.ptx "$(dropped 1 'bar.sync')" "race: reads global memory" loss loss/
    mutant barrier-that-some-lanes-skip residual.ptx '/bar.sync/ { sub(/bar.sync/, "@%p1 bar.sync") } { print }' "its guard holds\|have not written" residual residual_fwd
    mutant shuffle-without-lane-31 norm.ptx '/shfl.sync/ && !n++ { sub(/%r[0-9]+;/, "0x7fffffff;") } { print }' "not in their own mask" norm norm_partial
    mutant shuffle-from-another-lane norm.ptx '{ sub(/shfl.sync.bfly/, "shfl.sync.idx"); print }' "FAIL" norm norm_partial
    mutant one-block-of-work-too-many norm.ptx '{ sub(/setp.ge.s64/, "setp.gt.s64"); print }' "global memory" norm norm_partial/three
    mutant index-off-by-one step.ptx '/st.global.u32/ && !n++ { sub(/%rd[0-9]+/, "&+4") } { print }' "FAIL\|global memory" step
    mutant load-out-of-bounds norm.ptx '/ld.global.v4/ && !n++ { sub(/%rd21/, "%rd21+1048576") } { print }' "global memory" norm norm_partial
    mutant load-misaligned norm.ptx '/ld.global.v4/ && !n++ { sub(/%rd21/, "%rd21+4") } { print }' "misaligned access to global" norm norm_partial/mixed
    mutant store-misaligned residual.ptx '/st.shared.f32/ && !n++ { sub(/%r[0-9]+/, "&+2") } { print }' "misaligned access to shared" residual
    mutant shared-store-dropped residual.ptx '/st.shared.f32/ { next } { print }' "which nothing has written" residual residual_fwd
    mutant shared-store-one-further residual.ptx '/st.shared.f32/ { sub(/%r[0-9]+\]/, "%r232+4096]") } { print }' "of shared memory\|have not written" residual residual_fwd
    mutant register-not-set norm.ptx '/mov.u32/ && /%tid.x/ { next } { print }' "have not written" norm norm_partial/three
    mutant fma-with-another-sum gelu.ptx '/fma.rn.f32/ && ++n == 3 { sub(/fma.rn.f32/, "fma.rm.f32"); sub(/, %f[0-9]+;/, ", 0f3F800000;") } { print }' "FAIL\|unknown" gelu
}

# compile OPTION...: by NVCC; the options come first, so that the patched header is found before the other one
compile() {
    nvcc=$(head -n 1 "$work/command")
    # shellcheck disable=SC2046 # words are meant to be split
    "$nvcc" "$@" $(tail -n +2 "$work/command")
}

# device_mutant NAME KERNEL SED WORDS FAMILY [filter...]
device_mutant() {
    name=$1 kernel=$2 program=$3
    shift 3
    mkdir -p "$work/include"
    sed "$program" "$source/kernels/nvcc/device_target.cuh" >"$work/include/device_target.cuh"
    if cmp -s "$source/kernels/nvcc/device_target.cuh" "$work/include/device_target.cuh"; then
        echo "FAIL: $name changes nothing"
        missed=$((missed + 1))
        return
    fi
    folder_with "$kernel.ptx"
    if ! compile "-I$work/include" "$source/kernels/$kernel.cu" -o "$work/ptx/$kernel.ptx" >"$work/out" 2>&1; then
        echo "FAIL: $name does not compile"
        cat "$work/out"
        missed=$((missed + 1))
        return
    fi
    judge "$name" "$@"
}

of_device_target() {
    device_mutant bf16-pair-swapped attention_short 's/: "f"(high), "f"(low)/: "f"(low), "f"(high)/' FAIL attention attention_fwd/up-to-32/bf16
    device_mutant transposition-missing attention_short 's/x4\.trans/x4/' FAIL attention attention_fwd/up-to-32/bf16
    device_mutant mma-operands-swapped attention_short 's/"r"(a\[1\]), "r"(a\[2\])/"r"(a[2]), "r"(a[1])/' FAIL attention attention_fwd/up-to-32/bf16
    device_mutant copy-that-is-never-of-zeros attention_short 's/"r"(real ? 16 : 0)/"r"(16)/' "FAIL\|global memory" attention attention_fwd/up-to-32/bf16
    device_mutant wait-for-one-group-less attention_short 's/::"n"(N)/::"n"(N + 1)/' "no wait" attention attention_fwd/up-to-32/bf16
    device_mutant no-wait attention_short 's/asm volatile(__VA_ARGS__)/asm volatile(__VA_ARGS__)/; s/"cp.async.wait_group %0;"/"\/\/ %0"/' "no wait" attention attention_fwd/up-to-32/bf16
    device_mutant no-commit attention_short 's/"cp.async.commit_group;"/""/' "no wait" attention attention_fwd/up-to-32/bf16
    device_mutant generic-address-of-shared-memory attention_short 's/(uint32_t)__cvta_generic_to_shared(shared)/(uint32_t)(uintptr_t)shared/' "of shared memory, which has\|unknown" attention attention_fwd/up-to-32/bf16
    device_mutant block-barrier-missing loss 's/__syncthreads();//' "race\|which nothing has written" loss loss/
    device_mutant shuffle-mask-of-31-lanes norm 's/__shfl_xor_sync(0xffffffffu/__shfl_xor_sync(0x7fffffffu/' "not in their own mask" norm norm_partial
    device_mutant exp-for-exp2 gelu 's/"ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)/"ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x * 1.442695f)/' FAIL gelu
}

if [ "$mode" = ptx ]; then
    of_ptx
else
    source=$4
    shift 4
    printf '%s\n' "$@" >"$work/command" # NVCC FLAGS..., one a line: none has a blank
    of_device_target
fi
echo "$count mutants: $missed not caught"
[ "$missed" -eq 0 ]
