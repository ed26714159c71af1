"""Words become scores: where the thing is, on the raster's own grid, whatever part is asked for."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import rasterio.shutil
import torch
from painted import paint, painted_labels, write_scene
from rasterio.enums import Resampling
from rasterio.transform import Affine, from_origin
from skimage.segmentation import slic

from core.dense.blending import EncodedWindow
from core.dense.cache import open_cache
from core.dense.encode import DenseEncoder
from core.dense.features import DenseFeatures, open_features
from core.errors import CancelledError, InputError, OutputError
from core.progress import CancelToken
from core.protocol import HighlightParams, Source
from core.raster.pixel_window import PixelWindow
from core.tasks import highlight, regions


def overlap(scores: np.ndarray, truth: np.ndarray) -> float:
    found = np.nan_to_num(scores) > 0.5
    return (found & truth).sum() / (found | truth).sum()


def scores_of(path: str | Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


def test_words_light_up_what_they_mean(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    result = run_task(highlight, HighlightParams(Source(scene), ("water", "woods", "town"), output))
    scores, labels = scores_of(output), painted_labels()
    for band in range(3):
        assert overlap(scores[band], labels == band) > 0.9
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert result["output"] == output
    assert result["sensor"] is not None


def test_the_result_lies_on_the_grid_of_the_raster_and_says_how_it_was_made(scene, run_task, tmp_path, painted_model):
    output = tmp_path / "out.tif"
    run_task(highlight, HighlightParams(Source(scene), ("water",), str(output), negatives=("town",)))
    with rasterio.open(scene) as given, rasterio.open(output) as made:
        assert (made.crs, made.transform, made.shape) == (given.crs, given.transform, given.shape)
        assert made.descriptions == ("water",)
        tags = made.tags()
    assert tags["PROMPT"] == "water"
    assert tags["NOT"] == "town"
    assert tags["MODEL_SHA256"] == painted_model.model_hash
    assert tags["BANDS"] == "1,2,3"


def test_an_extent_gives_the_same_scores_as_the_whole(scene, run_task, tmp_path):
    whole, part = str(tmp_path / "whole.tif"), str(tmp_path / "part.tif")
    run_task(highlight, HighlightParams(Source(scene), ("water",), whole))
    extent = (600507.0, 4998003.0, 601802.0, 4999511.0)
    run_task(highlight, HighlightParams(Source(scene), ("water",), part, extent=extent, cache=False))
    with rasterio.open(whole) as full, rasterio.open(part) as cut:
        window = full.window(*cut.bounds)
        assert cut.bounds.left <= extent[0]
        assert cut.bounds.right >= extent[2]
        assert np.abs(full.read(window=window) - cut.read()).max() < 1e-3


def test_synonyms_join_and_negatives_part(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    labels = painted_labels()
    run_task(highlight, HighlightParams(Source(scene), ("nothing known | lake",), output))
    assert overlap(scores_of(output)[0], labels == 0) > 0.9
    run_task(highlight, HighlightParams(Source(scene), ("water | woods",), output))
    assert overlap(scores_of(output)[0], labels < 2) > 0.9
    run_task(highlight, HighlightParams(Source(scene), ("water | woods",), output, negatives=("forest",)))
    assert overlap(scores_of(output)[0], labels == 0) > 0.8


def test_pixels_without_data_have_no_score(run_task, tmp_path):
    values = paint(painted_labels())
    values[:, :80, :100] = 0
    scene = write_scene(tmp_path / "scene.tif", values)
    output = tmp_path / "out.tif"
    run_task(highlight, HighlightParams(Source(str(scene)), ("water",), str(output)))
    scores = scores_of(output)[0]
    assert np.isnan(scores[:80, :100]).all()
    assert np.isfinite(scores[80:]).all()


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", from_origin(13.0, 45.8, 1e-4, 1e-4)),
        ("EPSG:32632", Affine.translation(6e5, 5e6) @ Affine.rotation(30) @ Affine.scale(10, -10)),
        (None, Affine(1, 0, 0, 0, -1, 0)),
    ],
    ids=["geographic", "rotated", "without reference system"],
)
def test_any_georeference_is_kept(run_task, tmp_path, crs, transform):
    labels = painted_labels()
    scene = write_scene(tmp_path / "scene.tif", paint(labels), crs=crs, transform=transform)
    output = tmp_path / "out.tif"
    run_task(highlight, HighlightParams(Source(str(scene)), ("water",), str(output)))
    with rasterio.open(output) as made, rasterio.open(scene) as given:
        assert made.transform.almost_equals(given.transform)
        assert made.crs == given.crs
    assert overlap(scores_of(output)[0], labels == 0) > 0.9


def test_a_coarser_resolution_covers_the_same_extent_with_fewer_pixels(scene, run_task, tmp_path):
    output = tmp_path / "out.tif"
    result = run_task(highlight, HighlightParams(Source(scene), ("water",), str(output), resolution=30.0))
    with rasterio.open(output) as made, rasterio.open(scene) as given:
        assert made.shape == (100, 140)
        np.testing.assert_allclose(made.bounds, given.bounds)
    assert (result["width"], result["height"]) == (140, 100)


def test_polygons_of_several_prompts_are_layers(scene, run_task, tmp_path):
    vector = tmp_path / "out.gpkg"
    params = HighlightParams(
        Source(scene), ("water", "town"), str(tmp_path / "out.tif"), vector=str(vector), min_area_m2=20000.0
    )
    run_task(highlight, params)
    layers = [name for name, _ in pyogrio.list_layers(vector)]
    assert layers == ["1 water", "2 town"]
    table = pyogrio.raw.read(vector, layer="1 water")
    hectares = np.asarray(table[3][list(table[0]["fields"]).index("area_ha")])
    assert hectares.sum() == pytest.approx((painted_labels() == 0).sum() / 100, rel=0.1)


def test_a_large_window_shows_a_coarse_preview_first(run_task, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", paint(painted_labels(500, 900)))
    output = str(tmp_path / "out.tif")
    run_task(highlight, HighlightParams(Source(str(scene)), ("water",), output, preview=True))
    ((method, facts),) = run_task.notes
    assert method == "preview"
    assert facts["stage"] == "coarse"
    with rasterio.open(facts["path"]) as coarse, rasterio.open(output) as fine:
        assert coarse.width < fine.width
        np.testing.assert_allclose(coarse.bounds, fine.bounds)
    assert len(open_cache().entries()) == 1  # the coarse answer's features are not kept


def test_a_coarse_preview_of_a_part_lies_where_the_part_lies_and_looks_at_it_alone(run_task, tmp_path, monkeypatch):
    wide = write_scene(tmp_path / "wide.tif", np.tile(paint(painted_labels(600, 420)), (1, 3, 6)))
    with rasterio.open(wide) as file:
        left, top = file.transform @ (700, 500)
    extent = (left, top - 9000.0, left + 9000.0, top)
    shown_first: set[float] = set()
    encode = DenseEncoder.encode

    def noted(self: DenseEncoder, images: torch.Tensor) -> torch.Tensor:
        if not run_task.notes:
            shown_first.update(float(image.sum()) for image in images)
        return encode(self, images)

    monkeypatch.setattr(DenseEncoder, "encode", noted)
    params = HighlightParams(Source(str(wide)), ("water",), str(tmp_path / "out.tif"), extent=extent, preview=True)
    run_task(highlight, params)
    assert len(shown_first) == 1  # one window of the model
    ((_, facts),) = run_task.notes
    with rasterio.open(facts["path"]) as coarse, rasterio.open(params.output) as fine:
        assert abs(np.subtract(coarse.bounds, fine.bounds)).max() <= max(coarse.res)
        alike = fine.read(1, out_shape=coarse.shape, resampling=Resampling.average)
        assert np.corrcoef(coarse.read(1).ravel(), alike.ravel())[0, 1] > 0.8


def test_snapping_makes_scores_constant_over_regions(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    run_task(highlight, HighlightParams(Source(scene), ("water",), output, snap=True))
    scores = scores_of(output)[0]
    assert len(np.unique(scores)) < scores.size / 20
    assert overlap(scores, painted_labels() == 0) > 0.9


def test_snapping_segments_a_scene_with_a_hole_as_it_does_a_whole_one(scene, run_task, tmp_path, monkeypatch):
    values = paint(painted_labels())
    values[:, :, :20] = 0
    holed = str(write_scene(tmp_path / "holed.tif", values))
    calls = []

    def counted(image, **options):
        calls.append((image.shape, sorted(options.items())))
        return slic(image, **options)

    monkeypatch.setattr(regions, "slic", counted)
    work = []
    for raster in (scene, holed):
        run_task(highlight, HighlightParams(Source(raster), ("water",), str(tmp_path / "out.tif"), snap=True))
        work.append(calls.copy())
        calls.clear()
    assert work[0] == work[1], "a mask would take sixty times as long"
    assert np.isnan(scores_of(tmp_path / "out.tif")[0, :, :20]).all()
    assert overlap(scores_of(tmp_path / "out.tif")[0, :, 20:], painted_labels()[:, 20:] == 0) > 0.9


def test_a_second_prompt_does_not_run_the_model(scene, run_task, tmp_path, painted_model, monkeypatch):
    run_task(highlight, HighlightParams(Source(scene), ("water",), str(tmp_path / "one.tif")))
    monkeypatch.setattr(painted_model.visual.trunk, "forward_pyramid", None)
    run_task(highlight, HighlightParams(Source(scene), ("town",), str(tmp_path / "two.tif")))
    assert overlap(scores_of(tmp_path / "two.tif")[0], painted_labels() == 2) > 0.9


def test_a_stopped_run_leaves_no_output(scene, run_task, tmp_path):
    token = CancelToken()
    params = HighlightParams(Source(scene), ("water",), str(tmp_path / "out.tif"), cache=False)
    with pytest.raises(CancelledError):
        run_task(highlight, params, cancel=token, progress=lambda fraction, message: token.cancel())
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"prompts": ()}, InputError, "no prompt"),
        ({"prompts": ("  | ",)}, InputError, "empty"),
        ({"prompts": ("water",), "negatives": ("",)}, InputError, "empty"),
        ({"prompts": ("water",), "extent": (0.0, 0.0, 1.0, 1.0)}, InputError, "outside the raster"),
        ({"prompts": ("water",), "output": "/nowhere/out.tif"}, OutputError, "no folder"),
    ],
)
def test_what_cannot_be_done_is_reported_before_the_model_is_loaded(scene, run_task, tmp_path, change, error, said):
    params = {"source": Source(scene), "output": str(tmp_path / "out.tif"), **change}
    with pytest.raises(error, match=said):
        run_task(highlight, HighlightParams(**params))
    assert not (tmp_path / "out.tif").exists()


def test_a_part_without_data_is_an_error_and_leaves_nothing(run_task, tmp_path):
    values = paint(painted_labels())
    values[:, :, :200] = 0
    scene = write_scene(tmp_path / "scene.tif", values)
    params = HighlightParams(
        Source(str(scene)), ("water",), str(tmp_path / "out.tif"), extent=(600100.0, 4997500.0, 600900.0, 4999000.0)
    )
    with pytest.raises(InputError, match="no pixels with data"):
        run_task(highlight, params)
    assert list(tmp_path.glob("*out*")) == []


def test_progress_names_every_step_and_counts_chunks_of_the_model(run_task, tmp_path):
    """A wide scene: the coarse answer has its own step, and the model's chunks are counted while they are computed."""
    wide = write_scene(tmp_path / "wide.tif", np.tile(paint(painted_labels(600, 420)), (1, 2, 6)))
    reports = []
    params = HighlightParams(Source(str(wide)), ("water",), str(tmp_path / "out.tif"), preview=True)
    run_task(highlight, params, progress=lambda fraction, message: reports.append((fraction, message)))
    steps = list(dict.fromkeys(message for _, message in reports))
    assert steps == ["Loading the model", "Making a coarse answer first", "Highlighting water", "Writing the file"]
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] < 1.0
    first = [fraction for fraction, message in reports if message == "Highlighting water"]
    assert first[0] == 0.0
    assert 0.0 < first[1] < 0.2
    again = []
    run_task(highlight, params, progress=lambda fraction, message: again.append(fraction))
    assert len(again) < len(reports)  # what is there already is not counted as work of the model


def test_results_are_plain_json(scene, run_task, tmp_path):
    result = run_task(highlight, HighlightParams(Source(scene), ("water",), str(tmp_path / "out.tif")))
    assert json.loads(json.dumps(result)) == result


def test_windows_are_released_before_the_result_is_rearranged(scene, run_task, tmp_path, monkeypatch):
    def windows() -> dict[int, EncodedWindow]:
        return {id(each): each for each in gc.get_objects() if type(each) is EncodedWindow}

    def rearrange_(*args: object, **options: object) -> None:
        held.append(len(windows().keys() - others.keys()))
        rearrange(*args, **options)

    others, held, rearrange = windows(), [], rasterio.shutil.copy
    monkeypatch.setattr(rasterio.shutil, "copy", rearrange_)
    seen = []
    params = HighlightParams(Source(scene), ("water",), str(tmp_path / "out.tif"))
    run_task(highlight, params, progress=lambda *_: seen.append(len(windows().keys() - others.keys())))
    assert max(seen) > 0
    assert held == [0]


def test_windows_of_a_wide_raster_are_encoded_once_though_a_row_of_them_is_not_remembered(
    run_task, tmp_path, monkeypatch
):
    wide = write_scene(tmp_path / "wide.tif", np.tile(paint(painted_labels(600, 420)), (1, 2, 6)))
    monkeypatch.setattr("core.dense.features.STRIP_WINDOWS", 2)
    opened = []

    def remember_little(*given: object, **options: object) -> DenseFeatures:
        opened.append(open_features(*given, **options, budget_bytes=2**27))
        return opened[-1]

    monkeypatch.setattr("core.tasks.scene.open_features", remember_little)
    run_task(highlight, HighlightParams(Source(str(wide)), ("water",), str(tmp_path / "out.tif"), cache=False))
    (features,) = opened
    windows = features.plan.windows_of(PixelWindow(0, 0, features.layout.columns, features.layout.rows))
    assert features.encoded_windows == len(windows)
