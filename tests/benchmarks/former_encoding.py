"""Dense encoding by this code and its embedded model, and by those of an earlier commit, in one run.

    python tests/benchmarks/former_encoding.py [COMMIT] [--threads 1] [--rounds 9]

Code and weights of the commit are taken out of the repository into a temporary folder. Each code runs in a process of
its own, and both take turns within a round, so that whatever else the computer does falls on both. Reported are the
medians of all rounds: pixels that go through the model a second of wall-clock time and of processor time, and the same
for pixels of a raster as large as a Sentinel-2 granule, whose windows overlap.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from recognition import ROOT, code_of

FORMER = "8b524d9^"
"""The last commit whose embedded model is the vision transformer."""
GRANULE = 10980
CHILD = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, sys.argv[1])
threads, windows, granule = (int(value) for value in sys.argv[2:])
import inspect, torch
from core.dense.encode import DenseEncoder
from core.model import load_model
from core.spectral.sensors import get_sensor

torch.set_num_threads(threads)
bands = get_sensor("sentinel2_l2a").bands.select(("B04", "B03", "B02"))
takes_bands = "bands" in inspect.signature(DenseEncoder).parameters
encoder = DenseEncoder(load_model("geolb-tiny", device="cpu"), bands if takes_bands else bands.wavelengths_um)
plan = encoder.plan(granule, granule)
side = plan.window_pixels
images = torch.rand(windows, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
separate = getattr(encoder, "separate", False)
begin = (lambda: torch.set_num_threads(1)) if separate else None
with ThreadPoolExecutor(threads if separate else 1, initializer=begin) as pool:
    def once():
        for _ in pool.map(encoder.encode, images.split(1) if separate else [images]):
            pass
    once()
    once()
    covered = len(plan.tiles.rows) * len(plan.tiles.columns) * side**2 / granule**2
    about = {"side": side, "precision": encoder.label.split()[-1], "encoded a pixel": covered}
    print(json.dumps(about), flush=True)
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        once()
        taken = time.perf_counter() - wall, time.process_time() - processor
        print(json.dumps([windows * side**2 / 1e6 / seconds for seconds in taken]), flush=True)
"""


class Code:
    """One code and its model in a process of its own, ready to encode.

    Args:
        folder: of the code.
        threads: torch's, or where windows are encoded one by one as many at a time.
        windows: encoded in a round.

    Attributes:
        about: side of a window, precision, and how many pixels are encoded for a pixel of a granule.
        rates: (Mpixel/s of wall-clock time, of processor time) of every round.
    """

    def __init__(self, folder: Path, threads: int, windows: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), str(threads), str(windows), str(GRANULE)],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )  # fmt: skip
        self.about: dict[str, Any] = self._answer()
        self.rates: list[tuple[float, float]] = []

    def run(self) -> None:
        """Encode the windows once."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        wall, processor = self._answer()
        self.rates.append((wall, processor))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"A process ended with status {self._process.wait()}; its messages are above.")
        return json.loads(line)


def main() -> None:
    """Measure and print one line a code, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", nargs="?", default=FORMER, help="whose code is compared with (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of each process (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="turns of both (default: %(default)s)")
    parser.add_argument("--windows", type=int, default=4, help="encoded in a turn (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        former = Code(code_of(options.commit, Path(folder) / "former"), options.threads, options.windows)
        present = Code(ROOT, options.threads, options.windows)
        for _ in range(options.rounds):
            former.run()
            present.run()
        former.close()
        present.close()
    for name, code in ((options.commit, former), ("this code", present)):
        wall, processor = _medians(code)
        print(
            f"{name}: {wall:.3f} Mpixel/s of wall-clock time, {processor:.3f} of processor time "
            f"({code.about['precision']}, windows of {code.about['side']} pixels, "
            f"{code.about['encoded a pixel']:.2f} pixels encoded a pixel of a granule)"
        )
    less = former.about["encoded a pixel"] / present.about["encoded a pixel"]
    for kind, before, now in zip(("wall-clock", "processor"), _medians(former), _medians(present), strict=True):
        print(f"ratio by {kind} time: {now / before:.2f} of encoded pixels, {now / before * less:.2f} of raster pixels")
    per_round = sorted(now[1] / before[1] for before, now in zip(former.rates, present.rates, strict=True))
    print(f"ratio by processor time, round by round: {', '.join(f'{value:.2f}' for value in per_round)}")


def _medians(code: Code) -> tuple[float, float]:
    wall, processor = zip(*code.rates, strict=True)
    return statistics.median(wall), statistics.median(processor)


if __name__ == "__main__":
    main()
