"""An archive is embedded whatever happens to single scenes and workers, and never twice."""

from __future__ import annotations

import os
import shutil
import signal
import sys

import distributed
import pytest

from core.archive import parts
from core.archive.embed import cluster, default_workers, embed_archive
from core.archive.scenes import scenes_of
from core.context import Context
from core.dense.store import FeatureStore
from core.errors import CancelledError, InputError
from core.model.devices import ComputeDevice
from core.progress import CancelToken


@pytest.fixture
def small_parts(monkeypatch):
    """One chunk a part, so that small scenes have many."""
    monkeypatch.setattr(parts, "PART_WINDOWS", 1)


def test_a_scene_that_fails_is_reported_and_the_rest_done(archive, jobs_of, cache):
    report = embed_archive(jobs_of(*scenes_of(str(archive))))
    assert report.scenes == 4
    assert [os.path.basename(path) for path in report.failed] == ["broken.tif"]
    assert "broken.tif" in next(iter(report.failed.values()))
    assert report.chunks_computed == report.chunks > 0
    assert len(FeatureStore(cache).entries()) == 3


def test_a_second_run_computes_only_what_is_missing(archive, jobs_of, cache):
    scenes = scenes_of(str(archive / "a"))
    first = embed_archive(jobs_of(*scenes))
    assert embed_archive(jobs_of(*scenes)).chunks_computed == 0
    store = FeatureStore(cache)
    doomed = store.entries()[0]
    shutil.rmtree(doomed.path)
    assert embed_archive(jobs_of(*scenes)).chunks_computed == doomed.chunks_done
    assert first.chunks_computed == sum(entry.chunks_done for entry in store.entries())


def test_a_stopped_run_keeps_what_it_has(archive, jobs_of, small_parts):
    scenes = scenes_of(str(archive / "a"))
    token = CancelToken()
    with pytest.raises(CancelledError):
        embed_archive(jobs_of(*scenes), context=Context(progress=lambda *_: token.cancel(), cancel=token))
    report = embed_archive(jobs_of(*scenes))
    assert 0 < report.chunks_computed < report.chunks


def test_the_fraction_done_ends_at_one(archive, jobs_of, small_parts):
    fractions = []
    context = Context(progress=lambda fraction, message: fractions.append(fraction))
    embed_archive(jobs_of(*scenes_of(str(archive / "a"))), context=context)
    assert fractions[-1] == 1.0
    assert all(0 < fraction <= 1 for fraction in fractions)


def test_two_workers_do_it_all_although_one_is_killed(archive, jobs_of, cache):
    scenes = scenes_of(str(archive))
    environment = dict(os.environ)
    with cluster("local", 2) as owner, cluster(owner.scheduler.address, 0) as client:
        workers = client.run(os.getpid)
        assert len(set(workers.values())) == 2
        killed = []

        def kill_one(fraction: float, message: str) -> None:
            if not killed:
                killed.append(next(iter(workers.values())))
                os.kill(killed[0], signal.SIGKILL)

        report = embed_archive(jobs_of(*scenes), client, Context(progress=kill_one))
    assert killed
    assert dict(os.environ) == environment
    assert [os.path.basename(path) for path in report.failed] == ["broken.tif"]
    store = FeatureStore(cache)
    assert [entry.chunks_done for entry in store.entries()] == [entry.chunks for entry in store.entries()]
    assert len(store.entries()) == 3
    assert store.verify().corrupt == 0
    assert embed_archive(jobs_of(*scenes)).chunks_computed == 0


def test_a_scheduler_that_is_not_there_is_one_plain_sentence(monkeypatch):
    def refuse(address: str, **options: object) -> None:
        raise OSError("Timed out trying to connect")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(InputError, match="does not answer"), cluster("tcp://127.0.0.1:9", 0):
        pass


def test_without_a_cluster_nothing_of_dask_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with cluster(None, 1) as client:
        assert client is None


@pytest.mark.parametrize(
    ("cores", "gib", "kind", "workers"),
    [(2, 64, "cpu", 0), (8, 64, "cpu", 8), (8, 13, "cpu", 4), (8, 6, "cpu", 0), (8, 64, "cuda", 0)],
)
def test_a_local_cluster_is_the_default_where_there_are_cores_and_memory(cores, gib, kind, workers, monkeypatch):
    chosen = ComputeDevice(kind, "float32", "any", memory_bytes=gib * 2**30)
    monkeypatch.setattr("core.model.devices.choose_device", lambda device: chosen)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    assert default_workers("auto") == workers
