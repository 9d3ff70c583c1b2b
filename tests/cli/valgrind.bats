# Small runs under valgrind's memcheck: reads of what was never written, which no sanitizer of this build finds, and leaks.
load common

setup() {
    command -v valgrind >/dev/null || skip "no valgrind: nothing was run under memcheck"
    ! grep -q __asan_init "$program" || skip "valgrind cannot run a program with the address sanitizer"
    in_own_folder
    # valgrind does not know AVX-512
    export CAM_CPU_ISA=v3
    run_it=(--config c.yaml cpu_threads=1 max_steps=4 warmup_ratio=0 save_strategy=steps save_steps=2 eval_strategy=steps eval_steps=2)
}

# clean COMMAND...: exit 0 and no finding.
clean() {
    run --separate-stderr timeout 600 valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
        --errors-for-leak-kinds=definite --num-callers=20 "$program" "$@"
    [ "$status" -eq 0 ] && [[ "$stderr" != *"=="[0-9]*"=="* ]] || complain "memcheck: $*"
}

@test "a run, the same run resumed, predict, eval and check: memcheck finds nothing" {
    clean "${run_it[@]}"
    rm out/metrics.json && rm -r out/checkpoint-4
    jq -c '.finished = false' out/run.json >run.json && mv run.json out/run.json
    clean "${run_it[@]}"
    says "resume   checkpoint-2"
    clean predict --model out --input data.csv --format jsonl --top-k 2
    clean eval --model out --data data.csv --part all --json
    clean check --config c.yaml cpu_threads=1 output_dir=two
}
