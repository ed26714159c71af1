"""Settings and names that others wrote: what they ask for is not done, and errors are one line that can be printed."""

from __future__ import annotations

import json
import socket

import pytest

from core.classes import ClassSchemeError, load_scheme
from core.cli.main import main as command
from core.errors import ModelError, TrainingError
from core.finetune.labels import open_labels
from core.model import create_model, zoo
from core.model.config import ModelConfig
from core.model.weight_files import save_model
from core.pretrain.recipe import build_sources, read_recipe

TINY = ModelConfig(image_size=32, patch_size=16, width=32, layers=1, heads=2, mlp_ratio=2.0)
SOURCE = "name: a\nsteps: 1\nsources: {one: {kind: %s, settings: {}}}\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models"


def model_with(tmp_path, part, values, **card):
    folder = tmp_path / "given"
    save_model(create_model(TINY), folder, {"title": "given", **card})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, part: values}))
    return folder


@pytest.mark.parametrize("name", ["/etc/passwd", "../../secret", "hf-hub:foreign/model", "local-dir:/tmp/model"])
@pytest.mark.parametrize(
    ("part", "table", "entry"),
    [
        ("trunk", "vision_cfg", "timm_model_name"),
        ("text", "text_cfg", "hf_model_name"),
        ("text", "text_cfg", "hf_tokenizer_name"),
    ],
)
def test_a_configuration_cannot_name_a_path_or_a_foreign_hub(tmp_path, monkeypatch, part, table, entry, name):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("somebody was contacted"))
    architecture = {"embed_dim": 32, table: {entry: name, "timm_model_pretrained": True, "image_size": 32}}
    with pytest.raises(ModelError, match="no name of a published model"):
        zoo.load_model(model_with(tmp_path, part, {"kind": "open_clip", "architecture": architecture}))


def test_a_configuration_cannot_ask_for_other_weights_to_be_fetched(tmp_path, monkeypatch):
    asked = []

    def build(name, pretrained, **_):
        asked.append(pretrained)
        raise ModelError("far enough")

    monkeypatch.setattr("open_clip.timm_model.timm.create_model", build)
    image_part = {"timm_model_name": "vit_tiny_patch16_224", "timm_model_pretrained": True, "image_size": 32}
    trunk = {"kind": "open_clip", "architecture": {"embed_dim": 32, "vision_cfg": image_part}}
    with pytest.raises(ModelError, match="far enough"):
        zoo.load_model(model_with(tmp_path, "trunk", trunk))
    assert asked == [False]


def test_a_configuration_of_impossible_size_is_refused_before_memory_is_asked_for(tmp_path):
    with pytest.raises(ModelError, match="width is too large"):
        zoo.load_model(model_with(tmp_path, "width", 10**9))


def test_a_card_cannot_steer_the_terminal_of_who_lists_models(tmp_path, home, capsys):
    folder = model_with(
        tmp_path, "notes", None, title="nice\x1b[2J\x1b]0;owned\x07\nsecond line", licence="MIT\x1b[31m"
    )
    zoo.import_model(folder, "mine")
    assert command(["models", "list"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    (line,) = [line for line in printed.splitlines() if line.startswith("mine ")]
    assert line.endswith("second line")


def test_the_name_of_a_file_cannot_steer_the_terminal_by_an_error(tmp_path, capsys):
    path = tmp_path / "evil\n\x1b[2Jname.tif"
    path.write_bytes(b"II*\0junk")
    assert command(["doctor", str(path)]) == 1
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extends: recipe.yaml\n", "extends itself"),
        ("[" * 20_000, "nested too deeply"),
        ("sources: [1, 2]\n", "names no source"),
        ("sources: {one: 3}\n", "no table of settings"),
        ("!!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_a_recipe_that_is_none_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=words):
        read_recipe(path)


@pytest.mark.parametrize("kind", ["os:system:DirEntry", "subprocess:Popen:CompletedProcess", "json:loads:nothing"])
def test_a_recipe_cannot_call_what_is_no_source(tmp_path, kind):
    path = tmp_path / "recipe.yaml"
    path.write_text(SOURCE % f'"{kind}"')
    with pytest.raises(TrainingError, match="there is no kind"):
        build_sources(read_recipe(path))


@pytest.mark.parametrize("ending", ["vrt", "xml", "gml"])
def test_labels_that_only_name_a_service_contact_nobody(tmp_path, ending):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        path = tmp_path / f"labels.{ending}"
        path.write_text(
            f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://127.0.0.1:{port}/x.geojson'
            "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        )
        with pytest.raises(TrainingError, match="names other files or services"), open_labels(str(path), "class"):
            pass
        with pytest.raises(BlockingIOError):  # nobody called
            listening.accept()


def test_a_class_scheme_that_is_nested_too_deeply_is_refused_in_words(tmp_path):
    path = tmp_path / "classes.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ClassSchemeError, match="is not JSON"):
        load_scheme(str(path))
