"""Models are loaded by name or path, every key accounted for, ready to compute."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from core.errors import ModelError
from core.model import create_model, load_model, zoo
from core.model.selftest import UNRELATED_PROMPTS
from core.model.weight_files import save_model


def test_a_published_tokenizer_beside_the_weights_is_used(tmp_path, golden_config, golden_checkpoint):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {word: index for index, word in enumerate(["<unk>", "<pad>", "water", "forest", "snow", "airport"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>").save_pretrained(tmp_path)
    shutil.copy(golden_checkpoint, tmp_path / "open_clip_model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(golden_config))
    with pytest.raises(ModelError, match="unrelated prompts look the same"):
        load_model(tmp_path, device="cpu")  # whole sentences are one unknown word to this tokenizer
    words = {word: index for index, word in enumerate(["<unk>", "<pad>", *(" ".join(UNRELATED_PROMPTS)).split()])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>").save_pretrained(tmp_path)
    model = load_model(tmp_path, device="cpu")
    assert model.encode_text(["water"]).shape == (1, 32)
    assert model.model_hash == load_model(golden_checkpoint, config=golden_config, device="cpu").model_hash


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"no model called nonsense.*geolb-tiny"):
        load_model("nonsense")


def test_a_model_that_is_not_here_says_how_to_get_it():
    with pytest.raises(ModelError, match="models fetch dofa-clip-b16-224"):
        load_model("dofa-clip-b16-224")


def test_weights_of_unknown_build_ask_for_a_configuration(golden_checkpoint):
    with pytest.raises(ModelError, match=r"unknown how .* is built"):
        load_model(golden_checkpoint)


def test_a_golden_configuration_is_taken_as_dictionary_or_file(golden_checkpoint, golden_config):
    by_file = load_model(golden_checkpoint, config=golden_checkpoint.parent / "dofa_clip_small.config.json")
    assert by_file.model_hash == load_model(golden_checkpoint, config=golden_config).model_hash


def test_loaded_models_are_ready_to_compute(tmp_path, vision_config):
    save_model(create_model(vision_config), tmp_path / "model", {})
    model = load_model(tmp_path / "model", device="cpu", dtype="bf16")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert model.compute.label == "CPU, bf16"
    embedding = model.encode_image(torch.randn(1, 3, 32, 32), [0.6, 0.5, 0.4])
    assert embedding.dtype == torch.float32


@pytest.mark.skipif(not zoo.get_card("geolb-tiny").available, reason="the embedded model is not in this checkout")
def test_the_embedded_model_loads_and_tells_words_apart():
    model = load_model(device="cpu")
    assert model.card.source == "embedded"
    assert model.card.licence
    water, forest = model.text_prompts(["water", "forest"])
    assert water @ forest < 0.9
    embedding = model.encode_image(torch.zeros(1, 2, 64, 64), [5.40, 5.41])
    assert embedding.shape == (1, model.embed_dim)
