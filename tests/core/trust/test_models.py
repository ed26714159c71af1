"""What a model's folder says of itself leads nowhere: not to other addresses, not to other files."""

from __future__ import annotations

import json
import struct

import pytest

from core.errors import ModelError
from core.model import create_model, zoo
from core.model.cards import LINK_FILE
from core.model.config import ModelConfig
from core.model.weight_files import read_weights, save_model

TINY = ModelConfig(image_size=32, patch_size=16, width=32, layers=1, heads=2, mlp_ratio=2.0)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


@pytest.fixture
def folder(tmp_path):
    save_model(create_model(TINY), tmp_path / "given", {"title": "given"})
    return tmp_path / "given"


def test_a_card_cannot_send_a_fetch_to_another_address(home):
    made = home / "helpful"
    made.mkdir(parents=True)
    (made / "config.json").write_text(json.dumps(TINY.to_json()))
    files = [{"name": "model.safetensors", "size": 1, "sha256": "0" * 64}]
    card = {"title": "helpful", "address": "https://evil.example.org/a", "files": files, "config": "../../secret.json"}
    (made / "card.json").write_text(json.dumps(card))
    listed = {found.name: found for found in zoo.list_models()}["helpful"]
    assert (listed.address, listed.files, listed.config) == ("", (), "")
    with pytest.raises(ModelError, match="cannot be fetched"):
        zoo.fetch_model("helpful", accept_licence=True)


def test_a_card_in_a_published_models_place_does_not_change_its_address(home):
    made = home / "siglip-b16-224"
    made.mkdir(parents=True)
    (made / "config.json").write_text("{}")
    (made / "card.json").write_text(json.dumps({"address": "https://evil.example.org/a"}))
    listed = {found.name: found for found in zoo.list_models()}["siglip-b16-224"]
    assert listed.address.startswith("https://huggingface.co/timm/")


def test_a_card_that_names_files_outside_its_folder_reads_none_of_them(home, folder, monkeypatch):
    zoo.import_model(folder, "mine")
    card = {"title": "mine", "fetched": [{"name": "../../../secret", "size": 1, "hash": "0" * 64}]}
    (home / "mine" / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr("core.model.zoo.checking.matches", lambda *_: pytest.fail("the file was read"))
    report = zoo.check_model("mine")
    assert not report.sound
    assert "outside its folder" in report.problems[0]


def test_an_imported_folder_takes_no_files_along_that_links_lead_to(home, folder, tmp_path):
    deep = tmp_path / "elsewhere" / "deep" / "given"
    deep.parent.mkdir(parents=True)
    folder.rename(deep)
    (tmp_path / "secret.txt").write_text("a key")
    (deep / "notes.txt").symlink_to(tmp_path / "secret.txt")
    (deep / "own.txt").write_text("mine")
    zoo.import_model(deep, "mine")
    names = {path.name for path in (home / "mine").iterdir()}
    assert "own.txt" in names
    assert "notes.txt" not in names


def test_a_folder_in_the_hubs_own_cache_is_made_of_links_and_imports(home, folder, tmp_path):
    snapshot = tmp_path / "models--a--b" / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    blobs = tmp_path / "models--a--b" / "blobs"
    blobs.mkdir()
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(blobs / str(number))
        (snapshot / path.name).symlink_to(blobs / str(number))
    zoo.import_model(snapshot, "mine")
    assert {"config.json", "card.json", "model.safetensors"} <= {path.name for path in (home / "mine").iterdir()}
    assert not any(path.is_symlink() for path in (home / "mine").iterdir())


def test_an_imported_folder_cannot_point_the_name_to_another_folder(home, folder, tmp_path):
    (folder / LINK_FILE).write_text(json.dumps({"folder": str(tmp_path)}))
    card = zoo.import_model(folder, "mine")
    assert card.path == home / "mine"


@pytest.mark.parametrize("claimed", [2**62, 2**40, 10**9])
def test_a_header_that_claims_to_be_huge_is_refused_at_once(tmp_path, claimed):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", claimed) + b"{}")
    with pytest.raises(ModelError, match="damaged or cut short"):
        read_weights(path)


def test_a_configuration_that_is_deeply_nested_is_refused_in_words(folder):
    (folder / "config.json").write_text("[" * 100_000)
    with pytest.raises(ModelError):
        zoo.load_model(folder)
