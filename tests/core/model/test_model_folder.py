"""A model's folder is whole or absent, whatever happens while it is written."""

from __future__ import annotations

import errno
import os
from unittest.mock import Mock

import pytest

from core.errors import OutputError
from core.model import create_model, weight_files
from core.model.model_folder import STALE_AFTER_S
from core.model.weight_files import save_model

WHOLE = ["card.json", "config.json", "model.safetensors", "results.json"]


@pytest.fixture
def model(vision_config):
    return create_model(vision_config).eval()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_model_is_written_with_all_its_files_and_read_by_everyone(tmp_path, model):
    save_model(model, tmp_path / "deep" / "mine", {"title": "mine"}, results={"steps": 3})
    assert names(tmp_path / "deep" / "mine") == WHOLE
    assert names(tmp_path / "deep") == ["mine"]
    assert (tmp_path / "deep" / "mine").stat().st_mode & 0o055 == (tmp_path / "deep").stat().st_mode & 0o055


@pytest.mark.parametrize("at", ["save_weights", "json.dumps"])
def test_a_disk_that_fills_leaves_no_folder(tmp_path, model, monkeypatch, at):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(f"{weight_files.__name__}.{at}", Mock(side_effect=full))
    with pytest.raises(OutputError, match="No space left"):
        save_model(model, tmp_path / "mine", {})
    assert names(tmp_path) == []


def test_a_cancelled_writing_leaves_the_old_model(tmp_path, model, monkeypatch):
    save_model(model, tmp_path / "mine", {"title": "old"})
    before = {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    monkeypatch.setattr(f"{weight_files.__name__}.json.dumps", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save_model(model, tmp_path / "mine", {"title": "new"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == before
    assert names(tmp_path) == ["mine"]


def test_a_model_over_another_keeps_what_is_not_its_own(tmp_path, model):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("keep")
    save_model(model, tmp_path / "run", {"title": "new"})
    assert names(tmp_path / "run") == ["card.json", "config.json", "model.safetensors", "notes.txt"]


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path, model):
    old, recent = tmp_path / ".mine.part-old", tmp_path / ".mine.part-new"
    for folder in (old, recent):
        folder.mkdir()
    long_ago = recent.stat().st_mtime - STALE_AFTER_S - 60
    os.utime(old, (long_ago, long_ago))
    save_model(model, tmp_path / "mine", {})
    assert names(tmp_path) == [recent.name, "mine"]
