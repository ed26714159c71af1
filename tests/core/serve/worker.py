"""A runtime process whose tasks do what a test wants; everything else (streams, threads, log, exit) is the real server.

``python worker.py LOG``
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from core.context import NoModels
from core.errors import InputError
from core.serve.log import start_logging
from core.serve.server import Server
from core.serve.streams import claim_stdout

background_began = threading.Event()


def noisy(params, context):
    """Print in every way a library can."""
    print("python print")
    sys.stdout.write("python write\n")
    os.write(1, b"raw write\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"C puts")
    libc.fflush(None)
    os.system("echo child process")
    logging.getLogger("rasterio").warning("a warning")
    context.notify("preview", {"path": Path("/scratch/coarse.tif"), "extent": (0.0, 0.0, 1.0, 1.0), "stage": "coarse"})
    return {"nan": float("nan"), "tuple": (1, 2), "path": Path("/a")}


def until_cancelled(params, context):
    """Work in batches for ever."""
    background_began.set()
    batch = 0
    while True:
        context.raise_if_cancelled()
        batch += 1
        context.progress(min(0.9, batch / 1e6), f"batch {batch}")


def until_cancelled_interactively(params, context):
    return until_cancelled(params, context)


def quick(params, context):
    context.progress(1.0, "done")
    return {"source": params.source.path, "background_began": background_began.is_set()}


def failing(params, context):
    kind = params.map
    if kind == "input":
        raise InputError("The raster is empty.", hint="Choose another.")
    if kind == "memory":
        raise MemoryError
    if kind == "torch":
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
    if kind == "cuda":
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if kind == "lost":
        raise RuntimeError("CUDA error: unspecified launch failure")
    if kind == "disk":
        raise OSError(28, "No space left on device", "/data/out.tif")
    if kind == "exit":
        sys.exit(3)
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "unserialisable":
        return {"value": object()}
    raise KeyError("a secret detail")


def models_listed(params, context):
    return {"models": [{"name": "stand-in"}]}


TASKS = {
    "classify": noisy,
    "embed": until_cancelled,
    "highlight": until_cancelled_interactively,
    "describe": quick,
    "accuracy": failing,
    "models": models_listed,
}


def main() -> None:
    rotating = start_logging(Path(sys.argv[1]))
    output = claim_stdout()
    device = {"kind": "cpu", "name": "CPU", "precision": "float32", "memory_bytes": 0, "label": "CPU, float32"}
    Server(
        sys.stdin.buffer,
        output,
        models=NoModels(),
        find_task=TASKS.__getitem__,
        describe_device=lambda _: device,
        after_job=rotating.rotate_if_large,
    ).run()
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
