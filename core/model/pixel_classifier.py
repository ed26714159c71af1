"""Classifiers of single pixels that fine-tuning adds to a model: from band values and dense features to classes.

Words alone tell classes apart by dense features. Fitted to a few polygons, a small network that also reads the
pixel's own bands and those around it is more accurate on ground like them; the words, which have not learnt from these
polygons, are the steadier judge elsewhere. So the two are combined as a product of experts. A classifier belongs to one
set of bands and one list of classes; for others the model's words classify as before.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.errors import ModelError
from core.model.cards import CLASSIFIER_FILE
from core.model.dense_heads import get_head

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

SAME_WAVELENGTH_UM = 0.005
WIDEST = 2.0
"""Standardised inputs are squashed into this range, so that pixels unlike the labelled ones are not extrapolated to."""
STATISTICS = 4
"""Inputs of each band; the classes' log-probabilities by words follow."""
TENSORS = ("directions", "centre", "scale", "weight_in", "bias_in", "weight_out", "bias_out")


@dataclass(frozen=True, eq=False)
class PixelClassifier:
    """An ensemble of E networks with one hidden layer of H units, for K classes and F inputs.

    Attributes:
        classes: words of each class, as labelled.
        wavelengths_um: of the bands it was fitted on, ascending.
        temperature: factor of the cosines with the classes' words.
        directions: (K + P, D) unit vectors in text space: the classes' words, then principal components.
        centre: (F,) mean of each input at the labelled pixels; ``core.dense.pixel_inputs`` computes the inputs.
        scale: (F,) their standard deviation.
        weight_in: (E, F, H).
        bias_in: (E, 1, H).
        weight_out: (E, H, K).
        bias_out: (E, 1, K).
        words_weight: weight of the log-probabilities by words beside those of the networks, which have 1; files written
            before this existed have 0.
    """

    classes: tuple[str, ...]
    wavelengths_um: tuple[float, ...]
    temperature: float
    directions: Tensor
    centre: Tensor
    scale: Tensor
    weight_in: Tensor
    bias_in: Tensor
    weight_out: Tensor
    bias_out: Tensor
    words_weight: float = 0.0

    def logits(self, inputs: Tensor) -> Tensor:
        """Returns the weighted mean (N, K) of the networks' and the words' log-probabilities for inputs (N, F)."""
        networks = self.member_logits(self.squashed(inputs)).log_softmax(-1).mean(0)
        weight = self.words_weight / (1 + self.words_weight)
        return torch.lerp(networks, self.words(inputs), weight)

    def words(self, inputs: Tensor) -> Tensor:
        """Returns the log-probabilities by words (N, K), which are among the inputs (N, F)."""
        first = STATISTICS * len(self.wavelengths_um)
        return inputs[:, first : first + len(self.classes)]

    def squashed(self, inputs: Tensor) -> Tensor:
        """Returns inputs (N, F) standardised and squashed into ``-WIDEST..WIDEST``."""
        return torch.tanh((inputs - self.centre) / self.scale / WIDEST) * WIDEST

    def member_logits(self, squashed: Tensor) -> Tensor:
        """Returns each network's logits (E, N, K) for squashed inputs (N, F) or (E, N, F)."""
        hidden = torch.relu(squashed @ self.weight_in + self.bias_in)
        return hidden @ self.weight_out + self.bias_out

    def knows_bands(self, wavelengths_um: Sequence[float]) -> bool:
        """Whether these are the bands it was fitted on, in any order."""
        given = sorted(wavelengths_um)
        return len(given) == len(self.wavelengths_um) and all(
            abs(one - other) <= SAME_WAVELENGTH_UM for one, other in zip(given, self.wavelengths_um, strict=True)
        )

    def places_of(self, classes: Sequence[Sequence[str]]) -> list[int] | None:
        """Returns the number of each class, given by its words; None where one of them is not among its classes."""
        known = {_plain(name): number for number, name in enumerate(self.classes)}
        known |= {_plain(name.split("|")[0]): number for number, name in enumerate(self.classes)}
        found = [next((known[_plain(word)] for word in words if _plain(word) in known), None) for words in classes]
        places = [number for number in found if number is not None]
        return places if len(set(places)) == len(classes) else None


@dataclass(eq=False)
class PixelClassifiers:
    """The classifiers of a fine-tuned model, one for each set of bands.

    Attributes:
        entries: the classifiers.
        projection: weight and bias of the dense head's last map as it was when they were fitted; fine-tuning changes it
            for words afterwards.
        sha256: of the file; "" before it is written.
    """

    entries: tuple[PixelClassifier, ...]
    projection: tuple[Tensor, Tensor | None]
    sha256: str = ""
    _encoder: GeoLangBind | None = None

    def of_bands(self, wavelengths_um: Sequence[float]) -> PixelClassifier | None:
        """Returns the classifier of a set of bands; None where there is none."""
        return next((entry for entry in self.entries if entry.knows_bands(wavelengths_um)), None)

    def encoder(self, model: GeoLangBind) -> GeoLangBind:
        """Returns the model whose dense features the classifiers read: ``model`` with the last map of before."""
        if self._encoder is None:
            twin = copy.copy(model)
            twin._modules = dict(model._modules)
            twin.dense = copy.deepcopy(model.dense)
            twin._hash = None
            projection = get_head(twin).projection(twin)
            assert projection is not None
            weight, bias = self.projection
            projection.weight = torch.nn.Parameter(weight.to(projection.weight), requires_grad=False)
            if bias is not None and projection.bias is not None:
                projection.bias = torch.nn.Parameter(bias.to(projection.bias), requires_grad=False)
            self._encoder = twin
        return self._encoder


def save_pixel_classifiers(classifiers: PixelClassifiers, folder: Path) -> None:
    """Write classifiers into a model's folder."""
    weight, bias = classifiers.projection
    tensors = {"projection.weight": weight.half()} | ({} if bias is None else {"projection.bias": bias.half()})
    about = []
    for number, entry in enumerate(classifiers.entries):
        tensors |= {f"{number}.{name}": getattr(entry, name) for name in TENSORS}
        about.append(
            {
                "classes": entry.classes,
                "wavelengths_um": entry.wavelengths_um,
                "temperature": entry.temperature,
                "words_weight": entry.words_weight,
            }
        )
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    file = folder / CLASSIFIER_FILE
    save_file(tensors, file, metadata={"classifiers": json.dumps(about)})
    file.chmod(0o644)


def read_pixel_classifiers(folder: Path) -> PixelClassifiers | None:
    """Read the classifiers of a model's folder; None where it has none.

    Raises:
        ModelError: the file is damaged.
    """
    path = folder / CLASSIFIER_FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["classifiers"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - not a dict
        entries = tuple(
            PixelClassifier(
                tuple(map(str, entry["classes"])),
                tuple(map(float, entry["wavelengths_um"])),
                float(entry["temperature"]),
                **{name: tensors[f"{number}.{name}"] for name in TENSORS},
                words_weight=float(entry.get("words_weight", 0.0)),
            )
            for number, entry in enumerate(about)
        )
        projection = tensors["projection.weight"], tensors.get("projection.bias")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as problem:
        raise ModelError(
            f"{CLASSIFIER_FILE} of {folder.name} cannot be read ({problem}).", hint="Train the model again."
        ) from problem
    return PixelClassifiers(entries, projection, hashlib.sha256(path.read_bytes()).hexdigest())


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())
