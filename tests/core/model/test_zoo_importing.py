"""A model in a local file or folder is imported or linked when it loads, with what is known about it."""

from __future__ import annotations

import json
import shutil

import pytest

from core.errors import ModelError, UsageError
from core.model import load_model, zoo
from core.model.weight_files import save_model, save_weights


@pytest.mark.parametrize("form", ["folder", "bin", "safetensors"])
def test_a_local_model_is_imported(tmp_path, golden_config, golden_checkpoint, form):
    source = tmp_path / "downloads" / "mine"
    source.mkdir(parents=True)
    model = load_model(golden_checkpoint, config=golden_config, device="cpu")
    (source / "config.json").write_text(json.dumps(golden_config))
    if form == "folder":
        shutil.copy(golden_checkpoint, source / "open_clip_model.safetensors")
        path = source
    else:
        path = source / f"model.{form}"
        save_weights(model, path)
    card = zoo.import_model(path, "mine")
    shutil.rmtree(source)
    assert card.available
    assert load_model("mine", device="cpu").model_hash == model.model_hash


def test_a_linked_model_stays_where_it_is(tmp_path, vision_model):
    folder = tmp_path / "elsewhere"
    save_model(vision_model, folder, {"title": "Elsewhere"})
    card = zoo.import_model(folder, link=True)
    assert card.path == folder
    assert load_model("elsewhere", device="cpu").card.title == "Elsewhere"


def test_importing_refuses_what_does_not_load(tmp_path, models_home):
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="damaged"):
        zoo.import_model(tmp_path / "model.safetensors", "bad")
    assert not [path for path in (models_home / "models").glob("*") if path.is_dir()]
    assert "bad" not in {card.name for card in zoo.list_models()}


def test_importing_refuses_names_that_are_taken_or_odd(tmp_path, vision_model):
    folder = tmp_path / "one"
    save_model(vision_model, folder, {})
    zoo.import_model(folder)
    with pytest.raises(ModelError, match="already a model called one"):
        zoo.import_model(folder)
    with pytest.raises(ModelError, match="already a model called geolb-tiny"):
        zoo.import_model(folder, "geolb-tiny")
    with pytest.raises(UsageError, match="cannot be a model's name"):
        zoo.import_model(folder, "../escape")


@pytest.mark.parametrize("linked_by", ["import of the file", "import of the folder", "path of the file", "path"])
def test_a_published_file_keeps_wavelengths_and_licence_without_a_card(
    published, tmp_path, golden_checkpoint, linked_by
):
    folder = tmp_path / "downloads"
    folder.mkdir()
    file = folder / "open_clip_model.safetensors"
    shutil.copy(golden_checkpoint, file)
    if linked_by.startswith("import"):
        zoo.import_model(file if linked_by.endswith("file") else folder, "mine")
        model = load_model("mine", device="cpu")
    else:
        model = load_model(file if linked_by.endswith("file") else folder, device="cpu")
    assert model.card.placeholders == "sar_gen1"
    assert model.card.licence == "CC-BY-NC-4.0"
    assert model.card.sensors == ("aerial_rgb",)


def test_a_model_of_a_published_layout_with_a_card_of_its_own_is_not_taken_for_the_published_one(
    published, tmp_path, golden_checkpoint
):
    published_model = load_model(golden_checkpoint, device="cpu")
    save_model(published_model, tmp_path / "own", {"title": "Trained here", "licence": "MIT"})
    zoo.import_model(tmp_path / "own")
    for name in ("own", tmp_path / "own", tmp_path / "own" / "model.safetensors"):
        card = load_model(name, device="cpu").card
        assert (card.title, card.licence, card.placeholders) == ("Trained here", "MIT", None)
