"""Stored chunks scored side by side."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.dense.chunk import FeatureChunk
from core.dense.chunk_layout import ChunkLayout
from core.dense.scan import score_all
from core.dense.stored_features import StoredFeatures
from core.raster.pixel_window import PixelWindow


@pytest.fixture
def stored(tmp_path) -> StoredFeatures:
    """Thirty chunks, whose codes say which they are."""
    entry = StoredFeatures(tmp_path / "entry", ChunkLayout(4, 50, 60, (10, 10)), {})
    entry.create()
    for number, chunk in enumerate(entry.layout.chunks_in(PixelWindow(0, 0, 60, 50))):
        scales = np.ones((10, 10), np.float16)
        background = np.zeros((10, 10), np.float32)
        entry.write(chunk, FeatureChunk(np.full((10, 10, 4), number, np.int8), scales, scales, background))
    return entry


def test_scores_come_in_the_order_of_the_chunks(stored):
    found = list(score_all(stored, stored.done(), lambda kept: int(kept.codes[0, 0, 0])))
    assert found == [(chunk, number) for number, chunk in enumerate(stored.done())]
    assert len(found) == 30


def test_damaged_and_missing_chunks_are_left_out(stored):
    chunks = stored.done()
    (stored.path / f"scales/c/0/{chunks[3].row}/{chunks[3].col}").unlink()
    (stored.path / f"codes/c/{chunks[7].row}/{chunks[7].col}/0").write_bytes(b"nothing of the kind")
    found = [chunk for chunk, _ in score_all(stored, chunks, lambda kept: 0)]
    assert found == [chunk for number, chunk in enumerate(chunks) if number not in (3, 7)]


def test_the_callers_threads_stay_as_they_are_even_after_a_failure(stored):
    threads = torch.get_num_threads()

    def fail(kept: FeatureChunk) -> int:
        raise ValueError("no score")

    with pytest.raises(ValueError, match="no score"):
        list(score_all(stored, stored.done(), fail))
    assert torch.get_num_threads() == threads
    scored_by = {threads for _, threads in score_all(stored, stored.done(), lambda kept: torch.get_num_threads())}
    assert scored_by == {1}


def test_leaving_early_leaves_nothing_behind(stored):
    threads = torch.get_num_threads()
    for _ in score_all(stored, stored.done(), lambda kept: 0):
        break
    assert torch.get_num_threads() == threads
