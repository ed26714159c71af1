"""Renaming and deleting models of one's own, as the plugin asks for it."""

from __future__ import annotations

import json

import pytest

from core.context import Context
from core.errors import ModelError, UsageError
from core.model import own_models
from core.protocol import ModelsParams
from core.serve.catalogue import models


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folder of a model called coast."""
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path))
    folder = tmp_path / "models" / "coast"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "card.json").write_text(json.dumps({"name": "coast", "title": "coast", "licence": "MIT"}))
    return folder


def ask(**params):
    return {card["name"]: card for card in models(ModelsParams(**params), Context())["models"]}


def test_a_renamed_model_is_listed_under_its_new_name_alone(own):
    found = ask(action="rename", name="coast", new_name="north coast")
    assert found["north coast"]["title"] == "north coast"
    assert "coast" not in found


def test_a_deleted_model_is_gone_with_its_files(own):
    assert "coast" in ask()
    assert "coast" not in ask(action="delete", name="coast")
    assert not own.exists()


@pytest.mark.parametrize("name", ["geolb-tiny", "../models", "", "."])
def test_nothing_else_can_be_deleted(own, name):
    with pytest.raises((ModelError, UsageError)):
        ask(action="delete", name=name)
    assert own.is_dir()


@pytest.mark.parametrize("new_name", ["a/b", "..", " ", "coast", "x" * 200])
def test_a_name_that_cannot_be_used_is_refused(own, new_name):
    with pytest.raises((ModelError, UsageError)):
        own_models.rename_model("coast", new_name)
    assert own.is_dir()
