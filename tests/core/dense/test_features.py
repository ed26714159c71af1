"""One answer for every pixel: no seams, no dependence on the extent, nothing computed twice, nothing stale."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import torch

from core.context import Context
from core.dense.features import DenseFeatures
from core.dense.pixels import PixelScores
from core.dense.scoring import cosines
from core.dense.store import FeatureStore
from core.dense.upsample import UpsampleSettings
from core.errors import CancelledError, InputError
from core.progress import CancelToken
from core.raster.pixel_window import PixelWindow, RowCol


def scores_of(features: DenseFeatures, texts: torch.Tensor, settings: UpsampleSettings | None = None) -> PixelScores:
    factors = features.encoder.unit_text(texts)
    return PixelScores(features, lambda chunk: cosines(chunk, factors), len(texts), settings)


def test_a_pixel_has_the_same_score_whatever_extent_is_asked_for(write_raster, open_dense, texts):
    path = write_raster()
    with open_dense(path) as features:
        whole, _ = scores_of(features, texts).read(PixelWindow(0, 0, 900, 700))
    for window in (PixelWindow(333, 211, 150, 90), PixelWindow(0, 0, 7, 5), PixelWindow(880, 690, 20, 10)):
        with open_dense(path) as features:
            part, _ = scores_of(features, texts).read(window)
        rows, columns = window.slices_in(PixelWindow(0, 0, 900, 700))
        assert np.abs(part - whole[:, rows, columns]).max() < 1e-3


def test_scores_do_not_jump_where_windows_end(write_raster, open_dense, model, texts):
    """A seam is what a window adds in its outermost cells: the score with that window against the score without."""
    with open_dense(write_raster(256, 448)) as features:
        plan, wavelengths = features.plan, features.level.recognition.band_set.wavelengths_um
        left, right = plan.windows_of(PixelWindow(0, 0, plan.tiles.width, plan.tiles.height))
        alone = []
        for window in (left, right):
            image, _ = features.level.read(plan.pixels(window))
            alone.append(model.encode_dense(torch.from_numpy(image)[None], wavelengths)[0].detach())
        scores, _ = scores_of(features, texts).cells(PixelWindow(0, 0, plan.tiles.width, plan.tiles.height))
    seams = {right.col: (alone[0][:, :, right.col]), left.col_stop - 1: (alone[1][:, :, left.col_stop - 1 - right.col])}
    for column, other in seams.items():
        without = torch.einsum("nd,dh->nh", texts, torch.nn.functional.normalize(other, dim=0))
        assert (scores[:, :, column] - without).abs().mean() < 1e-3
        # The two windows do not agree by themselves: it is the blending that hides it.
    middle = (right.col + left.col_stop) // 2
    apart = torch.nn.functional.normalize(alone[0][:, :, middle], dim=0) - torch.nn.functional.normalize(
        alone[1][:, :, middle - right.col], dim=0
    )
    assert torch.einsum("nd,dh->nh", texts, apart).abs().mean() > 1e-3


def test_blending_equals_one_window_where_only_one_window_looks(write_raster, open_dense, model, texts):
    with open_dense(write_raster(200, 220)) as features:
        found = list(features.blocks(PixelWindow(0, 0, 220, 200)))
        image, _ = features.level.read(PixelWindow(0, 0, features.plan.window_pixels, features.plan.window_pixels))
        alone = model.encode_dense(torch.from_numpy(image)[None], features.level.recognition.band_set.wavelengths_um)
    (_, vectors, valid) = found[0]
    expected = torch.nn.functional.normalize(alone[0].detach(), dim=0)[:, :100, :110]
    assert valid.all()
    assert torch.nn.functional.cosine_similarity(vectors, expected, dim=0).min() > 0.9995


def test_pixels_without_data_stay_without_and_do_not_reach_their_neighbours(write_raster, open_dense, texts):
    path = write_raster(hole=(slice(100, 300), slice(200, 500)))
    with open_dense(path) as features:
        scores, valid = scores_of(features, texts).read(PixelWindow(0, 0, 900, 700))
    assert not valid[100:300, 200:500].any()
    assert valid[:100].all()
    assert valid[:, 500:].all()
    assert np.isfinite(scores).all()


def test_windows_without_any_data_are_not_encoded(write_raster, open_dense):
    with open_dense(write_raster()) as features:
        features.compute(PixelWindow(0, 0, features.layout.columns, features.layout.rows))
        everything = features.encoded_windows
    with open_dense(write_raster(name="holed.tif", hole=(slice(0, 700), slice(0, 520)))) as features:
        features.compute(PixelWindow(0, 0, features.layout.columns, features.layout.rows))
        assert 0 < features.encoded_windows < everything


def test_a_raster_smaller_than_a_patch_has_features(write_raster, open_dense, texts):
    with open_dense(write_raster(3, 5)) as features:
        scores, valid = scores_of(features, texts).read(PixelWindow(0, 0, 5, 3))
    assert scores.shape == (5, 3, 5)
    assert valid.all()


def test_a_second_look_computes_nothing_and_says_the_same(write_raster, open_dense, store, texts):
    path = write_raster()
    window = PixelWindow(100, 100, 300, 300)
    with open_dense(path, store) as features:
        first, _ = scores_of(features, texts).read(window)
        assert features.encoded_windows > 0
    with open_dense(path, store) as features:
        second, _ = scores_of(features, texts).read(window)
        assert features.encoded_windows == 0
    np.testing.assert_array_equal(first, second)


def test_released_chunks_are_computed_again_with_the_same_values(write_raster, open_dense, texts):
    with open_dense(write_raster()) as features:
        scores, window = scores_of(features, texts), PixelWindow(100, 100, 200, 200)
        first, _ = scores.read(window)
        once = features.encoded_windows
        scores.read(window)
        assert features.encoded_windows == once
        scores.release()
        again, _ = scores.read(window)
        assert features.encoded_windows == 2 * once
    np.testing.assert_array_equal(again, first)


def test_work_that_was_stopped_goes_on_from_the_finished_chunks(write_raster, open_dense, store):
    path = write_raster()
    token = CancelToken()
    with open_dense(path, store, context=Context(cancel=token)) as features:
        everything = PixelWindow(0, 0, features.layout.columns, features.layout.rows)
        total = len(features.missing(everything))
        with pytest.raises(CancelledError):
            features.compute(everything, lambda done, of: token.cancel() if done == 2 else None)
    with open_dense(path, store) as features:
        assert 0 < len(features.missing(everything)) <= total - 2
        features.compute(everything)
        assert features.missing(everything) == []


def test_computing_ahead_gives_what_chunk_by_chunk_gives(write_raster, open_dense, tmp_path):
    path = write_raster(hole=(slice(0, 700), slice(0, 200)))
    with open_dense(path, FeatureStore(tmp_path / "one")) as features:
        everything = PixelWindow(0, 0, features.layout.columns, features.layout.rows)
        features.compute(everything)
        assert features.missing(everything) == []
        ahead = {chunk: features.chunk(chunk) for chunk in features.layout.chunks_in(everything)}
    with open_dense(path, FeatureStore(tmp_path / "two")) as features:
        for chunk, expected in reversed(ahead.items()):
            found = features.chunk(chunk)
            np.testing.assert_array_equal(found.codes, expected.codes)
            np.testing.assert_array_equal(found.gain, expected.gain)
            np.testing.assert_array_equal(found.inverse_norm, expected.inverse_norm)


def test_a_changed_raster_is_never_answered_from_the_store(write_raster, open_dense, store, texts):
    path = write_raster()
    window = PixelWindow(0, 0, 64, 64)
    with open_dense(path, store) as features:
        scores_of(features, texts).read(window)
    shutil.copy(write_raster(name="other.tif", hole=(slice(0, 30), slice(0, 30))), path)
    with open_dense(path, store) as features:
        _, valid = scores_of(features, texts).read(window)
        assert features.encoded_windows > 0
    assert not valid[:30, :30].any()


def test_a_raster_that_changes_while_it_is_read_is_an_error(write_raster, open_dense, store):
    path = write_raster()
    with open_dense(path, store) as features:
        os.utime(path, ns=(1, 1))
        with pytest.raises(InputError, match="changed while it was read"):
            features.chunk(RowCol(0, 0))
        assert features.missing(PixelWindow(0, 0, 1, 1)) == [(0, 0)]


@pytest.mark.parametrize("change", [{"bands": (3, 2, 1)}, {"head": "value_path"}, {"resolution": 20.0}])
def test_other_bands_heads_and_resolutions_have_entries_of_their_own(write_raster, open_dense, store, change):
    path = write_raster()
    for options in ({}, change):
        with open_dense(path, store, **options) as features:
            features.chunk(RowCol(0, 0))
            assert features.encoded_windows > 0
    assert len(store.entries()) == 2


def test_features_go_on_without_a_store_when_it_is_taken_away(write_raster, open_dense, store, texts):
    with open_dense(write_raster(), store) as features:
        scores = scores_of(features, texts)
        first, _ = scores.read(PixelWindow(0, 0, 50, 50))
        shutil.rmtree(store.root)
        again, _ = scores_of(features, texts).read(PixelWindow(0, 0, 50, 50))
        beyond, valid = scores_of(features, texts).read(PixelWindow(600, 500, 50, 50))
    np.testing.assert_array_equal(first, again)
    assert valid.all()
    assert np.isfinite(beyond).all()


def test_kept_features_score_like_unquantised_ones(write_raster, open_dense, store, model, texts):
    """Against the float32 features of the same windows: cosines, and the class of every cell."""
    with open_dense(write_raster(220, 220), store) as features:
        cells = features.plan.tiles
        image, _ = features.level.read(PixelWindow(0, 0, features.plan.window_pixels, features.plan.window_pixels))
        exact = model.encode_dense(torch.from_numpy(image)[None], features.level.recognition.band_set.wavelengths_um)[0]
        exact = torch.nn.functional.normalize(exact.detach(), dim=0)[:, : cells.height, : cells.width]
        expected = torch.einsum("nd,dhw->nhw", texts, exact)
        scores, _ = scores_of(features, texts).cells(PixelWindow(0, 0, cells.width, cells.height))
    assert (scores - expected).abs().max() < 0.005
    spread = (expected - expected.mean((1, 2), keepdim=True)) / expected.std((1, 2), keepdim=True)
    kept = (scores - expected.mean((1, 2), keepdim=True)) / expected.std((1, 2), keepdim=True)
    assert (spread.argmax(0) == kept.argmax(0)).float().mean() >= 0.985
