"""An archive embedded: scenes and their parts spread over Dask's workers, or one after the other without it."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.archive.parts import EmbedJob, PartDone, ScenePlan, embed_part, plan_scene
from core.context import Context
from core.errors import InputError, UsageError
from core.model.allocator import environment

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
WORKER_BYTES = 3 * 2**30
"""Memory of a worker at work."""
FEWEST_WORKERS = 4
SPAWNED_WITH = "distributed.nanny.pre-spawn-environ"
"""Dask's setting of what a worker's environment holds before anything of it runs; its own makes every freed piece of
memory go back to the system at once."""
LIVES = 3
"""How many workers may die over one part before it counts as failed."""


@dataclass
class ArchiveReport:
    """Result of embedding an archive.

    Attributes:
        scenes: how many there are.
        chunks: of all scenes that could be opened.
        chunks_computed: in this run.
        failed: raster to the sentence that names the reason.
        seconds: taken.
    """

    scenes: int
    chunks: int = 0
    chunks_computed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def embed_archive(
    jobs: Sequence[EmbedJob],
    client: Client | None = None,
    context: Context | None = None,
) -> ArchiveReport:
    """Embed all scenes; a scene that fails is reported, and stored features are not computed again.

    Args:
        jobs: one a scene.
        client: of a Dask cluster; None to work in this process.
        context: reports the fraction of parts done; cancellation is checked after every part, and finished chunks are
            kept.

    Raises:
        CancelledError: the work was cancelled.
    """
    context = context or Context()
    began = time.monotonic()
    report = ArchiveReport(len(jobs))
    progress = _PartProgress(len(jobs), context)
    outcomes = _in_this_process(jobs) if client is None else _on_cluster(jobs, client)
    for outcome in outcomes:
        context.raise_if_cancelled()
        if outcome.error:
            report.failed.setdefault(outcome.raster, outcome.error)
        if isinstance(outcome, ScenePlan):
            report.chunks += outcome.chunks
            progress.planned(len(outcome.parts))
        else:
            report.chunks_computed += outcome.computed
            progress.done(outcome.raster)
    report.seconds = round(time.monotonic() - began, 3)
    return report


def default_workers(device: str) -> int:
    """Returns the default number of local workers for an archive: one per core that has enough memory for it.

    None where Dask is missing, where a graphics card does the work, or where there are fewer than four: on two cores
    one process that reads and writes beside the model has both busy, and needs half the memory.

    Args:
        device: as requested, see ``core.model.devices``.
    """
    if importlib.util.find_spec("distributed") is None:
        return 0
    from core.model.devices import choose_device

    chosen = choose_device(device)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores, chosen.memory_bytes // WORKER_BYTES)
    return workers if chosen.kind == "cpu" and workers >= FEWEST_WORKERS else 0


@contextmanager
def cluster(address: str | None, workers: int) -> Iterator[Client | None]:
    """Connect to a Dask scheduler, or start workers on this computer.

    Args:
        address: of a scheduler; "local" or None for workers of one thread each on this computer.
        workers: how many of those; with None and fewer than two, no cluster is needed and None is given.

    Raises:
        UsageError: Dask is not installed.
        InputError: the scheduler does not answer.
    """
    if address is None and workers < 2:
        yield None
        return
    try:
        from distributed import Client, LocalCluster
    except ImportError as problem:
        raise UsageError(
            "Spreading an archive over processes needs Dask, which is not installed.",
            hint='Install it with: pip install "distributed>=2024.8", or leave --scheduler and --workers out.',
        ) from problem
    if address in (None, LOCAL):
        import dask

        with (
            dask.config.set({SPAWNED_WITH: {**dask.config.get(SPAWNED_WITH, {}), **environment()}}),
            _own_environment_kept(),
            LocalCluster(
                n_workers=max(1, workers), threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
            ) as local,
            Client(local) as client,
        ):
            yield client
        return
    try:
        connected = Client(address, timeout=10)
    except (OSError, ValueError) as problem:
        raise InputError(
            f"The scheduler {address} does not answer.", hint="Start one with: dask scheduler, and check its address."
        ) from problem
    with connected as client:
        yield client


def _in_this_process(jobs: Sequence[EmbedJob]) -> Iterator[ScenePlan | PartDone]:
    for job in jobs:
        plan = plan_scene(job)
        yield plan
        for part in plan.parts:
            yield embed_part(job, part)


def _on_cluster(jobs: Sequence[EmbedJob], client: Client) -> Iterator[ScenePlan | PartDone]:
    """Plan every scene on a worker and submit its parts as soon as they are known.

    Parts are impure: a repeated part must check the store again rather than reuse Dask's result.
    """
    from distributed import as_completed

    job_of: dict[Any, EmbedJob] = {}
    waiting: Any = as_completed()
    for job in jobs:
        future = client.submit(plan_scene, job, pure=False, retries=LIVES)
        job_of[future.key] = job
        waiting.add(future)
    for future in waiting:
        job = job_of.pop(future.key)
        problem = future.exception() if future.status == "error" else None
        if problem is not None or future.status == "cancelled":
            # The scene's own failures come as answers; this one took its worker along, again and again.
            reason = "The scheduler was lost" if problem is None else f"Its workers died ({type(problem).__name__})"
            yield PartDone(job.source.path, error=f"{reason}. What was computed is kept; run it again for the rest.")
            continue
        outcome = future.result()
        yield outcome
        if isinstance(outcome, ScenePlan):
            for part in outcome.parts:
                following = client.submit(embed_part, job, part, pure=False, retries=LIVES)
                job_of[following.key] = job
                waiting.add(following)


class _PartProgress:
    """Progress over the parts of scenes whose number is not yet known."""

    def __init__(self, scenes: int, context: Context) -> None:
        self._scenes, self._plans, self._parts, self._done = scenes, 0, 0, 0
        self._context = context

    def planned(self, parts: int) -> None:
        """A scene is known to have so many parts to do."""
        self._plans += 1
        self._parts += parts

    def done(self, raster: str) -> None:
        """A part is done."""
        self._done += 1
        known = self._plans / self._scenes
        self._context.progress(known * self._done / max(1, self._parts), f"Embedding {raster}")


@contextmanager
def _own_environment_kept() -> Iterator[None]:
    """Restore the environment variables that Dask sets in this process for its workers."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
