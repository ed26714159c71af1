"""Teachers of the decoder's features: what learns where a pretrained trunk stays as it is."""

from __future__ import annotations

import pytest
import torch
from model_configs import SMALL

from core.errors import ModelError
from core.model import create_model

RGB = (0.665, 0.56, 0.49)
TEACHER = {"grid": 4, "channels": 6, "reads": "dense"}


def test_a_translator_of_dense_features_trains_the_decoder_alone():
    torch.manual_seed(0)
    model = create_model({**SMALL, "translators": {"teacher": TEACHER}})
    tokens, pyramid = model.visual.trunk.forward_pyramid(torch.randn(2, 3, 64, 64), torch.tensor(RGB))
    tokens, pyramid = tokens.detach(), {stride: each.detach() for stride, each in pyramid.items()}
    translated = model.translate(tokens, RGB, model.dense.bottleneck(tokens, pyramid))["teacher"]
    assert translated.shape == (2, 16, 6)
    translated.square().mean().backward()
    assert model.dense.narrow.weight.grad.abs().sum() > 0
    assert all(value.grad is None for value in model.visual.parameters())


def test_without_dense_features_it_is_left_out():
    model = create_model({**SMALL, "translators": {"teacher": TEACHER, "other": {"grid": 4, "channels": 6}}})
    assert set(model.translate(torch.randn(1, 48, 8, 8), RGB)) == {"other"}


def test_a_model_without_a_decoder_cannot_have_one():
    plain = {name: value for name, value in SMALL.items() if name != "dense"}
    with pytest.raises(ModelError, match="cannot read 'dense'"):
        create_model({**plain, "translators": {"teacher": TEACHER}})
