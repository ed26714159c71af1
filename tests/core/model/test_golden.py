"""The architecture gives the numbers of the published reference implementation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from open_clip.loss import SigLipLoss
from safetensors.torch import load_file

from core.model import GeoLangBind, create_model
from core.model.distillation import agglomeration_loss, distillation_loss

GOLDEN = Path(__file__).parents[2] / "golden"
SENSORS = ("rgb", "sentinel2_9", "two_band", "one_band", "hyper_48")
EXACT = {"atol": 1e-5, "rtol": 0.0}


@pytest.fixture(scope="module")
def expected() -> dict[str, torch.Tensor]:
    return load_file(GOLDEN / "dofa_clip_small.expected.safetensors")


@pytest.fixture(scope="module")
def model() -> GeoLangBind:
    model = create_model(json.loads((GOLDEN / "dofa_clip_small.config.json").read_text()))
    model.load_state_dict(load_file(GOLDEN / "dofa_clip_small.checkpoint.safetensors"), strict=True)
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize("sensor", SENSORS)
def test_every_stage_of_the_trunk_agrees_with_the_reference(model, expected, sensor):
    images, wavelengths = expected[f"{sensor}.image"], expected[f"{sensor}.wavelengths_um"]
    trunk = model.visual.trunk
    last_block: list[torch.Tensor] = []
    hook = trunk.blocks[-1].register_forward_hook(lambda module, inputs, output: last_block.append(output))
    tokens = model.encode_tokens(images, wavelengths)
    hook.remove()

    torch.testing.assert_close(
        trunk.patch_embed.fclayer(wavelengths), expected[f"{sensor}.wavelength_embedding"], **EXACT
    )
    torch.testing.assert_close(trunk.patch_embed(images, wavelengths), expected[f"{sensor}.patch_embedding"], **EXACT)
    torch.testing.assert_close(last_block[0], expected[f"{sensor}.last_block"], **EXACT)
    torch.testing.assert_close(tokens.flatten(2).transpose(1, 2), expected[f"{sensor}.tokens"], **EXACT)
    torch.testing.assert_close(model.encode_image(images, wavelengths), expected[f"{sensor}.pooled"], **EXACT)


@pytest.mark.parametrize("sensor", [sensor for sensor in SENSORS if sensor != "one_band"])
def test_translated_tokens_agree_with_the_reference(model, expected, sensor):
    wavelengths = expected[f"{sensor}.wavelengths_um"]
    translated = model.translate(model.encode_tokens(expected[f"{sensor}.image"], wavelengths), wavelengths)
    assert set(translated) == set(model.config.translators)
    for teacher, features in translated.items():
        torch.testing.assert_close(features, expected[f"{sensor}.translated.{teacher}"], **EXACT)


def test_one_band_can_be_translated_too(model, expected):
    tokens = model.encode_tokens(expected["one_band.image"], expected["one_band.wavelengths_um"])
    for teacher, features in model.translate(tokens, expected["one_band.wavelengths_um"]).items():
        size = model.config.translators[teacher]
        assert features.shape == (2, size["grid"] ** 2, size["channels"])
        assert features.isfinite().all()


def test_text_tower_agrees_with_the_reference(model, expected):
    torch.testing.assert_close(model.encode_text(expected["text.ids"]), expected["text.pooled"], **EXACT)


def test_siglip_loss_agrees_with_the_reference(model, expected):
    loss = SigLipLoss()(
        expected["siglip_loss.image"], expected["siglip_loss.text"], model.logit_scale.exp(), model.logit_bias
    )
    torch.testing.assert_close(loss, expected["siglip_loss.value"], **EXACT)


def test_distillation_loss_agrees_with_the_reference(expected):
    student, teacher = expected["distill_loss.student"], expected["distill_loss.teacher"]
    loss = distillation_loss(student, teacher)
    torch.testing.assert_close(loss, expected["distill_loss.value"], **EXACT)
    both = {"siglip_so400m": student, "dinov2": student}
    assert agglomeration_loss(both, dict.fromkeys(both, teacher)) == pytest.approx(3 * loss.item())
