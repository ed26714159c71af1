"""Tiles with labels as batches: backgrounds, tiles left out, and pictures as other people show them."""

from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import TrainingError
from core.learning.augment import random_blur, random_display, random_tint
from core.pretrain.prompt_templates import AGREE, DISAGREE, UNDECIDED, prompt_templates_of
from core.pretrain.sources.labelled import LabelledSettings, LabelledSource
from core.pretrain.sources.scenes import SceneSettings, SceneSource
from training.aerial_source import AerialSettings, AerialSource

ROOF = (200, 60, 50)


def _add(archive, name, image, kind):
    stream = io.BytesIO()
    image.save(stream, kind, **({"lossless": True} if kind == "WEBP" else {}))
    entry = tarfile.TarInfo(name)
    entry.size = len(stream.getvalue())
    stream.seek(0)
    archive.addfile(entry, stream)


@pytest.fixture
def masked_tiles(tmp_path):
    """Two tiles, a red roof in their left half and its mask beside each."""
    path = tmp_path / "tiles.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("north_1", "south_1"):
            pixels = np.full((64, 64, 3), 90, np.uint8)
            pixels[:, :32] = ROOF
            mask = np.zeros((64, 64), np.uint8)
            mask[:, :32] = 1
            _add(archive, f"{name}.webp", Image.fromarray(pixels), "WEBP")
            _add(archive, f"{name}.building.png", Image.fromarray(mask), "PNG")
    return path


def _source(path, **settings):
    words = {1: ["building", "roof"], 2: ["road"]}
    chosen = LabelledSettings(
        str(path), words, ("north", "south"), ending=".building.png", background=(0,), absent=(1,), crop=32, batch=4,
        zoom=(1.0, 1.0), band_chance=0.0, **settings,
    )  # fmt: skip
    return LabelledSource("masks", chosen, prompt_templates_of(list(words.values()), ["{}"], ["glacier"]))


def test_a_mask_labels_its_class_and_leaves_a_background_that_only_lacks_it(masked_tiles):
    batch = _source(masked_tiles).batch(np.random.default_rng(0))
    assert set(batch.labels.unique().tolist()) <= {-1, 0, 2}
    red = batch.images[:, 0] > 0.3
    known = batch.labels >= 0
    assert ((batch.labels == 0) == red)[known].float().mean() > 0.95
    assert batch.words.texts[1] == "road"
    assert batch.words.agreement.tolist() == [
        [AGREE, DISAGREE, DISAGREE],
        [DISAGREE, AGREE, DISAGREE],
        [DISAGREE, UNDECIDED, DISAGREE],
    ]


def test_tiles_kept_for_choosing_are_left_out(masked_tiles):
    with pytest.raises(TrainingError, match="no tile"):
        _source(masked_tiles, left_out=("north", "south"))


def test_tinting_keeps_the_range_and_changes_the_colour_of_every_image():
    images = torch.rand(4, 3, 8, 8) * 2 - 1
    tinted = random_tint(images, np.random.default_rng(1), 0.3)
    assert tinted.min() >= -1
    assert tinted.max() <= 1
    assert ((tinted - images).abs().mean((1, 2, 3)) > 0.01).all()


def test_blurring_smooths_about_half_of_the_images_and_keeps_their_means():
    images = torch.randn(40, 2, 24, 24)
    blurred = random_blur(images, np.random.default_rng(2), 2.0)
    changed = (blurred != images).flatten(1).any(1)
    assert 10 < int(changed.sum()) < 30
    assert (blurred[changed].std((2, 3)) < images[changed].std((2, 3))).all()
    torch.testing.assert_close(blurred.mean((2, 3)), images.mean((2, 3)), atol=0.1, rtol=0)


def test_a_displayed_picture_keeps_the_order_of_brightness_of_each_band():
    ramp = torch.linspace(-1, 1, 50).view(1, 1, 1, 50).expand(30, 3, 2, 50).clone()
    shown = random_display(ramp, torch.tensor([0.665, 0.56, 0.49]), np.random.default_rng(3), 1.0)
    assert (shown.diff(dim=3) >= 0).all()
    assert (shown != ramp).flatten(1).any(1).all()
    assert torch.equal(random_display(ramp, torch.tensor([0.665, 0.56, 0.49]), np.random.default_rng(3), 0.0), ramp)


@pytest.fixture
def chips_and_crowns(tmp_path):
    """Grey runways and green woods as chips, red crowns of trees."""
    chips, crowns = tmp_path / "chips.tar", tmp_path / "crowns.tar"
    with tarfile.open(chips, "w") as archive:
        for number in range(3):
            for folder, colour in (("runway", (90, 90, 90)), ("forest", (20, 90, 30)), ("beach", (240, 230, 200))):
                picture = Image.fromarray(np.full((64, 64, 3), colour, np.uint8))
                _add(archive, f"{folder}/{number}.png", picture, "PNG")
    with tarfile.open(crowns, "w") as archive:
        _add(archive, "alive/one.png", Image.fromarray(np.full((40, 50, 3), ROOF, np.uint8)), "PNG")
    return chips, crowns


def test_aerial_chips_are_labelled_by_their_class_what_they_lack_and_inserted_trees(chips_and_crowns):
    chips, crowns = chips_and_crowns
    classes = {"tree": ["tree"], "dead tree": ["dead tree"], "building": ["building"]}
    settings = AerialSettings(
        str(chips), classes, {"forest": "tree"}, {"runway": ["building", "tree"]}, str(crowns), ground=("runway",),
        crown_chance=1.0, size=64, crop=32, batch=24, zoom=(1.0, 1.0), blur=0.0, tint=0.0,
    )  # fmt: skip
    source = AerialSource("aerial", settings, prompt_templates_of(list(classes.values()), ["{}"], []))
    batch = source.batch(np.random.default_rng(0))
    assert batch.words.agreement[3].tolist() == [DISAGREE, UNDECIDED, DISAGREE]
    assert set(batch.labels.unique().tolist()) == {-1, 0, 3}
    red = (batch.images[:, 0] > 0.2) & (batch.images[:, 1] < 0)
    green = (batch.images[:, 1] > batch.images[:, 0]) & (batch.images[:, 0] < -0.5)
    assert ((batch.labels == 0) == (red | green))[batch.labels >= 0].float().mean() > 0.97
    assert red.any()


def _scene(make_raster, valid):
    values = np.full((3, *valid.shape), 90, np.uint8)
    values[:, ~valid] = 0
    path = str(make_raster(values, nodata=0, photometric="RGB"))
    settings = SceneSettings([[path]], ["aerial_rgb"], crop=16, batch=3, zoom=(1.0, 1.0))
    return SceneSource("scene", settings, prompt_templates_of([["water"]], ["{}"], []))


def test_a_scene_without_a_half_valid_window_is_refused(make_raster):
    sparse = np.indices((64, 64)).sum(0) % 4 == 0
    with pytest.raises(TrainingError, match="is half valid"):
        _scene(make_raster, sparse)


def test_the_one_valid_corner_of_a_large_scene_is_found(make_raster):
    corner = np.zeros((400, 400), bool)
    corner[-19:, -19:] = True
    batch = _scene(make_raster, corner).batch(np.random.default_rng(0))
    assert len(batch.images) == 3
