"""Scene, scores and map in one row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Patch

from core.errors import OutputError
from core.protocol import Source
from core.raster.grid import GridSpec
from core.raster.pixel_areas import pixel_size_m
from core.raster.reader import RasterReader, open_raster
from core.spectral.recognise import Recognition
from core.tasks.recognition import recognise_source

LONGER_SIDE = 900
PANEL_INCHES = 4.2
RED_GREEN_BLUE_UM = (0.665, 0.56, 0.49)
GLOW = LinearSegmentedColormap.from_list("glow", ["#14142b", "#5b1a72", "#c4316a", "#ff8c42", "#fff3b0"])


def draw_picture(
    source: Source, scores: Path, classes: Path, prompts: Sequence[str], legend: Sequence[dict[str, Any]], output: Path
) -> None:
    """Draw the scene, one panel a prompt, and the land-cover map with its legend.

    Args:
        source: the raster.
        scores: a band a prompt.
        classes: class map.
        prompts: titles of the score panels.
        legend: rows with code, name, colour and share.
        output: PNG to write.

    Raises:
        OutputError: it cannot be written.
    """
    scene, grid = read_scene(source)
    values = _read(scores)
    codes = _read(classes)[0]
    ground = _ground_size(grid)
    shown = sorted((row for row in legend if row["share"] >= 0.005), key=lambda row: -row["share"])
    height = PANEL_INCHES * ground[1] / ground[0]
    foot = 0.4 + 0.17 * -(-len(shown) // 2)
    panels = len(prompts) + 2
    figure = plt.figure(figsize=(PANEL_INCHES * panels, height + foot + 0.5), layout="constrained", facecolor="white")
    rows = figure.add_gridspec(2, panels, height_ratios=[height, foot])
    axes = [figure.add_subplot(rows[0, panel]) for panel in range(panels)]
    place = (0.0, ground[0], 0.0, ground[1])
    axes[0].imshow(scene, extent=place)
    _title(axes[0], Path(source.path).name)
    for axis, prompt, score in zip(axes[1:-1], prompts, values, strict=True):
        axis.imshow(_glowing(scene, score), extent=place)
        _title(axis, f"“{prompt}”")
    axes[-1].imshow(_coloured(codes, legend), extent=place, interpolation="nearest")
    _title(axes[-1], "Land cover")
    strip = figure.add_subplot(rows[1, 1 : 1 + len(prompts)])
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), GLOW), ax=strip, location="top", fraction=0.5, shrink=0.5, aspect=45
    )
    bar.set_label("score", fontsize=10)
    bar.ax.xaxis.set_ticks_position("bottom")
    words = figure.add_subplot(rows[1, -1])
    legend_box = words.legend(
        handles=[
            Patch(facecolor=row["colour"], edgecolor="#00000033", label=f"{row['name']}  {100 * row['share']:.0f} %")
            for row in shown
        ],
        loc="upper right",
        bbox_to_anchor=(1.0, 1.0),
        bbox_transform=words.transAxes,
        ncols=2,
        frameon=False,
        fontsize=8.5,
        handlelength=1.1,
        borderaxespad=0,
    )
    legend_box.set_in_layout(False)
    for empty in (strip, words):
        empty.set_axis_off()
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
        for spine in axis.spines.values():
            spine.set_visible(False)
    try:
        figure.savefig(output, dpi=110)
    except OSError as problem:
        raise OutputError(f"The picture {output} cannot be written ({problem.strerror}).") from problem
    finally:
        plt.close(figure)


def read_scene(source: Source) -> tuple[NDArray[np.float32], GridSpec]:
    """Returns a natural-looking picture (h, w, 3) 0..1 of a raster, white where it has no data, and its grid."""
    with open_raster(source.path) as native:
        recognition = recognise_source(native, source)
    with _decimated(source.path) as raster:
        return _natural(raster, recognition), raster.grid


def _natural(raster: RasterReader, recognition: Recognition) -> NDArray[np.float32]:
    """Choose the bands nearest to red, green and blue, or the first alone, and stretch each."""
    lengths = np.array(recognition.band_set.wavelengths_um)
    nearest = [int(np.abs(lengths - wanted).argmin()) for wanted in RED_GREEN_BLUE_UM]
    optical = len(set(nearest)) == 3 and np.abs(lengths[nearest] - RED_GREEN_BLUE_UM).max() < 0.1
    chosen = [recognition.band_indexes[number] for number in (nearest if optical else [0, 0, 0])]
    values, valid = raster.read(raster.grid.window, chosen)
    picture = np.ones((*valid.shape, 3), np.float32)
    for number, band in enumerate(values.astype(np.float32)):
        low, high = np.percentile(band[valid], (1, 99))
        stretched = np.clip((band - low) / max(high - low, 1e-9), 0, 1) ** 0.8
        picture[:, :, number] = np.where(valid, stretched, 1)
    return picture


def _glowing(scene: NDArray[np.float32], score: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the dimmed scene (h, w, 3) with scores (h, w) as a bright overlay."""
    dark = 0.35 * scene.mean(2, keepdims=True) + np.array([0.03, 0.03, 0.08])
    known = np.isfinite(score)
    strength = np.nan_to_num(score)[:, :, None]
    glowing = (1 - strength) * dark + strength * GLOW(np.nan_to_num(score))[:, :, :3]
    return np.asarray(np.where(known[:, :, None], glowing, 1), np.float32)


def _coloured(codes: NDArray[Any], legend: Sequence[dict[str, Any]]) -> NDArray[np.float32]:
    picture = np.ones((*codes.shape, 3), np.float32)
    for row in legend:
        picture[codes == row["code"]] = matplotlib.colors.to_rgb(row["colour"])
    return picture


def _read(path: Path) -> NDArray[Any]:
    with open_raster(path) as native:
        small = max(native.grid.width, native.grid.height) <= LONGER_SIDE
        if small or native.info.dtypes[0] == "uint8":
            # Classes have no mean: pick every n-th pixel instead.
            values, _ = native.read(native.grid.window)
            step = 1 if small else -(-max(native.grid.width, native.grid.height) // LONGER_SIDE)
            return values[:, ::step, ::step]
    with _decimated(str(path)) as raster:
        return raster.read(raster.grid.window)[0]


def _decimated(path: str) -> Any:  # noqa: ANN401 - the context manager of open_raster
    with open_raster(path) as native:
        longer = max(native.grid.width, native.grid.height)
        resolution = max(native.grid.pixel_size) * longer / LONGER_SIDE
    return open_raster(path, resolution=resolution if longer > LONGER_SIDE else None)


def _ground_size(grid: GridSpec) -> tuple[float, float]:
    """Returns width and height on the ground, in metres where they are known; very long strips are shown shorter."""
    across, down = pixel_size_m(grid) or (1.0, 1.0)
    width, height = grid.width * across, grid.height * down
    return width, min(max(height, width / 4), 4 * width)


def _title(axis: Axes, text: str) -> None:
    axis.set_title(text if len(text) <= 38 else f"{text[:36]}…", fontsize=12, pad=6)
