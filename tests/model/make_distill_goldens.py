"""Write the golden files of distillation: what PyTorch and transformers compute for a student and its teacher.

    python make_distill_goldens.py [OUT]    OUT defaults to golden/ beside this file

As make_goldens.py, whose rows (data.json) are trained on. Every fourth row, from the fourth on, has no label. The student
begins as layers of the teacher, with its embeddings and its head; the map of hidden states begins as the identity.

    teacher_model/          config.json, model.safetensors as save_pretrained writes them
    <case>.json, .safetensors   as make_goldens.py writes them, the settings of the distillation beside the others
    distill_masked.*        the masked language model of make_masked_goldens.py (masked_model) learns the teacher's hidden
                            states at the chosen tokens, of the texts without masks
    distill_encoder.*       the encoder of masked_model learns the teacher's hidden states at all tokens, and nothing else
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import CamembertConfig, CamembertForMaskedLM, CamembertForSequenceClassification, get_scheduler

import make_masked_goldens as masking
from make_goldens import DEFAULTS, WEIGHTS, assert_well_conditioned, batch_of, parameter_groups, tiny_model, windows

SEED = 20261203
STEPS = 40
CASES = {
    "distill": {"temperature": 2.0, "alpha": 0.5, "hidden": 0, "layers": [0, 2], "weight_decay": 0.1},
    "distill_hidden": {
        "temperature": 3.0,
        "alpha": 0.7,
        "hidden": 1,
        "layers": [2, 1],
        "class_weights": WEIGHTS,
        "label_smoothing_factor": 0.1,
        "per_device_train_batch_size": 5,
        "gradient_accumulation_steps": 2,
        "warmup_steps": 6,
    },
    "distill_only_hidden": {"temperature": 1.0, "alpha": 0.0, "hidden": 1, "layers": [1], "max_grad_norm": 0.0},
}


MASKED = {
    **masking.MASKS,
    "whole_words": True,
    "mlm_probability": 0.3,
    "hidden": 0.5,
    "temperature": 2.0,
    "alpha": 0.0,
    "layers": [],
    "per_device_train_batch_size": 5,
    "gradient_accumulation_steps": 2,
    "weight_decay": 0.1,
}

ENCODER = {**MASKED, "mlm_probability": 0, "hidden": 1.5, "max_grad_norm": 0.5}


def student_of(teacher, layers):
    """The teacher with some of its layers, in the order given."""
    config = CamembertConfig.from_dict({**teacher.config.to_dict(), "num_hidden_layers": len(layers)})
    student = CamembertForSequenceClassification(config)
    taught = teacher.state_dict()
    values = {}
    for name in student.state_dict():
        parts = name.split(".")
        if name.startswith("roberta.encoder.layer."):
            parts[3] = str(layers[int(parts[3])])
        values[name] = taught[".".join(parts)]
    student.load_state_dict(values)
    return student


def forward(model, inputs):
    """Logits, and the last hidden state at <s>."""
    out = model(**inputs, output_hidden_states=True)
    return out.logits, out.hidden_states[-1][:, 0]


def row_weights(rows, weight):
    labels = torch.tensor([row["label"] for row in rows])
    return torch.where(labels >= 0, weight[labels.clamp(min=0)], torch.ones((), dtype=weight.dtype))


def micro_loss(student, teacher, hidden_map, micro, weight, settings):
    """The sum over the rows of a micro-batch."""
    inputs, target = batch_of(micro)
    logits, hidden = forward(student, inputs)
    with torch.no_grad():
        taught_logits, taught_hidden = forward(teacher, inputs)
    has_label, temperature, alpha = target >= 0, settings["temperature"], settings["alpha"]
    hard = torch.nn.functional.cross_entropy(
        logits[has_label],
        target[has_label],
        weight=weight,
        label_smoothing=settings["label_smoothing_factor"],
        reduction="sum",
    )
    soft = torch.nn.functional.kl_div(
        torch.log_softmax(logits / temperature, -1), torch.softmax(taught_logits / temperature, -1), reduction="sum"
    )
    loss = (1 - alpha) * hard + alpha * temperature**2 * soft
    if settings["hidden"]:
        loss = loss + torch.nn.functional.mse_loss(hidden_map(hidden), taught_hidden, reduction="none").mean(-1).sum()
    return loss


def train(teacher, rows, settings, dtype):
    """Train a student; returns the per-step records and its final weights."""
    student = student_of(teacher, settings["layers"]).to(dtype).train()
    teacher = student_of(teacher, range(teacher.config.num_hidden_layers)).to(dtype).eval()
    groups = list(parameter_groups(student, settings))
    hidden_map, with_map = map_and_groups(groups, teacher.config.hidden_size, settings, dtype)
    groups = with_map if settings["hidden"] else groups
    optimizer = torch.optim.AdamW(
        groups, betas=(settings["adam_beta1"], settings["adam_beta2"]), eps=settings["adam_epsilon"]
    )
    schedule = get_scheduler(
        settings["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=settings["warmup_steps"],
        num_training_steps=settings["max_steps"],
    )
    weight = torch.tensor(settings["class_weights"] or [1.0] * teacher.config.num_labels, dtype=dtype)
    trained = [p for group in groups for p in group["params"]]
    bound = settings["max_grad_norm"] or math.inf
    steps = windows(rows, settings["per_device_train_batch_size"], settings["gradient_accumulation_steps"])
    record = {"loss": [], "lr": [], "grad_norm": []}
    for _ in range(settings["max_steps"]):
        window = next(steps)
        denominator = row_weights([row for micro in window for row in micro], weight).sum()
        total = 0.0
        for micro in window:
            loss = micro_loss(student, teacher, hidden_map, micro, weight, settings) / denominator
            loss.backward()
            total += loss.item()
        record["loss"].append(total)
        record["grad_norm"].append(
            torch.nn.utils.clip_grad_norm_([p for p in trained if p.grad is not None], bound).item()
        )
        record["lr"].append(max(schedule.get_last_lr()))
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
    return record, {name: p.detach() for name, p in student.named_parameters()}


def map_and_groups(groups, width, settings, dtype):
    """A map that begins as the identity, and the groups with its parameters."""
    hidden_map = torch.nn.Linear(width, width, dtype=dtype)
    with torch.no_grad():
        hidden_map.weight.copy_(torch.eye(width))
        hidden_map.bias.zero_()
    own = [(hidden_map.weight, settings["weight_decay"]), (hidden_map.bias, 0.0)]
    return hidden_map, groups + [
        {"params": [p], "lr": settings["learning_rate"], "weight_decay": decay} for p, decay in own
    ]


def chosen_of(settings, epoch, row, vocabulary):
    """The ids that the student reads, and the labels of the chosen tokens."""
    if settings["mlm_probability"] == 0:
        return row["ids"], row["ids"]
    return masking.masked(settings, epoch, row["row"], row["ids"], vocabulary)


def masked_loss(model, teacher, hidden_map, epoch, micro, settings):
    """The sum over the chosen tokens of a micro-batch, and their number."""
    pairs = [chosen_of(settings, epoch, row, model.config.vocab_size) for row in micro]
    inputs, _ = batch_of([{"ids": ids, "label": 0} for ids, _ in pairs])
    whole, _ = batch_of([{"ids": row["ids"], "label": 0} for row in micro])
    longest = inputs["input_ids"].shape[1]
    labels = torch.tensor([labels + [-100] * (longest - len(labels)) for _, labels in pairs])
    chosen = labels != -100
    out = model(**inputs, output_hidden_states=True)
    with torch.no_grad():
        taught = teacher(**whole, output_hidden_states=True).hidden_states[-1][chosen]
    loss = 0
    if settings["mlm_probability"] > 0:
        loss = torch.nn.functional.cross_entropy(out.logits[chosen], labels[chosen], reduction="sum")
    distance = torch.nn.functional.mse_loss(hidden_map(out.hidden_states[-1][chosen]), taught, reduction="none")
    return loss + settings["hidden"] * distance.mean(-1).sum()


def train_masked(start, teacher, rows, settings, dtype):
    model = masking.copy_of(start, dtype).train()
    teacher = student_of(teacher, range(teacher.config.num_hidden_layers)).to(dtype).eval()
    hidden_map, groups = map_and_groups(
        list(masking.parameter_groups(model, settings)), teacher.config.hidden_size, settings, dtype
    )
    betas = (settings["adam_beta1"], settings["adam_beta2"])
    optimizer = torch.optim.AdamW(groups, betas=betas, eps=settings["adam_epsilon"])
    schedule = get_scheduler(
        settings["lr_scheduler_type"], optimizer, settings["warmup_steps"], settings["max_steps"]
    )
    batch, accumulation = settings["per_device_train_batch_size"], settings["gradient_accumulation_steps"]
    steps = windows(rows, batch, accumulation)
    an_epoch = math.ceil(math.ceil(len(rows) / batch) / accumulation)
    record = {"loss": [], "lr": [], "grad_norm": []}
    for step in range(settings["max_steps"]):
        window, epoch, total = next(steps), step // an_epoch, 0.0
        masks = [
            chosen_of(settings, epoch, row, model.config.vocab_size)[1]
            for micro in window
            for row in micro
        ]
        denominator = max(1, sum(label != -100 for labels in masks for label in labels))
        for micro in window:
            loss = masked_loss(model, teacher, hidden_map, epoch, micro, settings) / denominator
            loss.backward()
            total += loss.item()
        record["loss"].append(total)
        trained = [p for p in [*model.parameters(), *hidden_map.parameters()] if p.grad is not None]
        record["grad_norm"].append(torch.nn.utils.clip_grad_norm_(trained, settings["max_grad_norm"]).item())
        record["lr"].append(max(schedule.get_last_lr()))
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
    has_head = settings["mlm_probability"] > 0
    return record, {n: p.detach() for n, p in masking.parameters(model) if has_head or not n.startswith("lm_head")}


def write_masked_case(name, case, teacher, rows, out):
    settings = {**DEFAULTS, **case}
    start = CamembertForMaskedLM.from_pretrained(out / "masked_model")
    write(name, settings, *(train_masked(start, teacher, rows, settings, t) for t in (torch.float32, torch.float64)), out)


def write_case(name, teacher, rows, out):
    settings = {**DEFAULTS, **CASES[name]}
    write(name, settings, *(train(teacher, rows, settings, t) for t in (torch.float32, torch.float64)), out)


def write(name, settings, narrow, wide, out):
    (single, weights), (double, exact) = narrow, wide
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
    kept = [n for n in weights if "embeddings" in n or n.startswith(("classifier", "lm_head"))]
    save_file({**{n: weights[n] for n in kept}, **{n + ".f64": exact[n] for n in kept}}, out / f"{name}.safetensors")
    apart = max(abs(a - b) for a, b in zip(single["loss"], double["loss"]))
    print(f"{name:20} loss {single['loss'][0]:.4f} -> {single['loss'][-1]:.4f}, f32 to f64 at most {apart:.1e}")
    assert_well_conditioned(name, weights, exact)


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "golden"
    torch.set_num_threads(1)
    teacher = tiny_model(np.random.default_rng(SEED))
    teacher.save_pretrained(out / "teacher_model")
    rows = json.loads((out / "data.json").read_text())["rows"]
    for i, row in enumerate(rows):
        row["label"] = -1 if i % 4 == 3 else row["label"]
        row["row"] = i
    for name in CASES:
        write_case(name, teacher, rows, out)
    write_masked_case("distill_masked", MASKED, teacher, rows, out)
    write_masked_case("distill_encoder", ENCODER, teacher, rows, out)


if __name__ == "__main__":
    main()
