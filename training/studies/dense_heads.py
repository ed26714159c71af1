"""Which dense head, which upsampling: measured on Dubai tile 8 and the Sentinel-2 tiles, written as a table.

python -m training.studies.dense_heads --model runs/geolb_tiny_untold [--translated runs/stages/translated]

The tables are for docs/dense_head.md. The model must not have been trained on the places measured here:
`geolb_tiny_untold.yaml` has not seen the Sentinel-2 tiles.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.classes import load_scheme
from core.datasets.labelled_tiles import read_labelled_tiles
from core.dense.heads import HEADS, default_head, dense_features
from core.dense.upsample import UpsampleSettings, guide_bands, guide_image, upsample_scores
from core.evaluate.benchmarks import benchmarks
from core.evaluate.parsing import RGB_WAVELENGTHS_UM, parsing_score
from core.model import GeoLangBind, load_model
from core.raster.reader import open_raster
from core.spectral.bands import Band, BandSet
from core.tasks.scoring import ClassContest
from core.train.sources.scenes import read_scene

VARIANTS: tuple[tuple[float, float | None], ...] = ((0.0, None), (0.3, None), (0.0, 0.12))
"""Share of the pooled vector that is subtracted, and image-guided upsampling: None is bilinear, otherwise the guide's
standard deviation in model units."""
FINER_VARIANTS = (*VARIANTS, (0.0, 0.06), (0.0, 0.25))
"""What the model's default head is measured with besides."""
TILES = ("38D_378R_2_3", "433D_629L_3_1")
RGB = BandSet.of(Band(str(wavelength), wavelength, kind="display") for wavelength in RGB_WAVELENGTHS_UM)


def main() -> None:
    """Measure every combination and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="runs/geolb_tiny_untold")
    parser.add_argument("--translated", help="a model with a translator into its own token space, of colour alone")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tiles", type=int, default=3, help="how many images of Dubai tile 8")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/dense_heads.md"))
    options = parser.parse_args()
    model = load_model(options.model)
    rows = []
    for head, entry in HEADS.items():
        if entry.missing(model):
            rows.append(f"| {head} | | | not measured: {entry.missing(model)} | |")
            continue
        for bias, sigma in FINER_VARIANTS if head == default_head(model) else VARIANTS:
            dubai = _dubai(model, options.data, head, bias, sigma, options.tiles)
            tiles = _tiles(model, options.data, head, bias, sigma)
            rows.append(f"| {head} | {bias} | {_guide(sigma)} | {dubai:.3f} | {tiles:.3f} |")
            print(rows[-1], flush=True)
    page = _PAGE.format(model=options.model, tiles=options.tiles, rows="\n".join(rows))
    if options.translated:
        rows = _translated_rows(load_model(options.translated), options.data, options.tiles)
        page += _TRANSLATED.format(model=options.translated, rows="\n".join(rows))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page, encoding="utf-8")


def _translated_rows(model: GeoLangBind, data: Path, tiles: int) -> list[str]:
    """Measure the heads of a model with translators in windows of its own size, which its translators are bound to."""
    side = int(model.config["image_size"])
    rows = []
    for head in ("tokens", "value_path", "self_self", "maka"):
        for bias, sigma in VARIANTS:
            score = _dubai(model, data, head, bias, sigma, tiles, (side, side))
            rows.append(f"| {head} | {bias} | {_guide(sigma)} | {score:.3f} |")
            print(rows[-1], flush=True)
    return rows


def _guide(sigma: float | None) -> str:
    return "bilinear" if sigma is None else f"guided, σ = {sigma}"


def _dubai(
    model: GeoLangBind,
    data: Path,
    head: str,
    bias: float,
    sigma: float | None,
    count: int,
    side: tuple[int, int] = (480, 448),
) -> float:
    """Give the mean IoU on the first images of Dubai tile 8, 960 × 1344 pixels each, in windows of this many."""
    entry = benchmarks()["dubai"]
    tiles = read_labelled_tiles(data / entry["path"], lambda stem: stem.startswith(tuple(entry["names"])))
    position = np.full(256, -1)
    position[[int(code) for code in entry["classes"]]] = np.arange(len(entry["classes"]))
    contest = ClassContest(model, list(entry["classes"].values()))
    confusion = np.zeros((len(entry["classes"]), len(entry["classes"])), dtype=np.int64)
    for tile in tiles[:count]:
        for row in range(0, 960, side[0]):
            for col in range(0, 1344, side[1]):
                window = slice(row, row + side[0]), slice(col, col + side[1])
                image = torch.from_numpy(tile.image[window].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
                predicted = _classes(model, image, RGB, contest, head, bias, sigma)
                reference = position[tile.labels[window]]
                known = reference >= 0
                np.add.at(confusion, (reference[known], predicted[known]), 1)
    return parsing_score(confusion, list(entry["classes"])).mean_iou


def _tiles(model: GeoLangBind, data: Path, head: str, bias: float, sigma: float | None) -> float:
    """Give the mean over the labelled places of the overall accuracy in the Esri legend, from twelve bands."""
    scheme = load_scheme("esri_lulc")
    contest = ClassContest(model, [entry.prompts for entry in scheme.classes])
    codes = np.array([entry.code for entry in scheme.classes])
    shares = []
    for tile in TILES:
        folder = data / "scenes" / "terramind_tiles" / tile
        values, bands, _ = read_scene(str(folder / "S2L2A.tif"))
        with open_raster(str(folder / "LULC.tif")) as raster:
            reference = raster.read(raster.grid.window, (1,))[0][0]
        predicted = _classes(model, torch.from_numpy(values)[None], BandSet.of(bands), contest, head, bias, sigma)
        shares.append(float((codes[predicted] == reference).mean()))
    return float(np.mean(shares))


def _classes(
    model: GeoLangBind,
    image: Tensor,
    band_set: BandSet,
    contest: ClassContest,
    head: str,
    bias: float,
    sigma: float | None,
) -> np.ndarray:
    with torch.inference_mode(), model.autocast():
        wavelengths = torch.tensor(band_set.wavelengths_um)
        features = F.normalize(dense_features(model, image, wavelengths, head, bias).float(), dim=1)
        scores = contest.logits(torch.einsum("dhw,nd->nhw", features[0], contest.vectors))
    if sigma is None:
        pixels = F.interpolate(scores[None], size=image.shape[-2:], mode="bilinear", align_corners=False)[0]
    else:
        stride = image.shape[-1] // scores.shape[-1]
        everywhere = torch.ones(scores.shape[-2:], dtype=torch.bool), torch.ones(image.shape[-2:], dtype=torch.bool)
        guide = guide_image(image[0], guide_bands(band_set))
        pixels = upsample_scores(
            scores, everywhere[0], guide, everywhere[1], stride, UpsampleSettings(sigma_guide=sigma)
        )
    return pixels.argmax(0).numpy()


_PAGE = """Made by `python -m training.studies.dense_heads`, with `{model}`. Dubai is the mean IoU of five
classes on {tiles} images of tile 8, which nothing was trained on; Sentinel-2 is the overall accuracy in the Esri
legend, averaged over the two `terramind_tiles` places that have more than one class, from twelve bands, by a model that
has not seen them. "Bias" is the share of the pooled vector that is subtracted. Classes contest as in `core classify`.

| head | bias | upsampling | Dubai mIoU | Sentinel-2 OA |
|---|---|---|---|---|
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
