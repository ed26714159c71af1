"""A wrong, missing or damaged configuration of an open_clip model is refused in a line that says what is wrong."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from open_architectures import SMALL, publish, random_model

from core.errors import ModelError
from core.model import load_model, zoo

PREPROCESSING = {"mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path):
    """A small CLIP as open_clip publishes it."""
    return publish(tmp_path / "clip", SMALL["CLIP"], random_model(SMALL["CLIP"]), PREPROCESSING)


WRONG = {
    "an unknown entry of the image tower": (("vision_cfg", "foo"), 1, "vision_cfg does not fit"),
    "patches of no size": (("vision_cfg", "patch_size"), 0, "vision_cfg does not fit"),
    "heads that do not divide the width": (("vision_cfg", "head_width"), 7, "vision_cfg does not fit"),
    "a size in words": (("vision_cfg", "image_size"), "big", "vision_cfg does not fit"),
    "a tower that timm does not know": (("vision_cfg", "timm_model_name"), "none_such", "vision_cfg does not fit"),
    "no image tower": (("vision_cfg",), None, "vision_cfg is no object"),
    "a negative dimension": (("embed_dim",), -3, "embed_dim is no positive number"),
    "no text tower": (("text_cfg",), None, "lacks text_cfg"),
    "an unknown entry of the text tower": (("text_cfg", "foo"), 1, "text_cfg does not fit"),
    "text heads that do not divide the width": (("text_cfg", "heads"), 5, "text_cfg does not fit"),
    "words for numbers": (("preprocess_cfg", "mean"), ["a", "b", "c"], "preprocess_cfg does not fit"),
    "two means for three bands": (("preprocess_cfg", "mean"), [0.5, 0.5], "do not fit together"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_entry_is_named_in_one_line(folder, case):
    (*path, entry), value, message = WRONG[case]
    file = folder / "open_clip_config.json"
    config = json.loads(file.read_text())
    inner = config if path == ["preprocess_cfg"] else config["model_cfg"]
    for name in path:
        inner = inner[name]
    inner[entry] = value
    file.write_text(json.dumps(config))
    with pytest.raises(ModelError, match=message) as caught:
        zoo.import_model(folder, "wrong")
    assert "\n" not in str(caught.value)
    assert "wrong" not in {card.name for card in zoo.list_models()}


def test_a_damaged_configuration_is_not_taken_for_a_missing_one(folder):
    (folder / "open_clip_config.json").write_text('{"model_cfg": {')
    with pytest.raises(ModelError, match="is damaged"):
        zoo.import_model(folder)


def test_weights_without_a_configuration_are_told_how_to_name_one(folder):
    (folder / "open_clip_config.json").unlink()
    with pytest.raises(ModelError, match="unknown how") as caught:
        zoo.import_model(folder)
    assert "--architecture" in caught.value.hint


def test_a_configuration_of_transformers_is_recognised(folder):
    (folder / "open_clip_config.json").unlink()
    (folder / "config.json").write_text(json.dumps({"architectures": ["CLIPModel"], "model_type": "clip"}))
    with pytest.raises(ModelError, match="of the transformers library"):
        zoo.import_model(folder)


def test_a_named_architecture_counts_more_than_a_configuration_that_cannot_be_read(folder, monkeypatch):
    from core.model.open_models.settings import OpenModelSettings

    (folder / "open_clip_config.json").unlink()
    (folder / "config.json").write_text(json.dumps({"model_type": "clip"}))
    monkeypatch.setattr("core.model.zoo.importing.named_architecture", lambda name: OpenModelSettings(SMALL["CLIP"]))
    zoo.import_model(folder, "named", architecture="ViT-B-16-quickgelu")
    assert load_model("named", device="cpu").config.image_size == 64


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_the_only_weights_of_a_folder_are_those_of_its_open_clip_configuration_whatever_their_name(folder, ending):
    file = folder / f"ViT-B-16-of-ours.{ending}"
    published = folder / "open_clip_model.safetensors"
    if ending == "bin":
        torch.save(random_model(SMALL["CLIP"]).state_dict(), file)
        published.unlink()
    else:
        published.rename(file)
    zoo.import_model(file, "ours")
    assert load_model("ours", device="cpu").config.image_size == 64


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_weights_cut_short_are_refused(folder, ending):
    published = folder / "open_clip_model.safetensors"
    if ending == "bin":
        published.unlink()
        published = folder / "open_clip_pytorch_model.bin"
        torch.save(random_model(SMALL["CLIP"]).state_dict(), published)
    whole = published.read_bytes()
    published.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="cut short"):
        zoo.import_model(folder, "half")
    shutil.rmtree(folder)
    assert "half" not in {card.name for card in zoo.list_models()}
