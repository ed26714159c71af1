"""Dask's scheduler and workers as processes of their own on two addresses; a worker and the scheduler are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dask
import distributed
import numpy as np
import pytest

from core.archive import parts
from core.archive.embed import cluster, embed_archive
from core.archive.scenes import scenes_of
from core.context import Context
from core.dense.store import FeatureStore

ROOT = Path(__file__).resolve().parents[3]
HOSTS = ("127.0.0.1", "127.0.0.2")


class Processes:
    """A scheduler and a worker on each address, all of them processes of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self.address = f"tcp://{HOSTS[0]}:{_free_port()}"
        port = self.address.rpartition(":")[2]
        self.scheduler = self._start("dask_scheduler", "--host", HOSTS[0], "--port", port, "--no-dashboard")
        options = ["--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(folder)]
        self.workers = {
            host: self._start("dask_worker", self.address, "--host", host, *options, "--death-timeout", "60")
            for host in HOSTS
        }

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
            cwd=self._folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((HOSTS[0], 0))
        return int(listening.getsockname()[1])


@pytest.fixture
def processes(tmp_path, monkeypatch) -> Iterator[Processes]:
    (tmp_path / "dask").mkdir()
    started = Processes(tmp_path / "dask")
    with dask.config.set({"distributed.comm.timeouts.connect": "3s"}):
        yield started
    started.end()


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "PART_WINDOWS", 1)


def contents(store: FeatureStore) -> dict[tuple[str, tuple[int, int]], bytes]:
    """Bytes of every chunk of a store by entry and chunk."""
    found = {}
    for entry in store.entries():
        stored = store.existing(entry.digest)
        for chunk in stored.done():
            read = stored.read(chunk)
            values = (read.codes, read.gain, read.inverse_norm, read.background)
            found[(entry.digest, chunk)] = b"".join(np.ascontiguousarray(value).tobytes() for value in values)
    return found


@pytest.mark.slow
def test_a_killed_worker_and_a_killed_scheduler_lose_nothing(archive, jobs_of, cache, tmp_path, processes, monkeypatch):
    scenes = scenes_of(str(archive / "a"))
    expected_cache = tmp_path / "expected"
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(expected_cache))
    embed_archive([replace(job, store=str(expected_cache)) for job in jobs_of(*scenes)])
    expected = contents(FeatureStore(expected_cache))

    killed: list[str] = []

    def harm(fraction: float, message: str) -> None:
        """Kill a worker after the first part that is done, the scheduler after the second."""
        if not killed:
            os.kill(processes.workers[HOSTS[1]].pid, signal.SIGKILL)
            killed.append("worker")
        elif killed == ["worker"]:
            os.kill(processes.scheduler.pid, signal.SIGKILL)
            killed.append("scheduler")

    with distributed.Client(processes.address, timeout=120) as waiting:
        waiting.wait_for_workers(2, timeout=120)
    with cluster(processes.address, 0) as client:
        hosts = {info["host"] for info in client.scheduler_info()["workers"].values()}
        assert hosts == set(HOSTS)
        report = embed_archive(jobs_of(*scenes), client, Context(progress=harm))
    assert killed
    if "scheduler" in killed:
        assert all("run it again" in sentence for sentence in report.failed.values())
    # What was kept is whole, and running again does the rest; the bytes are those of one undisturbed process.
    store = FeatureStore(cache)
    assert store.verify().corrupt == 0
    kept = contents(store)
    assert kept.items() <= expected.items()
    assert embed_archive(jobs_of(*scenes)).chunks_computed == len(expected) - len(kept)
    assert contents(store) == expected
