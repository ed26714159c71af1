"""Faults at random over highlight, classify, embed and fine-tune (``make soak``): what must hold after every one.

    .venv/bin/python tests/soak/soak.py --faults 1000 --seconds 900 --seed 1

The runtime is killed, its disk fills, rasters vanish or are cut short, the network breaks off, people cancel. After
each: the client lives and the next request is answered; no chunk of features is lost; a result is whole and right, or
absent; nothing half-made lies beside it; no process is left. Counts and seeds are printed, so that a failure can be run
again.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core"), str(ROOT / "tests" / "soak")]

import numpy as np  # noqa: E402 - after the folders of tests are known
from worker import GoneError, Worker, fork_worker  # noqa: E402
from workshop import CuttingServer, Workshop, chosen_method, pixels  # noqa: E402

from core.context import Context  # noqa: E402
from core.protocol import Reply, from_params  # noqa: E402
from core.serve.dispatch import find_task, methods  # noqa: E402

FAULTS = ("worker killed", "cancelled", "disk full", "raster removed", "file truncated", "network cut", "chunk damaged")
RASTERS = ("highlight", "classify")
"""Methods whose result is a raster."""
CLEARED_EVERY = 40
"""Trials after which features and results are thrown away, so that the soak needs little space."""


@dataclass
class Trial:
    """One request and what befalls it.

    Attributes:
        number: from 0.
        seed: of its chances.
        method: asked for.
        fault: what goes wrong.
        moment: after how many notifications; 0 for before the request.
    """

    number: int
    seed: int
    method: str
    fault: str
    moment: int

    @classmethod
    def draw(cls, number: int, seed: int) -> Trial:
        chance = random.Random(seed)
        method = chosen_method(chance)
        fault = chance.choice(FAULTS)
        return cls(number, seed, method, fault, chance.choice((0, 1, 1, 2, 3, 5)))

    def __str__(self) -> str:
        return f"trial {self.number}, seed {self.seed}: {self.fault} after {self.moment} messages of {self.method}"


@dataclass
class Report:
    """What a soak saw.

    Attributes:
        done: how many faults there were.
        by_kind: faults by kind and method.
        ends: how requests ended.
        problems: sentences with the trial and its seed; empty where all held.
    """

    done: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def soak(faults: int, seconds: float, seed: int, folder: Path, say: Callable[[str], None] = print) -> Report:
    """Run so many faults, or as many as fit into the time.

    Args:
        faults: how many.
        seconds: at most.
        seed: of the first trial; each has its own, one higher.
        folder: empty.
        say: told the progress now and then.
    """
    began, report = time.monotonic(), Report()
    workshop = Workshop(folder)
    server = CuttingServer(folder)
    with (folder / "runtime.log").open("ab") as log:
        try:
            _learn_what_is_right(workshop)
            for number in range(faults):
                if time.monotonic() - began > seconds:
                    break
                trial = Trial.draw(number, seed + number)
                try:
                    _run(trial, workshop, server, log, report)
                except AssertionError as problem:
                    report.problems.append(f"{trial}: {problem}")
                report.done += 1
                report.by_kind[trial.fault] += 1
                if (number + 1) % CLEARED_EVERY == 0:
                    _clear(workshop)
                    say(f"{report.done} faults in {time.monotonic() - began:.0f} s, {len(report.problems)} problems")
        finally:
            server.close()
    return report


def _learn_what_is_right(workshop: Workshop) -> None:
    """Do everything once, undisturbed, in a process of its own, and import here what that needed.

    What is imported here, every runtime forked off has at once. The work itself is not done here: its threads would
    not live on in a forked process, and their locks would stay closed.
    """
    wanted = workshop.folder / "modules.txt"
    scout = os.fork()
    if not scout:
        _do_all(workshop, wanted)
    os.waitpid(scout, 0)
    assert wanted.is_file(), "the requests do not work at all, see above"
    for name in wanted.read_text().split():
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for method in RASTERS:
        workshop.expected[method] = pixels(workshop.results / f"right-{method}.tif")


def _do_all(workshop: Workshop, wanted: Path) -> NoReturn:
    try:
        for method in (*RASTERS, "finetune"):
            output = workshop.results / f"right-{method}{'.tif' if method in RASTERS else ''}"
            params = from_params(methods()[method], workshop.request(method, str(workshop.scene), output))
            find_task(method)(params, Context(models=workshop.models))
        wanted.write_text("\n".join(sorted(sys.modules)))
    except BaseException:
        traceback.print_exc()
    os._exit(0)


def _run(trial: Trial, workshop: Workshop, server: CuttingServer, log: Any, report: Report) -> None:
    chance = random.Random(trial.seed + 1_000_003)
    scene = workshop.copy_of_scene(trial.number)
    raster = f"{server.address}/{scene.name}" if trial.fault == "network cut" else str(scene)
    ending = ".tif" if trial.method in RASTERS else ""
    output = workshop.results / f"{trial.number}{ending}"
    if chance.random() < 0.5 and trial.fault != "network cut":  # half of the time features are there already
        _embed(workshop, scene, log)
    before = _chunks(workshop)
    quota = chance.choice((0, 4096, 60_000, 200_000)) if trial.fault == "disk full" else None
    worker = fork_worker(workshop.models, log, file_bytes=quota)
    what = _harm(trial, chance, worker, scene, workshop, server)
    struck: list[int] = []

    def harm(count: int) -> None:
        if count == trial.moment and not struck:
            struck.append(count)
            what()

    harm(0)
    number = worker.ask(trial.method, workshop.request(trial.method, raster, output))
    if trial.moment == 0 and trial.fault == "cancelled":
        worker.ask("cancel", {"request": number})
    try:
        reply: Reply | None = worker.reply(number, harm)
    except GoneError:
        reply = None
    if not struck:  # the request was faster; the fault comes after it
        harm(trial.moment)
    server.mend()
    report.ends["killed" if reply is None else "done" if reply.error is None else reply.error.code] += 1
    _check_reply(trial, reply)
    if reply is not None and trial.fault != "worker killed":
        _check_answers(worker)
        worker.close()
    else:
        os.waitpid(worker.process, 0)
        os.close(worker.requests)
        os.close(worker.answers)
    assert not worker.has_orphans(), "a process is left"
    _check_output(trial, workshop, output, reply)
    _check_store(trial, workshop, before)
    _check_next(trial, workshop, scene, log)
    scene.unlink(missing_ok=True)


def _embed(workshop: Workshop, scene: Path, log: Any) -> None:
    worker = fork_worker(workshop.models, log)
    worker.reply(worker.ask("embed", workshop.request("embed", str(scene), scene)))
    worker.close()


def _harm(
    trial: Trial, chance: random.Random, worker: Worker, scene: Path, workshop: Workshop, server: CuttingServer
) -> Callable[[], None]:
    """What goes wrong, as something to do."""
    if trial.fault == "worker killed":
        return worker.kill
    if trial.fault == "cancelled":
        return lambda: worker.ask("cancel", {"request": 1}) and None
    if trial.fault == "raster removed":
        return lambda: scene.unlink(missing_ok=True)
    if trial.fault == "file truncated":
        size = int(scene.stat().st_size * chance.random())
        return lambda: os.truncate(scene, size) if scene.exists() else None
    if trial.fault == "network cut":
        return lambda: server.cut_after(chance.randrange(3))
    if trial.fault == "chunk damaged":
        return lambda: _damage(workshop, chance)
    return lambda: None  # the disk is full from the start


def _damage(workshop: Workshop, chance: random.Random) -> None:
    """Cut a stored chunk short."""
    files = sorted(path for path in (workshop.folder / "features").glob("*/*/*/c/**/*") if path.is_file())
    if files:
        chosen = chance.choice(files)
        os.truncate(chosen, int(chosen.stat().st_size * chance.random()))


def _chunks(workshop: Workshop) -> set[tuple[str, tuple[int, int]]]:
    """The chunks that are whole."""
    store = workshop.store
    entries = [(entry.digest, store.existing(entry.digest)) for entry in store.entries()]
    return {(digest, chunk) for digest, stored in entries if stored is not None for chunk in stored.done()}


def _check_reply(trial: Trial, reply: Reply | None) -> None:
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


def _check_answers(worker: Worker) -> None:
    """The same process answers the next request."""
    reply = worker.reply(worker.ask("ping", {}))
    assert reply.error is None, f"it does not answer: {reply.error}"


def _check_output(trial: Trial, workshop: Workshop, output: Path, reply: Reply | None) -> None:
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
        whole = all((output / name).is_file() for name in ("config.json", "model.safetensors", "card.json"))
        assert whole or not output.exists(), f"half a model: {sorted(path.name for path in output.iterdir())}"
        assert whole or not succeeded, "it says that it is done, but there is no model"
    if reply is not None:
        left = [path.name for path in workshop.results.iterdir() if path.name.startswith(".")]
        assert not left, f"half-made things lie there: {left}"
    for path in workshop.results.iterdir():  # what a killed process was at may lie there, hidden, until it is cleared
        if path.name.startswith("."):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _check_store(trial: Trial, workshop: Workshop, before: set[tuple[str, tuple[int, int]]]) -> None:
    store = workshop.store
    if trial.fault != "chunk damaged":
        assert before <= _chunks(workshop), f"{len(before - _chunks(workshop))} chunks are lost"
        assert store.verify().corrupt == 0, "a chunk is damaged"
    else:
        store.verify()


def _check_next(trial: Trial, workshop: Workshop, scene: Path, log: Any) -> None:
    """A fresh process does the same request right, from what is kept."""
    if trial.number % 5 or trial.method not in RASTERS:
        return
    shutil.copyfile(workshop.scene, scene)
    worker = fork_worker(workshop.models, log)
    output = workshop.results / f"{trial.number}-again.tif"
    reply = worker.reply(worker.ask(trial.method, workshop.request(trial.method, str(scene), output)))
    assert reply.error is None, f"the next request fails: {reply.error}"
    found = pixels(output)
    assert np.array_equal(found, workshop.expected[trial.method], equal_nan=found.dtype.kind == "f"), "then it is wrong"
    worker.close()


def _clear(workshop: Workshop) -> None:
    workshop.store.clear()
    for path in workshop.results.iterdir():
        if not path.name.startswith("right-"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def main() -> int:
    """Soak, and say what was seen; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=900.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="geolangbind-soak-") as folder:
        report = soak(options.faults, options.seconds, options.seed, Path(folder))
    last = options.seed + max(0, report.done - 1)
    print(f"{report.done} faults, seeds {options.seed} to {last}")
    print(", ".join(f"{kind}: {count}" for kind, count in sorted(report.by_kind.items())))
    print("requests ended: " + ", ".join(f"{end} {count}" for end, count in sorted(report.ends.items())))
    print("\n".join(report.problems) or "nothing lost, nothing half-written, no process left")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
