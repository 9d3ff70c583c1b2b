#!/usr/bin/env python3
"""Writes events_log.jsonl and events_golden.tfevents: a log, and the event file that TensorBoard's own classes make of it.

    make_event_golden.py                 writes both files beside this script
    make_event_golden.py check FOLDER    reads FOLDER/events.out.tfevents.cam-train with TensorBoard's reader, and compares
                                         each scalar with FOLDER/log.jsonl

Run with tensorboard 2.21.0. The golden's last step ends at CHANGED; tests/unit/event_file.c gives its log that time.
"""
import json
import pathlib
import struct
import sys

CHANGED = 1_700_000_000
TRAIN = [("train/loss", "loss"), ("train/learning_rate", "lr"), ("train/grad_norm", "grad_norm"), ("train/epoch", "epoch")]
EVAL = ["loss", "accuracy", "f1_macro", "f1_micro", "f1_weighted", "perplexity", "masked_accuracy"]


def make_log():
    lines = [{"event": "run", "version": "0.1.0", "model": "é", "labels": 2}]
    for step in range(1, 6):
        lines.append({"event": "step", "step": step, "epoch": step / 5, "loss": None if step == 3 else 2.5 / step,
                      "lr": 1e-5 * (step - 1), "grad_norm": 1.25 + step, "tokens": 640 * step, "step_s": 0.25})
        if step in (2, 5):
            lines.append({"event": "eval", "step": step, "loss": 1 / step, "accuracy": 0.25 * step, "f1_macro": 0.2,
                          "f1_micro": 0.25, "f1_weighted": 0.3})
    lines.append({"event": "end", "reason": "done", "wall_s": 2.5})
    return lines


def scalars_of(event):
    """The scalars that an event becomes: (tag, value) in their order."""
    if event["event"] == "step":
        found = [(tag, event[member]) for tag, member in TRAIN]
        found.append(("train/tokens_per_second", event["tokens"] / event["step_s"]))
    else:
        found = [(f"eval/{member}", event.get(member)) for member in EVAL]
    return [(tag, value) for tag, value in found if value is not None]


def make_golden(lines):
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    here = pathlib.Path(__file__).parent
    with open(here / "events_golden.tfevents", "wb") as file:
        writer = RecordWriter(file)
        now = CHANGED - sum(line["step_s"] for line in lines if line["event"] == "step")
        writer.write(event_pb2.Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
        for line in lines:
            if line["event"] not in ("step", "eval"):
                continue
            now += line.get("step_s", 0)
            values = [summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars_of(line)]
            event = event_pb2.Event(wall_time=now, step=line["step"], summary=summary_pb2.Summary(value=values))
            writer.write(event.SerializeToString())
        writer.flush()


def check(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    lines = [json.loads(line) for line in open(folder / "log.jsonl", encoding="utf-8")]
    expected = {}
    for line in lines:
        if line["event"] in ("step", "eval"):
            for tag, value in scalars_of(line):
                expected.setdefault(tag, []).append((line["step"], struct.unpack("f", struct.pack("f", value))[0]))
    reader = EventAccumulator(str(folder / "events.out.tfevents.cam-train"), size_guidance={"scalars": 0})
    reader.Reload()
    found = {tag: [(s.step, s.value) for s in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}
    if found != expected:
        sys.exit(f"the scalars differ: {sorted(found)} instead of {sorted(expected)}")
    print(f"equal: {len(found)} tags, {sum(map(len, found.values()))} scalars")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        check(pathlib.Path(sys.argv[2]))
    else:
        log = make_log()
        with open(pathlib.Path(__file__).parent / "events_log.jsonl", "w", encoding="utf-8") as out:
            out.writelines(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in log)
        make_golden(log)
