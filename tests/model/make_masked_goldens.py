"""Write the golden files of masked language modelling: what PyTorch and transformers' CamembertForMaskedLM compute.

    python make_masked_goldens.py [OUT]     OUT defaults to golden/ beside this file

As make_goldens.py, whose rows (data.json) it trains on. The masks are drawn here by a second implementation of the map
in include/cam/masking.h, so equal losses also show equal masks.

    masked_model/               config.json, model.safetensors as save_pretrained writes them
    masked_forward.safetensors  logits at the chosen tokens of the first eight rows (epoch 0), and the gradient of their
                                mean loss by parameter name; NAME and NAME.f64
    <case>.json, .safetensors   as make_goldens.py writes them, the masks' settings beside the others; masked.json also has
                                the scores of evaluation at the end, and what fills two places at the start
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import CamembertConfig, CamembertForMaskedLM, get_scheduler

from make_goldens import BOS, DEFAULTS, EOS, PAD, assert_well_conditioned, batch_of, windows

SEED = 20261201
MASK = 159
EVAL_EPOCH = 2**32 - 1
SPECIAL = set(range(7)) | {MASK}
MASKS = {"mlm_probability": 0.15, "share_mask": 0.8, "share_random": 0.1, "whole_words": False, "seed": 0x123456789A}
CASES = {
    "masked": {"weight_decay": 0.1, "warmup_steps": 6},
    "masked_words": {
        "whole_words": True,
        "mlm_probability": 0.3,
        "share_mask": 0.5,
        "share_random": 0.25,
        "per_device_train_batch_size": 5,
        "gradient_accumulation_steps": 2,
        "lr_scheduler_type": "constant",
    },
}


def continues(piece):
    """Whether a piece continues the word before it, in this vocabulary without words."""
    return piece % 3 == 0


def philox(seed, step, site, row, block):
    """Philox 4x32-10 as in include/cam/philox.h."""
    counter = [step, site, row, block]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        even, odd = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [
            (odd >> 32) ^ counter[1] ^ key[0],
            odd & 0xFFFFFFFF,
            (even >> 32) ^ counter[3] ^ key[1],
            even & 0xFFFFFFFF,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def decides(settings, epoch, row, index):
    words = philox(settings["seed"], epoch, 0x30000, row, index // 8)
    lane = words[index % 8 // 2] >> 16 * (index % 2) & 0xFFFF
    return lane < round(65536 * settings["mlm_probability"])


def replaced(settings, epoch, row, index, piece, vocabulary):
    words = philox(settings["seed"], epoch, 0x30001, row, index)
    if words[0] < round(2**32 * settings["share_mask"]):
        return MASK
    if words[0] >= round(2**32 * (settings["share_mask"] + settings["share_random"])):
        return piece
    draws = [word * vocabulary >> 32 for word in words[1:]]
    return next((drawn for drawn in draws if drawn not in SPECIAL), MASK)


def masked(settings, epoch, row, ids, vocabulary):
    """The masked ids of a row, and its labels: -100 where a token is not chosen."""
    out, labels, chosen = list(ids), [-100] * len(ids), False
    for index, piece in enumerate(ids):
        begins = index == 0 or not continues(piece) or ids[index - 1] in SPECIAL
        if begins or not settings["whole_words"]:
            chosen = decides(settings, epoch, row, index)
        if chosen and piece not in SPECIAL:
            out[index], labels[index] = replaced(settings, epoch, row, index, piece, vocabulary), piece
    return out, labels


def tiny_model(rng):
    """A model in which every tensor, bias and norm included, differs from what a fresh one would hold."""
    config = CamembertConfig(
        vocab_size=160,
        hidden_size=32,
        num_hidden_layers=2,
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
    )
    model = CamembertForMaskedLM(config)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            mean = 1.0 if name.endswith(("LayerNorm.weight", "layer_norm.weight")) else 0.0
            parameter.copy_(torch.from_numpy(rng.normal(mean, 0.15, parameter.shape).astype(np.float32)))
    return model.eval()


def chosen_logits(model, settings, epoch, rows, weights_dtype):
    """Logits and labels of the chosen tokens of some rows, row by row."""
    vocabulary = model.config.vocab_size
    pairs = [masked(settings, epoch, row["row"], row["ids"], vocabulary) for row in rows]
    inputs, _ = batch_of([{"ids": ids, "label": 0} for ids, _ in pairs])
    longest = inputs["input_ids"].shape[1]
    labels = torch.tensor([labels + [-100] * (longest - len(labels)) for _, labels in pairs])
    logits = model(**inputs).logits
    assert logits.dtype == weights_dtype
    return logits[labels != -100], labels[labels != -100], (inputs, labels)


def window_loss(model, settings, epoch, window, dtype):
    """Backward through the micro-batches of one step: numerators add up, over all chosen tokens of the step."""
    vocabulary = model.config.vocab_size
    every = [masked(settings, epoch, row["row"], row["ids"], vocabulary)[1] for micro in window for row in micro]
    denominator = max(1, sum(label != -100 for labels in every for label in labels))
    total = 0.0
    for micro in window:
        logits, labels, (inputs, all_labels) = chosen_logits(model, settings, epoch, micro, dtype)
        loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        (loss / denominator).backward()
        total = total + loss.detach()
        if len(window) == 1 and len(labels) and dtype == torch.float64:
            with torch.no_grad():
                whole = model(**inputs, labels=all_labels).loss
            assert math.isclose(whole.item(), (loss / denominator).item(), rel_tol=1e-12)
    return total / denominator


def parameters(model):
    """Names and parameters. The decoder is the word embeddings: one parameter, under the name that is saved."""
    for name, parameter in model.named_parameters():
        tied = parameter is model.roberta.embeddings.word_embeddings.weight
        yield "roberta.embeddings.word_embeddings.weight" if tied else name, parameter


def parameter_groups(model, settings):
    for name, parameter in parameters(model):
        spared = name.endswith("bias") or "LayerNorm" in name or "layer_norm" in name
        decay = 0.0 if spared else settings["weight_decay"]
        yield {"params": [parameter], "lr": settings["learning_rate"], "weight_decay": decay}


def copy_of(start, dtype):
    model = CamembertForMaskedLM(start.config)
    model.load_state_dict(start.state_dict())
    return model.to(dtype)


def train(start, rows, settings, dtype):
    """Train a copy of `start`; returns the per-step records and the final weights."""
    model = copy_of(start, dtype).train()
    betas = (settings["adam_beta1"], settings["adam_beta2"])
    optimizer = torch.optim.AdamW(list(parameter_groups(model, settings)), betas=betas, eps=settings["adam_epsilon"])
    schedule = get_scheduler(
        settings["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=settings["warmup_steps"],
        num_training_steps=settings["max_steps"],
    )
    batch, accumulation = settings["per_device_train_batch_size"], settings["gradient_accumulation_steps"]
    steps = windows(rows, batch, accumulation)
    an_epoch = math.ceil(math.ceil(len(rows) / batch) / accumulation)
    record = {"loss": [], "lr": [], "grad_norm": []}
    for step in range(settings["max_steps"]):
        loss = window_loss(model, settings, step // an_epoch, next(steps), dtype)
        record["loss"].append(loss.item())
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["max_grad_norm"] or math.inf)
        record["grad_norm"].append(norm.item())
        record["lr"].append(max(schedule.get_last_lr()))
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
    return record, {name: parameter.detach() for name, parameter in parameters(model)}


def write_forward(start, rows, path):
    tensors = {}
    for suffix, dtype in (("", torch.float32), (".f64", torch.float64)):
        model = copy_of(start, dtype).eval()
        logits, labels, _ = chosen_logits(model, MASKS, 0, rows[:8], dtype)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss.backward()
        tensors["logits" + suffix] = logits.detach()
        tensors["loss" + suffix] = loss.detach()
        tensors.update({name + suffix: parameter.grad for name, parameter in parameters(model)})
    save_file(tensors, path)


def write_case(name, start, rows, out):
    settings = {**DEFAULTS, **MASKS, **CASES[name]}
    single, weights = train(start, rows, settings, torch.float32)
    double, exact = train(start, rows, settings, torch.float64)
    case = {
        "made_with": f"torch {torch.__version__}, transformers {transformers.__version__}",
        "settings": settings,
        "loss": single["loss"],
        "loss_f64": double["loss"],
        "lr": single["lr"],
        "grad_norm": single["grad_norm"],
        "grad_norm_f64": double["grad_norm"],
    }
    if name == "masked":
        narrow = scores(start, weights, settings, rows, torch.float32)
        case["eval_loss"], case["eval_positions"], case["eval_correct"] = narrow
        case["eval_loss_f64"] = scores(start, exact, settings, rows, torch.float64)[0]
        case["fill"] = fill(start, rows)
    (out / f"{name}.json").write_text(json.dumps(case, indent=1) + "\n")
    kept = [n for n in weights if name == "masked" or "embeddings" in n or n.startswith("lm_head")]
    tensors = {n: weights[n] for n in kept}
    tensors.update({n + ".f64": exact[n] for n in kept})
    save_file(tensors, out / f"{name}.safetensors")
    assert_well_conditioned(name, weights, exact)
    apart = max(abs(a - b) for a, b in zip(single["loss"], double["loss"]))
    print(f"{name:20} loss {single['loss'][0]:.4f} -> {single['loss'][-1]:.4f}, f32 to f64 at most {apart:.1e}")


def scores(start, weights, settings, rows, dtype):
    """With these weights and the masks of evaluation: the sum of the losses, the chosen tokens, how many are put first."""
    model = copy_of(start, dtype).eval()
    with torch.no_grad():
        for name, parameter in parameters(model):
            parameter.copy_(weights[name])
        logits, labels, _ = chosen_logits(model, settings, EVAL_EPOCH, rows, dtype)
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum").item()
    return loss, len(labels), int((logits.argmax(1) == labels).sum())


def fill(start, rows):
    """The five likeliest pieces at each <mask> of a row."""
    ids = list(rows[1]["ids"])
    ids[3] = ids[9] = MASK
    with torch.no_grad():
        logits = copy_of(start, torch.float64).eval()(input_ids=torch.tensor([ids])).logits[0]
    best = [logits[at].softmax(0).topk(5) for at in (3, 9)]
    return {"ids": ids, "pieces": [b.indices.tolist() for b in best], "probabilities": [b.values.tolist() for b in best]}


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "golden"
    torch.set_num_threads(1)
    model = tiny_model(np.random.default_rng(SEED))
    rows = json.loads((out / "data.json").read_text())["rows"]
    for number, row in enumerate(rows):
        row["row"] = number
    model.save_pretrained(out / "masked_model")
    write_forward(model, rows, out / "masked_forward.safetensors")
    for name in CASES:
        write_case(name, model, rows, out)


if __name__ == "__main__":
    main()
