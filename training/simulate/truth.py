"""Truth of a simulated scene: land-cover codes of public legends, and masks of prompts."""

from __future__ import annotations

import re

import numpy as np

from training.simulate.materials import MATERIALS

Array = np.ndarray

_WORLDCOVER = np.array([material.worldcover for material in MATERIALS], np.uint8)
_ESRI = np.array([material.esri for material in MATERIALS], np.uint8)


def worldcover(labels: Array) -> Array:
    """Return the ESA WorldCover codes of material labels, uint8; 0 where the legend has no class (clouds)."""
    return _WORLDCOVER[labels]


def esri(labels: Array) -> Array:
    """Return the Esri nine-class codes of material labels, uint8; 0 where the legend has no class (clouds)."""
    return _ESRI[labels]


def materials_meant(prompt: str) -> tuple[int, ...]:
    """Label values of a typed word or list of synonyms: materials with one of them among their words.

    Args:
        prompt: "water", or several joined by commas or "or": "vineyard or orchard".
    """
    wanted = {part.strip().lower() for part in re.split(r",|\bor\b", prompt) if part.strip()} | {prompt.strip().lower()}
    return tuple(index for index, material in enumerate(MATERIALS) if wanted & {material.name, *material.words})


def prompt_truth(labels: Array, prompt: str) -> Array:
    """Returns the mask where a prompt applies, bool, same shape as the labels.

    Raises:
        KeyError: no material has such a word.
    """
    meant = materials_meant(prompt)
    if not meant:
        raise KeyError(f"No simulated material is called {prompt!r}.")
    return np.isin(labels, meant)
