"""Times torch.save of a state as large as bench_checkpoint's: the peer of a checkpoint.

    python peer_save.py FOLDER [MEGABYTES]

The state is a dictionary of four float32 tensors. torch.save neither hashes nor syncs: the file is synced here, as
those of a checkpoint are. One JSON line.
"""

import json
import os
import pathlib
import sys
import time

import torch


def main():
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    file = pathlib.Path(sys.argv[1]) / "state.pt"
    count = megabytes * 1000000 // 16
    state = {name: torch.rand(count) for name in ("weights", "moments-1", "moments-2", "rest")}
    begun = time.monotonic()
    with open(file, "wb") as stream:
        torch.save(state, stream)
        saved = time.monotonic() - begun
        stream.flush()
        os.fsync(stream.fileno())
    seconds = time.monotonic() - begun
    file.unlink()
    print(
        json.dumps(
            {
                "bench": "torch.save",
                "torch": torch.__version__,
                "mb": megabytes,
                "before_sync_ms": round(1e3 * saved),
                "ms": round(1e3 * seconds),
                "gb_per_s": round(megabytes * 1e-3 / seconds, 2),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
