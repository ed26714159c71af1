"""Every dense head gives vectors of text space, at its own stride."""

from __future__ import annotations

import pytest
import torch

from core.dense.basis import FeatureBasis
from core.errors import ModelError
from core.model.dense_heads import HEADS, default_head, dense_features, get_head
from core.model.geolangbind import create_model

PLAIN = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "heads": 4, "mlp_ratio": 2.0}
WAVELENGTHS = torch.tensor([0.665, 0.56, 0.49])


@pytest.fixture(scope="module")
def plain():
    torch.manual_seed(0)
    translators = {"siglip": {"grid": 4, "channels": 32}, "dinov2": {"grid": 5, "channels": 24}}
    return create_model({**PLAIN, "translators": translators}).eval()


@torch.no_grad()
@pytest.mark.parametrize("name", ["tokens", "value_path", "self_self", "maka"])
def test_heads_of_a_plain_model_give_a_vector_a_patch(plain, name):
    found = dense_features(plain, torch.randn(2, 3, 32, 32), WAVELENGTHS, name)
    assert found.shape == (2, 32, 4, 4)
    assert found.isfinite().all()


@torch.no_grad()
def test_the_decoder_gives_a_vector_every_two_pixels(model):
    images = torch.randn(1, 3, 64, 48)
    found = dense_features(model, images, WAVELENGTHS)
    assert found.shape == (1, 64, 32, 24)
    assert default_head(model) == "decoder"
    assert get_head(model).stride(model) == 2


@torch.no_grad()
def test_a_lone_token_is_pooled_as_the_value_path_says(plain):
    images = torch.randn(3, 3, 8, 8)
    found = dense_features(plain, images, WAVELENGTHS, "value_path")[:, :, 0, 0]
    torch.testing.assert_close(found, plain.encode_image(images, WAVELENGTHS), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_taking_the_global_vector_away_leaves_less_of_it(plain):
    images = torch.randn(1, 3, 32, 32)
    pooled = torch.nn.functional.normalize(plain.encode_image(images, WAVELENGTHS), dim=1)[0]

    def share(factor: float) -> float:
        found = dense_features(plain, images, WAVELENGTHS, "value_path", global_bias=factor)
        return float(torch.einsum("d,bdhw->bhw", pooled, torch.nn.functional.normalize(found, dim=1)).mean())

    assert share(0.3) < share(0.0)


@pytest.mark.parametrize(("name", "said"), [("decoder", "no trained decoder"), ("nonsense", "no dense head")])
def test_a_head_that_does_not_fit_is_one_clear_error(plain, name, said):
    with pytest.raises(ModelError, match=said):
        get_head(plain, name)


def test_all_heads_are_found_by_their_names():
    assert all(head.name == name for name, head in HEADS.items())


@torch.no_grad()
@pytest.mark.parametrize("narrow", [16, 64, 100])
def test_the_narrow_basis_scores_exactly_like_the_wide_features(narrow):
    projection = torch.nn.Conv2d(narrow, 64, 1)
    bottleneck = torch.randn(2, narrow, 5, 6)
    basis = FeatureBasis.of_projection(projection)
    coordinates = basis.coordinates(bottleneck.permute(0, 2, 3, 1))
    text = torch.nn.functional.normalize(torch.randn(3, 64), dim=1)
    factors, constants = basis.text(text)
    scores = torch.einsum("nk,bhwk->bnhw", factors, coordinates) + constants[:, None, None]
    wide = projection(bottleneck)
    assert coordinates.shape[-1] == min(narrow, 64)
    torch.testing.assert_close(scores, torch.einsum("nd,bdhw->bnhw", text, wide), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(basis.norms(coordinates), wide.norm(dim=1), atol=1e-5, rtol=1e-4)
