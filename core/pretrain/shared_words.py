"""Use of another model's text tower, text space and templates by a student."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from core.model.geolangbind import GeoLangBind

WORDS = ("text.", "logit_scale", "logit_bias")
"""Prefixes of the names of the parameters of text tower and similarity."""


def with_words_of(values: Mapping[str, Any], words: GeoLangBind | None) -> dict[str, Any]:
    """Returns a model configuration with the text part of another model; as it is where there is none.

    Args:
        values: of a configuration file.
        words: the model whose words are shared.
    """
    if words is None:
        return dict(values)
    shared: dict[str, Any] = {"text": words.config.text, "embed_dim": words.embed_dim}
    if words.config.templates is not None:
        shared["templates"] = list(words.config.templates)
    return {**values, **shared}


def word_weights(words: GeoLangBind) -> dict[str, Tensor]:
    """Returns the weights of a model's words; a frozen sentence encoder has none inside the model."""
    return {name: value for name, value in words.state_dict().items() if name.startswith(WORDS)}
