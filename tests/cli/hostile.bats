# What a user's environment and a stranger's files may not do: end the program by a signal, or take the machine.
load common

setup_file() { train_once; }
setup() { in_own_folder && ln -s "$BATS_FILE_TMPDIR/out" trained; }

# peak: the kilobytes of memory that a command needed; what it printed is lost.
peak() {
    python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

@test "OMP_NUM_THREADS starts no threads: cpu_threads and the processors decide" {
    export OMP_NUM_THREADS=100000
    head -3 data.csv | tail -2 >texts.txt
    succeeds cam-train check --config c.yaml
    succeeds cam-train --config c.yaml --quiet max_steps=2
    succeeds cam-train predict --model trained --input texts.txt
    succeeds cam-train eval --model trained --data data.csv --part all
    succeeds cam-train tokenize --model trained --input texts.txt
    succeeds cam-train init --data data.csv --model ./tiny
    succeeds cam-train show --config c.yaml
}

@test "cpu_threads bounds the threads of tokenization" {
    export ASAN_OPTIONS=detect_leaks=0 # the leak checker does not work under strace
    for i in $(seq 300); do tail -60 data.csv; done >rows.txt
    (echo text,label && cat rows.txt) >many.csv
    command -v strace >/dev/null || skip "without strace the threads cannot be counted"
    for threads in 1 3; do
        strace -f -qq -e trace=clone,clone3 -o "calls-$threads" "$program" --config c.yaml --dry-run train_file=many.csv device=cpu \
            cpu_threads=$threads 2>err || complain "$(cat err)"
    done
    [ "$(grep -c 'CLONE_THREAD' calls-1)" -eq 0 ] || complain "$(cat calls-1)"
    [ "$(grep -c 'CLONE_THREAD' calls-3)" -gt 0 ] || complain "$(cat calls-3)"
}

@test "little memory and few threads: an answer, or exit 6 with one error" {
    grep -q __asan_init "$program" && skip "the sanitizers map terabytes"
    head -3 data.csv | tail -2 >texts.txt
    local least=0
    for kilobytes in 30000 40000 50000 60000 80000 100000 150000; do
        run --separate-stderr bash -c "ulimit -v $kilobytes && exec '$program' predict --model trained --input texts.txt"
        # below the first of these the program is not even loaded
        [ "$status" -eq 127 ] && [ "$least" -eq 0 ] && continue
        least=${least/#0/$kilobytes}
        [[ "$status" -eq 0 || "$status" -eq 6 ]] || complain "ulimit -v $kilobytes"
        [[ "$status" -eq 0 || "$(grep -c '^error: ' <<<"$stderr")" -eq 1 ]] || complain "ulimit -v $kilobytes"
    done
    run --separate-stderr bash -c "ulimit -v 2000000 && exec '$program' --config c.yaml --dry-run cpu_threads=1024"
    [[ "$status" -eq 6 && "$stderr" == *"the system starts only "*" of 1024 threads for this process ("* ]] || complain "threads"
}

@test "a batch that does not fit: exit 6 before the first step, with an estimate and a batch that fits" {
    grep -q __asan_init "$program" && skip "the sanitizers map terabytes"
    {
        echo text,label
        for i in $(seq 3000); do
            printf 'le colis numéro %d n est toujours pas là depuis lundi,suivi\nrendez moi mes %d euros pour la commande annulée,remboursement\n' $i $i
        done
    } >many.csv
    limited() { bash -c 'ulimit -v 120000 && exec "$0" "$@"' "$program" --config c.yaml train_file=many.csv on_duplicate=ignore \
        eval_strategy=no save_strategy=no max_steps=2 cpu_threads=1 "$@"; }
    run --separate-stderr limited per_device_train_batch_size=5000
    [ "$status" -eq 6 ] || complain "expected exit 6"
    [ "$(grep -c '^error: the run needs [0-9]* MB .* for 5000 rows of [0-9]* tokens.*, [0-9]* MB are free' <<<"$stderr")" -eq 1 ] ||
        complain "no estimate"
    [ -z "$(find . -name log.jsonl -path './out/*' -size +0)" ] || complain "a step was made"
    fits=$(grep -o 'per_device_train_batch_size=[0-9]* needs [0-9]* MB and fits' <<<"$stderr" | cut -d' ' -f1)
    succeeds limited "$fits"
}

@test "a text of 20 MB without a space needs a few times its size" {
    grep -q __asan_init "$program" && skip "the sanitizers need memory of their own"
    printf '%02000d' 0 | sed 's/0/é/g' >word
    for i in $(seq 5000); do cat word; done >long.txt
    echo mot >short.txt
    local short long
    short=$(peak "$program" tokenize --model trained --input short.txt)
    long=$(peak "$program" tokenize --model trained --input long.txt)
    echo "# $((long - short)) kB for 20,000 kB" >&3
    [ $((long - short)) -lt $((14 * 20000)) ] || complain "$long kB"
}

@test "a table of a million open quotes is read in the time of its size" {
    for size in 250000 1000000; do
        (printf 'text\tlabel\n' && yes '"a' | head -n $size | tr '\n' '\t' && echo) >open.tsv
        local begin end
        begin=$(date +%s%N)
        refused 3 "no rows" cam-train init --data open.tsv --model ./tiny
        end=$(date +%s%N)
        eval "took_$size=$(((end - begin) / 1000000 + 1))"
    done
    # a square would make it 16 times as long, and the whole would take an hour
    [ "$took_1000000" -lt $((8 * took_250000 + 2000)) ] || complain "$took_250000 ms, $took_1000000 ms"
}
