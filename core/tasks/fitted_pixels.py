"""Whether a fine-tuned model's pixel classifier serves a scene and a list of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.tasks.scene import Scene, as_trained

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind
    from core.model.pixel_classifier import PixelClassifier


@dataclass(frozen=True)
class FittedPixels:
    """A pixel classifier that serves.

    Attributes:
        encoder: the model whose dense features it reads.
        choice: the classifier, and the number in it of every class asked for.
        sha256: of its file.
    """

    encoder: GeoLangBind
    choice: tuple[PixelClassifier, list[int]]
    sha256: str


def fitted_classifier(model: GeoLangBind, scene: Scene, classes: Sequence[Sequence[str]]) -> FittedPixels | None:
    """Returns the pixel classifier for a scene's bands and classes, given by their words; None where words serve."""
    known = model.pixel_classifiers
    if known is None:
        return None
    classifier = known.of_bands(as_trained(scene.recognition, model).wavelengths_um)
    places = None if classifier is None else classifier.places_of(classes)
    if classifier is None or places is None:
        return None
    return FittedPixels(known.encoder(model), (classifier, places), known.sha256)


def why_words_alone(model: GeoLangBind, scene: Scene, classes: Sequence[Sequence[str]]) -> str | None:
    """Returns a sentence on why a fine-tuned model classifies by words alone here; None where it does not."""
    known = model.pixel_classifiers
    if known is None or fitted_classifier(model, scene, classes) is not None:
        return None
    if known.of_bands(as_trained(scene.recognition, model).wavelengths_um) is None:
        learnt = " or ".join(", ".join(f"{length:g}" for length in entry.wavelengths_um) for entry in known.entries)
        return f"The model was fine-tuned on other bands ({learnt} µm), so it classifies by its words alone here."
    names = ", ".join(known.entries[0].classes)
    return f"The model was fine-tuned to tell {names} apart; other classes are told apart by its words alone."
