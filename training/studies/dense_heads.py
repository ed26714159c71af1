"""Which dense head, which upsampling: measured on Dubai tile 8 and the Sentinel-2 tiles, written as a table.

python -m training.studies.dense_heads --model runs/geolb_tiny_without_scenes [--translated runs/stages/translated]

The tables are for docs/dense_head.md. The model must not have been trained on the places measured here:
`geolb_tiny_without_scenes.yaml` has not seen the Sentinel-2 tiles.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.classes import load_scheme
from core.datasets.labelled_tiles import read_labelled_tiles
from core.dense.upsample import UpsampleSettings, guide_bands, guide_image, upsample_scores
from core.evaluate.benchmarks import benchmarks
from core.evaluate.layouts import RGB_WAVELENGTHS_UM
from core.metrics.confusion import ConfusionMatrix
from core.model import GeoLangBind, load_model
from core.model.dense_heads import HEADS, default_head, dense_features
from core.pretrain.sources.scenes import read_scene
from core.raster.reader import open_raster
from core.spectral.bands import Band, BandSet
from core.tasks.scoring import ClassSoftmax

Variant = tuple[float, float | None]
VARIANTS: tuple[Variant, ...] = ((0.0, None), (0.3, None), (0.0, 0.12))
"""Share of the pooled vector that is subtracted, and image-guided upsampling: None is bilinear, otherwise the guide's
standard deviation in model units."""
FINER_VARIANTS = (*VARIANTS, (0.0, 0.06), (0.0, 0.25))
"""What the model's default head is measured with besides."""
TILES = ("38D_378R_2_3", "433D_629L_3_1")
RGB = BandSet.of(Band(str(wavelength), wavelength, kind="display") for wavelength in RGB_WAVELENGTHS_UM)


def main() -> None:
    """Measure every combination and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="runs/geolb_tiny_without_scenes")
    parser.add_argument("--translated", help="a model with a translator into its own token space, of colour alone")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tiles", type=int, default=9, help="how many images of Dubai tile 8, of nine")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/dense_heads.md"))
    options = parser.parse_args()
    model = load_model(options.model)
    rows = []
    for head, entry in HEADS.items():
        if entry.missing(model):
            rows.append(f"| {head} | | | not measured: {entry.missing(model)} | | |")
            continue
        variants = FINER_VARIANTS if head == default_head(model) else VARIANTS
        dubai = _dubai(model, options.data, head, variants, options.tiles)
        tiles = _tiles(model, options.data, head, variants)
        for (bias, sigma), miou, (share, iou) in zip(variants, dubai, tiles, strict=True):
            rows.append(f"| {head} | {bias} | {_guide(sigma)} | {miou:.3f} | {share:.3f} | {iou:.3f} |")
            print(rows[-1], flush=True)
    page = _PAGE.format(model=options.model, hash=model.model_hash[:12], tiles=options.tiles, rows="\n".join(rows))
    if options.translated:
        rows = _translated_rows(load_model(options.translated), options.data, options.tiles)
        page += _TRANSLATED.format(model=options.translated, rows="\n".join(rows))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page, encoding="utf-8")


def _translated_rows(model: GeoLangBind, data: Path, tiles: int) -> list[str]:
    """Measure the heads of a model with translators in windows of its own size, which its translators are bound to."""
    side = model.config.image_size
    rows = []
    for head in ("tokens", "value_path", "self_self", "maka"):
        scores = _dubai(model, data, head, VARIANTS, tiles, (side, side))
        for (bias, sigma), score in zip(VARIANTS, scores, strict=True):
            rows.append(f"| {head} | {bias} | {_guide(sigma)} | {score:.3f} |")
            print(rows[-1], flush=True)
    return rows


def _guide(sigma: float | None) -> str:
    return "bilinear" if sigma is None else f"guided, σ = {sigma}"


def _dubai(
    model: GeoLangBind,
    data: Path,
    head: str,
    variants: Sequence[Variant],
    count: int,
    side: tuple[int, int] = (480, 448),
) -> list[float]:
    """The mean IoU of every variant on the first images of Dubai tile 8, 960 × 1344 pixels of each, in windows."""
    entry = benchmarks()["dubai"]
    tiles = read_labelled_tiles(data / entry["path"], lambda stem: stem.startswith(tuple(entry["names"])))
    names = list(entry["classes"])
    position = np.full(256, -1)
    position[[int(code) for code in names]] = np.arange(len(names))
    softmax = ClassSoftmax(model, list(entry["classes"].values()))
    confusions = np.zeros((len(variants), len(names), len(names)), dtype=np.int64)
    for tile in tiles[:count]:
        for row in range(0, 960, side[0]):
            for col in range(0, 1344, side[1]):
                window = slice(row, row + side[0]), slice(col, col + side[1])
                image = torch.from_numpy(tile.image[window].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
                reference = position[tile.labels[window]]
                known = reference >= 0
                for confusion, predicted in zip(
                    confusions, _classes(model, image, RGB, softmax, head, variants), strict=True
                ):
                    confusion += ConfusionMatrix.of(reference[known], predicted[known], len(names)).counts
    return [ConfusionMatrix(confusion).mean_iou for confusion in confusions]


def _tiles(model: GeoLangBind, data: Path, head: str, variants: Sequence[Variant]) -> list[tuple[float, float]]:
    """Mean accuracy of the places and mean IoU of all their pixels per variant, from twelve bands.

    Accuracy alone would praise a head that calls everything by the commonest class.
    """
    scheme = load_scheme("esri_lulc")
    softmax = ClassSoftmax(model, [entry.prompts for entry in scheme.classes])
    position = np.full(256, -1)
    position[[entry.code for entry in scheme.classes]] = np.arange(len(scheme.classes))
    confusions = np.zeros((len(variants), len(TILES), len(scheme.classes), len(scheme.classes)), dtype=np.int64)
    for place, tile in enumerate(TILES):
        folder = data / "scenes" / "terramind_tiles" / tile
        values, bands, _ = read_scene(str(folder / "S2L2A.tif"))
        with open_raster(str(folder / "LULC.tif")) as raster:
            reference = position[raster.read(raster.grid.window, (1,))[0][0]]
        maps = _classes(model, torch.from_numpy(values)[None], BandSet.of(bands), softmax, head, variants)
        for confusion, predicted in zip(confusions[:, place], maps, strict=True):
            confusion += ConfusionMatrix.of(reference, predicted, len(scheme.classes)).counts
    accuracy = np.trace(confusions, axis1=2, axis2=3) / confusions.sum((2, 3))
    return [
        (float(of.mean()), ConfusionMatrix(matrix.sum(0)).mean_iou)
        for of, matrix in zip(accuracy, confusions, strict=True)
    ]


def _classes(
    model: GeoLangBind,
    image: Tensor,
    band_set: BandSet,
    softmax: ClassSoftmax,
    head: str,
    variants: Sequence[Variant],
) -> list[NDArray[np.int64]]:
    """Returns the class positions (H, W) of an image (1, C, H, W) by every variant; encoded once for each bias."""
    wavelengths = torch.tensor(band_set.wavelengths_um)
    scores = {}
    for bias in {bias for bias, _ in variants}:
        with torch.inference_mode(), model.autocast():
            features = F.normalize(dense_features(model, image, wavelengths, head, bias).float(), dim=1)
            scores[bias] = softmax.logits(torch.einsum("dhw,nd->nhw", features[0], softmax.vectors)).float()
    return [_to_pixels(scores[bias], image, band_set, sigma).argmax(0).numpy() for bias, sigma in variants]


def _to_pixels(scores: Tensor, image: Tensor, band_set: BandSet, sigma: float | None) -> Tensor:
    """Bring scores (N, h, w) to the pixels (N, H, W) of an image (1, C, H, W)."""
    if sigma is None:
        return F.interpolate(scores[None], size=image.shape[-2:], mode="bilinear", align_corners=False)[0]
    stride = image.shape[-1] // scores.shape[-1]
    cells, pixels = (torch.ones(size, dtype=torch.bool) for size in (scores.shape[-2:], image.shape[-2:]))
    guide = guide_image(image[0], guide_bands(band_set))
    return upsample_scores(scores, cells, guide, pixels, stride, UpsampleSettings(sigma_guide=sigma))


_PAGE = """Made by `python -m training.studies.dense_heads`, with `{model}` ({hash}). Dubai is the mean IoU of five
classes on {tiles} images of tile 8, which nothing was trained on; Sentinel-2 is the overall accuracy in the Esri
legend, averaged over the two `terramind_tiles` places that have more than one class, and the mean IoU of their classes,
from twelve bands, by a model that has not seen them. "Bias" is the share of the pooled vector that is
subtracted. Classes compete as in `core classify`.

| head | bias | upsampling | Dubai mIoU | Sentinel-2 OA | Sentinel-2 mIoU |
|---|---|---|---|---|---|
{rows}
"""
_TRANSLATED = """
With `{model}`, in windows of its own size:

| head | bias | upsampling | Dubai mIoU |
|---|---|---|---|
{rows}
"""

if __name__ == "__main__":
    main()
