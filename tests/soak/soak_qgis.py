"""The faults of the soak with the plugin in a real QGIS as the client (``make soak-qgis``).

    .venv/bin/python tests/soak/soak_qgis.py --faults 60 --seconds 800 --seed 1

One QGIS without a window does all requests: a prompt in the dock, land cover from the layer menu, *Prepare a raster* of
the toolbox in its thread, fine-tuning in the dock. The runtime is the real process with the embedded model. After every
fault: QGIS lives, its widgets are idle again and its runtime answers; the result is whole and right, or absent; nothing
half-made lies beside it; no stored chunk is lost; no other process is left. At the end QGIS quits with status 0.
A QGIS that says nothing within the limit has its stacks printed and is ended; nothing here waits without a limit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core"), str(ROOT / "tests" / "soak")]

from qgis_process import QgisGoneError, QgisProcess  # noqa: E402 - after the folders of tests are known
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=800.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not 0 < options.faults <= MOST_FAULTS:
        parser.error(f"--faults must be from 1 to {MOST_FAULTS}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="geolangbind-soak-") as folder:
        report = soak(options.faults, options.seconds, options.seed, Path(folder))
    last = options.seed + max(0, report.done - 1)
    print(f"{report.done} faults in one QGIS, seeds {options.seed} to {last}, in {time.monotonic() - began:.0f} s")
    print(report.table())
    print(f"{report.during} before the request had ended; {report.workers} runtime processes")
    print("requests ended: " + ", ".join(f"{end} {count}" for end, count in sorted(report.ends.items())))
    print("\n".join(report.problems) or "QGIS lived, nothing lost, nothing half-written, no process left")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
