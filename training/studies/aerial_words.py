"""Are aerial pictures told apart by prompts for the things in them? Measured on chips that training never saw.

python -m training.studies.aerial_words

Few public pictures have outlines of cars, trees or solar panels, but a chip's class often says that a thing is surely
there, or surely is not: every car park of AID shows cars and no forest does. A chip's score for
a word is the one that a tenth of its pixels reaches, for small things a hundredth. A second table has outlines: cars,
pools and panels drawn into chips of UC Merced's validation part, as ``training.simulate.things`` draws them, with
other seeds than in training. Both tables are for docs/experiments.md.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from core.datasets.archive import read_members
from core.datasets.chips import decode_rgb, read_chips
from core.dense.encode import DenseEncoder
from core.dense.features import DenseFeatures
from core.dense.pixels import PixelScores
from core.evaluate.parsing import ImageLevel
from core.model import load_model
from core.model.geolangbind import GeoLangBind
from core.spectral.sensors import get_sensor
from core.tasks.scoring import PromptSoftmax, parse_prompts, scored_by
from training.aerial_source import CHIP_M
from training.simulate.things import draw_things

COVER, THINGS = 0.1, 0.01
"""Least share of a chip's pixels above 0.5 for land cover, and for small things, to count as found in it."""


@dataclass(frozen=True)
class Word:
    """A prompt.

    Attributes:
        text: the prompt.
        there: classes of chips that surely show it.
        absent: classes of chips that surely do not.
        share: of a chip's pixels.
    """

    text: str
    there: tuple[str, ...]
    absent: tuple[str, ...]
    share: float = COVER


AID = (
    Word("building", ("Commercial", "DenseResidential", "MediumResidential", "Industrial", "School"),
         ("BareLand", "Beach", "Desert", "Forest", "Meadow", "Mountain")),
    Word("tree", ("Forest", "Park", "SparseResidential"), ("BareLand", "Desert", "Parking")),
    Word("road", ("Viaduct", "Commercial", "DenseResidential"), ("Desert", "Forest", "Meadow", "Beach")),
    Word("grass", ("Meadow", "BaseballField", "Playground"), ("Desert", "Parking", "Beach", "Port")),
    Word("bare ground", ("BareLand", "Desert"), ("Forest", "Meadow", "DenseResidential", "Port")),
    Word("water", ("River", "Pond", "Port", "Beach"), ("BareLand", "Desert", "Forest", "Parking", "DenseResidential")),
    Word("car", ("Parking",), ("Desert", "Forest", "Meadow", "Mountain", "Beach", "River"), THINGS),
    Word("swimming pool", ("Resort",), ("Desert", "Forest", "Meadow", "Mountain", "Farmland", "Parking"), THINGS),
)  # fmt: skip
"""Not every resort shows a pool, so that the last figure can only be too low."""
SOLAR = Word("solar panels", ("SUN",), ("NG", "WAT", "LFG", "WND"), THINGS)
"""Classes are the fuels of power plants in Landsat 8 chips of 15 m."""
DRAWN = {"car": "car", "pool": "swimming pool", "panel": "solar panel"}
"""Kinds of ``draw_things`` to prompts."""
DRAWN_SEED = 700_000
_FUEL = re.compile(r"ls8_.*_([A-Z]+)\.png$")
_RGB = get_sensor("aerial_rgb").bands


def main() -> None:
    """Measure every word and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="geolb-tiny")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/aerial_words.json"))
    options = parser.parse_args()
    model = load_model(options.model)
    chips = read_chips(options.data / "aid150_eval_only.tar", 150)
    of_chip = [chips.class_names[target] for target in chips.targets]
    found = measured(model, list(chips.images), of_chip, AID)
    plants = [
        (decode_rgb(content), fuel.group(1))
        for name, content in read_members(options.data / "us_power_plants" / "landsat8_chips.tar", (".png",))
        if (fuel := _FUEL.search(name)) is not None
    ]
    found += measured(model, [image for image, _ in plants], [fuel for _, fuel in plants], (SOLAR,))
    outlined = drawn(model, list(read_chips(options.data / "ucmerced_val.tar", 256).images))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({"chips": found, "drawn": outlined}, indent=1), encoding="utf-8")
    print("| word | chips that show it / do not | AUC | found where it is | found where it is not |")
    print("|---|---|---|---|---|")
    for row in found:
        print("| {word} | {there} / {absent} | {auc:.3f} | {found:.2f} | {false:.2f} |".format(**row))
    print("\n| drawn | chips | IoU at 0.5 | best IoU, at | share of other pixels called it |")
    print("|---|---|---|---|---|")
    for row in outlined:
        print("| {word} | {chips} | {iou:.3f} | {best:.3f}, {at:.2f} | {false:.4f} |".format(**row))


def measured(
    model: GeoLangBind, images: Sequence[NDArray[np.uint8]], classes: Sequence[str], words: Sequence[Word]
) -> list[dict[str, Any]]:
    """Measure words on chips.

    Args:
        model: in evaluation mode.
        images: (H, W, 3) uint8 each.
        classes: of the chips.
        words: to look for.

    Returns:
        For each word the numbers of chips, the area under the ROC curve of the score that its share of the chip
        reaches, and the shares of chips in which at least that much is found, where the thing is and where it is not.
    """
    wanted = {name for word in words for name in (*word.there, *word.absent)}
    softmax = PromptSoftmax(model, parse_prompts([word.text for word in words]))
    encoder = DenseEncoder(model, _RGB)
    score = scored_by(softmax, encoder)
    reached = np.full((len(words), len(images)), np.nan)
    for number, image in enumerate(images):
        if classes[number] in wanted:
            values = image.transpose(2, 0, 1).astype(np.float32) / np.float32(127.5) - np.float32(1)
            level = ImageLevel(values, _RGB)
            log_odds, _ = PixelScores(DenseFeatures(encoder, level), score, len(words)).read(level.grid.window)
            reached[:, number] = [
                np.quantile(scores, 1 - word.share) for word, scores in zip(words, log_odds, strict=True)
            ]
    return [_row(word, values, np.array(classes)) for word, values in zip(words, reached, strict=True)]


def drawn(model: GeoLangBind, images: Sequence[NDArray[np.uint8]]) -> list[dict[str, Any]]:
    """Measure cars, pools and panels drawn into aerial chips of 0.3 m.

    Args:
        model: in evaluation mode.
        images: (H, W, 3) uint8 each; the kinds take turns.

    Returns:
        For each kind the intersection over union at 0.5 and at the best threshold, and the share
        of all other pixels, real cars among them, that reach 0.5.
    """
    softmax = PromptSoftmax(model, parse_prompts(list(DRAWN.values())))
    encoder = DenseEncoder(model, _RGB)
    score = scored_by(softmax, encoder)
    kinds = list(DRAWN)
    scores: list[list[NDArray[np.float32]]] = [[] for _ in kinds]
    truths: list[list[NDArray[np.int64]]] = [[] for _ in kinds]
    for number, image in enumerate(images):
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 127.5 - 1
        labels = torch.zeros(pixels.shape[1:], dtype=torch.int64)
        kind = number % len(kinds)
        draw_things(pixels, labels, CHIP_M, {kinds[kind]: 1}, np.random.default_rng((DRAWN_SEED, number)))
        level = ImageLevel(pixels.numpy(), _RGB)
        log_odds, _ = PixelScores(DenseFeatures(encoder, level), score, len(kinds)).read(level.grid.window)
        for other in range(len(kinds)):
            known = (labels == 0) if other != kind else (labels >= 0)
            scores[other].append(log_odds[other][known.numpy()])
            truths[other].append(labels[known].numpy() * (other == kind))
    return [
        _drawn_row(
            DRAWN[kind], np.concatenate(scores[row]), np.concatenate(truths[row]) == 1, len(images[row :: len(kinds)])
        )
        for row, kind in enumerate(kinds)
    ]


def _drawn_row(word: str, log_odds: NDArray[np.float32], truth: NDArray[np.bool_], chips: int) -> dict[str, Any]:
    probabilities = np.linspace(0.05, 0.95, 19)
    found = [_iou(log_odds > np.log(value / (1 - value)), truth) for value in probabilities]
    best = int(np.argmax(found))
    false = float((log_odds[~truth] > 0).mean())
    return {
        "word": word, "chips": chips, "iou": _iou(log_odds > 0, truth), "best": found[best],
        "at": float(probabilities[best]), "false": false,
    }  # fmt: skip


def _iou(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((found & truth).sum() / max((found | truth).sum(), 1))


def _row(word: Word, reached: NDArray[np.float64], classes: NDArray[np.str_]) -> dict[str, Any]:
    there, absent = reached[np.isin(classes, word.there)], reached[np.isin(classes, word.absent)]
    truth = np.repeat([1, 0], [len(there), len(absent)])
    return {
        "word": word.text,
        "there": len(there),
        "absent": len(absent),
        "auc": float(roc_auc_score(truth, np.concatenate([there, absent]))),
        "found": float((there > 0).mean()),
        "false": float((absent > 0).mean()),
    }


if __name__ == "__main__":
    main()
