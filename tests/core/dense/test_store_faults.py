"""Kills, company, full disks and vanishing files: in the end the store holds what an undisturbed run would keep."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from embedding_process import embed, everything, opened

from core.dense.chunk import FeatureChunk
from core.dense.store import FeatureStore
from core.dense.stored_features import StoredFeatures
from core.errors import InputError
from core.raster.pixel_window import RowCol

ENDED_BY_KILL = -9


class Running(NamedTuple):
    """A process at work and the pipe it answers through."""

    process: multiprocessing.Process
    answer: Connection

    def result(self) -> tuple[int, int, int]:
        """Chunks written, file events, chunks missing."""
        found = self.answer.recv()
        self.process.join(120)
        assert self.process.exitcode == 0
        return found


@pytest.fixture(scope="session")
def processes() -> multiprocessing.context.ForkServerContext:
    """New processes are forked from one that has read torch already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["embedding_process"])
    return context


@pytest.fixture
def start(processes, monkeypatch) -> Callable[..., Running]:
    root = Path(__file__).resolve()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root.parent), str(root.parents[3])]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(raster: Path, store: Path, **options: object) -> Running:
        mine, theirs = processes.Pipe(duplex=False)
        process = processes.Process(target=embed, args=(str(raster), str(store), theirs), kwargs=options)
        process.start()
        theirs.close()
        return Running(process, mine)

    return run


@pytest.fixture
def raster(write_raster) -> Path:
    return write_raster(660, 900)


@pytest.fixture
def undisturbed(raster, start, tmp_path) -> tuple[dict[str, bytes], int, int]:
    """What a run without faults keeps; its chunks and its file events."""
    running = start(raster, tmp_path / "undisturbed")
    written, events, missing = running.result()
    assert missing == 0
    return kept(tmp_path / "undisturbed"), written, events


def kept(root: Path) -> dict[str, bytes]:
    """Everything that decides an answer: metadata, codes and scales."""
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix not in (".lock", ".partial"))
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in files
        if path.name != "last_used" and not any(part.startswith("making-") for part in path.parts)
    }


def kill_at_random_points(count: int, raster: Path, start: Callable[..., Running], root: Path, events: int) -> int:
    """Start again and again on the same store, each run killed somewhere; gives how many were.

    A run that gets through leaves nothing to kill, so the next one starts on an empty store.
    """
    choose = random.Random(11)
    killed = 0
    for _ in range(count):
        running = start(raster, root, die_at_event=choose.randint(1, events))
        running.process.join(120)
        report = FeatureStore(root).verify()
        assert report.corrupt == 0
        if running.process.exitcode == ENDED_BY_KILL:
            killed += 1
        else:
            shutil.rmtree(root)
    return killed


@pytest.mark.parametrize("count", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_any_point_and_run_again_gives_the_same_bytes(count, raster, start, tmp_path, undisturbed):
    expected, _, events = undisturbed
    assert kill_at_random_points(count, raster, start, tmp_path / "killed", events // 2) >= count // 2
    assert start(raster, tmp_path / "killed").result()[2] == 0
    assert kept(tmp_path / "killed") == expected


def test_every_early_moment_of_a_new_entry_can_be_the_last(raster, start, tmp_path, undisturbed):
    """Making the entry's own metadata is the part that is done once and has most steps."""
    expected, _, events = undisturbed
    for event in range(1, 14, 3):
        assert event < events
        running = start(raster, tmp_path / "killed", die_at_event=event)
        running.process.join(120)
        assert running.process.exitcode == ENDED_BY_KILL
    assert start(raster, tmp_path / "killed").result()[2] == 0
    assert kept(tmp_path / "killed") == expected


def test_two_processes_share_the_work_and_no_chunk_is_computed_twice(raster, start, tmp_path, undisturbed, processes):
    expected, chunks, _ = undisturbed
    together = processes.Barrier(2)
    running = [start(raster, tmp_path / "shared", together=together) for _ in range(2)]
    results = [one.result() for one in running]
    assert sum(written for written, _, _ in results) == chunks
    assert [missing for _, _, missing in results] == [0, 0]
    assert kept(tmp_path / "shared") == expected


def test_readers_see_whole_chunks_or_none_while_a_writer_is_at_work(raster, start, tmp_path, undisturbed):
    with opened(raster, FeatureStore(tmp_path / "undisturbed")) as features:
        final = {chunk: features.chunk(chunk) for chunk in features.missing(everything(features)) or [RowCol(0, 0)]}
        final |= {chunk: features.chunk(chunk) for chunk in features.layout.chunks_in(everything(features))}
    with opened(raster, FeatureStore(tmp_path / "watched")) as features:
        stored = features.stored
        running = start(raster, tmp_path / "watched")
        seen = set()
        while not running.answer.poll():
            for chunk, whole in final.items():
                found = stored.read(chunk)
                if found is not None:
                    seen.add(chunk)
                    np.testing.assert_array_equal(found.codes, whole.codes)
                    np.testing.assert_array_equal(found.gain, whole.gain)
        assert running.result()[2] == 0
        assert stored.done() == sorted(final)


def test_a_full_disk_stops_the_keeping_and_not_the_work(raster, start, tmp_path, undisturbed):
    expected, chunks, _ = undisturbed
    written, _, missing = start(raster, tmp_path / "full", largest_file=4000).result()
    assert written < chunks
    assert missing > 0
    assert FeatureStore(tmp_path / "full").verify().corrupt == 0
    assert start(raster, tmp_path / "full").result()[2] == 0
    assert kept(tmp_path / "full") == expected


def test_a_store_removed_in_the_middle_is_made_anew(raster, store, monkeypatch):
    write, written = StoredFeatures.write, []

    def remove_before_the_third(self: StoredFeatures, chunk: tuple[int, int], features: FeatureChunk) -> None:
        written.append(chunk)
        if len(written) == 3:
            shutil.rmtree(store.root, ignore_errors=True)
        write(self, chunk, features)

    monkeypatch.setattr(StoredFeatures, "write", remove_before_the_third)
    with opened(raster, store) as features:
        features.compute(everything(features))
        assert features.missing(everything(features)) == sorted(written[:2])
        features.compute(everything(features))
        assert features.missing(everything(features)) == []
    assert store.verify().corrupt == 0


def test_a_raster_that_changes_in_the_middle_leaves_no_chunk_of_the_new_content(raster, store, write_raster):
    other = write_raster(660, 900, "other.tif", hole=(slice(0, 660), slice(0, 450)))
    with opened(raster, store) as features:
        first = features.chunk(RowCol(0, 0))

        def change(done: int, of: int) -> None:
            shutil.copy(other, raster)

        with pytest.raises(InputError, match="changed while it was read"):
            features.compute(everything(features), change)
        kept_before = set(features.layout.chunks_in(everything(features))) - set(features.missing(everything(features)))
    # The change comes with the news of the first chunk of the run; others were on their way, read before it.
    assert 2 <= len(kept_before) < len(features.layout.chunks_in(everything(features)))
    assert len(store.entries()) == 1
    with opened(raster, store) as features:
        assert not features.chunk(RowCol(0, 0)).valid.any()
        assert first.valid.any()
    assert len(store.entries()) == 2


def test_opening_an_entry_makes_it_the_last_to_go(raster, write_raster, store):
    other = write_raster(660, 900, "other.tif")
    for path in (raster, other):
        with opened(path, store) as features:
            features.chunk(RowCol(0, 0))
    for entry in store.entries():
        os.utime(Path(entry.path) / "last_used", (1, 1))
    with opened(raster, store):
        pass
    store.cap_bytes = store.entries()[0].bytes
    store.evict()
    assert [entry.about["raster"] for entry in store.entries()] == [str(raster)]


@pytest.mark.parametrize(
    "problem", [OSError(24, "Too many open files"), OSError(5, "Input/output error"), PermissionError(13, "denied")]
)
def test_a_chunk_that_cannot_be_read_now_is_kept(raster, store, monkeypatch, problem):
    with opened(raster, store) as features:
        features.chunk(RowCol(0, 0))
        folder = features.folder

    def refuse(*_: object) -> None:
        raise problem

    stored = StoredFeatures.existing(folder)
    with monkeypatch.context() as patch:
        patch.setattr(StoredFeatures, "_decoded", refuse)
        assert stored.read(RowCol(0, 0)) is None
        assert store.verify().corrupt == 0
    assert stored.read(RowCol(0, 0)) is not None


def test_a_chunk_is_kept_when_memory_runs_out_and_the_reader_hears_of_it(raster, store, monkeypatch):
    with opened(raster, store) as features:
        features.chunk(RowCol(0, 0))
        folder = features.folder
    stored = StoredFeatures.existing(folder)

    def exhausted(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(StoredFeatures, "_decoded", exhausted)
        with pytest.raises(MemoryError):
            stored.read(RowCol(0, 0))
    assert stored.read(RowCol(0, 0)) is not None
