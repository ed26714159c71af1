"""Galileo as a teacher: its own weights are read whole, bands make groups, features follow what the ground shows."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.errors import ModelError, SensorError
from core.model.weight_files import read_weights
from core.pretrain.recipe_teachers import with_translators
from training.studies.galileo_probe import band_statistics, commonest, galileo_places, place_labels, probe
from training.teachers.files import find_teacher_file
from training.teachers.galileo import (
    GROUPS,
    MEAN_DEVIATION,
    UNUSED,
    WAVELENGTHS_UM,
    GalileoEncoder,
    GalileoSize,
    GalileoTeacher,
    band_groups,
    known_bands,
    load_galileo,
    position_codes,
)

TILES = Path(__file__).resolve().parents[4] / "shared" / "data" / "scenes" / "terramind_tiles"
SMALL = GalileoSize(width=16, depth=2, heads=2, patch=2)
OPTICAL = [name for name in WAVELENGTHS_UM if name.startswith("B")]


def _published():
    try:
        return read_weights(find_teacher_file("galileo_nano"))
    except ModelError as problem:
        pytest.skip(problem.message)


def _images(names, side=32, count=1):
    """Random images in model units and the wavelengths of their bands."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(count, len(names), side, side, generator=generator) * 2 - 1
    return images, torch.tensor([WAVELENGTHS_UM[name] for name in names])


def _small_encoder():
    torch.manual_seed(0)
    encoder = GalileoEncoder(SMALL)
    torch.nn.init.normal_(encoder.s_t_channel_embed)
    return encoder.eval().requires_grad_(False)


def test_every_published_tensor_is_loaded_or_of_an_input_that_pictures_do_not_have():
    weights = _published()
    loaded = load_galileo(GalileoSize(patch=8), weights).state_dict()
    assert all(torch.equal(loaded[name], weights[name]) for name in loaded)
    assert all(name.startswith(UNUSED) for name in weights.keys() - loaded.keys())


def test_positions_are_encoded_as_in_the_published_weights():
    dates = _published()["pos_embed"]
    torch.testing.assert_close(position_codes(len(dates), 1, dates.shape[1]), dates, atol=1e-5, rtol=0)


@pytest.mark.parametrize("change", ["missing", "unknown", "another shape"])
def test_weights_of_another_model_are_refused(change):
    weights = _small_encoder().state_dict()
    if change == "missing":
        del weights["norm.weight"]
    elif change == "unknown":
        weights["head.weight"] = torch.zeros(2, 2)
    else:
        weights["norm.weight"] = torch.zeros(3)
    with pytest.raises(ModelError, match="not those of this Galileo"):
        load_galileo(SMALL, weights)


def test_kernels_of_another_size_answer_the_same_to_an_even_patch():
    encoder = _small_encoder()
    resampled = load_galileo(GalileoSize(16, 2, 2, patch=4), encoder.state_dict())
    name = "space_time_embed.S2_SWIR.proj"
    small, large = (
        each.get_submodule(name)(torch.full((1, 2, side, side), 0.7)) for each, side in ((encoder, 2), (resampled, 4))
    )
    torch.testing.assert_close(small, large, atol=1e-4, rtol=1e-4)


def test_groups_are_made_of_bands_in_any_order_and_only_where_all_are_there():
    names = ["B12", "B04", "VH", "B8A", "B02", "B11", "VV"]
    images, wavelengths = _images(names)
    groups = band_groups(known_bands(images, wavelengths.tolist()))
    assert list(groups) == ["S1", "S2_NIR_20m", "S2_SWIR"]
    decibels = -25 + (images[:, names.index("VV")] + 1) / 2 * 25
    mean, deviation = MEAN_DEVIATION["VV"]
    torch.testing.assert_close(groups["S1"][:, 0], (decibels - mean) / (4 * deviation) + 0.5)
    every, of_all = _images([*OPTICAL, "VV", "VH"])
    assert list(band_groups(known_bands(every, of_all.tolist()))) == list(GROUPS)


@pytest.mark.parametrize("names", [["B04", "B03", "B02"], ["VV"], ["B05", "B06"]])
def test_images_without_a_whole_group_beyond_colour_are_refused(names):
    images, wavelengths = _images(names)
    with pytest.raises(SensorError, match="Galileo needs radar"):
        band_groups(known_bands(images, wavelengths.tolist()))


def test_a_token_sees_its_own_window_alone_and_all_groups_of_it():
    encoder = _small_encoder()
    images, wavelengths = _images(["VV", "VH", "B11", "B12"], side=8, count=2)
    groups = band_groups(known_bands(images, wavelengths.tolist()))
    tokens = encoder(groups)
    assert tokens.shape == (2, 4, 4, 16)
    groups["S1"] = groups["S1"].clone()
    groups["S1"][0, :, :2, :2] += 1.0
    changed = (encoder(groups) - tokens).abs().amax(-1)
    assert changed[0, 0, 0] > 1e-3
    assert changed[0, 3, 3] > 0
    assert changed[1].max() == 0


def test_a_grid_without_windows_is_refused():
    _published()
    with pytest.raises(ValueError, match="grid of 13"):
        GalileoTeacher(grid=13)


def test_the_teacher_gives_features_of_each_place_in_its_order():
    _published()
    teacher = GalileoTeacher(grid=16)
    images, wavelengths = _images(OPTICAL, side=64, count=2)
    images = images * 0.1
    images[1, :, :24, 40:] = 0.9
    features = teacher.features(images, wavelengths)
    assert features.shape == (2, 256, teacher.channels)
    assert features.mean(1).abs().max() < 1e-4
    maps = features[1].view(16, 16, -1)
    bright, other = maps[:6, 10:].flatten(0, 1), maps[8:, :8].flatten(0, 1)
    assert torch.cdist(bright.mean(0)[None], other.mean(0)[None]) > 2 * other.std(0).norm()
    assert with_translators({}, {"galileo_nano": teacher})["translators"]["galileo_nano"] == {
        "grid": 16, "channels": 128,
    }  # fmt: skip


def test_features_of_a_real_tile_tell_its_land_cover():
    _published()
    folder = TILES / "433D_629L_3_1"
    if not folder.is_dir():
        pytest.skip("the shared scenes are not here")
    from core.pretrain.sources.scenes import read_scene

    values, bands, _ = read_scene(str(folder / "S2L1C.tif"))
    image, labels = torch.from_numpy(values)[None], place_labels(folder / "LULC.tif")
    wavelengths = torch.tensor([band.wavelength_um for band in bands])
    share = probe(galileo_places(GalileoTeacher(grid=56), image, wavelengths), labels)
    assert share > commonest(labels) + 0.25
    assert share > probe(band_statistics(image)[: len(bands)], labels)
