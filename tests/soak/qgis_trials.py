"""Trials in QGIS: what is asked of it, what befalls it, and what must hold afterwards."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from checks import MODEL_FILES, check_store, chunks
from numpy.typing import NDArray
from qgis_process import QgisProcess
from trial import RASTERS, Report, Trial
from workshop import CuttingServer, Workshop, pixels

QUOTAS = (0, 4096, 20_000, 60_000)
"""Bytes that a file may grow to on a full disk."""
REPEATED_EVERY = 5
"""Every so many trials the same request is made again, undisturbed."""
STEPS = 6
SCORE_TOLERANCE = 0.02
"""Torch, which answers until the compiled kernels are ready, may round to other steps than they do."""
CODES_APART = 1e-3
"""Share of pixels whose class may be another one, where two are equally likely."""
ERRORS_OF = {
    "worker killed": {"memory", "runtime"},
    "cancelled": {"cancelled"},
    "chunk damaged": set(),
}
"""Codes of errors that a fault may lead to; any but "unexpected" where it is not here."""


def _alike(found: NDArray[Any], right: NDArray[Any]) -> bool:
    """Whether two results differ by no more than rounding, as kernels that are ready later than others do."""
    if found.shape != right.shape:
        return False
    if found.dtype.kind == "f":
        return bool(np.allclose(found, right, atol=SCORE_TOLERANCE, equal_nan=True))
    return bool((found != right).mean() < CODES_APART)


class QgisTrials:
    """Runs trials in one QGIS.

    Args:
        workshop: scene, labels, models and results.
        server: where rasters over the network come from.
        qgis: at work.
        report: counts are put here.
    """

    def __init__(self, workshop: Workshop, server: CuttingServer, qgis: QgisProcess, report: Report) -> None:
        self._workshop, self._server, self._qgis, self._report = workshop, server, qgis, report
        self._models = workshop.folder / "home" / "models"
        shutil.copytree(workshop.folder / "start", self._models / "start")
        self._runtimes: set[int] = set()

    def learn_what_is_right(self) -> None:
        """Make each request undisturbed and keep its pixels."""
        for method in (*RASTERS, "embed"):
            answer = self._ask(method, self._workshop.scene, str(self._workshop.scene), f"first-{method}")
            assert answer["end"] == "done", f"{method} does not work at all: {answer}"
            if method in RASTERS:
                self._workshop.expected[method] = pixels(Path(answer["output"]))
        self._clear_results()

    def run(self, trial: Trial) -> None:
        """Run one trial.

        Raises:
            AssertionError: something does not hold.
            QgisGoneError: QGIS ended or hangs.
        """
        workshop, chance = self._workshop, random.Random(trial.seed + 1_000_003)
        scene = workshop.copy_of_scene(trial.number)
        raster = f"/vsicurl/{self._server.address}/{scene.name}" if trial.fault == "network cut" else str(scene)
        if chance.random() < 0.5 and trial.fault != "network cut":  # half of the time features are there already
            self._ask("embed", scene, str(scene), "before")
        before = chunks(workshop)
        name = f"model-{trial.number}"
        try:
            answer = self._ask(trial.method, scene, raster, name, trial=trial, chance=chance)
            self._report.during += bool(answer.get("during"))
            self._report.ends[answer.get("end") or "no end"] += 1
            self._check(trial, answer, self._models / name)
            check_store(trial, workshop, before)
            if trial.number % REPEATED_EVERY == 0:
                self._repeat(trial, scene)
        finally:
            scene.unlink(missing_ok=True)
            self._clear_results()
            shutil.rmtree(self._models / name, ignore_errors=True)

    def _ask(
        self,
        method: str,
        scene: Path,
        raster: str,
        name: str,
        *,
        trial: Trial | None = None,
        chance: random.Random | None = None,
    ) -> dict[str, Any]:
        """Let QGIS make a request, disturbed where there is a trial."""
        drawn = chance or random.Random(0)
        share = drawn.random()
        answer = self._qgis.do({
            "method": method,
            "fault": trial.fault if trial else "",
            "moment": trial.moment if trial else 0,
            "scene": str(scene),
            "raster": raster,
            "results": str(self._workshop.results),
            "features": str(self._workshop.folder / "features"),
            "labels": str(self._workshop.folder / "labels.gpkg"),
            "switch": str(self._workshop.folder / "cut-after"),
            "model": "start" if method == "finetune" else "geolb-tiny",
            "name": name,
            "steps": STEPS,
            "quota": drawn.choice(QUOTAS),
            "share": share,
            "bytes": int(scene.stat().st_size * share),
            "answers": drawn.randrange(3),
        })  # fmt: skip
        assert not answer["late"], f"{answer['late']}; {answer}"
        if answer["runtime"]:
            self._runtimes.add(answer["runtime"])
            self._report.workers = len(self._runtimes)
        return answer

    def _check(self, trial: Trial, answer: dict[str, Any], model: Path) -> None:
        """Look at the answer, the results and the processes."""
        assert not answer["modal"], f"windows ask a person: {answer['modal']}"
        codes = {error.split(":")[0] for error in answer["errors"]}
        assert "unexpected" not in codes, f"no sentence for people: {answer['errors']}"
        allowed = ERRORS_OF.get(trial.fault)
        assert allowed is None or codes <= allowed, f"errors that {trial.fault} does not lead to: {answer['errors']}"
        assert "Traceback" not in str(answer["message"]), answer["message"]
        assert answer["end"] != "cancelled" or trial.fault == "cancelled", "nobody cancelled"
        assert answer["end"] == "done" or answer["message"], "it failed without a word"
        if trial.method in RASTERS:
            self._check_raster(trial, answer)
        if trial.method == "finetune":
            whole = all((model / name).is_file() for name in MODEL_FILES)
            assert whole or not model.exists(), f"half a model: {sorted(path.name for path in model.iterdir())}"
            assert whole or answer["end"] != "done", "it says that it is done, but there is no model"
            assert answer["end"] == "done" or not whole or trial.fault == "worker killed", "it failed with a model"
        others = self._qgis.others(answer["runtime"])
        assert not others, f"processes are left: {others}"

    def _check_raster(self, trial: Trial, answer: dict[str, Any]) -> None:
        """A result is whole and right, or absent; of a failed request no folder is left."""
        if answer["end"] != "done":
            left = [path.name for path in self._workshop.results.iterdir()]
            assert not left, f"of a failed request this is left: {left}"
            return
        output = Path(answer["output"])
        assert output.is_file(), "it says that it is done, but there is no result"
        hidden = [path.name for path in self._workshop.results.rglob(".*")]
        assert not hidden, f"half-made things lie there: {hidden}"
        try:
            found = pixels(output)
        except Exception as problem:
            raise AssertionError(f"the result is half-written: {problem}") from problem
        right = self._workshop.expected[trial.method]
        same = _alike(found, right)
        assert same or trial.fault == "file truncated", "the result is another than without the fault"

    def _repeat(self, trial: Trial, scene: Path) -> None:
        """Make the same request again, undisturbed: it is answered right."""
        self._clear_results()
        shutil.copyfile(self._workshop.scene, scene)
        answer = self._ask(trial.method, scene, str(scene), f"again-{trial.number}")
        assert answer["end"] == "done", f"the next request fails: {answer}"
        if trial.method in RASTERS:
            found = pixels(Path(answer["output"]))
            assert _alike(found, self._workshop.expected[trial.method]), "the next result is wrong"

    def _clear_results(self) -> None:
        for path in self._workshop.results.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
