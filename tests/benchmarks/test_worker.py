"""From starting the worker to its first answer, and to its second."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from measure import write_raster

from core.protocol import Reply, Request, decode, encode

ROOT = Path(__file__).resolve().parents[2]


def test_start_to_first_answer(tmp_path, store_folder, record):
    raster = write_raster(tmp_path / "scene.tif", 512)
    for start in ("first", "second"):
        greeted, first, second = _one_life(raster, tmp_path / f"{start}.tif", tmp_path / "log.txt")
        record(f"{start} start of the worker to its greeting", greeted, "s")
        record(f"{start} start of the worker to the first highlighted 512² view", first, "s")
        record(f"{start} start: the second prompt for that view", 1000 * second, "ms")


def _one_life(raster: Path, output: Path, log: Path) -> tuple[float, float, float]:
    """Seconds to the greeting and to the first answer, and the second prompt's own."""
    began = time.perf_counter()
    worker = subprocess.Popen(
        [sys.executable, "-m", "core.serve", "--log", str(log)],
        cwd=ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        _ask(worker, 1, "hello", {})
        greeted = time.perf_counter() - began
        params = {"source": {"path": str(raster)}, "output": str(output), "prompts": ["water"]}
        _ask(worker, 2, "highlight", params)
        first = time.perf_counter() - began
        _ask(worker, 3, "highlight", {**params, "prompts": ["forest"]})
        return greeted, first, time.perf_counter() - began - first
    finally:
        worker.kill()
        worker.communicate()


def _ask(worker: subprocess.Popen, number: int, method: str, params: dict) -> Reply:
    worker.stdin.write(encode(Request(number, method, params)) + "\n")
    worker.stdin.flush()
    while True:
        message = decode(worker.stdout.readline())
        if isinstance(message, Reply) and message.id == number:
            assert message.error is None, message.error
            return message
