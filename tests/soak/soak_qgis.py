"""The faults of the soak with the plugin in a real QGIS as the client (``make soak-qgis``).

    .venv/bin/python tests/soak/soak_qgis.py --faults 60 --seconds 800 --seed 1

One QGIS without a window does all requests: a prompt in the dock, land cover from the layer menu, *Prepare a raster* of
the toolbox in its thread, fine-tuning in the dock. The runtime is the real process with the embedded model. After every
fault: QGIS lives, its widgets are idle again and its runtime answers; the result is whole and right, or absent; nothing
half-made lies beside it; no stored chunk is lost; no other process is left. At the end QGIS quits with status 0.
A QGIS that says nothing within the limit has its stacks printed and is ended; nothing here waits without a limit.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core"), str(ROOT / "tests" / "soak")]

from command import run_command  # noqa: E402 - after the folders of tests are known
from qgis_process import QgisGoneError, QgisProcess  # noqa: E402
from qgis_trials import QgisTrials  # noqa: E402
from trial import Report, Trial  # noqa: E402
from workshop import CuttingServer, Workshop  # noqa: E402

MOST_FAULTS = 1000


def soak(faults: int, seconds: float, seed: int, folder: Path) -> Report:
    """Run so many faults, or as many as fit into the time, in one QGIS.

    Args:
        faults: how many.
        seconds: after which no fault begins any more, counted from the first.
        seed: of the first trial; each has its own, one higher.
        folder: empty.
    """
    report = Report()
    workshop = Workshop(folder / "work")
    server = CuttingServer(workshop.folder)
    qgis = QgisProcess(folder)
    try:
        trials = QgisTrials(workshop, server, qgis, report)
        trials.learn_what_is_right()
        ends_at = time.monotonic() + seconds
        for number in range(faults):
            trial = Trial.draw(number, seed + number)
            try:
                trials.run(trial)
            except AssertionError as problem:
                report.problems.append(f"{trial}: {problem}")
            report.done += 1
            report.by_kind[trial.fault, trial.method] += 1
            if time.monotonic() > ends_at:
                break
        qgis.quit()
        report.problems += qgis.complaints()
    except QgisGoneError as problem:
        report.problems.append(f"after {report.done} faults: {problem}")
    finally:
        qgis.kill()
        server.close()
    return report


def main() -> int:
    """Soak, and say what was seen; returns the exit status."""
    return run_command(soak, __doc__, faults=60, seconds=800.0, most_faults=MOST_FAULTS, client="one QGIS")


if __name__ == "__main__":
    sys.exit(main())
