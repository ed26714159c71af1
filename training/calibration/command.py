"""Calibrate the prompts of a model folder on ground that its training leaves out.

python -m training.calibration runs/geolb_tiny_scene --data ../shared/data --scenes runs/teachers
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from core.model import load_model
from core.model.prompt_calibration import PromptCalibration
from training.calibration.fit import NORMS, CalibrationFigures, fit_calibration, score_ground
from training.calibration.ground import calibration_ground


def main() -> None:
    """Fit, print the table of all norms, and write the best one into the folder's configuration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--scenes", type=Path, default=Path("runs/teachers"), help="scenes that training.teachers made")
    parser.add_argument("--keep", action="store_true", help="print the table only")
    options = parser.parse_args()
    chosen = calibrate(options.model, options.data, options.scenes)
    if not options.keep:
        write_calibration(options.model, chosen)


def calibrate(folder: Path, data: Path, scenes: Path) -> PromptCalibration:
    """Fit the calibration of a model and print what every norm gives.

    Args:
        folder: of the model.
        data: folder of the shared data.
        scenes: folder of the prepared scenes.

    Returns:
        The best calibration of all norms.
    """
    model = load_model(folder, dtype="float32")
    best: tuple[PromptCalibration, CalibrationFigures] | None = None
    with tempfile.TemporaryDirectory() as drawn:
        ground = list(calibration_ground(data, scenes, Path(drawn)))
        for norm in NORMS:
            histograms = score_ground(model, ground, norm)
            if norm == 1.0:
                _tell("as trained", PromptCalibration(), CalibrationFigures.of(histograms, PromptCalibration()))
            found = fit_calibration(histograms, norm)
            _tell("calibrated", *found)
            if best is None or found[1].gain > best[1].gain:
                best = found
    assert best is not None
    return best[0]


def write_calibration(folder: Path, calibration: PromptCalibration) -> None:
    """Write a calibration into the configuration of a model folder."""
    path = folder / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["prompt_calibration"] = calibration.settings
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _tell(name: str, calibration: PromptCalibration, figures: CalibrationFigures) -> None:
    lines = (
        [("", calibration.line)]
        if calibration.radar is None
        else [("", calibration.line), ("radar ", calibration.radar)]
    )
    shown = ", ".join(f"{of}slope {line.slope:.2f}, offset {line.offset:+.2f}" for of, line in lines)
    found = f"IoU at 0.5 {figures.iou:.3f}, over the best {figures.ratio:.3f}, false share {figures.false_share:.5f}"
    print(f"{name}: norm {calibration.norm:.1f}, {shown}: {found}, calibration error {figures.error:.3f}", flush=True)
