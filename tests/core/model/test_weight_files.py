"""Weights are read strictly and safely, in every form they are published in."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import ModelError, OutputError
from core.model import create_model, load_model
from core.model.cards import RESOURCES
from core.model.config import ModelConfig, read_config
from core.model.geolangbind import GeoLangBind
from core.model.model_hash import hash_weights
from core.model.weight_files import build_model, read_weights, save_weights


class Malicious:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def weights(golden_checkpoint):
    return load_file(golden_checkpoint)


@pytest.mark.parametrize("suffix", [".safetensors", ".bin", ".pt"])
def test_what_is_saved_is_loaded_again(tmp_path, golden_config, weights, suffix):
    model = build_model(ModelConfig.from_json(golden_config), weights, "golden")
    save_weights(model, tmp_path / f"model{suffix}")
    again = build_model(ModelConfig.from_json(golden_config), read_weights(tmp_path / f"model{suffix}"), "saved")
    assert again.model_hash == model.model_hash
    assert os.listdir(tmp_path) == [f"model{suffix}"]
    assert (tmp_path / f"model{suffix}").stat().st_mode & 0o044


def test_half_precision_files_are_computed_with_in_full_precision(tmp_path, vision_model, vision_config):
    save_weights(vision_model, tmp_path / "half.safetensors", torch.float16)
    save_weights(vision_model, tmp_path / "full.safetensors")
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * (tmp_path / "full.safetensors").stat().st_size
    again = build_model(ModelConfig.from_json(vision_config), read_weights(tmp_path / "half.safetensors"), "half")
    assert {parameter.dtype for parameter in again.parameters()} == {torch.float32}


def test_a_training_checkpoint_is_unwrapped(tmp_path, golden_config, weights):
    wrapped = {"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in weights.items()}}
    torch.save(wrapped, tmp_path / "epoch_3.pt")
    build_model(ModelConfig.from_json(golden_config), read_weights(tmp_path / "epoch_3.pt"), "epoch_3.pt")


def test_translators_may_be_absent(golden_config, weights):
    bare = {name: tensor for name, tensor in weights.items() if not name.startswith("translators.")}
    model = build_model(ModelConfig.from_json(golden_config), bare, "bare")
    assert len(model.translators) == 0
    assert model.translate(torch.zeros(1, 32, 3, 3), [0.6]) == {}


def test_translators_the_configuration_does_not_name_are_read_off_the_weights(golden_config, weights):
    named = golden_config.pop("translators")
    model = build_model(ModelConfig.from_json(golden_config), weights, "golden")
    assert model.config.translators == named


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda weights: weights.pop("logit_bias"), "lacks logit_bias"),
        (lambda weights: weights.update(extra=torch.zeros(1)), "unexpected extra"),
        (lambda weights: weights.update({"visual.trunk.norm.bias": torch.zeros(5)}), r"other sizes.*\(5,\)"),
        (
            lambda weights: weights.pop("translators.dinov2_vitl14_reg.conv1.bias"),
            "lacks translators.dinov2_vitl14_reg.conv1.bias",
        ),
        (
            lambda weights: weights.update({"text.ln_finl.bias": weights.pop("text.ln_final.bias")}),
            "lacks text.ln_final.bias; it has unexpected text.ln_finl.bias",
        ),
    ],
)
def test_every_key_is_accounted_for(golden_config, weights, change, words):
    change(weights)
    with pytest.raises(ModelError, match=words):
        build_model(ModelConfig.from_json(golden_config), weights, "golden")


@pytest.mark.parametrize("name", ["model.safetensors", "model.bin"])
@pytest.mark.parametrize("kept", [0, 7, 5000, 0.5, 0.999])
def test_a_truncated_file_is_one_clear_error(tmp_path, vision_model, name, kept):
    save_weights(vision_model, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ModelError, match=rf"{name} is damaged"):
        read_weights(tmp_path / name)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path, zipped):
    trap = tmp_path / "trap"
    file = tmp_path / "model.bin"
    torch.save({"a": torch.zeros(2), "b": Malicious(trap)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="holds code"):
        read_weights(file)
    assert not trap.exists()


def test_another_file_than_the_published_one_is_refused(golden_checkpoint):
    with pytest.raises(ModelError, match="hash differs"):
        read_weights(golden_checkpoint, sha256="0" * 64)


def test_a_git_lfs_pointer_is_named(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 915000000\n")
    with pytest.raises(ModelError, match="Git LFS pointer"):
        read_weights(file)


def test_a_file_that_is_no_state_dict_is_refused(tmp_path):
    torch.save([1, 2, 3], tmp_path / "list.pt")
    with pytest.raises(ModelError, match="does not hold a model's weights"):
        read_weights(tmp_path / "list.pt")


def test_a_missing_file_and_an_unknown_kind_are_refused(tmp_path):
    with pytest.raises(ModelError, match="no model file"):
        read_weights(tmp_path / "none.safetensors")
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"model\.onnx is not a kind of model file"):
        read_weights(tmp_path / "model.onnx")


def test_nothing_is_left_where_weights_cannot_be_written(tmp_path, vision_model):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save_weights(vision_model, tmp_path / "file" / "model.safetensors")


def test_the_published_sizes_have_the_published_names(golden_checkpoint):
    published = {_without_numbers(name) for name in load_file(golden_checkpoint)}
    published = {name for name in published if not name.startswith("translators.")}
    for name in ("dofa-clip-b16-224", "dofa-clip-so400m-384"):
        with torch.device("meta"):
            model = create_model(read_config(RESOURCES / "models" / f"{name}.json"))
        assert {_without_numbers(key) for key in model.state_dict()} == published


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dofa-clip-b16-224", "dofa-clip-so400m-384"])
@pytest.mark.parametrize("translated", [True, False])
def test_published_models_load_at_full_size(tmp_path, name, translated):
    """Random weights under the published names, in both forms; one copy in memory at a time."""
    if translated and name == "dofa-clip-so400m-384":
        pytest.skip("translators are exercised at full size with B-16; SO400M would only take longer")
    config = read_config(RESOURCES / "models" / f"{name}.json")
    if translated:
        config = config.with_values(
            translators={
                "dinov2_vitl14_reg": {"grid": 16, "channels": 1024},
                "vit_large_patch16_384_augreg_in21k_ft_in1k": {"grid": 24, "channels": 1024},
            }
        )
    weights = _random_weights(config)
    expected = hash_weights(config, weights)
    save_file(weights, tmp_path / "open_clip_model.safetensors")
    torch.save(weights, tmp_path / "open_clip_pytorch_model.bin")
    del weights
    for file in ("open_clip_model.safetensors", "open_clip_pytorch_model.bin"):
        model = load_model(tmp_path / file, device="cpu", dtype="float32")  # no configuration beside it: recognised
        (tmp_path / file).unlink()
        assert model.model_hash == expected
        if file.endswith(".safetensors"):
            side = config.image_size
            embedding = model.encode_image(torch.randn(1, 2, side, side), [0.56, 1.61])
            assert embedding.shape == (1, config.width)
            assert embedding.isfinite().all()
        del model


def _random_weights(config) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        shapes = GeoLangBind(config).state_dict()
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for name, tensor in shapes.items():
        weights[name] = torch.empty(tensor.shape).uniform_(-0.04, 0.04, generator=generator)
        if tensor.ndim == 1 and name.endswith("weight"):  # norms keep their scale
            weights[name] += 1.0
    words = weights["text.token_embedding.weight"]
    words *= 25
    words[1] = 0  # the padding, which SigLIP pools at, says nothing of its own
    return weights


def _without_numbers(name: str) -> str:
    return re.sub(r"\.\d+\.", ".N.", name)
