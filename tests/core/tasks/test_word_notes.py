"""A person is told which of their words the model was not trained with."""

from __future__ import annotations

import pytest

from core.model import create_model, load_model
from core.tasks.scoring import parse_prompts
from core.tasks.word_notes import word_notes


@pytest.fixture(scope="module")
def model():
    embedded = load_model("geolb-tiny", device="cpu")
    words = ("water", "house", "houses", "road")
    made = create_model(embedded.config.with_values(known_words=list(words)))
    made.known_words.vectors.copy_(made.template_means(list(words)))
    return made


def test_trained_words_need_no_note(model):
    assert word_notes(model, parse_prompts(["water", "house | road"])) == []


def test_a_word_near_trained_ones_is_said_to_be_read_as_them(model):
    (note,) = word_notes(model, parse_prompts(["dwelling"]))
    assert '"dwelling"' in note
    assert "reads it as house" in note


def test_a_word_like_none_is_said_to_be_unknown(model):
    (note,) = word_notes(model, parse_prompts(["quantum chromodynamics"]))
    assert "anything like it" in note


def test_a_model_that_names_no_words_says_nothing():
    plain = load_model("geolb-tiny", device="cpu")
    plain.known_words = None
    assert word_notes(plain, parse_prompts(["dwelling"])) == []
