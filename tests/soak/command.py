"""The command line of both soaks: options, a folder for the run, and the report."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from trial import Report


def run_command(
    soak: Callable[[int, float, int, Path], Report],
    description: str | None,
    *,
    faults: int,
    seconds: float,
    most_faults: int,
    client: str,
) -> int:
    """Read the options, soak, and say what was seen.

    Args:
        soak: takes the number of faults, a limit in seconds, the first seed and an empty folder.
        description: of the command.
        faults: number of faults where none is asked for.
        seconds: limit where none is given.
        most_faults: largest number of faults that may be asked for.
        client: what asked the runtime, as the report says it.

    Returns:
        The exit status: 1 where there was a problem.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=faults)
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not 0 < options.faults <= most_faults:
        parser.error(f"--faults must be from 1 to {most_faults}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="geolangbind-soak-") as folder:
        report = soak(options.faults, options.seconds, options.seed, Path(folder))
    last = options.seed + max(0, report.done - 1)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{report.done} faults in {client}, seeds {options.seed} to {last}, in {time.monotonic() - began:.0f} s "
        f"({used.ru_utime + used.ru_stime:.0f} s of processor time)"
    )
    print(report.table())
    print(f"{report.during} before the request had ended; {report.workers} runtime processes")
    print("requests ended: " + ", ".join(f"{end} {count}" for end, count in sorted(report.ends.items())))
    print("\n".join(report.problems) or f"{client} lived, nothing lost, nothing half-written, no process left")
    return 1 if report.problems else 0
