"""Words that a model was not trained with are read by the nearest ones it was."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from model_configs import SMALL

from core.model import create_model, load_model
from core.model.known_words import KnownWords
from core.model.weight_files import save_model


@pytest.fixture
def known():
    torch.manual_seed(0)
    words = KnownWords(("water", "lake", "house"), 16)
    water, house = F.normalize(torch.randn(2, 16), dim=1)
    words.vectors.copy_(torch.stack([water, F.normalize(water + 0.3 * torch.randn(16), dim=0), house]))
    return words


def test_a_known_word_stays_as_it_is(known):
    torch.testing.assert_close(known.read(known.vectors), known.vectors)


def test_a_word_near_a_known_one_is_read_as_it(known):
    near = F.normalize(known.vectors[2] + 0.2 * F.normalize(torch.randn(16), dim=0), dim=0)
    read = known.read(near[None])[0]
    assert read @ known.vectors[2] > 0.999 > near @ known.vectors[2]
    assert known.nearest(near, 1)[0][0] == "house"


def test_a_word_like_none_stays_as_it_is(known):
    strange = torch.linalg.svd(known.vectors).Vh[-1]
    torch.testing.assert_close(known.read(strange[None])[0], strange)


def test_what_is_read_changes_without_jumps(known):
    strange = torch.linalg.svd(known.vectors).Vh[-1]
    way = torch.linspace(0, 0.99, 200)[:, None]
    path = F.normalize(way * known.vectors[2] + (1 - way) * strange, dim=1)
    assert known.read(path).diff(dim=0).norm(dim=1).max() < 0.1


def test_a_model_keeps_its_known_words(tmp_path):
    model = create_model({**SMALL, "known_words": ["water", "house"]})
    model.known_words.vectors.copy_(F.normalize(torch.randn_like(model.known_words.vectors), dim=1))
    save_model(model, tmp_path, {"name": "small"})
    again = load_model(str(tmp_path), device="cpu")
    assert again.known_words.words == ("water", "house")
    torch.testing.assert_close(again.known_words.vectors, model.known_words.vectors)
