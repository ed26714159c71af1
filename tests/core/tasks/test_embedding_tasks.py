"""Tasks on rasters of embeddings go past the encoder: clicks, a head, change, clusters, accuracy, words by an image."""

import json

import numpy as np
import pytest
import rasterio
from painted import paint, painted_labels, write_scene
from rasterio.transform import Affine

from core.context import Context
from core.errors import CancelledError, InputError, ModelError, SensorError, TrainingError, UsageError
from core.model.cards import HOME_VARIABLE
from core.model.zoo import check_model, list_models, load_model
from core.protocol import (
    AccuracyParams,
    ChangeParams,
    ClassifyParams,
    ClusterParams,
    FinetuneParams,
    HighlightParams,
    SimilarParams,
    Source,
)
from core.tasks import accuracy, change, classify, cluster, finetune, highlight, similar
from tests.core.embeddings import made_embeddings as made


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A models folder of its own."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


def centre(col, row):
    x, y = made.PLACE @ (col + 0.5, row + 0.5)
    return (x, y)


def pixels_of(path, band=1):
    with rasterio.open(path) as file:
        return file.read(band)


def trained_head(tmp_path, raster, name="head"):
    params = FinetuneParams((Source(str(raster)),), str(made.labels(tmp_path)), name, field="class")
    return finetune.run(params, Context())


@pytest.mark.parametrize("make", [made.alphaearth, made.tessera, made.tessera_arrays], ids=lambda make: make.__name__)
def test_one_click_finds_what_is_alike(tmp_path, make):
    path, output = make(tmp_path), tmp_path / "similar.tif"
    params = SimilarParams(Source(str(path)), str(output), positives=(centre(10, 50),))
    result = similar.run(params, Context())
    scores, truth = pixels_of(output), made.classes() == 0
    known = np.isfinite(scores)
    assert ((scores > 0.5) == truth)[known].mean() > 0.97
    assert result["sensor"] in ("alphaearth", "tessera")
    with rasterio.open(output) as file:
        assert "WAVELENGTHS_UM" not in file.tags()
        assert file.transform == made.PLACE


def test_the_answer_to_clicks_does_not_depend_on_the_extent(tmp_path):
    path = made.alphaearth(tmp_path)
    whole, part = tmp_path / "whole.tif", tmp_path / "part.tif"
    similar.run(SimilarParams(Source(str(path)), str(whole), positives=(centre(10, 50),)), Context())
    (left, top), (right, bottom) = made.PLACE @ (20, 30), made.PLACE @ (60, 70)
    extent = (left, bottom, right, top)
    similar.run(SimilarParams(Source(str(path)), str(part), positives=(centre(10, 50),), extent=extent), Context())
    np.testing.assert_array_equal(pixels_of(part), pixels_of(whole)[30:70, 20:60])


def test_a_click_outside_or_on_masked_ground_is_refused(tmp_path):
    path = made.alphaearth(tmp_path)
    for place, words in ((centre(10, 1), "no data"), (centre(500, 1), "outside")):
        with pytest.raises(InputError, match=words):
            similar.run(SimilarParams(Source(str(path)), str(tmp_path / "a.tif"), positives=(place,)), Context())
    assert not (tmp_path / "a.tif").exists()


def test_areas_as_examples_are_refused_with_advice(tmp_path):
    path = made.alphaearth(tmp_path)
    area = "POLYGON((0 0, 1 0, 1 1, 0 0))"
    with pytest.raises(InputError, match="places") as caught:
        similar.run(SimilarParams(Source(str(path)), str(tmp_path / "a.tif"), areas=(area,)), Context())
    assert caught.value.hint


@pytest.mark.parametrize("make", [made.alphaearth, made.tessera], ids=lambda make: make.__name__)
def test_a_head_is_trained_on_polygons_in_seconds_and_maps_and_measures(tmp_path, make):
    path = make(tmp_path)
    results = trained_head(tmp_path, path)
    assert results["seconds"] < 60
    assert {row["name"] for row in results["classes"]} == {"water", "wood", "field"}
    assert results["after"]["overall_accuracy"] > 0.95
    assert "%" in results["table"]
    assert results["name"] in {card.name for card in list_models()}
    output = tmp_path / "map.tif"
    mapped = classify.run(ClassifyParams(Source(str(path)), str(output), model="head"), Context())
    names = {row["code"]: row["name"] for row in mapped["classes"]}
    codes = {name: code for code, name in names.items()}
    truth = np.choose(made.classes(), [codes["water"], codes["wood"], codes["field"]])
    found = pixels_of(output)
    assert (found == truth)[found != 0].mean() > 0.97
    reference = made.write(tmp_path / "truth.tif", truth.astype("uint8")[None])
    figures = accuracy.run(AccuracyParams(str(output), str(reference)), Context())
    assert figures["overall"] > 0.97


def test_a_head_is_for_embeddings_of_its_kind_alone(tmp_path, make_raster):
    trained_head(tmp_path, made.alphaearth(tmp_path))
    other = made.tessera(tmp_path)
    with pytest.raises(ModelError, match="fitted on alphaearth"):
        classify.run(ClassifyParams(Source(str(other)), str(tmp_path / "m.tif"), model="head"), Context())
    with pytest.raises(ModelError, match="head for alphaearth"):
        load_model("head")


def test_a_whole_head_is_found_sound_and_a_damaged_one_is_not(tmp_path):
    trained_head(tmp_path, made.alphaearth(tmp_path))
    report = check_model("head")
    assert report.sound
    assert "a head for alphaearth embeddings, 3 classes" in report.findings[-1]
    weights = next(card.path for card in list_models() if card.name == "head") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    damaged = check_model("head")
    assert not damaged.sound
    assert "cannot be read" in damaged.problems[0]


def test_a_head_whose_weights_belong_to_another_is_refused(tmp_path):
    path = made.alphaearth(tmp_path)
    trained_head(tmp_path, path)
    folder = next(card.path for card in list_models() if card.name == "head")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "classes": config["classes"][:2]}))
    with pytest.raises(ModelError, match="do not fit"):
        classify.run(ClassifyParams(Source(str(path)), str(tmp_path / "m.tif"), model="head"), Context())


def test_a_model_for_images_is_refused_on_embeddings_with_advice(tmp_path):
    path = made.alphaearth(tmp_path)
    with pytest.raises(ModelError, match="model for images") as problem:
        classify.run(ClassifyParams(Source(str(path)), str(tmp_path / "m.tif")), Context())
    assert "core.train" in problem.value.hint


def test_images_and_embeddings_cannot_train_one_head(tmp_path, make_raster):
    image = make_raster(np.full((3, 96, 96), 90, "uint8"), "image.tif")
    sources = (Source(str(made.alphaearth(tmp_path))), Source(str(image)))
    with pytest.raises(TrainingError, match="different kinds"):
        finetune.run(FinetuneParams(sources, str(made.labels(tmp_path)), "head"), Context())


def test_a_cancelled_training_leaves_nothing(tmp_path):
    context = Context()
    context.cancel.cancel()
    params = FinetuneParams((Source(str(made.alphaearth(tmp_path))),), str(made.labels(tmp_path)), "head")
    with pytest.raises(CancelledError):
        finetune.run(params, context)
    assert not (tmp_path / "home" / "models" / "head").exists()


def two_years(tmp_path, make, dimensions):
    drawn = made.classes()
    later = drawn.copy()
    later[40:60, 10:30] = 2  # water became field
    first = make(tmp_path / "first", made.vectors(dimensions, drawn, seed=1, noise=0.2))
    return first, make(tmp_path / "second", made.vectors(dimensions, later, seed=2, noise=0.2)), drawn != later


@pytest.mark.parametrize(("make", "dimensions"), [(made.alphaearth, 64), (made.tessera, 128)])
def test_change_between_years_is_the_angle_between_their_vectors(tmp_path, make, dimensions):
    first, second, changed = two_years(tmp_path, make, dimensions)
    output = tmp_path / "change.tif"
    result = change.run(ChangeParams((Source(str(first)), Source(str(second))), str(output)), Context())
    turned = pixels_of(output)
    known = np.isfinite(turned)
    assert ((turned > result["change"]["threshold"]) == changed)[known].all()
    assert result["change"]["pixels"] == 400
    assert result["change"]["hectares"] == pytest.approx(4.0, rel=0.01)
    assert turned[known & ~changed].max() < 0.2 < turned[changed].min()


def test_change_by_a_head_says_which_class_became_which(tmp_path):
    first, second, _ = two_years(tmp_path, made.alphaearth, 64)
    trained_head(tmp_path, first)
    output = tmp_path / "change.tif"
    params = ChangeParams((Source(str(first)), Source(str(second))), str(output), model="head")
    result = change.run(params, Context())
    biggest = max(
        (row for row in result["transitions"] if row["before"] != row["after"]), key=lambda row: row["pixels"]
    )
    assert (biggest["before"], biggest["after"]) == ("water", "field")
    assert biggest["pixels"] == pytest.approx(400, abs=20)


def test_years_on_other_pixels_are_brought_together(tmp_path):
    first, _, _ = two_years(tmp_path, made.alphaearth, 64)
    half = Affine(10, 0, 600005, 0, -10, 5039995)
    codes = made.quantised(made.vectors(64, noise=0.0))
    second = made.write(tmp_path / "moved.tif", codes, [f"A{n:02}" for n in range(64)], transform=half, nodata=-128)
    output = tmp_path / "change.tif"
    change.run(ChangeParams((Source(str(first)), Source(str(second))), str(output)), Context())
    turned = pixels_of(output)
    inside = turned[10:80, 40:60]  # of one class on both
    assert np.nanmax(inside) < 0.2


def test_what_cannot_be_compared_is_refused_with_advice(tmp_path, make_raster):
    first, second, _ = two_years(tmp_path, made.alphaearth, 64)
    image = make_raster(np.full((3, 96, 96), 90, "uint8"), "image.tif", transform=made.PLACE)
    both = (Source(str(first)), Source(str(second)))
    with pytest.raises(UsageError, match="words cannot be compared"):
        change.run(ChangeParams(both, str(tmp_path / "c.tif"), prompts=("water",)), Context())
    with pytest.raises(InputError, match="cannot be compared"):
        change.run(ChangeParams((both[0], Source(str(image))), str(tmp_path / "c.tif")), Context())
    other = Source(str(made.tessera(tmp_path)))
    with pytest.raises(InputError, match="cannot be compared"):
        change.run(ChangeParams((both[0], other), str(tmp_path / "c.tif")), Context())


@pytest.mark.parametrize("make", [made.alphaearth, made.tessera], ids=lambda make: make.__name__)
def test_clusters_are_the_classes_of_the_ground(tmp_path, make):
    path, output = make(tmp_path), tmp_path / "clusters.tif"
    result = cluster.run(ClusterParams(Source(str(path)), str(output), clusters=3), Context())
    found, truth = pixels_of(output), made.classes()
    for code in range(3):
        counts = np.bincount(found[(truth == code) & (found > 0)], minlength=4)
        assert counts.max() > 0.97 * counts.sum()
    assert sum(row["share"] for row in result["classes"]) == pytest.approx(1.0, abs=1e-4)
    with rasterio.open(output) as file:
        assert file.tags()["CLASS_1"] == "cluster 1"
        assert file.colormap(1)[1][3] == 255


def test_more_clusters_than_different_pixels_are_refused(tmp_path):
    path = made.alphaearth(tmp_path, made.vectors(64, noise=0.0), masked=0)
    with pytest.raises(InputError, match="fewer than 8"):
        cluster.run(ClusterParams(Source(str(path)), str(tmp_path / "c.tif")), Context())


def test_words_are_refused_with_advice_where_no_image_is_named(tmp_path):
    path = made.alphaearth(tmp_path)
    with pytest.raises(SensorError, match="words cannot be compared") as problem:
        highlight.run(HighlightParams(Source(str(path)), ("water",), str(tmp_path / "a.tif")), Context())
    assert "--image" in problem.value.hint
    with pytest.raises(SensorError, match="words cannot be compared"):
        similar.run(
            SimilarParams(Source(str(path)), str(tmp_path / "a.tif"), positives=(centre(10, 50),), text="water"),
            Context(),
        )


@pytest.fixture
def painting(tmp_path):
    """Embeddings in AlphaEarth's layout, and a picture, of one painted landscape; gives both and what is there."""
    drawn = painted_labels(96, 288)
    embeddings = made.alphaearth(tmp_path, made.vectors(64, drawn))
    picture = write_scene(tmp_path / "picture.tif", paint(drawn), crs=made.UTM, transform=made.PLACE)
    return embeddings, picture, drawn


def test_words_are_answered_from_what_they_find_on_an_image_of_the_same_ground_and_that_is_reported(
    tmp_path, painting, run_task
):
    path, image, drawn = painting
    output, vector = tmp_path / "answer.tif", tmp_path / "woods.gpkg"
    params = HighlightParams(Source(str(path)), ("woods",), str(output), image=str(image), vector=str(vector))
    result = run_task(highlight, params)
    assert "Answered from examples" in result["warnings"][0]
    assert str(image) in result["warnings"][0]
    assert vector.exists()
    json.dumps(result)
    scores = pixels_of(output)
    known = np.isfinite(scores)
    assert known[4:].all()
    assert not known[:4].any()
    assert ((scores > 0.5) == (drawn == 1))[known].mean() > 0.97
    with rasterio.open(output) as file:
        assert file.tags()["EXAMPLES_FROM"] == str(image)


def test_words_that_the_image_shows_nothing_of_have_no_examples(tmp_path, painting, run_task):
    path, _, drawn = painting
    woods = write_scene(tmp_path / "woods.tif", paint(np.ones_like(drawn)), crs=made.UTM, transform=made.PLACE)
    params = HighlightParams(Source(str(path)), ("lake",), str(tmp_path / "a.tif"), image=str(woods))
    with pytest.raises(InputError, match="next to nothing"):
        run_task(highlight, params)
    assert not (tmp_path / "a.tif").exists()


def test_an_image_of_other_ground_gives_no_examples(tmp_path, make_raster, run_task):
    far = make_raster(np.full((3, 96, 96), 90, "uint8"), "far.tif", transform=Affine(10, 0, 300000, 0, -10, 4000000))
    path = made.alphaearth(tmp_path)
    params = HighlightParams(Source(str(path)), ("lake",), str(tmp_path / "a.tif"), image=str(far))
    with pytest.raises(InputError, match="do not overlap"):
        run_task(highlight, params)
