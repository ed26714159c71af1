"""SigLIP's tokenizer is known by its hash, and another file by the ids it gives."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from core.errors import ModelError
from core.model import siglip_tokenizer
from core.model.hub import cached_snapshots
from core.model.siglip_tokenizer import CONTEXT, KNOWN_IDS, PADDING, check_siglip_tokenizer, is_published
from core.model.text import SIGLIP_TOKENIZER, load_tokenizer


def _padded(ids):
    return [*ids, *[PADDING] * (CONTEXT - len(ids))]


def _right(texts):
    return torch.tensor([_padded(KNOWN_IDS[text]) for text in texts])


def _never(texts):
    raise AssertionError("the hash decides")


@pytest.fixture
def made_file(tmp_path, monkeypatch):
    """A file that counts as the published one."""
    content = b"{}"
    known = {"tokenizer.json": (len(content), hashlib.sha256(content).hexdigest())}
    monkeypatch.setattr(siglip_tokenizer, "PUBLISHED_FILES", known)
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    return path


def test_the_published_file_is_known_by_its_hash_alone(made_file):
    assert is_published(made_file)
    check_siglip_tokenizer(made_file.parent, _never)


@pytest.mark.parametrize("content", [b"[]", b"{} ", b""])
def test_any_other_content_is_not_the_published_file(made_file, content):
    made_file.write_bytes(content)
    assert not is_published(made_file)
    assert not is_published(made_file.with_name("spiece.model"))


def test_a_file_that_was_saved_again_is_checked_by_its_ids(made_file):
    made_file.write_bytes(b"[1]")
    check_siglip_tokenizer(made_file.parent, _right)
    with pytest.raises(ModelError, match="'Zürich' has other token ids"):
        check_siglip_tokenizer(
            made_file.parent,
            lambda texts: torch.where(torch.arange(len(texts))[:, None] == 1, 7, _right(texts)),
        )


def test_other_padding_is_refused(made_file):
    made_file.write_bytes(b"[1]")
    with pytest.raises(ModelError, match="not SigLIP's"):
        check_siglip_tokenizer(made_file.parent, lambda texts: torch.where(_right(texts) == PADDING, 0, _right(texts)))


def test_the_real_tokenizer_gives_the_known_ids():
    folder = cached_snapshots(SIGLIP_TOKENIZER)
    files: list[Path] = sorted(folder.glob("*/tokenizer.json")) if folder.is_dir() else []
    if not files:
        pytest.skip("SigLIP's tokenizer is not on this computer")
    assert is_published(files[0])
    tokenizer = load_tokenizer(str(files[0].parent), CONTEXT)
    assert tokenizer(list(KNOWN_IDS)).tolist() == [_padded(ids) for ids in KNOWN_IDS.values()]
