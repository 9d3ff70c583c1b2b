"""Write the golden files of tests/model: what PyTorch and transformers compute on a tiny CamemBERT.

    python make_goldens.py [OUT]            OUT defaults to golden/ beside this file

Everything random comes from numpy's PCG64 with a fixed seed, so another PyTorch gives the same weights and the same
rows, and results that differ by rounding only. Every quantity is computed twice, in float32 and in float64: the
distance between the two is PyTorch's own rounding error, and a test takes its tolerance from it.

    model/                config.json, model.safetensors as save_pretrained writes them
    data.json             {"rows": [{"ids": [...], "label": k}, ...]}
    forward.safetensors   logits, loss (first 8 rows, plain mean) and its gradient by parameter name; NAME is the
                          float32 run, NAME.f64 the float64 run
    <case>.json           settings in the words of the command's configuration, and per step loss, loss_f64, lr,
                          grad_norm (before clipping), grad_norm_f64
    <case>.safetensors    weights after the last step, NAME and NAME.f64; only tensors that train, and for the cases
                          that vary nothing but the loss or the schedule only embeddings and classifier (their
                          gradients have passed through every layer), to keep the files small
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import CamembertConfig, CamembertForSequenceClassification, get_scheduler

CLASSES = 5
ROWS = 48
STEPS = 40
PAD, BOS, EOS = 1, 5, 6
SEED = 20240919

DEFAULTS = {
    "learning_rate": 1e-3,
    "weight_decay": 0.01,
    "decay_bias_and_norm": False,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "adam_epsilon": 1e-8,
    "max_grad_norm": 1.0,
    "lr_scheduler_type": "linear",
    "warmup_steps": 0,
    "gradient_accumulation_steps": 1,
    "per_device_train_batch_size": 8,
    "class_weights": None,
    "label_smoothing_factor": 0.0,
    "layerwise_lr_decay": 1.0,
    "freeze": "none",
    "max_steps": STEPS,
}
WEIGHTS = [0.5, 0.75, 1.25, 2.0, 3.5]
CASES = {
    "script": {"decay_bias_and_norm": True, "lr_scheduler_type": "constant", "max_grad_norm": 0.0},
    "trainer": {"weight_decay": 0.1, "warmup_steps": 6},
    "frozen": {"freeze": "encoder", "learning_rate": 1e-2},
    "accumulation": {"per_device_train_batch_size": 5, "gradient_accumulation_steps": 2},
    "accumulation_short": {
        "per_device_train_batch_size": 5,
        "gradient_accumulation_steps": 3,
        "class_weights": WEIGHTS,
    },
    "class_weights": {"class_weights": WEIGHTS},
    "label_smoothing": {"label_smoothing_factor": 0.1},
    "smoothing_weights": {"label_smoothing_factor": 0.1, "class_weights": WEIGHTS},
    "layerwise": {"layerwise_lr_decay": 0.8, "weight_decay": 0.1, "warmup_steps": 2},
    "first_1": {"freeze": "first:1"},
    "cosine": {"lr_scheduler_type": "cosine", "warmup_steps": 4},
}
WHOLE = {"script", "trainer", "frozen", "accumulation", "layerwise", "first_1"}


def tiny_model(rng):
    """A model in which every tensor, bias and norm included, differs from what a fresh one would hold."""
    config = CamembertConfig(
        vocab_size=160,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=CLASSES,
        problem_type="single_label_classification",
    )
    model = CamembertForSequenceClassification(config)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            mean = 1.0 if name.endswith("LayerNorm.weight") else 0.0
            parameter.copy_(torch.from_numpy(rng.normal(mean, 0.15, parameter.shape).astype(np.float32)))
    return model.eval()


def random_rows(rng):
    """Rows of 2 to 20 ids between <s> and </s>; ids divisible by 5 never occur inside; classes are unequal."""
    content = [i for i in range(7, 159) if i % 5]
    frequencies = [0.4, 0.25, 0.15, 0.12, 0.08]
    lengths = [2, 20, 3] + list(rng.integers(2, 21, ROWS - 3))
    rows = []
    for length in lengths:
        ids = [BOS] + [int(i) for i in rng.choice(content, length - 2)] + [EOS]
        rows.append({"ids": ids, "label": int(rng.choice(CLASSES, p=frequencies))})
    return rows


def batch_of(rows):
    """Padded to the longest, as Hugging Face's collator does it."""
    longest = max(len(row["ids"]) for row in rows)
    ids = torch.full((len(rows), longest), PAD)
    for i, row in enumerate(rows):
        ids[i, : len(row["ids"])] = torch.tensor(row["ids"])
    return {"input_ids": ids, "attention_mask": (ids != PAD).long()}, torch.tensor([row["label"] for row in rows])


def windows(rows, batch, accumulate):
    """Optimizer steps without end: each a list of micro-batches, and none crosses the end of an epoch."""
    micro = [rows[i : i + batch] for i in range(0, len(rows), batch)]
    while True:
        for i in range(0, len(micro), accumulate):
            yield micro[i : i + accumulate]


def depth_of(name, layers):
    """0 for the embeddings, i for layer i counted from 1, layers + 1 for the head."""
    if name.startswith("classifier."):
        return layers + 1
    if name.startswith("roberta.embeddings."):
        return 0
    return int(name.split(".")[3]) + 1


def freeze(model, what):
    """`encoder` leaves only classifier.*; `first:N` stops the embeddings and N layers."""
    layers = model.config.num_hidden_layers
    depth = {"none": -1, "embeddings": 0, "encoder": layers}.get(what)
    if depth is None:
        depth = int(what.removeprefix("first:"))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(depth_of(name, layers) > depth)


def parameter_groups(model, settings):
    """One group per parameter: its rate by depth, its decay by kind."""
    layers = model.config.num_hidden_layers
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        spared = name.endswith("bias") or "LayerNorm" in name
        decays = settings["decay_bias_and_norm"] or not spared
        scale = settings["layerwise_lr_decay"] ** (layers + 1 - depth_of(name, layers))
        yield {
            "params": [parameter],
            "lr": settings["learning_rate"] * scale,
            "weight_decay": settings["weight_decay"] if decays else 0.0,
        }


def window_loss(model, window, weight, smoothing):
    """Backward through the micro-batches of one step: numerators add up, over one denominator for all examples."""
    labels = torch.tensor([row["label"] for micro in window for row in micro])
    denominator = weight[labels].sum()
    total = 0.0
    for micro in window:
        inputs, target = batch_of(micro)
        logits = model(**inputs).logits
        loss = torch.nn.functional.cross_entropy(
            logits, target, weight=weight, label_smoothing=smoothing, reduction="sum"
        )
        (loss / denominator).backward()
        total = total + loss.detach()
    return total / denominator


def assert_is_cross_entropy(model, window, weight, smoothing, loss):
    """The cut into micro-batches must not show: CrossEntropyLoss over the whole window says the same."""
    inputs, target = batch_of([row for micro in window for row in micro])
    with torch.no_grad():
        whole = torch.nn.CrossEntropyLoss(weight=weight, label_smoothing=smoothing)(model(**inputs).logits, target)
    assert math.isclose(whole.item(), loss.item(), rel_tol=1e-12), (whole, loss)


def train(start, rows, settings, dtype):
    """Train a copy of `start`; returns the per-step records and the final weights of what trained."""
    model = CamembertForSequenceClassification(start.config)
    model.load_state_dict(start.state_dict())
    model = model.to(dtype).train()
    freeze(model, settings["freeze"])
    optimizer = torch.optim.AdamW(
        list(parameter_groups(model, settings)),
        betas=(settings["adam_beta1"], settings["adam_beta2"]),
        eps=settings["adam_epsilon"],
    )
    schedule = get_scheduler(
        settings["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=settings["warmup_steps"],
        num_training_steps=settings["max_steps"],
    )
    weight = torch.tensor(settings["class_weights"] or [1.0] * start.config.num_labels, dtype=dtype)
    smoothing = settings["label_smoothing_factor"]
    trained = [p for p in model.parameters() if p.requires_grad]
    bound = settings["max_grad_norm"] or math.inf
    steps = windows(rows, settings["per_device_train_batch_size"], settings["gradient_accumulation_steps"])
    record = {"loss": [], "lr": [], "grad_norm": []}
    for _ in range(settings["max_steps"]):
        window = next(steps)
        loss = window_loss(model, window, weight, smoothing)
        if dtype == torch.float64:
            assert_is_cross_entropy(model, window, weight, smoothing, loss)
        record["loss"].append(loss.item())
        record["grad_norm"].append(torch.nn.utils.clip_grad_norm_(trained, bound).item())
        record["lr"].append(max(schedule.get_last_lr()))  # the head's
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
    return record, {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}


def write_forward(model, rows, path):
    """Logits of all rows, and the gradient of the first eight rows' loss."""
    tensors = {}
    for suffix, dtype in (("", torch.float32), (".f64", torch.float64)):
        copy = CamembertForSequenceClassification(model.config)
        copy.load_state_dict(model.state_dict())
        copy = copy.to(dtype).eval()
        with torch.no_grad():
            tensors["logits" + suffix] = copy(**batch_of(rows)[0]).logits
        inputs, target = batch_of(rows[:8])
        loss = torch.nn.functional.cross_entropy(copy(**inputs).logits, target)
        loss.backward()
        tensors["loss" + suffix] = loss.detach()
        tensors.update({name + suffix: p.grad for name, p in copy.named_parameters()})
    save_file(tensors, path)


def assert_well_conditioned(name, weights, exact):
    """Adam divides a gradient by its own size, so an element whose first gradient is near epsilon moves by rounding.

    The seed is one for which no element does, except the keys' biases: softmax cancels them, their true gradient is
    zero, and in float32 they wander (they change no output).
    """
    for tensor in weights:
        if not tensor.endswith("key.bias"):
            apart = (weights[tensor].double() - exact[tensor]).abs().max().item()
            assert apart < 1e-5, (name, tensor, apart)


def write_case(name, model, rows, out):
    """Both precisions of one training case, into <name>.json and <name>.safetensors."""
    settings = {**DEFAULTS, **CASES[name]}
    single, weights = train(model, rows, settings, torch.float32)
    double, exact = train(model, rows, settings, torch.float64)
    assert single["lr"] == double["lr"]
    case = {
        "made_with": f"torch {torch.__version__}, transformers {transformers.__version__}",
        "settings": settings,
        "loss": single["loss"],
        "loss_f64": double["loss"],
        "lr": single["lr"],
        "grad_norm": single["grad_norm"],
        "grad_norm_f64": double["grad_norm"],
    }
    (out / f"{name}.json").write_text(json.dumps(case, indent=1) + "\n")
    kept = [n for n in weights if name in WHOLE or "embeddings" in n or n.startswith("classifier")]
    tensors = {n: weights[n] for n in kept}
    tensors.update({n + ".f64": exact[n] for n in kept})
    save_file(tensors, out / f"{name}.safetensors")
    apart = max(abs(a - b) for a, b in zip(single["loss"], double["loss"]))
    assert_well_conditioned(name, weights, exact)
    print(f"{name:20} loss {single['loss'][0]:.4f} -> {single['loss'][-1]:.4f}, f32 to f64 at most {apart:.1e}")


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "golden"
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    model = tiny_model(rng)
    rows = random_rows(rng)
    model.save_pretrained(out / "model")
    lines = ",\n".join(json.dumps(row) for row in rows)
    (out / "data.json").write_text('{"rows":[\n' + lines + "\n]}\n")
    write_forward(model, rows, out / "forward.safetensors")
    for name in CASES:
        write_case(name, model, rows, out)


if __name__ == "__main__":
    main()
