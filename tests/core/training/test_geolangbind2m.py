"""Every source of GeoLangBind-2M becomes captioned shards, from a folder as it is published."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.shards import ShardSet
from core.errors import InputError
from tests.core.training import miniatures
from training.geolangbind2m.build import BuildSettings, build
from training.geolangbind2m.captions import Box, caption_boxes, caption_shares, place, plural
from training.geolangbind2m.command import main
from training.geolangbind2m.pictures import windows
from training.geolangbind2m.placeholders import PLACEHOLDERS
from training.geolangbind2m.registry import converters

RGB = (0.665, 0.56, 0.49)
NINE = (0.665, 0.56, 0.49, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19)
EXPECTED = {
    "Skyscript_1": (miniatures.skyscript, 2, 3, "a .*pitch.* [01]", RGB),
    "Seg4": (miniatures.seg4, 6, 3, "trees|plane|farmland", RGB),
    "Seg4_vaihingen": (miniatures.vaihingen, 1, 3, "buildings", (0.84, 0.665, 0.56)),
    "Det10": (
        miniatures.det10,
        10,
        3,
        "storage tanks|expressway service area|baseball|oiltank|ship|airplane|car|cyclist",
        RGB,
    ),
    "Flair2_rgb_train": (miniatures.flair2, 1, 3, "coniferous trees", RGB),
    "Flair2_elevation_train": (miniatures.flair2, 1, 3, "coniferous trees", RGB),
    "VRS_train": (miniatures.vrsbench, 1, 3, "harbor", RGB),
    "MMflood_sar_train": (miniatures.mmflood, 1, 2, "flood|water", (3.75, 3.75)),
    "SAR_ship": (miniatures.sar_ship, 1, 3, "ships", RGB),
    "IR_ship": (miniatures.ir_ship, 1, 3, "fishing boat", RGB),
    "ChatEarthNet_S2_train": (miniatures.chatearthnet, 3, 9, "Mostly trees, view", NINE),
    "ChatEarthNet_SAR_train": (miniatures.chatearthnet, 1, 2, "view 1", (3.75, 3.75)),
    "NLCD_hyper": (miniatures.nlcd, 1, 20, "cultivated crops", None),
}


def built(name, root, output, wavelengths="published", **settings):
    settings = {"workers": 1, **settings}
    return build(converters(PLACEHOLDERS[wavelengths])[name], root, BuildSettings(name, output, **settings))


def read_all(output, name):
    samples = ShardSet(str(output / name / f"{name}_train-*-train.tar"))
    return [samples.read(number) for number in range(len(samples))]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_source_becomes_captioned_shards(name, tmp_path):
    make, count, bands, words, wavelengths_um = EXPECTED[name]
    make(tmp_path / "published")
    report = built(name, tmp_path / "published", tmp_path / "shards")
    assert (report.samples, report.skipped) == (count, {})
    samples = read_all(tmp_path / "shards", name)
    assert len(samples) == count
    for sample in samples:
        assert sample.image.shape[2] == bands
        assert wavelengths_um is None or sample.wavelengths_um == wavelengths_um
        assert any(word in sample.text for word in words.split("|")) or name == "Skyscript_1", sample.text
    assert json.loads((tmp_path / "shards" / name / f"{name}.json").read_text())["samples"] == count


def test_every_source_that_the_released_loader_names_has_a_converter():
    known = converters(PLACEHOLDERS["published"])
    assert set(EXPECTED) | {f"Skyscript_{part}" for part in range(1, 6)} == set(known)
    assert sum(converter.published for converter in known.values()) == 2_050_983


def test_places_wavelengths_and_values_are_those_of_the_files(tmp_path):
    for name in ("Flair2_rgb_train", "MMflood_sar_train", "NLCD_hyper", "Det10"):
        EXPECTED[name][0](tmp_path / name)
        built(name, tmp_path / name, tmp_path / "shards", "geolb")
    longitude, latitude = read_all(tmp_path / "shards", "Flair2_rgb_train")[0].location
    assert -5 < longitude < 10
    assert 30 < latitude < 51
    flood = read_all(tmp_path / "shards", "MMflood_sar_train")[0]
    assert flood.wavelengths_um == (5.4, 5.41)
    # 0.05 is -13 dB: 12/25 of the way from -25 to 0 dB, and 19/27 from -32 to -5 dB; no data is 0.
    assert flood.image[20, 20].tolist() == pytest.approx([122, 179], abs=1)
    assert flood.image[0, 0].tolist() == [0, 0]
    spectral = read_all(tmp_path / "shards", "NLCD_hyper")[0]
    assert spectral.wavelengths_um[0] == pytest.approx(0.42)
    assert spectral.wavelengths_um[-1] == pytest.approx(2.44)
    assert spectral.image[0, 0, 0] == pytest.approx(0.2 / 0.275 * 255, abs=1)
    assert (10.1, 56.2) in {sample.location for sample in read_all(tmp_path / "shards", "Det10")}


def test_a_stopped_build_goes_on_and_gives_the_same_bytes(tmp_path):
    miniatures.skyscript(tmp_path / "published")
    whole = built("Skyscript_1", tmp_path / "published", tmp_path / "a", per_shard=1)
    assert (whole.shards, whole.reused) == (2, 0)
    lost = tmp_path / "a" / "Skyscript_1" / "Skyscript_1_train-000001-train.tar"
    lost.unlink()
    again = built("Skyscript_1", tmp_path / "published", tmp_path / "a", per_shard=1)
    assert again.reused == 1
    assert again.sha256 == whole.sha256
    other_words = built("Skyscript_1", tmp_path / "published", tmp_path / "a", per_shard=1, seed=7)
    assert other_words.reused == 0


def test_several_processes_make_the_shards_of_one(tmp_path):
    miniatures.chatearthnet(tmp_path / "published")
    name = "ChatEarthNet_S2_train"
    alone = built(name, tmp_path / "published", tmp_path / "one", per_shard=1)
    shared = built(name, tmp_path / "published", tmp_path / "two", per_shard=1, workers=2)
    assert shared.sha256 == alone.sha256


def test_what_cannot_be_used_is_counted_by_reason(tmp_path):
    miniatures.det10(tmp_path)
    (tmp_path / "DIOR/JPEGImages-trainval/00001.jpg").write_bytes(b"no picture")
    miniatures.write(tmp_path / "HRRSD/Annotations/1.xml", '<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>')
    miniatures.write(tmp_path / "LEVIR/imageWithLabel/10.txt", "1 2 two 8 8\n")
    miniatures.write(tmp_path / "RSOD/oiltank/Annotation/xml/oiltank_1.xml", "<annotation></annotation>")
    report = built("Det10", tmp_path, tmp_path / "shards")
    assert report.samples == 6
    reasons = " | ".join(report.skipped)
    assert sum(report.skipped.values()) == 4
    for part in ("cannot be read", "declares entities", "coordinate that is no number", "nothing to say"):
        assert part in reasons


@pytest.mark.parametrize("name", EXPECTED)
def test_another_folder_is_refused_in_one_line(name, tmp_path, capsys):
    assert main([name, str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(tmp_path) in said


def test_nothing_usable_is_an_error(tmp_path):
    miniatures.sar_ship(tmp_path)
    (tmp_path / "JPEGImages/Gao_ship_1.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="Nothing of SAR_ship could be used"):
        built("SAR_ship", tmp_path, tmp_path / "shards")


def test_the_command_reports_counts_and_checksums(tmp_path, capsys):
    miniatures.vrsbench(tmp_path / "published")
    assert main(["VRS_train", str(tmp_path / "published"), "-o", str(tmp_path), "--json", "--workers", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["samples"], report["published"]) == (1, 20_264)
    assert len(report["sha256"]["VRS_train_train-000000-train.tar"]) == 64
    assert main(["VRS_train", str(tmp_path / "published"), "-o", str(tmp_path), "--workers", "1"]) == 0
    assert "1 shards were there already" in capsys.readouterr().out


def test_captions_vary_and_name_what_is_there():
    rng = np.random.default_rng(0)
    boxes = [Box("storage tank", (0.1, 0.1)), Box("storage tank", (0.2, 0.1)), Box("ship", (0.9, 0.9))]
    texts = {caption_boxes(boxes, "aerial", rng) for _ in range(60)}
    assert len(texts) > 10
    assert all("storage tanks" in text and "a ship" in text for text in texts)
    alone = {caption_boxes([Box("bus", (0.9, 0.1))], "drone", rng) for _ in range(30)}
    assert any("in the upper right" in text for text in alone)
    assert caption_boxes([], "radar", rng) == ""
    shares = {caption_shares({"forest": 0.6, "water": 0.3, "roads": 0.01}, "satellite", rng) for _ in range(40)}
    assert len(shares) > 5
    assert all("forest" in text and "water" in text and "roads" not in text for text in shares)
    assert caption_shares({}, "aerial", rng) == ""


def test_plurals_and_places_are_english():
    assert [plural(name) for name in ("bus", "person", "ferry", "car", "bridge")] == [
        "buses",
        "people",
        "ferries",
        "cars",
        "bridges",
    ]
    assert [place(centre) for centre in ((0.5, 0.5), (0.1, 0.5), (0.5, 0.9), (1.0, 0.0))] == [
        "in the middle",
        "on the left",
        "in the lower part",
        "in the upper right",
    ]


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 64))
def test_windows_cover_an_image_of_any_size(height, width, size):
    seen = np.zeros((height, width), int)
    for rows, columns in windows(height, width, size):
        assert rows.stop - rows.start == min(size, height)
        assert columns.stop - columns.start == min(size, width)
        seen[rows, columns] += 1
    assert seen.min() >= 1
