"""One lane of a soak: trials one after another, on a folder, a file server and runtime processes of its own."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from checks import check_output, check_process, check_reply, check_store, chunks
from trial import RASTERS, Report, Trial
from worker import GoneError, Worker, fork_worker
from workshop import CuttingServer, Workshop, pixels

from core.protocol import Reply

CLEARED_EVERY = 20
"""Trials after which features and results are thrown away, so that the soak needs little space."""
REQUESTS_A_WORKER = 24
"""After so many a runtime process is closed, as QGIS does it, and looked after: it must end and leave nothing."""
REPEATED_EVERY = 5
"""Every so many trials a fresh process does the same request again, from what is kept."""
QUOTAS = (0, 4096, 20_000, 60_000)
"""Bytes that a file may grow to on a full disk."""


class Lane:
    """Runs trials and counts what is seen.

    Args:
        workshop: what is worked on.
        log: file for the stderr of runtime processes.
    """

    def __init__(self, workshop: Workshop, log: Any) -> None:
        self.report = Report()
        self._workshop, self._log = workshop, log
        self._server = CuttingServer(workshop.folder)
        self._worker: Worker | None = None

    def run(self, trials: Iterator[Trial]) -> Report:
        """Run trials until there are no more."""
        try:
            for count, trial in enumerate(trials, 1):
                try:
                    self._run(trial)
                except AssertionError as problem:
                    self.report.problems.append(f"{trial}: {problem}")
                    self._discard()
                self.report.done += 1
                self.report.by_kind[trial.fault, trial.method] += 1
                if count % CLEARED_EVERY == 0:
                    self._clear()
            self._retire()
        finally:
            self._discard()
            self._server.close()
        return self.report

    def _run(self, trial: Trial) -> None:
        workshop, chance = self._workshop, random.Random(trial.seed + 1_000_003)
        scene = workshop.copy_of_scene(trial.number)
        raster = f"{self._server.address}/{scene.name}" if trial.fault == "network cut" else str(scene)
        output = self._output(trial)
        worker = self._ready_worker()
        if chance.random() < 0.5 and trial.fault != "network cut":  # half of the time features are there already
            worker.reply(worker.ask("embed", workshop.request("embed", str(scene), scene)))
        before = chunks(workshop)
        strike = self._fault(trial, chance, worker, scene)
        struck = trial.moment == 0 and trial.fault != "cancelled"
        if struck:
            strike(0)
        number = worker.ask(trial.method, workshop.request(trial.method, raster, output))

        def on_message(count: int) -> None:
            nonlocal struck
            if not struck and count >= trial.moment:
                struck = True
                strike(number)

        on_message(0)
        try:
            reply: Reply | None = worker.reply(number, on_message)
        except GoneError:
            reply = None
        self.report.during += struck
        if not struck:  # the request was faster; the fault comes after it
            strike(number)
        self._server.mend()
        self.report.ends["killed" if reply is None else "done" if reply.error is None else reply.error.code] += 1
        check_reply(trial, reply)
        if reply is None or trial.fault == "worker killed":
            self._bury()
        else:
            worker.limit_files(None)
            check_process(worker)
        check_output(trial, workshop, output, reply)
        check_store(trial, workshop, before)
        self._repeat(trial, scene)
        scene.unlink(missing_ok=True)

    def _fault(self, trial: Trial, chance: random.Random, worker: Worker, scene: Path) -> Callable[[int], object]:
        """Returns what goes wrong, as a function of the number of the request that it befalls."""
        quota, share, answers = chance.choice(QUOTAS), chance.random(), chance.randrange(3)
        size = scene.stat().st_size
        return {
            "worker killed": lambda number: worker.kill(),
            "cancelled": lambda number: worker.ask("cancel", {"request": number}),
            "disk full": lambda number: worker.limit_files(quota),
            "raster removed": lambda number: scene.unlink(missing_ok=True),
            "file truncated": lambda number: os.truncate(scene, int(size * share)),
            "network cut": lambda number: self._server.cut_after(answers),
            "chunk damaged": lambda number: self._damage(chance),
        }[trial.fault]

    def _damage(self, chance: random.Random) -> None:
        """Cut a stored chunk short."""
        files = sorted(path for path in (self._workshop.folder / "features").glob("*/*/*/c/**/*") if path.is_file())
        if files:
            chosen = chance.choice(files)
            os.truncate(chosen, int(chosen.stat().st_size * chance.random()))

    def _repeat(self, trial: Trial, scene: Path) -> None:
        """Now and then: a process, a fresh one where there was none, does the same request right."""
        if trial.number % REPEATED_EVERY or trial.method not in RASTERS:
            return
        shutil.copyfile(self._workshop.scene, scene)
        worker = self._ready_worker()
        output = self._workshop.results / f"{trial.number}-again.tif"
        reply = worker.reply(worker.ask(trial.method, self._workshop.request(trial.method, str(scene), output)))
        assert reply.error is None, f"the next request fails: {reply.error}"
        found = pixels(output)
        right = self._workshop.expected[trial.method]
        assert np.array_equal(found, right, equal_nan=found.dtype.kind == "f"), "the next result is wrong"

    def _output(self, trial: Trial) -> Path:
        return self._workshop.results / f"{trial.number}{'.tif' if trial.method in RASTERS else ''}"

    def _ready_worker(self) -> Worker:
        if self._worker is not None and self._worker.asked > REQUESTS_A_WORKER:
            self._retire()
        if self._worker is None:
            self._worker = fork_worker(self._workshop.models, self._log)
            self.report.workers += 1
        return self._worker

    def _retire(self) -> None:
        """Close the process as QGIS does; it must end and leave no other."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
            assert not worker.has_orphans(), "a process is left"

    def _bury(self) -> None:
        """Take note of the end of a killed process; it must leave no other."""
        worker, self._worker = self._worker, None
        assert worker is not None
        worker.wait()
        assert not worker.has_orphans(), "a process is left"

    def _discard(self) -> None:
        """End the process after a problem, whatever it is at."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            worker.wait()

    def _clear(self) -> None:
        self._workshop.store.clear()
        for path in self._workshop.results.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
