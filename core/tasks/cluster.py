"""Unsupervised clustering of the pixels of embeddings, or of an image's features.

Spherical k-means (Dhillon and Modha 2001): vectors of length 1 belong to the centre with the largest cosine. Centres
are found on a sample that does not depend on the extent, so that two parts of a raster are divided alike.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.context import Context
from core.dense.features import DenseFeatures
from core.dense.pixels import PixelScores
from core.dense.quantise import vectors_at
from core.dense.scoring import score
from core.dense.text_factors import TextFactors
from core.embeddings.pixels import EmbeddingPixels
from core.errors import InputError
from core.protocol import ClusterParams
from core.raster.areas import AreaTally, ClassArea
from core.raster.pixel_window import PixelWindow, RowCol
from core.raster.staging import GEOTIFF
from core.raster.writer import write_cog
from core.tasks.blocks import ScoredBlock, scored_blocks
from core.tasks.outputs import check_writable, provenance, provenance_of
from core.tasks.scene import Scene, open_scene

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

Vectors = NDArray[np.float32]
SAMPLE = 8192
"""Pixels that centres are found on."""
ROUNDS, STARTS = 60, 4
MOST_CHUNKS = 16
"""Chunks of an image's features that the sample is taken from."""
NODATA = 0


def run(params: ClusterParams, context: Context) -> dict[str, Any]:
    """Divide a raster into clusters, coded from 1 by falling size of the sample.

    Args:
        params: parameters of the task.
        context: reports progress; cancellation is checked between two blocks.

    Returns:
        output, classes (code, name, colour, pixels, hectares, share), model, and the scene's facts.

    Raises:
        InputError: the raster holds fewer different pixels than clusters are asked for.
        GeoLangBindError: the raster or the model cannot be used, or the result not written.
    """
    with open_scene(params.source, extent=params.extent, resolution=params.resolution) as scene:
        check_writable([(params.output, GEOTIFF)], scene.raster.info.files)
        if scene.recognition.embedding is not None:
            sample, blocks, tags = _of_embeddings(scene, context)
            model = str(scene.recognition.sensor)
        else:
            sample, blocks, tags = _of_image(params, scene, context)
            model = params.model
        centres = cluster_centres(sample, params.clusters, params.seed)
        tally = _write(params, scene, blocks(centres), tags)
        rows = _rows(tally.areas(range(1, params.clusters + 1)))
        return {"output": params.output, "classes": rows, "model": model, **scene.facts}


def cluster_centres(vectors: Vectors, count: int, seed: int) -> Vectors:
    """Return unit centres (count, D) of unit vectors (N, D), the largest cluster first; the best of several starts.

    Raises:
        InputError: there are fewer different vectors than centres.
    """
    if len(np.unique(vectors, axis=0)) < count:
        raise InputError(f"The raster has fewer than {count} different pixels.", hint="Ask for fewer clusters.")
    rng = np.random.default_rng(seed)
    tries = [_k_means(vectors, count, rng) for _ in range(STARTS)]
    centres = max(tries, key=lambda found: float((vectors @ found.T).max(axis=1).mean()))
    sizes = np.bincount((vectors @ centres.T).argmax(axis=1), minlength=count)
    return np.asarray(centres[np.argsort(-sizes, kind="stable")])


def _k_means(vectors: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Return centres from one initialisation (k-means++), after iterations of assignment and averaging."""
    centres = [vectors[rng.integers(len(vectors))]]
    for _ in range(count - 1):
        distance = np.maximum(1.0 - (vectors @ np.stack(centres).T).max(axis=1), 0.0).astype(np.float64)
        total = distance.sum()
        chances = distance / total if total > 0 else np.full(len(vectors), 1 / len(vectors))
        centres.append(vectors[rng.choice(len(vectors), p=chances)])
    found = np.stack(centres)
    last = np.full(len(vectors), -1)
    for _ in range(ROUNDS):
        nearest = (vectors @ found.T).argmax(axis=1)
        if (nearest == last).all():
            break
        last = nearest
        sums = np.zeros_like(found)
        np.add.at(sums, nearest, vectors)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        found = np.where(length > 0, sums / np.maximum(length, 1e-12), found).astype(np.float32)
    return found


Blocks = Callable[[Vectors], Iterator[ScoredBlock]]
"""Yields the cosines to centres of every pixel of the scene, block by block."""


def _of_embeddings(scene: Scene, context: Context) -> tuple[Vectors, Blocks, dict[str, str]]:
    pixels = EmbeddingPixels(scene.raster, scene.recognition)

    def blocks(centres: Vectors) -> Iterator[ScoredBlock]:
        window, done = scene.window, 0
        for block, vectors, valid in pixels.blocks(window):
            context.raise_if_cancelled()
            place = PixelWindow(block.col - window.col, block.row - window.row, block.width, block.height)
            yield place, np.einsum("kd,dhw->khw", centres, vectors, optimize=True).astype(np.float32), valid
            done += valid.size
            context.progress(done / (window.width * window.height), "Dividing into clusters")

    return pixels.sample(SAMPLE), blocks, provenance_of(pixels.layout.name, "", scene)


def _of_image(params: ClusterParams, scene: Scene, context: Context) -> tuple[Vectors, Blocks, dict[str, str]]:
    context.progress(0.0, "Loading the model")
    model: GeoLangBind = context.models.get(params.model, params.device)
    features = scene.features(model, context=context)

    def blocks(centres: Vectors) -> Iterator[ScoredBlock]:
        texts = TextFactors.of(*features.encoder.basis.text(torch.from_numpy(centres)))

        def scorer(products: Tensor, background: Tensor) -> Tensor:
            return products

        scores = PixelScores(features, lambda chunk: score(chunk, texts, scorer), len(centres))
        return scored_blocks(scores, scene, context, message="Dividing into clusters")

    return _sample_features(features), blocks, provenance(model, params.model, scene)


def _sample_features(features: DenseFeatures) -> Vectors:
    """Return unit vectors (N, D) of cells of chunks that are spread evenly over the raster.

    Raises:
        InputError: none of them holds data.
    """
    rows, columns = features.layout.counts
    every = [RowCol(row, column) for row in range(rows) for column in range(columns)]
    chosen = [every[int(place)] for place in np.linspace(0, len(every) - 1, min(MOST_CHUNKS, len(every)))]
    rng = np.random.default_rng(0)
    found = []
    for chunk in chosen:
        kept = features.chunk(chunk)
        at_rows, at_columns = np.nonzero(kept.valid)
        choice = rng.permutation(len(at_rows))[: SAMPLE // len(chosen)]
        if len(choice):
            found.append(vectors_at(kept, at_rows[choice], at_columns[choice], features.encoder.basis).numpy())
    if not found:
        raise InputError("The raster holds no data where it was looked at.", hint="Check its nodata value.")
    return np.concatenate(found)


def _write(params: ClusterParams, scene: Scene, found: Iterator[ScoredBlock], tags: dict[str, str]) -> AreaTally:
    """Write the map; return the tally of every cluster's area."""
    codes = range(1, params.clusters + 1)
    tally = AreaTally(scene.grid)

    def blocks() -> Iterator[tuple[PixelWindow, NDArray[np.uint8]]]:
        for place, cosines, valid in found:
            nearest = np.where(valid, cosines.argmax(axis=0) + 1, NODATA).astype(np.uint8)
            tally.add(place, nearest, valid)
            yield place, nearest[None]

    write_cog(
        params.output,
        scene.grid,
        "uint8",
        NODATA,
        blocks(),
        band_names=("cluster",),
        tags=tags,
        colormap={code: _colour(code) for code in codes},
        category_names={code: f"cluster {code}" for code in codes},
        sources=scene.raster.info.files,
    )
    return tally


def _rows(areas: tuple[ClassArea, ...]) -> list[dict[str, Any]]:
    return [
        {
            "code": area.code,
            "name": f"cluster {area.code}",
            "colour": _colour(area.code),
            "pixels": area.pixels,
            "hectares": None if math.isnan(area.hectares) else round(area.hectares, 4),
            "share": round(area.share, 6),
        }
        for area in areas
    ]


def _colour(code: int) -> str:
    """Return a colour whose hue is far from those of the codes before it."""
    red, green, blue = colorsys.hsv_to_rgb((0.618034 * code) % 1.0, 0.5 + 0.2 * (code % 3), 0.9)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def show(result: dict[str, Any]) -> str:
    """The result in words, for the command line."""
    lines = [f"{result['output']}: {len(result['classes'])} clusters on {result['width']} × {result['height']} pixels"]
    for row in result["classes"]:
        area = f"{row['pixels']:,} pixels" if row["hectares"] is None else f"{row['hectares']:,.1f} ha"
        lines.append(f"  {row['code']:>4}  {row['name']:<14}{100 * row['share']:>7.1f} %{area:>18}")
    return "\n".join([*lines, *(f"Note: {warning}" for warning in result["warnings"])])
