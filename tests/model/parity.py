"""Hold cam-train against PyTorch and transformers, live: training, the folder it writes, prediction, tokenization.

    python parity.py BINARY [DATA]        DATA defaults to ../shared/data beside the repository, or $CAM_DATA

A tiny CamemBERT (real vocabulary, 2 layers of 64, dropout 0) with a classifier over exactly the data's labels, saved by
transformers, is the start of every program: cam-train keeps such a head and its label ids. Rows go in file order.

Tolerance. The reference R is PyTorch in float64, and E(step) the largest distance of PyTorch's own float32 run from R
up to that step (a step alone may be close by luck). cam-train may be FACTOR times E(step) away, plus FLOOR units in the
last place of float32 at R. Rates are computed in double by both: equal to RATE_RTOL.

Exit 0: all checks hold, or the data is missing (said loudly); 1: a check failed.
"""

import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter

import numpy as np
import torch
import transformers
from make_goldens import DEFAULTS, batch_of, train
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, f1_score
from torch.utils.data import SequentialSampler
from transformers import (
    AutoTokenizer,
    CamembertConfig,
    CamembertForSequenceClassification,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    pipeline,
)

FACTOR = 4
FLOOR = 8
RATE_RTOL = 1e-12
STEPS = 30
TRAIN_ROWS = 157  # with batches of 16 an epoch is 10 steps, and its last batch is short
DEV_ROWS = 120
LABELS = 5  # few, so that 30 steps learn something and the predictions are not all alike
LINES = 10_000  # the least number of lines that tokenization is compared on

TRAINER = {
    **DEFAULTS,
    "learning_rate": 2e-3,
    "weight_decay": 0.1,
    "warmup_steps": 4,
    "per_device_train_batch_size": 16,
    "max_steps": STEPS,
}
SCRIPT = {
    **TRAINER,
    "decay_bias_and_norm": True,
    "lr_scheduler_type": "constant",
    "warmup_steps": 0,
    "max_grad_norm": 0.0,
}
WINDOWED = {**TRAINER, "gradient_accumulation_steps": 3, "label_smoothing_factor": 0.1, "layerwise_lr_decay": 0.9}

CRAFTED = [
    "J'aime le camembert !",
    "",
    " ",
    "deux  espaces   et une fin ",
    " une tête",
    "une\ttabulation",
    "avant <mask> après",
    "<s> au début, </s> au milieu",
    "un <pad> et un <unk>",
    "un caractère inconnu : 😊 et la suite",
    "生活的真谛是",
]


class Table:
    """Checks as they are made, one line each; remembers whether one failed."""

    def __init__(self):
        self.failed = 0

    def add(self, name, holds, detail):
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'}  {name:48} {detail}", flush=True)


def read_tsv(path):
    """(label, text) pairs."""
    return [line.split("\t", 1) for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "text"])
        writer.writerows(rows)


def choose_rows(data):
    """Training and validation rows of the most frequent labels, spread over the files."""
    rows = read_tsv(data / "massive-fr" / "scenario" / "train.tsv")
    known = {label for label, _ in Counter(label for label, _ in rows).most_common(LABELS)}
    rows = [row for row in rows if row[0] in known]
    chosen = rows[:: len(rows) // TRAIN_ROWS][:TRAIN_ROWS]
    chosen = [chosen[i * 61 % TRAIN_ROWS] for i in range(TRAIN_ROWS)]  # the file is sorted by label: mix
    dev = [row for row in read_tsv(data / "massive-fr" / "scenario" / "dev.tsv") if row[0] in known]
    return chosen, dev[:: len(dev) // DEV_ROWS][:DEV_ROWS]


def build_checkpoint(folder, data, labels):
    """A checkpoint as transformers saves it; its label ids are deliberately not in sorted order."""
    source = data / "camembert-tokenizer"
    config = CamembertConfig.from_pretrained(
        source,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.1,
        id2label=dict(enumerate(reversed(labels))),
        label2id={label: i for i, label in enumerate(reversed(labels))},
    )
    torch.manual_seed(1)
    model = CamembertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((source / name).read_bytes())
    return model


def write_yaml(path, folder, work, settings, output):
    """The same settings in cam-train's words."""
    quoted = json.dumps
    training = {key: settings[key] for key in settings if key not in ("class_weights", "freeze", "layerwise_lr_decay")}
    lines = [
        "model:",
        f"  model_name_or_path: {quoted(str(folder))}",
        f"  freeze: {quoted(settings['freeze'])}",
        f"  layerwise_lr_decay: {settings['layerwise_lr_decay']}",
        "data:",
        f"  train_file: {quoted(str(work / 'train.csv'))}",
        f"  validation_file: {quoted(str(work / 'dev.csv'))}",
        "  on_duplicate: ignore",
        "training:",
        f"  output_dir: {quoted(str(output))}",
        "  train_sampling_strategy: sequential",
        "  warmup_ratio: 0",
        *(f"  {key}: {quoted(value)}" for key, value in training.items()),
        "eval:",
        "  eval_strategy: epoch",
        "  load_best_model_at_end: false",
        "hardware:",
        "  device: cpu",
    ]
    path.write_text("\n".join(lines) + "\n")


def run_binary(binary, *arguments):
    """stdout of one command; its stderr is shown only if it fails."""
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"{binary} {arguments[0]} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def read_log(output):
    """The step events of log.jsonl, as the record of a PyTorch loop."""
    events = [json.loads(line) for line in (output / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [event for event in events if event["event"] == "step"]
    assert [event["step"] for event in steps] == list(range(1, len(steps) + 1)), "steps are not 1, 2, 3, ..."
    return {key: [event[key] for event in steps] for key in ("loss", "lr", "grad_norm")}


def allowed(single, double):
    """Per step: FACTOR times float32's largest distance so far, and FLOOR units in the last place."""
    apart = np.maximum.accumulate(np.abs(np.subtract(single, double)))
    return FACTOR * apart + FLOOR * np.spacing(np.abs(double).astype(np.float32)).astype(np.float64)


def check_curves(table, name, ours, single, double):
    """Loss, rate and gradient norm of every step."""
    if len(ours["loss"]) != len(double["loss"]):
        table.add(f"{name}: steps", False, f"{len(ours['loss'])} logged, {len(double['loss'])} expected")
        return
    for key in ("loss", "grad_norm"):
        apart = np.abs(np.subtract(ours[key], double[key]))
        limit = allowed(single[key], double[key])
        worst = int(np.argmax(apart / limit))
        table.add(
            f"{name}: {key}, {len(apart)} steps",
            bool(np.all(apart <= limit)),
            f"closest to its limit at step {worst + 1}: {apart[worst]:.2e} of {limit[worst]:.2e}",
        )
    rates = np.allclose(ours["lr"], double["lr"], rtol=RATE_RTOL, atol=0)
    table.add(f"{name}: lr", bool(rates), f"relative {RATE_RTOL:g}")


class Recorder(TrainerCallback):
    """Trainer logs the next step's rate; this keeps the rate of the update about to be made, and the norm logged."""

    def __init__(self, record):
        self.record = record

    def on_pre_optimizer_step(self, args, state, control, optimizer, **kwargs):
        self.record["lr"].append(optimizer.param_groups[0]["lr"])

    def on_log(self, args, state, control, logs, **kwargs):
        if "grad_norm" in logs:
            self.record["grad_norm"].append(logs["grad_norm"])


class InOrder(Trainer):
    """Rows in file order; keeps every loss unrounded."""

    losses = None

    def _get_train_sampler(self, *_):
        return SequentialSampler(self.train_dataset)

    def training_step(self, *arguments):
        loss = super().training_step(*arguments)
        self.losses.append(loss.item())
        return loss


def collate(rows):
    """Trainer's batch: padded to the longest."""
    inputs, labels = batch_of(rows)
    return {**inputs, "labels": labels}


def hf_trainer(folder, rows, settings, dtype, work):
    """What transformers' own Trainer makes of the settings."""
    model = CamembertForSequenceClassification.from_pretrained(folder).to(dtype)
    record = {"loss": [], "lr": [], "grad_norm": []}
    arguments = TrainingArguments(
        output_dir=str(work / "trainer"),
        use_cpu=True,
        optim="adamw_torch",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        **{
            key: settings[key]
            for key in (
                "learning_rate", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm",
                "lr_scheduler_type", "warmup_steps", "per_device_train_batch_size", "max_steps",
            )
        },
    )  # fmt: skip
    trainer = InOrder(
        model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[Recorder(record)]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.losses = record["loss"]
    trainer.train()
    return record


def nearly_largest(distance):
    """The largest but for one element in a thousand (at least one): see check_weights."""
    ordered = distance.flatten().sort().values
    return ordered[math.floor(0.999 * (len(ordered) - 1))].item()


def check_weights(table, name, settings, output, single, double):
    """Final weights. Adam divides a gradient by its own size: where the true gradient is about zero, rounding moves.

    So one element in a thousand is held only to a single step of Adam, and the keys' biases, whose true gradient is
    zero because softmax cancels them, are left out.
    """
    ours = load_file(output / "model.safetensors")
    worst, where = 0.0, "none"
    for tensor, exact in double.items():
        if tensor.endswith("key.bias"):
            continue
        apart = (ours[tensor].double() - exact).abs()
        limit = FACTOR * nearly_largest((single[tensor].double() - exact).abs())
        limit += FLOOR * 2.0**-24 * exact.abs().max().item()
        share = max(nearly_largest(apart) / limit, apart.max().item() / settings["learning_rate"])
        if share > worst:
            worst, where = share, tensor
    table.add(f"{name}: final weights", worst <= 1, f"at most {worst:.2f} of the limit ({where})")


def check_training(table, binary, work, folder, start, rows):
    """cam-train against the plain loop under three settings, and against Trainer under its own."""
    for name, settings in (("trainer rules", TRAINER), ("script rules", SCRIPT), ("accumulated", WINDOWED)):
        output = work / name.replace(" ", "_")
        write_yaml(work / "run.yaml", folder, work, settings, output)
        run_binary(binary, "train", "--config", work / "run.yaml")
        single, weights = train(start, rows, settings, torch.float32)
        double, exact = train(start, rows, settings, torch.float64)
        ours = read_log(output)
        check_curves(table, f"{name}, PyTorch loop", ours, single, double)
        check_weights(table, f"{name}, PyTorch loop", settings, output, weights, exact)
        if settings is TRAINER:
            reference = hf_trainer(folder, rows, settings, torch.float64, work)
            apart = np.abs(np.subtract(reference["loss"], double["loss"])).max()
            table.add("Trainer is the loop, float64", bool(apart < 1e-9), f"losses differ by at most {apart:.1e}")
            check_curves(
                table, f"{name}, HF Trainer", ours, hf_trainer(folder, rows, settings, torch.float32, work), reference
            )


def logits_of(model, tokenizer, texts):
    """Logits of every text, padded together."""
    with torch.no_grad():
        return model(**tokenizer(texts, padding=True, return_tensors="pt")).logits


def check_folder(table, binary, work, output, dev):
    """The folder loads as it is, and predicts as cam-train does."""
    model, info = CamembertForSequenceClassification.from_pretrained(output, output_loading_info=True)
    strays = {key: value for key, value in info.items() if value}
    table.add("from_pretrained: no missing, no unexpected keys", not strays, str(strays or "none"))
    tokenizer = AutoTokenizer.from_pretrained(output)
    texts = [text for _, text in dev]
    (work / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    lines = run_binary(
        binary, "predict", "--model", output, "--input", work / "texts.txt", "--format", "jsonl", "--device", "cpu"
    ).splitlines()
    ours = [json.loads(line) for line in lines]
    theirs = pipeline("text-classification", model=model, tokenizer=tokenizer, device=-1)(texts)
    single = logits_of(model, tokenizer, texts).softmax(-1)
    double = logits_of(model.double(), tokenizer, texts).softmax(-1)
    limit = FACTOR * (single - double).abs().max().item() + FLOOR * 2.0**-24
    best = double.topk(2).values
    clear = (best[:, 0] - best[:, 1] > 2 * limit).tolist()
    equal = [a["label"] == b["label"] for a, b, c in zip(ours, theirs, clear) if c]
    holds = len(ours) == len(theirs) and all(equal)
    table.add("predict: labels equal the pipeline's", holds, f"{sum(equal)} of {len(texts)}, {clear.count(False)} ties")
    apart = max(abs(a["score"] - b) for a, b in zip(ours, best[:, 0].tolist()))
    table.add("predict: scores", apart <= limit, f"{apart:.2e} of {limit:.2e}")
    check_metrics(table, output, dev, double, model.config.id2label)


def check_metrics(table, output, dev, probabilities, id2label):
    """metrics.json against scikit-learn on PyTorch's predictions of the same folder."""
    ours = json.loads((output / "metrics.json").read_text(encoding="utf-8"))["validation"]
    truth = [label for label, _ in dev]
    guess = [id2label[i] for i in probabilities.argmax(-1).tolist()]
    ids = {label: i for i, label in id2label.items()}
    expected = {
        "accuracy": accuracy_score(truth, guess),
        "f1_macro": f1_score(truth, guess, average="macro"),
        "f1_weighted": f1_score(truth, guess, average="weighted"),
        "loss": -np.mean([math.log(row[ids[label]]) for row, label in zip(probabilities.tolist(), truth)]),
    }
    for key, value in expected.items():
        near = 1e-5 if key == "loss" else 1e-12
        table.add(f"metrics.json: {key}", math.isclose(ours[key], value, rel_tol=near), f"{ours[key]} and {value}")


def check_calibration(table, binary, work, dev):
    """The same run with calibrated scores: the temperature is the likeliest one of PyTorch's logits, the pipeline's scores
    are those of predict, and the two agree on which texts go to a person."""
    plain, output = work / "trainer_rules", work / "calibrated"
    write_yaml(work / "run.yaml", work / "start", work, TRAINER, output)
    run_binary(binary, "train", "--config", work / "run.yaml", "calibrate=true", "target_accuracy=0.4")
    figures = json.loads((output / "metrics.json").read_text(encoding="utf-8"))["validation"]["calibration"]
    texts = [text for _, text in dev]
    tokenizer = AutoTokenizer.from_pretrained(output)
    before = CamembertForSequenceClassification.from_pretrained(plain).double().eval()
    truth = torch.tensor([before.config.label2id[label] for label, _ in dev])
    logits = logits_of(before, tokenizer, texts)
    loss = lambda t: torch.nn.functional.cross_entropy(logits / t, truth).item()
    best = min(np.geomspace(0.02, 50, 20001), key=loss)
    near = math.isclose(figures["temperature"], best, rel_tol=1e-3)
    table.add("calibrate: the likeliest temperature", near, f"{figures['temperature']:.6f} and {best:.6f}")
    table.add("calibrate: it is kept", figures["kept"], figures["why"])
    model, info = CamembertForSequenceClassification.from_pretrained(output, output_loading_info=True)
    shown = pipeline("text-classification", model=model, tokenizer=tokenizer, device=-1)(texts)
    strays = {key: value for key, value in info.items() if value}
    table.add("calibrate: from_pretrained, no strays", not strays, str(strays or "none"))
    theirs = logits_of(model.double().eval(), tokenizer, texts)
    apart = (theirs - logits / figures["temperature"]).abs().max().item()
    table.add("calibrate: logits are divided", apart < 1e-5, f"{apart:.1e} apart")
    scores, guesses = theirs.softmax(-1).max(-1)
    threshold = model.config.score_threshold
    arguments = ["predict", "--model", output, "--input", work / "texts.txt", "--format", "jsonl", "--device", "cpu"]
    ours = [json.loads(line) for line in run_binary(binary, *arguments).splitlines()]
    apart = max(abs(a["score"] - b["score"]) for a, b in zip(ours, shown))
    table.add("calibrate: predict has the pipeline's scores", apart < 1e-5, f"{apart:.1e} apart")
    asked = [a["label"] is None for a in ours]
    agree = asked == (scores < threshold).tolist() and 0 < sum(asked) < len(asked)
    table.add("calibrate: the same texts are below the threshold", agree, f"{sum(asked)} below {threshold:g}")
    named = all(a["label"] in (None, model.config.id2label[k]) for a, k in zip(ours, guesses.tolist()))
    table.add("calibrate: labels", named, f"{len(ours) - sum(asked)} of {len(ours)} texts have one")


def check_tokenization(table, binary, work, folder, data):
    """Ids of every line; lines that NFKC would change are counted apart, because tokenizer.json lacks the map."""
    lines = list(CRAFTED)
    for path in sorted((data / "cv-text-fr").glob("*.txt")):
        lines += path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    plain = [line for line in lines if unicodedata.is_normalized("NFKC", line)]
    if len(plain) < LINES:
        table.add("tokenize: enough lines", False, f"{len(plain)} lines, {LINES} wanted")
    (work / "lines.txt").write_text("\n".join(plain) + "\n", encoding="utf-8")
    out = run_binary(binary, "tokenize", "--model", folder, "--input", work / "lines.txt", "--format", "jsonl")
    ours = [json.loads(line)["ids"] for line in out.splitlines()]
    theirs = AutoTokenizer.from_pretrained(folder)(plain)["input_ids"]
    wrong = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
    for i in wrong[:3]:
        print(f"      {plain[i]!r}: {ours[i]} instead of {theirs[i]}")
    holds = len(ours) == len(theirs) and not wrong
    table.add(
        "tokenize: ids equal the tokenizer's",
        holds,
        f"{len(ours)} of {len(plain)} lines, {len(wrong)} differ; {len(lines) - len(plain)} not NFKC, left out",
    )


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    beside = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data"
    data = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("CAM_DATA", beside))
    for folder in ("camembert-tokenizer", "massive-fr", "cv-text-fr"):
        if not (data / folder).is_dir():
            print(f"SKIP  PARITY DID NOT RUN: no folder {folder} in {data}; name the data folder as second argument")
            return 0
    if not os.access(binary, os.X_OK):
        sys.exit(f"no program {binary}")
    transformers.logging.set_verbosity_error()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}; limit {FACTOR} x float32 + {FLOOR} ulp")
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        chosen, dev = choose_rows(data)
        write_csv(work / "train.csv", chosen)
        write_csv(work / "dev.csv", dev)
        start = build_checkpoint(work / "start", data, sorted({label for label, _ in chosen}))
        tokenizer = AutoTokenizer.from_pretrained(work / "start")
        ids = start.config.label2id
        rows = [{"ids": tokenizer(text)["input_ids"], "label": ids[label]} for label, text in chosen]
        check_training(table, binary, work, work / "start", start, rows)
        check_folder(table, binary, work, work / "trainer_rules", dev)
        check_calibration(table, binary, work, dev)
        check_tokenization(table, binary, work, work / "start", data)
    print("parity holds" if not table.failed else f"{table.failed} checks failed")
    return int(table.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
