import json

import numpy as np
import pytest
import rasterio
import shapely
import torch
from rasterio.transform import from_origin
from rasterio.warp import transform as transform_coordinates
from vector_files import write_vector

from core.cli.train import main
from core.context import Context
from core.errors import CancelledError, TrainingError
from core.finetune import session
from core.finetune.labels import open_labels
from core.finetune.objective import FinetuneObjective
from core.finetune.score import HeldOutPixels
from core.finetune.session import fine_tune
from core.finetune.settings import FinetuneSettings
from core.finetune.trainable_parts import trainable
from core.model import create_model, load_model
from core.model.weight_files import save_model
from core.model.zoo import list_models
from core.progress import CancelToken
from core.protocol import Source
from core.tasks.scene import as_trained, open_scene

SIDE = 192
COLOURS = {"water": (20, 40, 160), "forest": (20, 90, 30), "sand": (220, 200, 140)}
CODES = {name: code for code, name in enumerate(COLOURS)}
ORIGIN = (600000, 5000000)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))


@pytest.fixture(scope="session")
def start(tmp_path_factory, tiny_config):
    """A model folder with random weights, which knows nothing."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("start") / "ignorant"
    save_model(create_model(tiny_config).eval(), folder, {"name": "ignorant", "licence": "CC0-1.0"}, torch.float16)
    return str(folder)


def cover(pixel=10):
    """Stripes of 32 metres-times-ten of each class, (H, W) at this pixel size."""
    side = SIDE * 10 // pixel
    row, col = np.mgrid[:side, :side] * pixel // 10
    return (col // 32 + row // 32) % 3


def write_raster(path, values, crs="EPSG:32632", transform=None, pixel=10, **profile):
    values = np.asarray(values)
    transform = transform or from_origin(*ORIGIN, pixel, pixel)
    options = {"driver": "GTiff", "dtype": values.dtype, "count": len(values), "crs": crs, "transform": transform}
    options |= {"height": values.shape[1], "width": values.shape[2]}
    with rasterio.open(path, "w", **options | profile) as file:
        file.write(values)
    return str(path)


@pytest.fixture
def picture(tmp_path):
    def make(name="picture.tif", pixel=10, crs="EPSG:32632", transform=None):
        labels = cover(pixel)
        colours = np.array(list(COLOURS.values()), float)[labels].transpose(2, 0, 1)
        noisy = np.clip(colours + np.random.default_rng(0).normal(0, 10, colours.shape), 1, 255).astype(np.uint8)
        return write_raster(tmp_path / name, noisy, crs, transform, pixel, photometric="RGB")

    return make


def square(col, row, size=12):
    x, y = ORIGIN[0] + 10 * col, ORIGIN[1] - 10 * row
    return shapely.box(x, y - 10 * size, x + 10 * size, y)


def squares():
    """One square well inside each stripe's cell."""
    shapes, names = [], []
    for row in range(0, SIDE, 32):
        for col in range(0, SIDE, 32):
            shapes.append(square(col + 10, row + 10))
            names.append(list(COLOURS)[(col // 32 + row // 32) % 3])
    return shapes, names


@pytest.fixture
def write_labels(tmp_path):
    def write(shapes, values, name="labels.gpkg", field="class", crs="EPSG:32632", kind="Unknown"):
        return str(write_vector(tmp_path / name, shapes, values, field=field, crs=crs, kind=kind))

    return write


def settings_for(start, rasters, labels, **more):
    values = {"steps": 48, "batch": 6, "validate_every": 16, "start": start, "listed": False, "device": "cpu"}
    values |= {"mode": "adapters"}
    return FinetuneSettings(tuple(Source(path) for path in rasters), labels, **values | more)


def test_a_model_that_knows_nothing_learns_three_covers_from_polygons(start, picture, write_labels, tmp_path):
    points = []
    results = fine_tune(
        settings_for(start, [picture()], write_labels(*squares()), field="class"),
        tmp_path / "mine",
        Context(notify=lambda method, point: points.append(point)),
    )
    assert results["before"]["overall_accuracy"] < 0.7
    assert results["after"]["overall_accuracy"] > 0.9
    assert results["head_steps"] > 0
    assert results["steps"] in (0, 32, 48)  # looks in the first half of the loop choose nothing
    assert "accuracy went from" in results["outcome"]
    assert results["outcome"] in results["remarks"]
    assert {row["name"] for row in results["classes"]} == set(COLOURS)
    assert all(row["held_out_pixels"] > 0 and row["training_pixels"] > 0 for row in results["classes"])
    head = [point["loss"] for point in points if point["stage"] == "head"]
    assert head[0] > head[-1]
    assert any("validation" in point for point in points)
    written = json.loads((tmp_path / "mine" / "results.json").read_text())
    assert written["after"] == results["after"]


def test_the_result_is_a_plain_model_that_is_listed_at_once(start, picture, write_labels, tmp_path):
    results = fine_tune(
        settings_for(start, [picture()], write_labels(*squares()), steps=3, listed=True), tmp_path / "mine"
    )
    model = load_model(results["name"], device="cpu")
    assert model.config == load_model(start, device="cpu").config
    assert model.state_dict().keys() == load_model(start, device="cpu").state_dict().keys()
    assert not model.training
    card = {card.name: card for card in list_models()}[results["name"]]
    assert card.licence == "CC0-1.0"
    assert card.details["labels"] == "labels.gpkg"
    again = fine_tune(
        settings_for(start, [picture()], write_labels(*squares()), steps=3, listed=True), tmp_path / "mine"
    )
    assert again["name"] == results["name"]


@pytest.mark.parametrize("mode", ["adapters", "head-only", "full"])
def test_each_mode_changes_what_it_says_and_nothing_else(mode, start):
    before, model = load_model(start, device="cpu"), load_model(start, device="cpu")
    with trainable(model, mode) as parameters, torch.no_grad():
        for value in parameters.values():
            value.add_(0.01)
    weights = before.state_dict()
    assert model.state_dict().keys() == weights.keys()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, weights[name])}
    parts = {name.split(".")[0] if name.startswith("dense.") else name.split(".")[2] for name in changed}
    assert not any(name.startswith(("text.", "logit_")) or "running_" in name for name in changed)
    if mode == "full":
        assert parts >= {"dense", "blocks", "patch_embed"}
    else:
        assert parts == ({"dense", "blocks"} if mode == "adapters" else {"dense"})


def test_the_head_alone_is_fitted_in_its_last_map(start, picture, write_labels, tmp_path):
    labels = write_labels(*squares())
    results = fine_tune(settings_for(start, [picture()], labels, mode="head-only"), tmp_path / "mine")
    weights = load_model(start, device="cpu").state_dict()
    written = load_model(tmp_path / "mine", device="cpu").state_dict()
    assert {name for name, value in written.items() if not torch.equal(value, weights[name])} == {
        "dense.project.weight",
        "dense.project.bias",
    }
    assert results["steps"] == 0
    assert results["after"]["overall_accuracy"] > results["before"]["overall_accuracy"]


def test_learning_that_makes_nothing_better_leaves_the_model_as_it_was_and_says_so(
    start, picture, write_labels, tmp_path, monkeypatch, capsys
):
    wanted = FinetuneObjective.loss
    monkeypatch.setattr(FinetuneObjective, "loss", lambda *given: -wanted(*given))  # learns what is wrong
    labels = write_labels(*squares())
    arguments = ["--raster", picture(), "--labels", labels, "--start", start, "-o", str(tmp_path / "mine")]
    assert main([*arguments, "--adapters", "--steps", "20", "--device", "cpu"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("Training improved nothing on the validation blocks: the model is unchanged.") == 1
    before, after = (
        load_model(start, device="cpu").state_dict(),
        load_model(tmp_path / "mine", device="cpu").state_dict(),
    )
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert "unchanged" in card["description"]
    assert "is unchanged" in " ".join(card["remarks"])


def test_figures_come_from_blocks_used_for_neither_training_nor_selection(
    start, picture, write_labels, tmp_path, monkeypatch
):
    read = session.read_labelled_data
    kept = []
    monkeypatch.setattr(session, "read_labelled_data", lambda *a, **k: kept.append(read(*a, **k)) or kept[-1])
    fine_tune(settings_for(start, [picture()], write_labels(*squares()), mode="head-only"), tmp_path / "mine")
    data = kept[0]
    used = {}
    for name in ("training", "validation", "refit_training", "test"):
        masks = getattr(data, name)
        places = [patch.places[mask] for raster, of_raster in zip(data.rasters, masks, strict=True)
                  for patch, mask in zip(raster.patches, of_raster, strict=True)]  # fmt: skip
        used[name] = {tuple(place) for place in np.concatenate(places)}
        assert used[name]
    assert not used["test"] & (used["training"] | used["validation"] | used["refit_training"])
    assert not used["training"] & used["validation"]
    assert used["validation"] <= used["refit_training"]


def test_what_is_measured_are_the_weights_that_are_written(start, picture, write_labels, tmp_path, monkeypatch):
    read = session.read_labelled_data
    kept = []
    monkeypatch.setattr(session, "read_labelled_data", lambda *a, **k: kept.append(read(*a, **k)) or kept[-1])
    results = fine_tune(settings_for(start, [picture()], write_labels(*squares()), steps=32), tmp_path / "mine")
    written = load_model(tmp_path / "mine", device="cpu")
    data = kept[0]
    test_pixels = HeldOutPixels(data.rasters, data.test, len(data.classes), np.random.default_rng(0))
    assert test_pixels.score(written, FinetuneObjective(written, data.classes)).summary() == results["after"]


def test_a_radar_band_has_the_wavelength_that_the_start_knows_it_by(tiny_config, write_labels, tmp_path, monkeypatch):
    folder = tmp_path / "radar-start"
    save_model(create_model(tiny_config).eval(), folder, {"name": "radar", "placeholders": "sar_gen1"}, torch.float16)
    path = write_raster(tmp_path / "radar.tif", np.stack([-cover() * 4.0 - 8, -cover() * 3.0 - 15]).astype(np.float32))
    sources = (Source(path, sensor="sentinel1"),)
    seen = set()
    features = FinetuneObjective.bottleneck

    def watched(self, model, images, wavelengths_um, pixels):
        seen.add(tuple(wavelengths_um.tolist()))
        return features(self, model, images, wavelengths_um, pixels)

    monkeypatch.setattr(FinetuneObjective, "bottleneck", watched)
    chosen = settings_for(str(folder), [], write_labels(*squares()), steps=2)
    fine_tune(FinetuneSettings(**vars(chosen) | {"rasters": sources}), tmp_path / "mine")
    with open_scene(sources[0]) as scene:
        inference = as_trained(scene.recognition, load_model(tmp_path / "mine", device="cpu"))
    assert inference.wavelengths_um == (3.75, 3.75)
    assert seen == {inference.wavelengths_um}


def test_rehearsal_holds_the_meaning_of_other_words(start, picture, write_labels, tmp_path, monkeypatch):
    labels, raster = write_labels(*squares()), picture()

    def drift(share):
        monkeypatch.setattr("core.finetune.objective.REHEARSAL_WEIGHT", share)
        fine_tune(settings_for(start, [raster], labels, steps=16, refit=False), tmp_path / f"mine{share}")
        image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
        words = ["snow", "airport", "railway", "cloud", "vineyard"]
        cosines = []
        for model in (load_model(start, device="cpu"), load_model(tmp_path / f"mine{share}", device="cpu")):
            features = torch.nn.functional.normalize(model.encode_dense(image, (0.665, 0.56, 0.49)), dim=1)
            cosines.append(torch.einsum("bdhw,nd->bnhw", features, model.text_prompts(words)))
        return float((cosines[1] - cosines[0]).abs().mean())

    assert drift(3.0) < drift(0.0)


def test_points_lines_degrees_and_a_second_sensor_serve_together(start, picture, write_labels, tmp_path):
    shapes, names = squares()
    kinds = [shape.centroid if index % 2 else shapely.LineString([shape.centroid, shape.exterior.coords[0]])
             for index, shape in enumerate(shapes)]  # fmt: skip

    def in_degrees(metres):
        return np.column_stack(transform_coordinates("EPSG:32632", "EPSG:4326", *metres.T))

    degrees = [shapely.transform(shape, in_degrees) for shape in kinds]
    grey = (cover(20)[None] * 80 + 20).astype(np.float32)
    radar = write_raster(tmp_path / "radar.tif", -grey / 10, pixel=20)
    chosen = settings_for(start, [], write_labels(degrees, names, "degrees.geojson", crs="EPSG:4326"), steps=4)
    sources = (Source(picture()), Source(radar, bands=(1,), wavelengths_um=(5.4,)))
    results = fine_tune(FinetuneSettings(**vars(chosen) | {"rasters": sources}), tmp_path / "mine")
    assert all(row["training_pixels"] > 0 for row in results["classes"])


def test_a_label_raster_serves_with_words_for_its_codes(start, picture, tmp_path):
    codes = np.where(np.random.default_rng(0).random((SIDE, SIDE)) < 0.2, cover() + 1, 0).astype(np.uint8)
    labels = write_raster(tmp_path / "codes.tif", codes[None])
    with pytest.raises(TrainingError, match="Class 1 is no word") as caught:
        fine_tune(settings_for(start, [picture()], labels), tmp_path / "mine")
    assert "--names" in caught.value.hint
    names = {"1": "water", "2": "forest", "3": "sand"}
    results = fine_tune(settings_for(start, [picture()], labels, names=names, steps=2), tmp_path / "mine")
    assert [row["name"] for row in results["classes"]] == ["water", "forest", "sand"]


def test_bad_labels_get_one_clear_line_each(start, picture, write_labels, tmp_path):
    shapes, names = squares()
    raster = picture()
    empty = write_labels([None, None], ["water", "sand"], "empty.gpkg")
    one = write_labels(shapes, ["water"] * len(shapes), "one.gpkg")
    far = write_labels([square(9000, 9000), square(9100, 9000)], ["water", "sand"], "far.gpkg")
    lost = write_labels([shapely.box(8, 44, 9, 45), shapely.box(10, 44, 11, 45)], ["water", "sand"], "lost.gpkg")
    over = write_labels([square(0, 0, 40), square(10, 10, 40)], ["water", "sand"], "over.gpkg")
    nowhere = write_labels(shapes, names, "nowhere.gpkg", crs=None)
    (tmp_path / "text.gpkg").write_text("nothing")
    yes = write_labels(shapes, [name == "water" for name in names], "yes.gpkg")
    half = write_labels([square(0, 0), square(9000, 9000)], ["water", "sand"], "half.gpkg")
    for labels, field, words in (
        (str(tmp_path / "gone.gpkg"), None, "no file"),
        (empty, "class", "empty geometries"),
        (one, "class", "one class alone"),
        (one, "kind", "no field 'kind'"),
        (far, "class", "No label lies on a pixel"),
        (lost, "class", "look like degrees"),
        (over, "class", "overlap"),
        (nowhere, "class", "no coordinate reference system"),
        (half, "class", "only water lies on"),
        (yes, "class", "no word that says what is there"),
    ):
        with pytest.raises(TrainingError, match=words) as caught:
            fine_tune(settings_for(start, [raster], labels, field=field), tmp_path / "mine")
        assert "\n" not in str(caught.value)
        assert caught.value.hint


def test_slivers_of_overlap_are_left_out_not_learnt(write_labels, picture):
    shapes, names = squares()
    shapes[1] = shapely.union(shapes[1], square(20, 15, 3))
    with open_labels(write_labels(shapes, names)) as labels, rasterio.open(picture()) as raster:
        from core.raster.grid import GridSpec
        from core.raster.pixel_window import PixelWindow

        grid = GridSpec(raster.crs.to_wkt(), raster.transform, raster.width, raster.height)
        drawn = labels.read(grid, PixelWindow(0, 0, 40, 40))
        assert (drawn[15:18, 20:22] == -1).all()
        assert (drawn[10:14, 10:20] == labels.classes.index("water")).all()
        assert "overlap" in labels.remarks[0]


def test_a_stop_leaves_nothing_behind(start, picture, write_labels, tmp_path):
    cancel = CancelToken()
    with pytest.raises(CancelledError):
        fine_tune(
            settings_for(start, [picture()], write_labels(*squares())),
            tmp_path / "mine",
            Context(cancel=cancel, notify=lambda method, point: cancel.cancel()),
        )
    assert not (tmp_path / "mine" / "model.safetensors").exists()


def test_the_command_prints_a_table_and_answers_mistakes_with_a_line(start, picture, write_labels, tmp_path, capsys):
    labels, raster = write_labels(*squares()), picture()
    arguments = [
        "--raster",
        raster,
        "--labels",
        labels,
        "--start",
        start,
        "-o",
        str(tmp_path / "mine"),
        "--device",
        "cpu",
    ]
    assert main([*arguments, "--field", "class", "--steps", "2", "--head-only"]) == 0
    shown = capsys.readouterr().out
    assert "water" in shown
    assert "→" in shown
    assert main([*arguments, "--field", "kind"]) == 1
    assert "no field 'kind'" in capsys.readouterr().err
    for wrong in (["--raster", raster], [*arguments, "--seed", "-1"], [*arguments, "--steps", "0"]):
        with pytest.raises(SystemExit) as caught:
            main(wrong)
        assert caught.value.code == 2
    capsys.readouterr()
    assert main([*arguments, "--field", "kind", "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["message"] in told.err
    assert main([*arguments, "-o", "/proc/mine"]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_labels_are_refused_before_anything_is_reported(start, picture, write_labels, tmp_path, capsys):
    labels, raster = write_labels(*squares()), picture()
    for given, said in (
        (["--labels", labels, "--field", "kind"], "no field 'kind'"),
        (["--labels", str(tmp_path / "gone.gpkg")], "no file"),
        (["--labels", raster], "more than"),
    ):
        assert main(["--raster", raster, "--start", start, "-o", str(tmp_path / "mine"), *given]) == 1
        told = capsys.readouterr()
        assert said in told.err
        assert (told.out + told.err).count("\n") == 1


def test_whatever_goes_wrong_is_one_line(start, picture, write_labels, tmp_path, capsys, monkeypatch):
    def broken(*given, **options):
        raise RuntimeError("a sentence\nand another")

    monkeypatch.setattr("core.cli.finetune.fit_or_fine_tune", broken)
    labels, raster = write_labels(*squares()), picture()
    assert main(["--raster", raster, "--labels", labels, "-o", str(tmp_path / "mine")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert main([str(tmp_path), "-o", str(tmp_path / "mine")]) == 1
    assert capsys.readouterr().err == f"The recipe {tmp_path} cannot be read (Is a directory). Name a file.\n"
