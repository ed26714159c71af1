"""What must hold after every fault; each check raises AssertionError with a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from trial import RASTERS, Trial
from worker import Worker
from workshop import Workshop, pixels

from core.protocol import Reply

Chunks = set[tuple[str, tuple[int, int]]]
MODEL_FILES = ("config.json", "model.safetensors", "card.json")


def check_reply(trial: Trial, reply: Reply | None) -> None:
    """The runtime died of being killed alone, and an error is a sentence for people."""
    if reply is None:
        assert trial.fault == "worker killed", "the runtime died of something that must not kill it"
        return
    if reply.error is not None:
        assert reply.error.message, "an error says nothing"
        assert "Traceback" not in reply.error.message, reply.error.message
        assert trial.fault not in ("worker killed", "chunk damaged"), f"it failed: {reply.error.message}"
        if reply.error.code == "cancelled":
            assert trial.fault == "cancelled", "nobody cancelled"
        assert reply.error.code != "unexpected", f"not a sentence for people: {reply.error.message}"


def check_process(worker: Worker) -> None:
    """The same process answers the next request, and has left no other one."""
    reply = worker.reply(worker.ask("ping", {}))
    assert reply.error is None, f"it does not answer: {reply.error}"
    others = worker.companions()
    assert not others, f"processes that it started are left: {others}"


def check_output(trial: Trial, workshop: Workshop, output: Path, reply: Reply | None) -> None:
    """A result is whole and right, or absent; nothing half-made lies beside it."""
    succeeded = reply is not None and reply.error is None
    if trial.method in RASTERS:
        assert output.exists() or not succeeded, "it says that it is done, but there is no result"
        if output.exists():
            try:
                found = pixels(output)
            except Exception as problem:
                raise AssertionError(f"the result is half-written: {problem}") from problem
            same = np.array_equal(found, workshop.expected[trial.method], equal_nan=found.dtype.kind == "f")
            assert same or trial.fault == "file truncated", "the result is another than without the fault"
    if trial.method == "finetune":
        whole = all((output / name).is_file() for name in MODEL_FILES)
        assert whole or not output.exists(), f"half a model: {sorted(path.name for path in output.iterdir())}"
        assert whole or not succeeded, "it says that it is done, but there is no model"
    left = [path for path in workshop.results.iterdir() if path.name.startswith(".")]
    assert reply is None or not left, f"half-made things lie there: {[path.name for path in left]}"
    for path in left:  # what a killed process was at may lie there, hidden, until it is cleared
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def check_store(trial: Trial, workshop: Workshop, before: Chunks) -> None:
    """Every chunk that was whole is still whole, but for one that was damaged on purpose."""
    store = workshop.store
    if trial.fault == "chunk damaged":
        store.verify()
        return
    lost = before - chunks(workshop)
    assert not lost, f"{len(lost)} chunks are lost"
    assert store.verify().corrupt == 0, "a chunk is damaged"


def chunks(workshop: Workshop) -> Chunks:
    """Returns the stored chunks that are whole."""
    store = workshop.store
    entries = [(entry.digest, store.existing(entry.digest)) for entry in store.entries()]
    return {(digest, chunk) for digest, stored in entries if stored is not None for chunk in stored.done()}
