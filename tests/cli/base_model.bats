# The files of the base model while a run trains from it: what becomes of them does not matter to the run.
load common

# Long enough to be disturbed: some hundred steps, with a save at every epoch that is better.
from_base=(model_name_or_path=./base init=pretrained num_train_epochs=20 learning_rate=1e-3 weight_decay=0.5
    per_device_train_batch_size=1 output_dir=out)

# A base model, and what an undisturbed run makes of it. Each test has its own copy of the base model.
setup_file() {
    mkdir "$BATS_FILE_TMPDIR/due" && cd "$BATS_FILE_TMPDIR/due" && make_all
    cam-train --quiet --config c.yaml num_train_epochs=1 output_dir=base 2>/dev/null
    sed -i 's/^license: .*/license: mit/' base/README.md
    cp -r base data.csv c.yaml ..
    cam-train --quiet --config c.yaml "${from_base[@]}" 2>/dev/null
}

setup() { cd "$BATS_TEST_TMPDIR" && cp -r "$BATS_FILE_TMPDIR"/{base,data.csv,c.yaml} .; }

# disturbed COMMAND...: runs it once training has begun, and expects the undisturbed run's model.
disturbed() {
    "$program" --quiet --config c.yaml "${from_base[@]}" 2>err &
    local run=$!
    until grep -q '"event":"step"' out/log.jsonl 2>/dev/null; do
        kill -0 $run || complain "ended: $(cat err)"
        sleep 0.005
    done
    ! grep -q '"event":"end"' out/log.jsonl || complain "the run was over too soon"
    "$@"
    wait $run || complain "exit $?: $(cat err)"
    grep -q '"event":"end"' out/log.jsonl
    for file in model.safetensors config.json README.md; do
        cmp "$BATS_FILE_TMPDIR/due/out/$file" "out/$file" || complain "$file differs"
    done
}

@test "the weights' file is cut" { disturbed truncate -s 1000 base/model.safetensors; }

@test "the weights' file is emptied" { disturbed truncate -s 0 base/model.safetensors; }

@test "the weights are replaced in place by others" {
    size=$(stat -c %s base/model.safetensors)
    cp base/model.safetensors other && truncate -s $((size / 2)) other && truncate -s "$size" other # zeros at the end
    disturbed cp other base/model.safetensors
}

@test "the weights are filled with what is no number" {
    size=$(stat -c %s base/model.safetensors)
    nothing() { head -c "$size" /dev/zero | tr '\0' '\377' >base/model.safetensors; }
    disturbed nothing
}

@test "the weights' file and the card of the model are removed" { disturbed rm base/model.safetensors base/README.md; }
