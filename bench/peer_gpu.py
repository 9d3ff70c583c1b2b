"""Measures PyTorch and transformers on a GPU with the same work as cam-train: the peers P1 to P4 of docs/gpu-runs.md.

    python peer_gpu.py step  --model FOLDER --data ROWS.tsv --peers P1,P2,P3,P4 --out peers.json
        milliseconds per optimizer step, one JSON object a peer, also printed a line each
    python peer_gpu.py train --model FOLDER --data ROWS.tsv --dev DEV.tsv --out run.json --save FOLDER2
        a whole run of P4 in one cold process: epochs, evaluation after each, the model saved; its wall time by parts
    python peer_gpu.py check --model FOLDER --data ROWS.tsv
        checks that P3's and P4's forward, backward and update equal transformers' (float64, dropout 0); else exit 1
    python peer_gpu.py predict --model FOLDER --data ROWS.tsv
        label<TAB>score of each row by transformers' model in float32, to compare with cam-train predict

FOLDER is a Hugging Face folder with weights and tokenizer.json; ROWS.tsv has label<TAB>text without a header.
--order names a file of row numbers, the order of the rows (default: the order of the file).

    P1  transformers' Trainer with default settings, rows padded to the longest of the batch
    P2  Trainer tuned: bf16, fused AdamW, rows grouped by length, padded to multiples of 8; P2c: with torch.compile
    P3  a loop over padded rows, a CUDA graph for each padded length; P3c: with torch.compile
    P4  a loop over packed rows without padding, variable-length attention with dropout, a CUDA graph for each size
        class of token counts, fused AdamW, foreach clipping; P4c: with torch.compile

Step times are between CUDA events at the ends of steps, data handling included, after the warm-up. "problem" reports
what a peer cannot do here. The learning rate is constant, which favours the peers a little. Without a GPU the same code
runs on the CPU without graphs and events; this tests the code but measures nothing.
"""

import time

BEGUN = time.perf_counter()

import argparse
import contextlib
import dataclasses
import json
import math
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import traceback

import torch
import torch.nn.functional as F

IMPORTED = {"torch": time.perf_counter() - BEGUN}
PAD, SIZE_STEP, LENGTHS = 1, 32, (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


def before_main():
    """Seconds from the process's start to the first line of this file."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        began = int(pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
        up = float(pathlib.Path("/proc/uptime").read_text().split()[0])
        return max(0.0, up - began - (time.perf_counter() - BEGUN))
    return 0.0


BEFORE = before_main()


# --- rows ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Rows:
    ids: list  # token ids of each row
    labels: list
    names: list  # of the labels


def read_rows(arguments, path, names=None):
    """Rows of a label<TAB>text file, tokenised and truncated; labels are sorted by code point, as in cam-train."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(pathlib.Path(arguments.model) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(arguments.max_length)
    lines = pathlib.Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n")
    pairs = [line.split("\t", 1) for line in lines]
    names = names or sorted({label for label, _ in pairs})
    number = {name: i for i, name in enumerate(names)}
    pairs = [pair for pair in pairs if pair[0] in number]
    encoded = tokenizer.encode_batch([text for _, text in pairs])
    return Rows([e.ids for e in encoded], [number[label] for label, _ in pairs], names)


def batches(arguments, rows):
    """Lists of row numbers, endlessly, in the order of the file."""
    order = range(len(rows.ids))
    if arguments.order:
        order = [int(i) for i in pathlib.Path(arguments.order).read_text().split()]
    order = list(order)
    if len(order) < arguments.batch:
        raise SystemExit(f"error: {len(order)} rows are too few for a batch of {arguments.batch}")
    while True:
        for i in range(0, len(order) - arguments.batch + 1, arguments.batch):
            yield order[i : i + arguments.batch]


# --- CamemBERT over rows of tokens, padded or packed ---------------------------------------------------------------


class Network:
    """Weights by their Hugging Face names, and the forward pass written with torch's functions.

    `master` holds what AdamW changes (float32, or float64 in checks); `work` what the forward pass reads: the same
    tensors, or in bf16 copies of them."""

    def __init__(self, model, device, dtype, dropout):
        self.config = model.config
        self.device, self.dtype, self.dropout = device, dtype, dropout
        self.names = [name for name, _ in model.named_parameters()]
        self.master = [p.detach().to(device).requires_grad_() for _, p in model.named_parameters()]
        self.split = dtype == torch.bfloat16
        self.work = [p.detach().to(dtype).requires_grad_() for p in self.master] if self.split else self.master
        if self.split:
            for p in self.master:
                p.grad = torch.zeros_like(p)

    def hidden(self, weights, ids, positions, attend):
        """[N] token ids -> [N, H] last hidden rows; `attend` maps q, k, v [N, heads, D] to a context of that shape."""
        get = dict(zip(self.names, weights))
        c, p, train = self.config, self.dropout, self.dropout > 0
        h, eps = c.hidden_size, c.layer_norm_eps
        at = "roberta.embeddings."
        x = F.embedding(ids, get[at + "word_embeddings.weight"], padding_idx=c.pad_token_id)
        x = x + F.embedding(positions, get[at + "position_embeddings.weight"], padding_idx=c.pad_token_id)
        x = x + get[at + "token_type_embeddings.weight"][0]
        x = F.dropout(F.layer_norm(x, (h,), get[at + "LayerNorm.weight"], get[at + "LayerNorm.bias"], eps), p, train)
        for layer in range(c.num_hidden_layers):
            at = f"roberta.encoder.layer.{layer}."
            qkv = [at + f"attention.self.{part}." for part in ("query", "key", "value")]
            w = torch.cat([get[part + "weight"] for part in qkv])
            b = torch.cat([get[part + "bias"] for part in qkv])
            q, k, v = F.linear(x, w, b).view(-1, 3, c.num_attention_heads, h // c.num_attention_heads).unbind(1)
            y = attend(q, k, v).reshape(-1, h)
            y = F.linear(y, get[at + "attention.output.dense.weight"], get[at + "attention.output.dense.bias"])
            norm = at + "attention.output.LayerNorm."
            x = F.layer_norm(F.dropout(y, p, train) + x, (h,), get[norm + "weight"], get[norm + "bias"], eps)
            y = F.gelu(F.linear(x, get[at + "intermediate.dense.weight"], get[at + "intermediate.dense.bias"]))
            y = F.linear(y, get[at + "output.dense.weight"], get[at + "output.dense.bias"])
            norm = at + "output.LayerNorm."
            x = F.layer_norm(F.dropout(y, p, train) + x, (h,), get[norm + "weight"], get[norm + "bias"], eps)
        return x

    def logits(self, weights, hidden):
        """The classification head on the rows of <s>."""
        get = dict(zip(self.names, weights))
        p, train = self.dropout, self.dropout > 0
        x = F.linear(F.dropout(hidden, p, train), get["classifier.dense.weight"], get["classifier.dense.bias"])
        x = F.dropout(torch.tanh(x), p, train)
        return F.linear(x, get["classifier.out_proj.weight"], get["classifier.out_proj.bias"])


def attend_padded(mask, dropout):
    """SDPA over [B, S] rows; mask [B, 1, 1, S], true where there is a token."""
    b, s = mask.shape[0], mask.shape[-1]

    def attend(q, k, v):
        q, k, v = (t.reshape(b, s, t.shape[1], t.shape[2]).transpose(1, 2) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        return y.transpose(1, 2)

    return attend


def attend_flash(cu, longest, dropout):
    """PyTorch's own flash kernel on packed rows, with dropout."""

    def attend(q, k, v):
        return torch.ops.aten._flash_attention_forward(q, k, v, cu, cu, longest, longest, dropout, False, False)[0]

    return attend


def attend_varlen(cu, longest, dropout):
    """torch.nn.attention.varlen: it has no dropout."""
    from torch.nn.attention.varlen import varlen_attn

    def attend(q, k, v):
        return varlen_attn(q, k, v, cu, cu, longest, longest)

    return attend


def attend_each(cu, longest, dropout):
    """SDPA, one sequence after another: for checks, and if no packed kernel exists."""
    ends = cu.tolist()

    def attend(q, k, v):
        out = []
        for begin, end in zip(ends, ends[1:]):
            part = [t[begin:end].transpose(0, 1).unsqueeze(0) for t in (q, k, v)]
            out.append(F.scaled_dot_product_attention(*part, dropout_p=dropout).squeeze(0).transpose(0, 1))
        return torch.cat(out)

    return attend


def choose_packed(network):
    """The fastest packed attention that works here, and its limitations."""
    heads = network.config.num_attention_heads
    size = network.config.hidden_size // heads
    cu = torch.tensor([0, 3, 8], dtype=torch.int32, device=network.device)
    tried = []
    for attend in (attend_flash, attend_varlen):
        try:
            q = torch.randn(8, 3, heads, size, device=network.device, dtype=network.dtype, requires_grad=True)
            attend(cu, 5, network.dropout)(*q.unbind(1)).sum().backward()
            lacks = "no dropout on attention" if attend is attend_varlen and network.dropout > 0 else None
            return attend, lacks
        except Exception as problem:  # a missing operator, a dtype or a device that it refuses
            tried.append(f"{attend.__name__}: {str(problem).strip().splitlines()[0][:120]}")
    return attend_each, "; ".join(tried)


# --- loops ----------------------------------------------------------------------------------------------------------


class Loop:
    """P3 and P4: static inputs, one whole optimizer step a graph.

    The first batch of a shape runs eagerly, the second is captured; every step trains. A batch is one buffer of int32
    with ids, positions and the rest, so that the graph needs one copy a step."""

    def __init__(self, network, arguments, packed, compiled):
        self.network, self.arguments, self.packed = network, arguments, packed
        self.graphs, self.seen, self.inputs = {}, set(), {}
        self.pool = torch.cuda.graph_pool_handle() if self.on_gpu() else None
        self.capture_s = self.first_s = 0.0
        self.problem = None
        self.attend = None
        if packed:
            self.attend, self.problem = choose_packed(network)
        self.loss_of = torch.compile(self.plain_loss, dynamic=packed) if compiled else self.plain_loss
        no_decay = ("bias", "LayerNorm.weight")
        decayed = [p for n, p in zip(network.names, network.master) if not n.endswith(no_decay)]
        rest = [p for n, p in zip(network.names, network.master) if n.endswith(no_decay)]
        groups = [{"params": decayed, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
        fused = {"fused": True, "capturable": True} if self.on_gpu() else {}
        self.optimizer = torch.optim.AdamW(groups, lr=arguments.learning_rate, **fused)

    def on_gpu(self):
        return self.network.device.type == "cuda"

    # A batch as one row of int32. Packed: ids, positions [T], cu [B+2], <s> rows [B], labels [B]; the padding up to the
    # size class is one more sequence, without a loss. Padded: ids, positions [B*S], labels [B].
    def shape_of(self, lengths):
        if self.packed:
            return -(-sum(lengths) // SIZE_STEP) * SIZE_STEP
        return next(s for s in LENGTHS if s >= max(lengths))

    def longest_of(self, shape):
        return max(self.arguments.max_length, SIZE_STEP) if self.packed else shape

    def make(self, rows, chosen):
        """(shape, the buffer's values, tokens)"""
        ids = [rows.ids[i] for i in chosen]
        lengths = [len(row) for row in ids]
        shape, labels = self.shape_of(lengths), [rows.labels[i] for i in chosen]
        if not self.packed:
            flat = [t for row in ids for t in row + [PAD] * (shape - len(row))]
            places = [p for n in lengths for p in list(range(PAD + 1, PAD + 1 + n)) + [PAD] * (shape - n)]
            return shape, flat + places + labels, sum(lengths)
        tail = shape - sum(lengths)
        flat = [t for row in ids for t in row] + [PAD] * tail
        places = [p for n in lengths for p in range(PAD + 1, PAD + 1 + n)] + [PAD] * tail
        ends = [0]
        for n in lengths + [tail]:
            ends.append(ends[-1] + n)
        return shape, flat + places + ends + ends[: len(ids)] + labels, sum(lengths)

    def logits_of(self, weights, buffer, shape, count):
        network = self.network
        n = shape if self.packed else shape * count
        ids, positions, rest = buffer[:n], buffer[n : 2 * n], buffer[2 * n :]
        if self.packed:
            cu, first = rest[: count + 2], rest[count + 2 : 2 * count + 2]
            attend = self.attend(cu, self.longest_of(shape), network.dropout)
        else:
            first = torch.arange(count, device=buffer.device) * shape
            attend = attend_padded((ids != PAD).view(count, 1, 1, shape), network.dropout)
        hidden = network.hidden(weights, ids, positions, attend)
        return network.logits(weights, hidden.index_select(0, first))

    def plain_loss(self, weights, buffer, shape, count):
        labels = buffer[-count:].long()
        wide = torch.promote_types(torch.float32, self.network.dtype)
        return F.cross_entropy(self.logits_of(weights, buffer, shape, count).to(wide), labels)

    def step_on(self, buffer, shape, count):
        """Forward, backward, clip, update: what a graph records."""
        network = self.network
        for p in network.work:
            p.grad = None
        loss = self.loss_of(network.work, buffer, shape, count)
        loss.backward()
        if network.split:
            torch._foreach_copy_([p.grad for p in network.master], [p.grad for p in network.work])
        torch.nn.utils.clip_grad_norm_(network.master, 1.0, foreach=True)
        self.optimizer.step()
        if network.split:
            with torch.no_grad():
                torch._foreach_copy_(network.work, network.master)
        return loss.detach()

    def step(self, shape, data, count):
        """One step on a device buffer; the loss is on the device."""
        if self.packed and self.attend is attend_each or not self.on_gpu():
            return self.step_on(data, shape, count)
        key = (shape, count)
        if key not in self.seen:
            begin = time.perf_counter()
            self.seen.add(key)
            loss = self.step_on(data, shape, count)
            torch.cuda.synchronize()
            self.first_s += time.perf_counter() - begin
            return loss
        if key not in self.graphs:
            begin = time.perf_counter()
            self.inputs[key] = data.clone()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self.pool):
                loss = self.step_on(self.inputs[key], shape, count)
            self.graphs[key] = (graph, loss)
            torch.cuda.synchronize()
            self.capture_s += time.perf_counter() - begin
        graph, loss = self.graphs[key]
        self.inputs[key].copy_(data)
        graph.replay()
        return loss


# --- timing ---------------------------------------------------------------------------------------------------------


class Clock:
    """Marks at the ends of steps: CUDA events, or on a CPU the host's clock."""

    def __init__(self, device):
        self.cuda, self.marks = device.type == "cuda", []

    def mark(self):
        if self.cuda:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def steps_ms(self, skip):
        if self.cuda:
            torch.cuda.synchronize()
        pairs = list(zip(self.marks[skip:], self.marks[skip + 1 :]))
        return [a.elapsed_time(b) for a, b in pairs] if self.cuda else [1e3 * (b - a) for a, b in pairs]


def figures(times, tokens, device):
    """Median and spread of step times, useful tokens a second, memory."""
    times = sorted(times)
    out = {
        "step_ms": statistics.median(times),
        "step_ms_p10": times[len(times) // 10],
        "step_ms_p90": times[len(times) * 9 // 10],
        "step_ms_min": times[0],
        "step_ms_max": times[-1],
        "steps": len(times),
        "tokens_per_step": tokens,
        "tokens_per_s": 1e3 * tokens / statistics.median(times),
    }
    if device.type == "cuda":
        out["peak_memory_mib"] = torch.cuda.max_memory_allocated(device) / 2**20
        out["reserved_memory_mib"] = torch.cuda.max_memory_reserved(device) / 2**20
    return out


def run_loop(arguments, model, rows, device, packed, compiled):
    dtype = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    loop = Loop(Network(model, device, dtype, arguments.dropout), arguments, packed, compiled)
    total = arguments.warmup + arguments.steps
    source = batches(arguments, rows)
    made = [loop.make(rows, next(source)) for _ in range(total)]
    data = [(shape, torch.tensor(values, dtype=torch.int32, device=device)) for shape, values, _ in made]
    shapes = {}
    begin = time.perf_counter()
    for shape, buffer in data:  # each shape once eagerly and once captured, outside of the timed part
        if shapes.setdefault(shape, 0) < 2:
            shapes[shape] += 1
            loop.step(shape, buffer, arguments.batch)
    for shape, buffer in data:
        if shapes[shape] < 2:
            shapes[shape] = 2
            loop.step(shape, buffer, arguments.batch)
    prepare_s = time.perf_counter() - begin
    clock, losses = Clock(device), []
    for shape, buffer in data:
        losses.append(loop.step(shape, buffer, arguments.batch).clone())
        clock.mark()
    tokens = sum(n for _, _, n in made[arguments.warmup :]) / arguments.steps
    result = figures(clock.steps_ms(arguments.warmup - 1), tokens, device)
    if not all(map(math.isfinite, torch.stack(losses).tolist())):
        raise RuntimeError("a loss was not finite")
    return result | {
        "graphs": len(loop.graphs),
        "attention": loop.attend.__name__ if packed else "sdpa",
        "lacks": loop.problem,
        "prepare_s": prepare_s,
        "first_steps_s": loop.first_s,
        "capture_s": loop.capture_s,
        "loss_first": losses[0].item(),
        "loss_last": losses[-1].item(),
    }


# --- Trainer --------------------------------------------------------------------------------------------------------


def collator(multiple):
    """Rows padded to the longest of the batch, or to the next multiple."""

    def collate(items):
        longest = max(len(item["input_ids"]) for item in items)
        width = -(-longest // multiple) * multiple
        ids = torch.full((len(items), width), PAD, dtype=torch.long)
        for i, item in enumerate(items):
            ids[i, : len(item["input_ids"])] = torch.tensor(item["input_ids"])
        labels = torch.tensor([item["labels"] for item in items])
        return {"input_ids": ids, "attention_mask": (ids != PAD).long(), "labels": labels}

    return collate


def run_trainer(arguments, model, rows, device, tuned, compiled):
    from transformers import Trainer, TrainerCallback, TrainingArguments

    clock, tokens = Clock(device), []

    class Marks(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            clock.mark()

    collate = collator(8 if tuned else 1)

    def counted(items):
        tokens.append(sum(len(item["input_ids"]) for item in items))
        return collate(items)

    class InOrder(Trainer):
        """Rows in the order of the order file."""

        def get_train_dataloader(self):
            loader = torch.utils.data.DataLoader(
                self.train_dataset, batch_size=arguments.batch, collate_fn=counted, pin_memory=device.type == "cuda",
                num_workers=0, drop_last=True)
            return self.accelerator.prepare(loader)

    total = arguments.warmup + arguments.steps
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    wanted = {
        "per_device_train_batch_size": arguments.batch, "max_steps": total, "learning_rate": arguments.learning_rate,
        "weight_decay": 0.01, "max_grad_norm": 1.0, "lr_scheduler_type": "constant", "logging_strategy": "no",
        "save_strategy": "no", "report_to": [], "remove_unused_columns": False, "disable_tqdm": True,
        "seed": 1, "use_cpu": device.type != "cuda", "dataloader_drop_last": True,
    }
    if arguments.precision == "tf32" and device.type == "cuda":
        wanted["tf32"] = True
    if tuned:
        wanted |= {"bf16": True, "optim": "adamw_torch_fused", "torch_compile": compiled}
        wanted |= {"tf32": True} if device.type == "cuda" else {}
        if "train_sampling_strategy" in known:
            wanted["train_sampling_strategy"] = "group_by_length"
        else:
            wanted["group_by_length"] = True
    lacks = sorted(set(wanted) - known)
    source = batches(arguments, rows)
    chosen = [i for _ in range(total) for i in next(source)]
    dataset = [{"input_ids": rows.ids[i], "labels": rows.labels[i]} for i in chosen]
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(output_dir=folder, **{k: v for k, v in wanted.items() if k in known})
        kind = Trainer if tuned else InOrder
        trainer = kind(model=model, args=settings, train_dataset=dataset, data_collator=counted, callbacks=[Marks()])
        loss = trainer.train().training_loss
    seen = tokens[arguments.warmup : total]
    return figures(clock.steps_ms(arguments.warmup - 1), sum(seen) / len(seen), device) | {
        "optim": str(settings.optim.value if hasattr(settings.optim, "value") else settings.optim),
        "lacks": ", ".join(lacks) or None,
        "loss_mean": loss,
    }


# --- verbs ----------------------------------------------------------------------------------------------------------


def load_model(arguments, labels, device=None):
    import transformers

    begin = time.perf_counter()
    config = transformers.CamembertConfig.from_pretrained(arguments.model)
    config.num_labels = labels
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = arguments.dropout
    config.problem_type = "single_label_classification"
    transformers.logging.set_verbosity_error()
    model = transformers.CamembertForSequenceClassification.from_pretrained(
        arguments.model, config=config, ignore_mismatched_sizes=True, torch_dtype=torch.float32)
    IMPORTED["model"] = time.perf_counter() - begin
    return model.to(device) if device else model


def set_precision(precision):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"


PEERS = {
    "P1": lambda a, m, r, d: run_trainer(a, m, r, d, False, False),
    "P2": lambda a, m, r, d: run_trainer(a, m, r, d, True, False),
    "P2c": lambda a, m, r, d: run_trainer(a, m, r, d, True, True),
    "P3": lambda a, m, r, d: run_loop(a, m, r, d, False, False),
    "P3c": lambda a, m, r, d: run_loop(a, m, r, d, False, True),
    "P4": lambda a, m, r, d: run_loop(a, m, r, d, True, False),
    "P4c": lambda a, m, r, d: run_loop(a, m, r, d, True, True),
}


def run_step(arguments, device):
    """Runs each peer on a new model; a failure is reported and the others continue."""
    rows = read_rows(arguments, arguments.data)
    results = []
    for peer in arguments.peers.split(","):
        begin = time.perf_counter()
        result = {"peer": peer, "regime": arguments.regime, "precision": arguments.precision, "batch": arguments.batch}
        try:
            model = load_model(arguments, len(rows.names))
            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            set_precision(arguments.precision)
            result |= PEERS[peer](arguments, model, rows, device)
        except Exception as problem:
            traceback.print_exc(file=sys.stderr)
            result["problem"] = f"{type(problem).__name__}: {str(problem).strip().splitlines()[:1]}"
        model = None
        torch._dynamo.reset()
        result["wall_s"] = time.perf_counter() - begin
        results.append(result)
        print(json.dumps(result), flush=True)
        write(arguments, {"results": results})
    return any("step_ms" in result for result in results)


def evaluate(loop, rows):
    """Accuracy; rows by length, packed, 256 at a time."""
    network, right, size = loop.network, 0, 256
    order = sorted(range(len(rows.ids)), key=lambda i: len(rows.ids[i]))
    dropout, network.dropout = network.dropout, 0.0
    with torch.no_grad():
        for i in range(0, len(order), size):
            chosen = order[i : i + size]
            shape, values, _ = loop.make(rows, chosen)
            buffer = torch.tensor(values, dtype=torch.int32, device=network.device)
            logits = loop.logits_of(network.work, buffer, shape, len(chosen))
            right = right + (logits.argmax(-1) == buffer[-len(chosen) :]).sum()
    network.dropout = dropout
    return int(right) / len(order)


def run_train(arguments, device):
    """P4 from the process's start to the saved model."""
    spent = {"interpreter": BEFORE, "imports": IMPORTED["torch"]}
    last = time.perf_counter()

    def lap(name):
        nonlocal last
        if device.type == "cuda":
            torch.cuda.synchronize()
        now = time.perf_counter()
        spent[name] = spent.get(name, 0.0) + now - last
        last = now

    import transformers  # noqa: F401

    lap("imports")
    rows = read_rows(arguments, arguments.data)
    dev = read_rows(arguments, arguments.dev or arguments.data, rows.names)
    lap("tokenise")
    model = load_model(arguments, len(rows.names))
    lap("load")
    set_precision(arguments.precision)
    dtype = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    loop = Loop(Network(model, device, dtype, arguments.dropout), arguments, True, arguments.compiled)
    lap("device")
    order = [int(i) for i in pathlib.Path(arguments.order).read_text().split()] if arguments.order else None
    accuracy, steps = [], 0
    for epoch in range(arguments.epochs):
        generator = torch.Generator().manual_seed(arguments.seed + epoch)
        mixed = order if order and epoch == 0 else torch.randperm(len(rows.ids), generator=generator).tolist()
        for i in range(0, len(mixed), arguments.batch):
            chosen = mixed[i : i + arguments.batch]
            shape, values, _ = loop.make(rows, chosen)
            buffer = torch.tensor(values, dtype=torch.int32)
            buffer = buffer.pin_memory().to(device, non_blocking=True) if loop.on_gpu() else buffer
            loop.step(shape, buffer, len(chosen))
            steps += 1
            if arguments.max_steps and steps >= arguments.max_steps:
                break
        lap("epochs")
        accuracy.append(evaluate(loop, dev))
        lap("evaluation")
    if arguments.save:
        import safetensors.torch

        folder = pathlib.Path(arguments.save)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: p.detach().cpu() for name, p in zip(loop.network.names, loop.network.master)}
        safetensors.torch.save_file(weights, str(folder / "model.safetensors"), {"format": "pt"})
        model.config.save_pretrained(folder)
        shutil.copy(pathlib.Path(arguments.model) / "tokenizer.json", folder)
        lap("save")
    spent["first steps and capture, of epochs"] = loop.first_s + loop.capture_s
    result = {
        "peer": "P4c" if arguments.compiled else "P4", "regime": "cold run", "precision": arguments.precision,
        "wall_s": BEFORE + time.perf_counter() - BEGUN, "spent_s": spent, "steps": steps, "accuracy": accuracy,
        "graphs": len(loop.graphs), "lacks": loop.problem,
    }
    print(json.dumps(result), flush=True)
    write(arguments, {"results": [result]})
    return True


def relative(a, b):
    a, b = a.detach().double(), b.detach().double()
    return float((a - b).norm() / b.norm().clamp_min(1e-30))


def run_check(arguments, device):
    """Own forward, gradients and three updates, padded and packed, against transformers and AdamW, in float64."""
    arguments.dropout, worst, steps = 0.0, 0.0, 3
    rows = read_rows(arguments, arguments.data)
    source = batches(arguments, rows)
    chosen = [next(source) for _ in range(steps)]
    reference = load_model(arguments, len(rows.names), device).double().train()
    networks = {packed: Network(reference, device, torch.float64, 0.0) for packed in (False, True)}
    for network in networks.values():
        network.master = network.work = [p.clone().detach().requires_grad_() for p in network.master]
    loops = {packed: Loop(network, arguments, packed, False) for packed, network in networks.items()}
    names = [n for n, _ in reference.named_parameters()]
    no_decay = ("bias", "LayerNorm.weight")
    groups = [{"params": [p for n, p in reference.named_parameters() if n.endswith(no_decay) == kind],
               "weight_decay": 0.0 if kind else 0.01} for kind in (False, True)]
    optimizer = torch.optim.AdamW(groups, lr=arguments.learning_rate)
    collate = collator(1)
    for number, batch in enumerate(chosen):
        padded = collate([{"input_ids": rows.ids[i], "labels": rows.labels[i]} for i in batch])
        out = reference(**{k: v.to(device) for k, v in padded.items()})
        optimizer.zero_grad()
        out.loss.backward()
        torch.nn.utils.clip_grad_norm_(reference.parameters(), 1.0)
        for packed, loop in loops.items():
            shape, values, _ = loop.make(rows, batch)
            buffer = torch.tensor(values, dtype=torch.int32, device=device)
            logits = loop.logits_of(loop.network.work, buffer, shape, len(batch))
            errors = {"logits": relative(logits, out.logits)}
            loss = loop.step_on(buffer, shape, len(batch))
            errors["loss"] = relative(loss, out.loss)
            # a gradient that is zero but for rounding (the keys' biases') is judged by the largest one
            scale = max(float(p.grad.norm()) for p in reference.parameters())
            for name, mine, theirs in zip(names, loop.network.master, reference.parameters()):
                errors[name] = float((mine.grad - theirs.grad).norm() / max(float(theirs.grad.norm()), 1e-6 * scale))
            name, error = max(errors.items(), key=lambda item: item[1])
            worst = max(worst, error)
            print(f"step {number + 1}, {'packed' if packed else 'padded'}: largest relative error {error:.1e} ({name})")
        optimizer.step()
    for packed, loop in loops.items():
        # a weight that hardly moves (the keys' biases) is judged by what an update can change
        error = 0.0
        for mine, theirs in zip(loop.network.master, reference.parameters()):
            least = arguments.learning_rate * math.sqrt(theirs.numel())
            error = max(error, float((mine - theirs).detach().norm()) / max(float(theirs.detach().norm()), least))
        worst = max(worst, error)
        print(f"weights after {steps} updates, {'packed' if packed else 'padded'}: largest relative error {error:.1e}")
    print("equal" if worst < 1e-8 else "NOT equal")
    return worst < 1e-8


def run_predict(arguments, device):
    """Prints the most probable label of each row, and its probability."""
    import transformers

    transformers.logging.set_verbosity_error()
    set_precision("fp32")
    model = transformers.CamembertForSequenceClassification.from_pretrained(arguments.model, torch_dtype=torch.float32)
    model, rows, collate = model.to(device).eval(), read_rows(arguments, arguments.data), collator(1)
    for i in range(0, len(rows.ids), arguments.batch):
        part = collate([{"input_ids": ids, "labels": 0} for ids in rows.ids[i : i + arguments.batch]])
        with torch.no_grad():
            logits = model(part["input_ids"].to(device), attention_mask=part["attention_mask"].to(device)).logits
        best = logits.double().softmax(-1).max(-1)
        for label, score in zip(best.indices.tolist(), best.values.tolist()):
            print(f"{model.config.id2label[label]}\t{score:.8f}")
    return bool(rows.ids)


def write(arguments, result):
    if not arguments.out:
        return
    import transformers

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    result |= {"torch": torch.__version__, "transformers": transformers.__version__, "cuda": torch.version.cuda,
               "device": device}
    pathlib.Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in ("step", "train", "check", "predict"):
        verb = verbs.add_parser(name)
        verb.add_argument("--model", required=True)
        verb.add_argument("--data", required=True)
        verb.add_argument("--order")
        verb.add_argument("--max-length", type=int, default=64)
        verb.add_argument("--batch", type=int, default=32)
        verb.add_argument("--dropout", type=float, default=0.1)
        verb.add_argument("--learning-rate", type=float, default=2e-5)
        verb.add_argument("--precision", choices=("fp32", "tf32", "bf16"), default="bf16")
        verb.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        verb.add_argument("--out")
    step, train = verbs.choices["step"], verbs.choices["train"]
    step.add_argument("--peers", default="P1,P2,P3,P4")
    step.add_argument("--regime", default="short", help="a name for the result")
    step.add_argument("--steps", type=int, default=100)
    step.add_argument("--warmup", type=int, default=10)
    train.add_argument("--dev")
    train.add_argument("--epochs", type=int, default=3)
    train.add_argument("--max-steps", type=int, default=0)
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--compiled", action="store_true")
    train.add_argument("--save")
    arguments = parser.parse_args()
    if arguments.max_length > LENGTHS[-1] or getattr(arguments, "warmup", 1) < 1:
        parser.error(f"--max-length is at most {LENGTHS[-1]}, --warmup at least 1")
    for peer in getattr(arguments, "peers", "P1").split(","):
        if peer not in PEERS:
            parser.error(f"no peer {peer}; there are {', '.join(PEERS)}")
    return arguments


def main():
    arguments = parse()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("error: PyTorch sees no GPU here")
    if device.type != "cuda":
        print("no GPU: this runs on the CPU, which tests the code and measures nothing", file=sys.stderr)
    run = {"step": run_step, "train": run_train, "check": run_check, "predict": run_predict}[arguments.verb]
    return 0 if run(arguments, device) else 1


if __name__ == "__main__":
    sys.exit(main())
