"""Converts a source to shards: in parallel, resumable, reproducible to the byte.

Beside every shard is a note of its inputs and its SHA-256; a shard whose note matches is not made again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from core.context import Context
from core.datasets.shards import ShardSample, write_shard
from core.errors import InputError, OutputError
from training.geolangbind2m.converter import Converter, Item

REASONS_KEPT = 20


@dataclass(frozen=True)
class BuildSettings:
    """How a source becomes shards.

    Attributes:
        name: of the source and its shards.
        output: folder in which the source gets a folder of its own.
        per_shard: images of the source a shard.
        workers: processes.
        seed: of the choice of captions' sentences.
        limit: only so many images, for a trial; None for all.
    """

    name: str
    output: Path
    per_shard: int = 1000
    workers: int = os.cpu_count() or 1
    seed: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class BuildReport:
    """Counts of a converted source.

    Attributes:
        name: of the source.
        shards: how many.
        images: images found.
        samples: samples written.
        published: samples the released loader counts; 0 where it counts none.
        skipped: images that could not be used, by reason, the most frequent first.
        sha256: of every shard, by file name.
        reused: shards that were there already.
    """

    name: str
    shards: int
    images: int
    samples: int
    published: int
    skipped: dict[str, int]
    sha256: dict[str, str]
    reused: int


def build(converter: Converter, root: Path, settings: BuildSettings, context: Context | None = None) -> BuildReport:
    """Convert a source and write ``<name>/<name>.json``, the report, beside its shards.

    Args:
        converter: of the source.
        root: the folder it is published in.
        settings: how.
        context: reports the share of shards done; cancellation is checked after every shard.

    Raises:
        InputError: the folder is not of the published layout, or nothing in it can be used.
        OutputError: the shards cannot be written.
        CancelledError: the work was cancelled; whole shards are kept.
    """
    context = context or Context()
    items = converter.find(root)[: settings.limit]
    if not items:
        raise InputError(f"{root} holds nothing for {settings.name}.", hint="Check that images and labels are there.")
    keys = Counter(item.key for item in items)
    repeated = next((key for key, count in keys.items() if count > 1), None)
    if repeated is not None:
        raise InputError(f"{root} holds two images called {repeated}.", hint="Remove the copy.")
    home = settings.output / settings.name
    home.mkdir(parents=True, exist_ok=True)
    tasks = [
        _Task(converter, items[start : start + settings.per_shard], home / _shard_name(settings.name, number), settings)
        for number, start in enumerate(range(0, len(items), settings.per_shard))
    ]
    notes = [note for task in tasks if (note := task.finished()) is not None]
    reused = len(notes)
    todo = [task for task in tasks if task.finished() is None]
    for note in _made(todo, settings.workers):
        notes.append(note)
        context.progress(len(notes) / len(tasks), f"{settings.name}: {len(notes)} of {len(tasks)} shards")
        context.raise_if_cancelled()
    report = _report(converter, settings.name, len(items), notes, reused)
    if not report.samples:
        reason = next(iter(report.skipped), "no image has anything to say")
        raise InputError(f"Nothing of {settings.name} could be used: {reason}")
    (home / f"{settings.name}.json").write_text(json.dumps(dataclasses.asdict(report), indent=1), encoding="utf-8")
    return report


@dataclass(frozen=True)
class _Task:
    """One shard to be made."""

    converter: Converter
    items: list[Item]
    path: Path
    settings: BuildSettings

    @property
    def plan(self) -> str:
        """Digest of the shard's inputs: a change of files, captions or seed makes it anew."""
        digest = hashlib.sha256(repr((self.converter, self.settings.seed)).encode())
        for item in self.items:
            digest.update(repr((item.key, str(item.image), sorted(map(str, item.facts.items())))).encode())
            if item.image.exists():
                status = item.image.stat()
                digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        return digest.hexdigest()

    @property
    def note(self) -> Path:
        return self.path.with_suffix(".json")

    def finished(self) -> dict[str, Any] | None:
        """Returns the manifest entry of a shard that is already complete."""
        try:
            note: dict[str, Any] = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        whole = not note.get("samples") or (self.path.exists() and self.path.stat().st_size == note.get("bytes"))
        return note if whole and note.get("plan") == self.plan else None

    def make(self) -> dict[str, Any]:
        """Write the shard and its note; an empty shard is not written."""
        skipped: Counter[str] = Counter()
        samples = write_shard(self.path, self._samples(skipped))
        note: dict[str, Any] = {
            "shard": self.path.name,
            "plan": self.plan,
            "samples": samples,
            "skipped": dict(skipped),
        }
        if samples:
            with self.path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            note |= {"sha256": digest, "bytes": self.path.stat().st_size}
        else:
            self.path.unlink()
        self.note.write_text(json.dumps(note, indent=1), encoding="utf-8")
        return note

    def _samples(self, skipped: Counter[str]) -> Iterator[ShardSample]:
        for item in self.items:
            # The caption of an image depends on nothing but the seed and its name.
            digest = hashlib.sha256(f"{self.settings.seed} {item.key}".encode()).digest()
            given = 0
            try:
                for sample in self.converter.samples(item, np.random.default_rng(int.from_bytes(digest[:8], "little"))):
                    yield dataclasses.replace(sample, key=sample.key.replace(".", "-")[-90:])
                    given += 1
            except (InputError, KeyError, TypeError, AttributeError, IndexError) as problem:
                skipped[_general(problem, item)] += 1
            else:
                skipped["nothing to say about it"] += not given


def _general(problem: Exception, item: Item) -> str:
    """Returns a reason without the image's name, so that equal reasons are counted together."""
    text = problem.message if isinstance(problem, InputError) else f"unexpected annotation ({problem!r})"
    return text.replace(item.image.name, "an image").replace(item.image.stem, "an image").replace(item.key, "an image")


def _made(todo: list[_Task], workers: int) -> Iterator[dict[str, Any]]:
    if workers <= 1 or len(todo) <= 1:
        yield from map(_Task.make, todo)
        return
    # Forked children of a process with GDAL or torch threads can hang, so children start afresh.
    with ProcessPoolExecutor(min(workers, len(todo)), mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(task.make) for task in todo]
        try:
            for future in as_completed(futures):
                yield future.result()
        except (OutputError, GeneratorExit):
            pool.shutdown(cancel_futures=True)
            raise


def _report(converter: Converter, name: str, images: int, notes: list[dict[str, Any]], reused: int) -> BuildReport:
    skipped: Counter[str] = Counter()
    for note in notes:
        skipped.update({reason: count for reason, count in note["skipped"].items() if count})
    written = sorted((note for note in notes if note["samples"]), key=lambda note: note["shard"])
    return BuildReport(
        name=name,
        shards=len(written),
        images=images,
        samples=sum(note["samples"] for note in written),
        published=converter.published,
        skipped=dict(skipped.most_common(REASONS_KEPT)),
        sha256={note["shard"]: note["sha256"] for note in written},
        reused=reused,
    )


def _shard_name(name: str, number: int) -> str:
    return f"{name}_train-{number:06d}-train.tar"
