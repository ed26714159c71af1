"""Examples instead of words, and features ahead of both."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from painted import painted_labels

from core.errors import InputError
from core.protocol import EmbedParams, SimilarParams, Source
from core.tasks import embed, similar


def place(col: int, row: int) -> tuple[float, float]:
    return 600000 + 10 * col + 5, 5000000 - 10 * row - 5


def overlap(path: str, truth: np.ndarray) -> float:
    with rasterio.open(path) as file:
        found = np.nan_to_num(file.read(1)) > 0.5
    return (found & truth).sum() / (found | truth).sum()


def test_one_click_finds_the_rest_of_the_lake(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    run_task(similar, SimilarParams(Source(scene), output, positives=(place(130, 150),)))
    assert overlap(output, painted_labels() == 0) > 0.8


def test_more_clicks_for_and_against_draw_the_line(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    params = SimilarParams(
        Source(scene),
        output,
        positives=(place(130, 150), place(120, 180), place(20, 20), place(250, 270)),
        negatives=(place(400, 30), place(390, 200)),
    )
    run_task(similar, params)
    assert overlap(output, painted_labels() < 2) > 0.9


def test_a_click_against_the_lake_does_not_ask_for_the_woods(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    run_task(
        similar,
        SimilarParams(Source(scene), output, positives=(place(390, 100),), negatives=(place(130, 150),)),
    )
    with rasterio.open(output) as file:
        found = np.nan_to_num(file.read(1)) > 0.5
    woods, town = (found[painted_labels() == label].mean() for label in (1, 2))
    assert town > 0.9
    assert woods < 0.1


def test_words_and_examples_must_agree(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    run_task(similar, SimilarParams(Source(scene), output, positives=(place(130, 150),), text="lake"))
    assert overlap(output, painted_labels() == 0) > 0.85


def test_the_answer_does_not_depend_on_the_extent(scene, run_task, tmp_path):
    whole, part = str(tmp_path / "whole.tif"), str(tmp_path / "part.tif")
    run_task(similar, SimilarParams(Source(scene), whole, positives=(place(130, 150),)))
    run_task(
        similar,
        SimilarParams(Source(scene), part, positives=(place(130, 150),), extent=(601000, 4998000, 602000, 4999000)),
    )
    with rasterio.open(whole) as full, rasterio.open(part) as cut:
        assert np.abs(full.read(window=full.window(*cut.bounds)) - cut.read()).max() < 1e-3


@pytest.mark.parametrize(
    ("positives", "said"), [((), "no example"), (((0.0, 0.0),), "outside the raster")], ids=["none", "outside"]
)
def test_examples_must_lie_in_the_raster(scene, run_task, tmp_path, positives, said):
    with pytest.raises(InputError, match=said):
        run_task(similar, SimilarParams(Source(scene), str(tmp_path / "out.tif"), positives=positives))


def test_embedding_twice_computes_once(scene, run_task, cache):
    first = run_task(embed, EmbedParams(Source(scene)))
    second = run_task(embed, EmbedParams(Source(scene)))
    assert first["chunks_computed"] == first["chunks"] > 0
    assert second["chunks_computed"] == 0
    assert second["store"] == first["store"]
    assert str(cache) in first["store"]
    assert 0 < second["bytes"] < 300 * 420 * 64 * 4 / 4 / 4


def box(left: int, upper: int, right: int, lower: int) -> str:
    (west, north), (east, south) = place(left, upper), place(right, lower)
    return f"POLYGON(({west} {north}, {east} {north}, {east} {south}, {west} {south}, {west} {north}))"


def test_a_whole_area_is_an_example_and_not_a_point_of_it(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    half_lake_half_woods = box(120, 150, 280, 200)
    params = SimilarParams(
        Source(scene), output, areas=(half_lake_half_woods,), negative_areas=(box(385, 20, 410, 60),)
    )
    result = run_task(similar, params)
    assert (result["positives"], result["negatives"]) == (1, 1)
    with rasterio.open(output) as file:
        found = np.nan_to_num(file.read(1)) > 0.5
        tagged = file.tags()["EXAMPLES"]
    lake, woods = (found[painted_labels() == label].mean() for label in (0, 1))
    assert lake > 0.8
    assert woods > 0.8
    assert tagged == half_lake_half_woods


def test_areas_against_draw_the_line_as_clicks_do(scene, run_task, tmp_path):
    output = str(tmp_path / "out.tif")
    params = SimilarParams(
        Source(scene),
        output,
        areas=(box(110, 140, 140, 190), box(10, 10, 40, 40)),
        negative_areas=(box(385, 20, 410, 60),),
    )
    run_task(similar, params)
    assert overlap(output, painted_labels() < 2) > 0.9


@pytest.mark.parametrize("area", ["POLYGON EMPTY", "water", "POINT(1 2)", box(-900, -900, -800, -800)])
def test_an_example_without_ground_is_refused_in_one_sentence(scene, run_task, tmp_path, area):
    with pytest.raises(InputError, match="example"):
        run_task(similar, SimilarParams(Source(scene), str(tmp_path / "out.tif"), areas=(area,)))
