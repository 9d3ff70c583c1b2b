#!/bin/sh
# bad.sh CUDA_OBJECTS BAD_OBJECT: each kernel of bad_kernels.cu must be reported for its own fault and for no other.
set -u
out=$("$1" --targets 80,90,86 "$2")
status=$?
failed=0
fail() {
    echo "FAILED: $1"
    failed=1
}
# expect KERNEL COMPLAINT
expect() {
    for target in 80 90; do
        echo "$out" | grep -q "^WRONG: kernel \"$1<.*>\" for sm_$target: $2" || fail "sm_$target: \"$1\" is not reported for $2"
    done
}
expect adamw_in_local_memory "a stack frame"
expect adamw_in_local_memory "[0-9]* loads from or stores to local memory"
expect attention_bwd_tiled_keys_in_local_memory "a stack frame of [0-9]* bytes, [1-9][0-9]* are allowed"
expect attention_fwd_short_without_tensor_cores "no tensor-core instruction"
expect residual_with_narrow_loads "none of its [0-9]* global loads is of 16 bytes"
expect gelu_without_launch_bound "no launch bound"
echo "$out" | grep -q '^WRONG: kernel "attention_bwd_short_as_it_should_be.*sm_86: is missing' || fail "a missing target is not reported"
echo "$out" | grep -q '^WRONG: kernel "attention_bwd_short_as_it_should_be.*sm_[89]0:' && fail "a good kernel is reported"
echo "$out" | grep -q '^WRONG: no kernel is called "embedding_"' || fail "a demand that finds no kernel is not reported"
echo "$out" | grep -q '^WRONG: no kernel is called "attention_bwd_short<128": its allowance' || fail "an allowance that finds no kernel is not reported"
[ "$status" = 1 ] || fail "exit status $status, not 1"
[ "$failed" = 0 ] || echo "$out"
exit "$failed"
