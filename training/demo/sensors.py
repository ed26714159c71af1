"""One picture of prompts on three sensors: ``python -m training.demo.sensors -o docs/images/sensors.png``.

Aerial colour, Sentinel-2 and radar of simulated places whose seeds no training used. Each panel gives the IoU
of the mask at the default threshold with the simulator's truth.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from core.context import Context
from core.model.model_cache import ModelCache
from core.protocol import HighlightParams, Source
from core.raster.gdal_open import opened_gdal
from core.tasks import highlight
from training.demo.picture import read_scene
from training.simulate.truth import prompt_truth
from training.simulate.write import SceneRequest, write_scene

THRESHOLD = 0.5
COLOUR = np.array([1.0, 0.0, 0.55], np.float32)
PANEL_INCHES = 4.4


@dataclass(frozen=True)
class Example:
    """A scene and its prompt.

    Attributes:
        title: of the panel.
        scene: what is simulated.
        prompt: the words.
    """

    title: str
    scene: SceneRequest
    prompt: str


EXAMPLES = (
    Example(
        "Aerial, red green blue, 30 cm",
        SceneRequest("aerial_rgb", 448, 448, 67, gsd_m=0.3, place=(-501157, 1193776)),
        "building",
    ),
    Example("Sentinel-2, 12 bands, 10 m", SceneRequest("sentinel2_l2a", 448, 448, 65, place=(3138, -4085)), "water"),
    Example("Sentinel-1, radar, 10 m", SceneRequest("sentinel1", 448, 448, 67, place=(-15237, 35488)), "water"),
)


def main() -> None:
    """Simulate, search, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="geolb-tiny")
    parser.add_argument("-o", "--output", type=Path, required=True, help="PNG to write")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("rasterio").setLevel(logging.CRITICAL)
    context = Context(models=ModelCache())
    figure, axes = plt.subplots(
        2, len(EXAMPLES), figsize=(PANEL_INCHES * len(EXAMPLES), 2 * PANEL_INCHES + 0.8), layout="constrained"
    )
    for column, example in enumerate(EXAMPLES):
        scene, score, truth = _answered(example, options.model, context)
        found = score > THRESHOLD
        agreement = (found & truth).sum() / max((found | truth).sum(), 1)
        print(f"{example.title}, {example.prompt!r}: IoU {agreement:.3f}")
        axes[0, column].imshow(scene)
        axes[0, column].set_title(example.title, fontsize=12)
        axes[1, column].imshow(np.where(found[:, :, None], 0.35 * scene + 0.65 * COLOUR, scene))
        axes[1, column].set_title(f"“{example.prompt}”: IoU with the truth {agreement:.2f}", fontsize=12)
        for axis in axes[:, column]:
            axis.set_axis_off()
    figure.savefig(options.output, dpi=72)


def _answered(
    example: Example, model: str, context: Context
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Returns the picture (H, W, 3), the scores (H, W) and where the prompt is true (H, W)."""
    with tempfile.TemporaryDirectory() as folder:
        scene, materials, scores = (Path(folder) / f"{name}.tif" for name in ("scene", "materials", "scores"))
        write_scene(example.scene, scene, materials=materials)
        params = HighlightParams(Source(str(scene)), (example.prompt,), str(scores), model=model, cache=False)
        highlight.run(params, context)
        picture, _ = read_scene(Source(str(scene)))
        with opened_gdal(scores) as file:
            score = file.read(1)
        with opened_gdal(materials) as file:
            truth = prompt_truth(file.read(1), example.prompt)
    return picture, score, truth


if __name__ == "__main__":
    main()
