"""Every model at hand is listed: embedded, published, and the user's own, broken ones with the reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ModelError
from core.model import load_model, zoo
from core.model.weight_files import save_model


def test_embedded_and_published_models_are_listed():
    listed = {card.name: card for card in zoo.list_models()}
    assert listed["geolb-tiny"].source == "embedded"
    published = listed["dofa-clip-so400m-384"]
    assert published.source == "published"
    assert published.must_accept
    assert not published.available
    assert "non" in published.licence_text or "not" in published.licence_text
    json.dumps([card.to_json() for card in listed.values()])


def test_a_model_trained_by_the_user_is_listed_at_once(models_home, vision_model):
    save_model(vision_model, models_home / "models" / "my_fields", {"title": "My fields", "miou": 0.7})
    card = zoo.get_card("my_fields")
    assert (card.title, card.source, card.details) == ("My fields", "user", {"miou": 0.7})
    assert load_model("my_fields", device="cpu").model_hash == vision_model.model_hash
    assert zoo.check_model("my_fields").sound


def test_a_model_that_is_nowhere_listed_is_checked_where_it_lies(tmp_path, models_home, vision_model):
    save_model(vision_model, tmp_path / "elsewhere", {"title": "Elsewhere"})
    assert zoo.check_model(str(tmp_path / "elsewhere")).sound
    weights = tmp_path / "elsewhere" / "model.safetensors"
    assert zoo.check_model(str(weights)).sound
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "damaged" in zoo.check_model(str(tmp_path / "elsewhere")).problems[0]
    with pytest.raises(ModelError, match="no model called"):
        zoo.check_model(str(tmp_path / "nowhere"))


def test_a_broken_model_is_listed_with_its_reason(models_home, vision_model):
    folder = models_home / "models" / "broken"
    save_model(vision_model, folder, {"title": "Broken"})
    (folder / "model.safetensors").unlink()
    card = zoo.get_card("broken")
    assert not card.available
    assert card.description == "Its weights are missing."
    (folder / "card.json").write_text("{")
    assert "cannot be read" in zoo.get_card("broken").description
    assert not zoo.check_model("broken").sound


def test_listing_models_does_not_wait_for_torch():
    code = "import sys, core.model.zoo as zoo; zoo.list_models(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0
