"""Work of one worker process: find the missing chunks of a scene, and embed a part of them.

These functions are what travels to other machines, by name: their arguments and results are plain values, and they
answer a failure of the scene with a sentence instead of an exception, which the scheduler would take for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.dense.chunk_layout import ChunkLayout
from core.dense.features import DenseFeatures, open_features
from core.dense.store import FeatureStore
from core.dense.store_mirror import StoreMirror
from core.errors import GeoLangBindError, OutputError
from core.model.model_cache import ModelCache
from core.protocol import Source
from core.raster.pixel_window import PixelWindow, RowCol
from core.tasks.scene import as_trained, open_scene

PART_WINDOWS = 16
"""Windows along the side of what a worker takes at once: half a minute of work. Windows across the border of two parts
are encoded for both, so that smaller parts cost more in all; chunks are kept one by one, so a lost worker loses one."""


@dataclass(frozen=True)
class EmbedJob:
    """Settings for embedding a scene, the same for the whole archive.

    Attributes:
        source: the scene and what the user knows about its bands.
        model: name or path.
        device: see ``core.model.devices``.
        store: folder of the feature store, which all workers can reach.
        cap_bytes: of the store.
        threads: processor threads of a worker; 0 leaves them.
        mirror: address of an object store that holds the same features; "" for none.
    """

    source: Source
    model: str
    device: str
    store: str
    cap_bytes: int
    threads: int = 0
    mirror: str = ""


@dataclass(frozen=True)
class ScenePlan:
    """Parts of a scene that have to be computed.

    Attributes:
        raster: path.
        chunks: all of them.
        missing: how many are not in the store.
        parts: blocks of cells (col, row, width, height) that hold missing chunks.
        error: one sentence where the scene cannot be used; "" otherwise.
    """

    raster: str
    chunks: int = 0
    missing: int = 0
    parts: tuple[tuple[int, int, int, int], ...] = ()
    error: str = ""


@dataclass(frozen=True)
class PartDone:
    """Result of a part: the number of chunks computed, and a sentence if it failed."""

    raster: str
    computed: int = 0
    error: str = ""


def plan_scene(job: EmbedJob) -> ScenePlan:
    """Returns the missing chunks of a scene, grouped into parts."""
    try:
        with _features(job) as features:
            cells = PixelWindow(0, 0, features.layout.columns, features.layout.rows)
            missing = features.missing(cells)
            parts = tuple(_parts(features.layout, features.plan.chunks_across(PART_WINDOWS), missing))
            return ScenePlan(job.source.path, len(features.layout.chunks_in(cells)), len(missing), parts)
    except Exception as problem:
        return ScenePlan(job.source.path, error=_sentence(problem))


def embed_part(job: EmbedJob, part: tuple[int, int, int, int]) -> PartDone:
    """Compute and store the missing chunks of a part of a scene."""
    try:
        with _features(job) as features:
            cells = PixelWindow(*part)
            before = len(features.missing(cells))
            features.compute(cells)
            if features.folder is None:
                raise OutputError(f"The feature store {job.store} cannot be written.", hint="Free some space.")
            return PartDone(job.source.path, before - len(features.missing(cells)))
    except Exception as problem:
        return PartDone(job.source.path, error=_sentence(problem))


@contextmanager
def _features(job: EmbedJob) -> Iterator[DenseFeatures]:
    if job.threads:
        import torch

        torch.set_num_threads(job.threads)
    store = FeatureStore(Path(job.store), job.cap_bytes, _mirror(job.mirror))
    with open_scene(job.source) as scene:
        model = _models().get(job.model, job.device)
        yield open_features(model, scene.raster, as_trained(scene.recognition, model), store=store)


@cache
def _models() -> ModelCache:
    """Returns the worker's model cache, which persists between parts."""
    return ModelCache()


def _mirror(address: str) -> StoreMirror | None:
    """Connect anew for every part: what the object store holds may have changed since the last."""
    return StoreMirror(address) if address else None


def _parts(layout: ChunkLayout, side: int, missing: Sequence[RowCol]) -> Iterator[tuple[int, int, int, int]]:
    """Yields the blocks of ``side`` × ``side`` chunks with missing ones, row by row."""
    cells = PixelWindow(0, 0, layout.columns, layout.rows)
    height, width = side * layout.side[0], side * layout.side[1]
    for row, column in sorted({(chunk.row // side, chunk.col // side) for chunk in missing}):
        block = PixelWindow(column * width, row * height, width, height)
        part = block.intersection(cells)
        yield part.col, part.row, part.width, part.height


def _sentence(problem: Exception) -> str:
    if isinstance(problem, GeoLangBindError):
        return str(problem)
    return f"Something unexpected went wrong ({type(problem).__name__}: {' '.join(str(problem).split())[:200]})."
