"""Faults at random over highlight, classify, embed and fine-tune (``make soak``): what must hold after every one.

    .venv/bin/python tests/soak/soak.py --faults 1000 --seconds 900 --seed 1

The runtime is killed, its disk fills, rasters vanish or are cut short, the network breaks off, people cancel. After
each: the client lives and the next request is answered; no chunk of features is lost; a result is whole and right, or
absent; nothing half-made lies beside it; no process is left. Two lanes run side by side, each with a folder and runtime
processes of its own, which live on through faults until one kills them. Counts and seeds are printed; ``--seed N
--faults 1`` runs a trial again.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core"), str(ROOT / "tests" / "soak")]

from command import run_command  # noqa: E402 - after the folders of tests are known
from lane import Lane  # noqa: E402
from trial import RASTERS, Report, Trial  # noqa: E402
from workshop import Workshop, pixels  # noqa: E402

from core.context import Context  # noqa: E402
from core.protocol import from_params  # noqa: E402
from core.serve.dispatch import find_task, methods  # noqa: E402

LANES = 2
NUMBER_BYTES = 4
"""Of a trial's number in the pipe that the lanes take them from; the pipe holds 64 KiB."""
MOST_FAULTS = 16_000


def soak(faults: int, seconds: float, seed: int, folder: Path) -> Report:
    """Run so many faults, or as many as fit into the time.

    Args:
        faults: how many.
        seconds: after which no fault begins any more, counted from the end of the preparations.
        seed: of the first trial; each has its own, one higher.
        folder: empty.
    """
    _undisturbed(folder)
    ends_at = time.monotonic() + seconds
    waiting, numbers = os.pipe()
    os.write(numbers, b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in range(faults)))
    os.close(numbers)
    lanes = [_start_lane(folder, lane, _trials(waiting, seed, ends_at)) for lane in range(min(LANES, faults))]
    report = Report()
    for process, answers in lanes:
        with os.fdopen(answers, "rb") as stream:
            content = stream.read()
        os.waitpid(process, 0)
        assert content, "a lane ended without a report, see above"
        report.add(pickle.loads(content))
    return report


def _trials(waiting: int, seed: int, ends_at: float) -> Iterator[Trial]:
    """Yield trials whose numbers no other lane took from the pipe, one at least, until the time is over."""
    while taken := os.read(waiting, NUMBER_BYTES):
        number = int.from_bytes(taken, "big")
        yield Trial.draw(number, seed + number)
        if time.monotonic() > ends_at:
            return


def _undisturbed(folder: Path) -> None:
    """Do everything once, undisturbed, in a process of its own, and import here what that needed.

    What is imported and read here, every runtime forked off has at once. The work itself is not done here: its threads
    would not live on in a forked process, and their locks would stay closed.
    """
    workshop = Workshop(folder / "right")
    wanted = folder / "modules.txt"
    scout = os.fork()
    if not scout:
        _do_all(workshop, wanted)
    os.waitpid(scout, 0)
    assert wanted.is_file(), "the requests do not work at all, see above"
    for name in wanted.read_text().split():
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _do_all(workshop: Workshop, wanted: Path) -> NoReturn:
    try:
        for method in (*RASTERS, "finetune"):
            output = workshop.results / f"{method}{'.tif' if method in RASTERS else ''}"
            params = from_params(methods()[method], workshop.request(method, str(workshop.scene), output))
            find_task(method)(params, Context(models=workshop.models))
        wanted.write_text("\n".join(sorted(sys.modules)))
    except BaseException:
        traceback.print_exc()
    os._exit(0)


def _start_lane(folder: Path, number: int, trials: Iterator[Trial]) -> tuple[int, int]:
    """Start a lane; returns its process and where its report can be read from."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    try:
        os.close(reading)
        workshop = Workshop(folder / f"lane-{number}")
        workshop.expected = {method: pixels(folder / "right" / "results" / f"{method}.tif") for method in RASTERS}
        workshop.read_what_is_kept()
        gc.freeze()  # what is there by now is shared with the runtime processes; collecting would copy it
        with (folder / f"runtime-{number}.log").open("ab") as log:
            report = Lane(workshop, log).run(trials)
        os.write(writing, pickle.dumps(report))
    except BaseException:
        traceback.print_exc()
    os._exit(0)


def main() -> int:
    """Soak, and say what was seen; returns the exit status."""
    return run_command(soak, __doc__, faults=1000, seconds=900.0, most_faults=MOST_FAULTS, client="one client")


if __name__ == "__main__":
    sys.exit(main())
