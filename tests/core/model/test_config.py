"""A configuration is checked when it is read and written again as it was."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path

import pytest

from core.errors import ModelError
from core.model import create_model
from core.model.config import ModelConfig, read_config
from core.model.model_hash import hash_weights

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "resources" / "models").glob("**/*config.json")) + sorted(
    (ROOT / "resources" / "models").glob("*.json")
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_file_is_written_again_as_it_was_read(file):
    values = json.loads(file.read_text())
    assert json.dumps(read_config(file).to_json()) == json.dumps(values)


def test_a_given_default_is_kept_and_a_default_that_was_not_given_is_not_added(vision_config):
    given = {"drop_path": 0.0, **vision_config, "stem": None}
    config = ModelConfig.from_json(given)
    assert list(config.to_json().items()) == list(given.items())
    assert "smallest_image" not in config.to_json()
    assert hash_weights(config, {}) != hash_weights(ModelConfig.from_json(vision_config), {})


def test_changing_the_values_that_were_read_changes_no_configuration(minilm_config):
    values = copy.deepcopy(minilm_config)
    config = ModelConfig.from_json(values)
    values["text"]["tower"] = "another"
    config.to_json()["text"]["tower"] = "another"
    assert config.text is not None
    assert config.text["tower"] == "sentence-transformers/all-MiniLM-L6-v2"
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.width = 3  # type: ignore[misc]


def test_values_are_replaced_and_taken_away(minilm_config):
    config = ModelConfig.from_json(minilm_config)
    assert config.with_values(text=None).to_json() == {
        name: value for name, value in minilm_config.items() if name != "text"
    }
    assert config.with_values(embed_dim=64).to_json() == {**minilm_config, "embed_dim": 64}
    with pytest.raises(ModelError, match="lacks width"):
        config.with_values(width=None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"widht": 3}, "unknown widht"),
        ({"dense": 3}, "object for dense"),
        ({"embed_dim": "wide"}, "positive number for embed_dim"),
        ({"stem": {"chanels": [8]}}, "trunk entry does not fit.*chanels"),
        ({"trunk": {"kind": "vit"}, "dense": {"kind": "light", "midle": 8}}, "dense entry does not fit.*midle"),
        ({"translators": {"teacher": {"grid": 4}}}, "translators entry does not fit.*channels"),
        ({"trunk": {"kind": "vit"}, "scene": {"strides": [], "hiden": 8}}, "scene entry does not fit.*hiden"),
        ({"text": {"words": 8}}, "text entry does not fit.*words"),
    ],
)
def test_an_unknown_setting_is_refused_by_name(vision_config, change, words):
    with pytest.raises(ModelError, match=words):
        create_model({**vision_config, **change})
