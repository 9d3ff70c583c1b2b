"""Measures PyTorch and transformers with the same work as cam-train: the peer of the CPU measurements.

    python peer_torch.py train --config DIR/config.json --learning-rate 5e-4 --seed 1
        trains from random weights on label<TAB>text rows, one JSON line: accuracy and macro F1 after each epoch
    python peer_torch.py step --steps 20
        seconds per optimizer step of a full-size model with random weights, one JSON line

Both pad to the longest row of the batch and run in float32. `step` uses the best settings of the installed PyTorch on a
CPU: SDPA attention (transformers uses it if PyTorch has it), the fastest AdamW (--adamw), gradients set to None.
--compiled measures torch.compile; the compilation is part of the warm-up and is printed separately.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import time

import numpy as np
import tokenizers
import torch
import transformers
from sklearn.metrics import accuracy_score, f1_score
from transformers import CamembertConfig, CamembertForSequenceClassification, get_scheduler

DATA = pathlib.Path(os.environ.get("CAM_DATA", pathlib.Path(__file__).parents[2] / "shared" / "data"))
PAD = 1


def read_rows(path, tokenizer):
    """(label, ids) of every row of a label<TAB>text file; the tokenizer truncates."""
    lines = pathlib.Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n")
    labels, texts = zip(*(line.split("\t", 1) for line in lines))
    return list(zip(labels, (encoding.ids for encoding in tokenizer.encode_batch(list(texts)))))


def make_batch(rows, label_ids):
    """Padded to the longest row."""
    longest = max(len(ids) for _, ids in rows)
    ids = np.full((len(rows), longest), PAD, dtype=np.int64)
    for i, (_, row) in enumerate(rows):
        ids[i, : len(row)] = row
    ids = torch.from_numpy(ids)
    return {
        "input_ids": ids,
        "attention_mask": (ids != PAD).long(),
        "labels": torch.tensor([label_ids[label] for label, _ in rows]),
    }


def make_optimizer(model, rate, decay, kind):
    """AdamW with Trainer's groups: no decay on biases and LayerNorm."""
    spared = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    decayed = [p for n, p in model.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    groups = [{"params": decayed, "weight_decay": decay}, {"params": spared, "weight_decay": 0.0}]
    kinds = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}
    return torch.optim.AdamW(groups, lr=rate, **kinds[kind])


def best_adamw():
    """fused is the fastest if it exists for the CPU (from PyTorch 2.4); otherwise foreach and the loop are equal."""
    try:
        weight = torch.nn.Parameter(torch.ones(1))
        weight.grad = torch.ones(1)
        torch.optim.AdamW([weight], fused=True).step()
        return "fused"
    except (RuntimeError, TypeError):
        return "foreach"


def optimizer_step(model, optimizer, batch, bound):
    """One whole step: forward, backward, clip, update."""
    loss = model(**batch).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), bound)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.detach()


def evaluate(model, rows, label_ids, size=256):
    """Accuracy and macro F1; rows are sorted by length, which changes only the padding."""
    model.eval()
    truth, guess = [], []
    rows = sorted(rows, key=lambda row: len(row[1]))
    with torch.no_grad():
        for i in range(0, len(rows), size):
            batch = make_batch(rows[i : i + size], label_ids)
            truth += batch.pop("labels").tolist()
            guess += model(**batch).logits.argmax(-1).tolist()
    model.train()
    return {"accuracy": accuracy_score(truth, guess), "f1_macro": f1_score(truth, guess, average="macro")}


def build_model(config_file, label_ids, seed):
    """Random weights, the data's labels."""
    torch.manual_seed(seed)
    config = CamembertConfig.from_json_file(config_file)
    config.label2id = dict(label_ids)
    config.id2label = {i: label for label, i in label_ids.items()}
    config.problem_type = "single_label_classification"
    return CamembertForSequenceClassification(config).train()


def load(arguments):
    """Tokenizer, training rows, label ids (sorted by code point, as cam-train does)."""
    tokenizer = tokenizers.Tokenizer.from_file(str(arguments.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(arguments.max_length)
    rows = read_rows(arguments.train, tokenizer)
    label_ids = {label: i for i, label in enumerate(sorted({label for label, _ in rows}))}
    return tokenizer, rows, label_ids


def run_train(arguments):
    """Train from random weights; the order of epoch e is the permutation drawn from seed + e."""
    begun = time.monotonic()
    tokenizer, rows, label_ids = load(arguments)
    dev = [row for row in read_rows(arguments.dev, tokenizer) if row[0] in label_ids]
    model = build_model(arguments.config, label_ids, arguments.seed)
    optimizer = make_optimizer(model, arguments.learning_rate, arguments.weight_decay, arguments.adamw)
    batches = -(-len(rows) // arguments.batch)
    total = batches * arguments.epochs
    warmup = -int(-total * arguments.warmup_ratio // 1)
    schedule = get_scheduler("linear", optimizer, num_warmup_steps=warmup, num_training_steps=total)
    epochs = []
    for epoch in range(arguments.epochs):
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(arguments.seed + epoch)).tolist()
        losses = []
        for i in range(0, len(rows), arguments.batch):
            chosen = [rows[k] for k in order[i : i + arguments.batch]]
            losses.append(optimizer_step(model, optimizer, make_batch(chosen, label_ids), arguments.max_grad_norm))
            schedule.step()
        mean = torch.stack(losses).mean().item()
        epochs.append({"epoch": epoch + 1, "train_loss": mean, **evaluate(model, dev, label_ids)})
    keys = ("learning_rate", "weight_decay", "warmup_ratio", "max_grad_norm", "batch", "max_length", "seed")
    return {
        **{key: getattr(arguments, key) for key in keys},
        "accuracy": epochs[-1]["accuracy"],
        "f1_macro": epochs[-1]["f1_macro"],
        "epochs": epochs,
        "steps": total,
        "wall_s": time.monotonic() - begun,
    }


def row_order(path, count):
    """Row indices, repeated endlessly: those of a file, separated by white space, else the order of the data file."""
    order = [int(i) for i in pathlib.Path(path).read_text().split()] if path else range(count)
    while True:
        yield from order


def run_step(arguments):
    """Time whole optimizer steps, in wall seconds and processor seconds; other load affects the latter less."""
    _, rows, label_ids = load(arguments)
    model = build_model(arguments.config, label_ids, 1)
    run = torch.compile(model, dynamic=True) if arguments.compiled else model
    optimizer = make_optimizer(model, 2e-5, 0.01, arguments.adamw)
    order = row_order(arguments.rows, len(rows))
    walls, cores, tokens, padded = [], [], 0, 0
    for step in range(arguments.warmup + arguments.steps):
        batch = make_batch([rows[next(order)] for _ in range(arguments.batch)], label_ids)
        wall, core = time.monotonic(), time.process_time()
        optimizer_step(run, optimizer, batch, 1.0)
        walls.append(time.monotonic() - wall)
        cores.append(time.process_time() - core)
        if step >= arguments.warmup:
            tokens += int(batch["attention_mask"].sum())
            padded += batch["attention_mask"].numel()
    timed = walls[arguments.warmup :]
    return {
        "compiled": arguments.compiled,
        "step_s": statistics.median(timed),
        "step_s_min": min(timed),
        "step_s_max": max(timed),
        "cpu_s": statistics.median(cores[arguments.warmup :]),
        "tokens_per_s": tokens / sum(timed),
        "tokens_per_step": tokens / len(timed),
        "padded_per_step": padded / len(timed),
        "warmup_s": sum(walls[: arguments.warmup]),
        "steps": arguments.steps,
        "batch": arguments.batch,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in ("train", "step"):
        verb = verbs.add_parser(name)
        verb.add_argument("--config", default=DATA / "camembert-tokenizer" / "config.json")
        verb.add_argument("--tokenizer", default=DATA / "camembert-tokenizer" / "tokenizer.json")
        verb.add_argument("--train", default=DATA / "massive-fr" / "intent" / "train.tsv")
        verb.add_argument("--max-length", type=int, default=64)
        verb.add_argument("--batch", type=int, default=32)
        verb.add_argument("--threads", type=int, default=2)
        verb.add_argument("--adamw", choices=("fused", "foreach", "loop"), default=best_adamw())
    train, step = verbs.choices["train"], verbs.choices["step"]
    train.add_argument("--dev", default=DATA / "massive-fr" / "intent" / "dev.tsv")
    train.add_argument("--learning-rate", type=float, default=5e-4)
    train.add_argument("--weight-decay", type=float, default=0.01)
    train.add_argument("--warmup-ratio", type=float, default=0.06)
    train.add_argument("--max-grad-norm", type=float, default=1.0)
    train.add_argument("--epochs", type=int, default=8)
    train.add_argument("--seed", type=int, default=1)
    step.add_argument("--rows", help="file of row indices, the order in which rows are seen")
    step.add_argument("--steps", type=int, default=20)
    step.add_argument("--warmup", type=int, default=3)
    step.add_argument("--compiled", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    result = run_train(arguments) if arguments.verb == "train" else run_step(arguments)
    result.update(
        verb=arguments.verb,
        adamw=arguments.adamw,
        threads=arguments.threads,
        torch=torch.__version__,
        transformers=transformers.__version__,
    )
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
