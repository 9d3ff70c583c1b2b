"""Measures PyTorch and transformers with the work of bench_masked: training steps of CamembertForMaskedLM.

    python peer_masked.py [--vocabulary V] [--layers L] [--hidden H] [--rows B] [--tokens N] [--steps S] [--threads T]

Random weights, rows without padding, 15 % of the tokens chosen as transformers' collator does it, dropout 0.1, AdamW
(fused), f32, SDPA attention. Prints one JSON object.
"""

import argparse
import json
import statistics
import time

import torch
import transformers
from transformers import CamembertConfig, CamembertForMaskedLM


def main():
    parser = argparse.ArgumentParser()
    for name, value in (("vocabulary", 32000), ("layers", 4), ("hidden", 256), ("rows", 32), ("tokens", 128)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    config = CamembertConfig(
        vocab_size=a.vocabulary,
        hidden_size=a.hidden,
        num_hidden_layers=a.layers,
        num_attention_heads=a.hidden // 64,
        intermediate_size=4 * a.hidden,
        max_position_embeddings=a.tokens + 2,
        type_vocab_size=1,
        pad_token_id=1,
        attn_implementation="sdpa",
    )
    model = CamembertForMaskedLM(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-6, fused=True)
    ids = torch.randint(7, a.vocabulary, (a.rows, a.tokens))
    seconds = []
    for step in range(3 + a.steps):
        if step == 3:
            processor = time.process_time()
        begin = time.perf_counter()
        chosen = torch.rand(ids.shape) < 0.15
        labels = torch.where(chosen, ids, -100)
        inputs = torch.where(chosen & (torch.rand(ids.shape) < 0.8), 4, ids)
        loss = model(input_ids=inputs, attention_mask=torch.ones_like(ids), labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step >= 3:
            seconds.append(time.perf_counter() - begin)
    processor = (time.process_time() - processor) / a.steps
    median = statistics.median(seconds)
    result = {"step_ms": round(median * 1e3, 1), "processor_ms": round(processor * 1e3, 1)}
    result["tokens_per_s"] = round(a.rows * a.tokens / median)
    result["made_with"] = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(json.dumps({"vocabulary": a.vocabulary, "layers": a.layers, "hidden": a.hidden, **result}))


if __name__ == "__main__":
    main()
