"""Every layout that benchmarks are published in, on miniature folders of the same layout."""

from __future__ import annotations

import json
import pickle
import warnings

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import torch
from painted import COLOURS, PaintedModel, paint, painted_labels
from PIL import Image

from core.errors import InputError
from core.evaluate.benchmarks import benchmarks, present, run_entry
from core.evaluate.captions import captioned_images
from core.evaluate.geobench import read_samples
from core.evaluate.layouts import folder_name_as_text, labelled_images, multi_labelled_images, to_model
from core.evaluate.masks import labelled_tiles
from core.evaluate.zero_shot import embed_labelled

COVERS = tuple(COLOURS)


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def chips(tmp_path, cover_image):
    """Eighteen images in folders named by class, in two further levels, and beside a table."""
    rows = ["filepath,label"]
    for cover in COVERS:
        for number in range(6):
            image = cover_image(cover, number)
            save(tmp_path / "folders" / cover / f"{cover}{number}.png", image)
            save(tmp_path / "deep" / cover / f"{cover}_{number}" / f"{cover}_{number}_0_rgb.png", image)
            save(tmp_path / "deep" / cover / f"{cover}_{number}" / f"{cover}_{number}_0_msrgb.png", 255 - image)
            save(tmp_path / "csv" / "images" / f"{cover}{number}.png", image)
            rows.append(f"images/{cover}{number}.png,{COVERS.index(cover)}")
    (tmp_path / "csv" / "table.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "csv" / "classnames.txt").write_text("\n".join(COVERS) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "folders"},
        {"path": "deep", "class_part": -3, "ending": "_rgb.png"},
        {"path": "csv", "layout": "csv", "table": "table.csv"},
    ],
    ids=lambda entry: entry["path"],
)
def test_images_come_with_their_class(chips, entry, cover_image):
    found = sorted(labelled_images({"size": 32, **entry}, chips / entry["path"]), key=lambda pair: pair[0])
    assert [label for label, _ in found] == sorted(cover for cover in COVERS for _ in range(6))
    expected = cover_image("town", 0).transpose(2, 0, 1) / 127.5 - 1
    np.testing.assert_allclose(found[0][1], expected, atol=1e-6)


def test_a_benchmark_of_classes_is_measured_with_probes_and_intervals(chips, painted_model):
    entry = {"title": "covers", "kind": "chips", "path": "folders", "size": 32, "published": {"another": 50.0}}
    figures = run_entry(painted_model, entry, chips)
    zero_shot, linear, neighbours = figures["measures"]
    assert zero_shot["published"] == {"another": 0.5}
    assert zero_shot["interval"][0] <= zero_shot["value"] <= zero_shot["interval"][1]
    assert linear["name"] == "linear probe (5 folds)"
    assert linear["value"] > 0.9
    assert neighbours["value"] > 0.9
    assert figures["images"] == 18
    with_train = run_entry(painted_model, {**entry, "train": "csv/../folders"}, chips)
    assert with_train["measures"][1]["name"] == "linear probe (18 training images)"
    assert len(run_entry(painted_model, entry, chips, probing=False)["measures"]) == 1


def test_batches_do_not_change_the_vectors(chips, painted_model):
    entry = {"size": 32}
    wavelengths = (0.665, 0.56, 0.49)
    whole, labels = embed_labelled(painted_model, labelled_images(entry, chips / "folders"), wavelengths)
    parts, _ = embed_labelled(painted_model, labelled_images(entry, chips / "folders"), wavelengths, batch=5)
    assert len(labels) == len(whole) == 18
    torch.testing.assert_close(whole, parts, atol=1e-5, rtol=1e-4)


def test_rasters_of_many_bands_become_model_input(tmp_path, make_raster):
    values = np.full((13, 20, 20), 1375, np.uint16)
    values[12] = 2750
    path = make_raster(values, "River_1.tif")
    target = tmp_path / "all" / "River" / "River_1.tif"
    target.parent.mkdir(parents=True)
    path.rename(target)
    ((label, image),) = labelled_images({**benchmarks()["eurosat_13"], "size": 16}, tmp_path / "all")
    assert label == "River"
    assert image.shape == (12, 16, 16)
    np.testing.assert_allclose(image[3], 0, atol=1e-5)  # red: half of 0..0.275
    np.testing.assert_allclose(image[8], 0, atol=1e-5)  # B8A, the file's last: half of 0..0.55


def write_hdf5(path, layers, about):
    """Write bands as HDF5 by way of netCDF-4, which is HDF5; GDAL adds each variable's number to its name."""
    names = list(layers)
    values = np.stack([layers[name] for name in names]).astype(np.int16)
    tiff, path = path.with_suffix(".tif"), path.with_suffix(".nc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            tiff, "w", driver="GTiff", count=len(names), height=values.shape[1], width=values.shape[2], dtype="int16"
        ) as file:
            file.write(values)
            file.update_tags(**{"NC_GLOBAL#pickle": str(pickle.dumps(about))})
            for number, name in enumerate(names, 1):
                file.update_tags(number, NETCDF_VARNAME=name)
        rasterio.shutil.copy(tiff, path, driver="netCDF", FORMAT="NC4")
    path.rename(path.with_suffix(".hdf5"))
    tiff.unlink()


BANDS = ("04 - Red_2020-01-0", "03 - Green_2020-01-0", "02 - Blue_2020-01-0")
ENTRY_BANDS = {"bands": ["04 - Red", "03 - Green", "02 - Blue"], "layout": "geobench"}


def test_a_geobench_classification_set_is_read_with_its_labels(tmp_path):
    folder = tmp_path / "m-mini"
    folder.mkdir()
    for number, code in enumerate((1, 0, 300)):
        layers = {band: np.full((12, 12), 100 * place + code % 100) for place, band in enumerate(BANDS)}
        write_hdf5(folder / f"id_{number}", layers, {"label": code, "bands_order": list(BANDS)})
    (folder / "default_partition.json").write_text(
        json.dumps({"train": ["id_2"], "valid": [], "test": ["id_0", "id_1"]})
    )
    assert [int(label) for _, label in read_samples(folder, ENTRY_BANDS["bands"])] == [1, 0]
    assert [int(label) for _, label in read_samples(folder, ENTRY_BANDS["bands"], "train")] == [300]
    entry = {**ENTRY_BANDS, "size": 8, "classes": {"woods": ["woods"], "water": ["water"]}}
    found = list(labelled_images(entry, folder))
    assert [label for label, _ in found] == ["water", "woods"]
    np.testing.assert_allclose(found[0][1][:, 4, 4], np.array([1, 101, 201]) / 127.5 - 1, atol=1e-5)
    with pytest.raises(InputError, match="no band 08 - NIR"):
        list(read_samples(folder, ["08 - NIR"]))


def test_labels_may_be_numbers_of_numpys(tmp_path):
    write_hdf5(tmp_path / "id_0", {name: np.ones((12, 12)) for name in BANDS}, {"label": np.int64(7), "other": 3})
    (tmp_path / "default_partition.json").write_text(json.dumps({"test": ["id_0"]}))
    assert [int(label) for _, label in read_samples(tmp_path, ["04 - Red"])] == [7]


def test_a_geobench_set_of_several_labels_an_image_is_measured(tmp_path, painted_model, cover_image):
    entry = benchmarks()["m-bigearthnet"]
    folder = tmp_path / entry["path"]
    folder.mkdir(parents=True)
    names = list(entry["classes"])
    assert len(names) == 43
    shown = {"water": ["Water bodies", "Salines"], "woods": ["Mixed forest"], "town": ["Airports", "Salines"]}
    partition = {"train": [], "valid": [], "test": []}
    for number in range(24):
        cover = COVERS[number % 3]
        label = np.isin(names, shown[cover]).astype(np.int64)
        bands = cover_image(cover, number).transpose(2, 0, 1).repeat(4, axis=0) * 10.0
        name = f"id_{number:04d}"
        layers = {f"{band}_2018-01-0": values for band, values in zip(entry["bands"], bands, strict=True)}
        write_hdf5(folder / name, layers, {"label": label, "bands_order": list(layers)})
        partition["train" if number < 12 else "test"].append(name)
    (folder / "default_partition.json").write_text(json.dumps(partition))
    _, label = next(read_samples(folder, entry["bands"]))
    assert [names[place] for place in np.flatnonzero(label)] == ["Salines", "Water bodies"]
    figures = run_entry(painted_model, {**entry, "size": 32, "published": {"20-NN mAP": {"other": 50.0}}}, tmp_path)
    found = {measure["name"]: measure["value"] for measure in figures["measures"]}
    assert list(found)[:2] == ["zero-shot micro F1", "zero-shot mAP"]
    assert found["linear probe (12 training images) micro F1"] > 0.95
    assert found["20-NN (12 training images) mAP"] > 0.95
    assert (figures["images"], figures["per_class"]["Vineyards"]) == (12, None)
    assert 0 < figures["per_class"]["Mixed forest"] <= 1
    for measure in figures["measures"]:
        assert measure["interval"][0] <= measure["value"] <= measure["interval"][1]
    assert len(run_entry(painted_model, {**entry, "size": 32}, tmp_path, probing=False)["measures"]) == 2
    with pytest.raises(InputError, match="several labels an image"):
        list(labelled_images({**entry, "kind": "chips"}, folder))
    with pytest.raises(InputError, match="do not say of 2 classes"):
        list(multi_labelled_images({**entry, "classes": {"a": ["a"], "b": ["b"]}}, folder))


class Attack:
    """Would run when unpickled."""

    def __reduce__(self):
        return (print, ("unpickled",))


def test_a_label_that_is_code_is_refused_and_not_run(tmp_path, capsys):
    write_hdf5(tmp_path / "id_0", {BANDS[0]: np.ones((12, 12)), BANDS[1]: np.ones((12, 12))}, {"label": Attack()})
    (tmp_path / "default_partition.json").write_text(json.dumps({"test": ["id_0"]}))
    with pytest.raises(InputError, match="neither a number nor several"):
        list(read_samples(tmp_path, ["04 - Red"]))
    assert "unpickled" not in capsys.readouterr().out


def test_a_geobench_segmentation_set_is_parsed(tmp_path, painted_model):
    labels = painted_labels(150, 200)[40:136, 60:156]
    image = paint(labels)
    write_hdf5(tmp_path / "id_0", {**dict(zip(BANDS, image, strict=True)), "label": labels}, {})
    (tmp_path / "default_partition.json").write_text(json.dumps({"test": ["id_0"]}))
    entry = {**ENTRY_BANDS, "kind": "tiles", "title": "mini", "path": ".", "classes": CLASSES}
    assert run_entry(painted_model, entry, tmp_path)["accuracy"] > 0.9


CLASSES = {"0": ["lake", "water"], "1": ["woods", "forest"], "2": ["town"]}


def test_masks_beside_images_are_read_also_in_colours(tmp_path, painted_model):
    colours = np.array([[0, 0, 255], [0, 255, 0], [255, 0, 0]], np.uint8)
    for number in range(3):
        labels = painted_labels()[60:188, 40 + 60 * number : 168 + 60 * number]
        save(tmp_path / "urban" / "images_png" / f"{number}.png", paint(labels, seed=number).transpose(1, 2, 0))
        save(tmp_path / "urban" / "masks_png" / f"{number}.png", labels)
        save(tmp_path / "urban" / "colours" / f"{number}.png", colours[labels])
    plain = {"title": "mini", "kind": "tiles", "layout": "masks", "path": ".", "images": "*/images_png/*.png",
             "mask": [["images_png", "masks_png"]], "classes": CLASSES}  # fmt: skip
    coloured = {**plain, "mask": [["images_png", "colours"]], "colours": {"0,0,255": 0, "0,255,0": 1, "255,0,0": 2}}
    for entry in (plain, coloured):
        figures = run_entry(painted_model, entry, tmp_path)
        whole, *by_class = figures["measures"]
        assert whole["value"] > 0.85
        assert whole["interval"][0] <= whole["value"] <= whole["interval"][1]
        assert {measure["name"] for measure in by_class} <= {"IoU lake", "IoU woods", "IoU town"}
        assert figures["tiles"] == 3
    with pytest.raises(InputError, match="missing or cannot be read"):
        list(labelled_tiles({**plain, "mask": [["images_png", "elsewhere"]]}, tmp_path))


def test_a_set_with_a_class_scheme_is_parsed_by_its_synonyms_too(tmp_path, painted_model):
    save(tmp_path / "images" / "0.png", paint(painted_labels()[60:188, 40:168]).transpose(1, 2, 0))
    save(tmp_path / "labels" / "0.png", painted_labels()[60:188, 40:168])
    classes = [{"code": code, "name": name, "colour": "#0000ff", "prompts": [name]}
               for code, name in enumerate(("woods", "water", "town"))]  # fmt: skip
    (tmp_path / "scheme.json").write_text(json.dumps({"title": "mini", "classes": classes}))
    entry = {"title": "mini", "kind": "tiles", "layout": "masks", "path": ".", "images": "images/*.png",
             "mask": [["images", "labels"]], "classes": CLASSES, "scheme": str(tmp_path / "scheme.json")}  # fmt: skip
    figures = run_entry(painted_model, entry, tmp_path)
    assert figures["mean_iou"] > 0.85
    assert figures["by_scheme"]["mean_iou"] < 0.4  # the scheme's words are those of other classes
    assert [measure["value"] for measure in figures["measures"] if "mean IoU" in measure["name"]] == [
        figures["mean_iou"],
        figures["by_scheme"]["mean_iou"],
    ]


class CaptionModel(PaintedModel):
    """Knows captions by the cover they name."""

    def encode_text(self, texts, normalize=False):
        return self.text_prompts([text.split()[-1] for text in texts])


@pytest.fixture
def captioned(tmp_path, cover_image):
    rows = []
    for number, cover in enumerate(COVERS):
        save(tmp_path / "imgs" / f"{number}.png", cover_image(cover))
        sentences = [{"raw": f"a picture of {cover}"}, {"raw": f"there is {cover}"}]
        rows.append({"filename": f"{number}.png", "split": "test", "sentences": sentences})
    rows.append({"filename": "none.png", "split": "train", "sentences": []})
    (tmp_path / "dataset.json").write_text(json.dumps({"images": rows}))
    return tmp_path, {"layout": "karpathy", "table": "dataset.json", "images": "imgs", "size": 32}


def test_only_captions_of_the_test_split_are_read(captioned, painted_model):
    folder, entry = captioned
    found = captioned_images(entry, folder)
    assert [len(captions) for _, captions in found] == [2, 2, 2]
    model = painted_model
    model.__class__ = CaptionModel
    try:
        figures = run_entry(model, {**entry, "title": "mini", "kind": "retrieval", "path": "."}, folder)
    finally:
        model.__class__ = PaintedModel
    assert [measure["name"] for measure in figures["measures"]] == [
        f"{way}_R@{rank}" for way in ("text_to_image", "image_to_text") for rank in (1, 5, 10)
    ]
    assert figures["text_to_image_R@5"] == figures["image_to_text_R@10"] == 1.0
    assert (figures["images"], figures["captions"]) == (3, 6)


def test_folder_names_become_words_and_values_model_units():
    names = ("DenseResidential", "dense_residential", "dense residential")
    assert {folder_name_as_text(name) for name in names} == {"dense residential"}
    entry = {"scale": 10000, "wavelengths_um": [0.66, 0.84, 2.2]}
    half = to_model(np.array([1375.0, 2750.0, 2250.0])[:, None, None], entry)
    np.testing.assert_allclose(half, 0, atol=1e-6)


def test_every_entry_can_be_read_by_a_layout_and_names_what_it_needs(tmp_path, painted_model):
    assert present(tmp_path) == ()
    for name, entry in benchmarks().items():
        if entry.get("layout") == "geobench":
            assert len(entry["bands"]) == len(entry["wavelengths_um"]), name
        if entry["kind"] in ("chips", "labels", "tiles", "retrieval"):
            with pytest.raises(InputError):
                run_entry(painted_model, entry, tmp_path)
