"""Open image-text models give open_clip's own vectors, maps of any size, and see the bands they were trained on."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from open_architectures import SMALL, publish, random_model

from core.errors import InputError, ModelError, SensorError
from core.model import load_model, zoo
from core.model.dense_heads import get_head
from core.model.geolangbind_teacher import GeoLangBindTeacher
from core.model.open_models.layout import open_config
from core.model.open_models.settings import REFLECTANCE, OpenModelSettings, named_architecture
from core.spectral.band_choice import COLOURS_UM, choose_bands

MEAN, STD = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
PREPROCESSING = {"mean": list(MEAN), "std": list(STD)}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module", params=list(SMALL))
def pair(request, tmp_path_factory):
    """open_clip's model and ours, loaded from what open_clip would publish; its random words are not tested."""
    architecture = SMALL[request.param]
    theirs = random_model(architecture)
    folder = publish(tmp_path_factory.mktemp("model") / "m", architecture, theirs, PREPROCESSING)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.model.selftest.COLLAPSE_COSINE", 1.1)
        return theirs, load_model(folder, device="cpu", dtype="float32")


def pictures(count: int, side: int, seed: int = 1) -> torch.Tensor:
    """Pictures (B, 3, H, W) of 0..1."""
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def normalised(images: torch.Tensor) -> torch.Tensor:
    return (images - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


@torch.inference_mode()
def test_whole_images_have_the_vectors_that_open_clip_gives_them(pair):
    theirs, ours = pair
    images = pictures(2, ours.config.image_size)
    expected = theirs.encode_image(normalised(images))
    torch.testing.assert_close(ours.encode_image(2 * images - 1, COLOURS_UM), expected, rtol=1e-5, atol=1e-5)


def test_a_whole_image_may_be_of_a_size_that_patches_do_not_fill(tmp_path, monkeypatch):
    """SigLIP SO400M sees 384 pixels in patches of 14: 27 a side, and 6 pixels left out."""
    monkeypatch.setattr("core.model.selftest.COLLAPSE_COSINE", 1.1)
    architecture = SMALL["CLIP"] | {"vision_cfg": SMALL["CLIP"]["vision_cfg"] | {"image_size": 70}}
    theirs = random_model(architecture)
    folder = publish(tmp_path / "m", architecture, theirs, PREPROCESSING)
    ours = load_model(folder, device="cpu", dtype="float32")
    images = pictures(2, 70)
    expected = theirs.encode_image(normalised(images)).detach()
    torch.testing.assert_close(ours.encode_image(2 * images - 1, COLOURS_UM), expected, rtol=1e-5, atol=1e-5)
    assert ours.encode_pooled(2 * images - 1, COLOURS_UM).shape == expected.shape
    teacher = GeoLangBindTeacher(str(folder), features="text_space")
    assert teacher.features(2 * images - 1, torch.tensor(COLOURS_UM)).shape == (2, 1 + 4 * 4, 32)
    with pytest.raises(InputError, match="cannot be cut into patches"):
        ours.encode_dense(2 * images - 1, COLOURS_UM)


@torch.inference_mode()
def test_texts_have_the_vectors_that_open_clip_gives_them(pair):
    theirs, ours = pair
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(2, ours.text.vocab_size, (3, ours.text.context_length), generator=generator)
    torch.testing.assert_close(ours.encode_text(ids), theirs.encode_text(ids), rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_every_dense_head_gives_maps_in_text_space_for_windows_of_any_size(pair):
    _, ours = pair
    stride = ours.config.patch_size
    images = 2 * pictures(1, 6 * stride)[..., : 4 * stride] - 1
    heads = ours.visual.trunk.dense_heads
    maps = {head: ours.encode_dense(images, COLOURS_UM, head=head) for head in heads}
    for found in maps.values():
        assert found.shape == (1, ours.embed_dim, 6, 4)
        assert torch.isfinite(found).all()
    if len(heads) == 4:
        # SigLIP's value path is that of its attention pooling, which is how its tokens come into text space at all.
        same = {"tokens"} if ours.visual.trunk.best_head == "value_path" else set()
        vectors = [F.normalize(found, dim=1) for head, found in maps.items() if head not in same]
        assert all(not torch.allclose(a, b, atol=1e-3) for a, b in itertools.pairwise(vectors))


@torch.inference_mode()
def test_a_place_changes_what_is_said_of_it_more_than_what_is_said_of_others(pair):
    _, ours = pair
    stride, side = ours.config.patch_size, 6
    images = 2 * pictures(1, side * stride) - 1
    changed = images.clone()
    changed[..., :stride, :stride] = 1.0
    head = ours.visual.trunk.best_head
    moved = ours.encode_dense(changed, COLOURS_UM, head=head) - ours.encode_dense(images, COLOURS_UM, head=head)
    amounts = moved.norm(dim=1)[0]
    assert amounts[0, 0] > 2 * amounts[3:, 3:].mean()


@torch.inference_mode()
def test_tokens_at_the_models_own_size_are_those_of_open_clip(pair):
    theirs, ours = pair
    if not hasattr(theirs.visual, "conv1"):
        pytest.skip("open_clip normalises the tokens of its own vision transformer alone")
    images = pictures(1, ours.config.image_size)
    found = theirs.visual.forward_intermediates(
        normalised(images), indices=1, normalize_intermediates=True, intermediates_only=True
    )["image_intermediates"][-1]
    expected = torch.einsum("bwij,wd->bdij", found, theirs.visual.proj)
    torch.testing.assert_close(ours.encode_tokens(2 * images - 1, COLOURS_UM), expected, rtol=1e-4, atol=1e-5)


def test_the_default_head_is_the_familys_and_an_impossible_one_is_refused(pair):
    _, ours = pair
    assert get_head(ours).name == ours.visual.trunk.best_head
    with pytest.raises(ModelError, match="does not fit"):
        get_head(ours, "maka")


@pytest.fixture
def clip_folder(tmp_path):
    architecture = SMALL["CLIP"]
    return publish(tmp_path / "published", architecture, random_model(architecture), PREPROCESSING)


def test_bands_are_picked_by_wavelength_whatever_their_order(clip_folder):
    model = load_model(clip_folder, device="cpu", dtype="float32")
    images = 2 * pictures(1, 64) - 1
    sentinel = (0.443, 0.49, 0.56, 0.665, 0.705, 0.842, 1.61)
    many = torch.full((1, len(sentinel), 64, 64), 0.5)
    many[:, 3], many[:, 2], many[:, 1] = images[:, 0], images[:, 1], images[:, 2]
    with torch.inference_mode():
        torch.testing.assert_close(model.encode_image(many, sentinel), model.encode_image(images, COLOURS_UM))


def test_what_a_model_does_not_see_is_reported():
    choice = choose_bands(COLOURS_UM, (0.49, 0.56, 0.665, 0.842))
    assert choice.picked == (2, 1, 0)
    assert choice.in_words() == "The model sees 3 of 4 bands; left out: 0.842 µm."
    choice = choose_bands(COLOURS_UM, (0.443, 0.49, 0.56, 0.665))
    assert choice.in_words() == "The model sees 3 of 4 bands; left out: coastal (0.443 µm)."


def test_a_raster_without_the_bands_is_refused_with_their_names():
    with pytest.raises(SensorError, match=r"lacks blue \(0.49 µm\)"):
        choose_bands(COLOURS_UM, (0.842, 0.665, 0.56))


SENTINEL = (0.49, 0.56, 0.665, 0.705, 0.74, 0.783, 0.842, 0.865, 1.61, 2.19)


def multispectral() -> OpenModelSettings:
    """As Llama3-MS-CLIP, with means and deviations that are easy to count with."""
    return OpenModelSettings(
        SMALL["CLIP"], SENTINEL, tuple(1000.0 + 10 * n for n in range(10)), (500.0,) * 10, REFLECTANCE
    )


@torch.inference_mode()
def test_a_multispectral_model_gets_reflectance_in_its_own_units_and_the_mean_for_bands_that_are_missing():
    from core.model.open_models.visual import OpenTrunk

    trunk = OpenTrunk(multispectral()).eval()
    images = torch.zeros(1, 9, 16, 16)  # half of each band's range
    found = trunk.normalised(images, torch.tensor(SENTINEL[:9]))
    expected = [(10_000 * 0.275 / 2 - 1000) / 500, (10_000 * 0.55 / 2 - 1040) / 500]
    assert found[0, 0, 0, 0] == pytest.approx(expected[0], abs=1e-4)
    assert found[0, 4, 0, 0] == pytest.approx(expected[1], abs=1e-4)
    assert not found[0, 9].any()
    assert "not in the raster: 2.19 µm" in trunk.choice(SENTINEL[:9]).in_words()


def test_a_checkpoint_in_a_training_programs_wrapper_loads(tmp_path):
    """Llama3-MS-CLIP's file: a Lightning module with the model three times, and a temperature."""
    settings = multispectral()
    theirs = random_model(SMALL["CLIP"])
    theirs.visual.conv1 = torch.nn.Conv2d(10, 64, 16, 16, bias=False)
    state = theirs.state_dict()
    wrapped = {
        f"{part}.model.{name}": value
        for part in ("clip_base_model", "text_encoder", "image_encoder")
        for name, value in state.items()
    }
    torch.save({**wrapped, "temperature": torch.tensor(0.07)}, tmp_path / "model.pt")
    (tmp_path / "config.json").write_text(json.dumps(open_config(settings).to_json()))
    ours = load_model(tmp_path, device="cpu", dtype="float32")
    images = torch.rand(1, 10, 64, 64)
    with torch.inference_mode():
        expected = theirs.encode_image(ours.visual.trunk.normalised(images, torch.tensor(SENTINEL)))
        torch.testing.assert_close(ours.encode_image(images, SENTINEL), expected, rtol=1e-5, atol=1e-5)


def test_a_training_checkpoint_of_weights_alone_needs_its_architecture(tmp_path, monkeypatch):
    theirs = random_model(SMALL["CLIP"])
    path = tmp_path / "FarSLIP2_ViT-B-16.pt"
    state = {f"module.{name}": value for name, value in theirs.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, path)
    with pytest.raises(ModelError, match="unknown how"):
        zoo.import_model(path)
    monkeypatch.setattr("core.model.zoo.importing.named_architecture", lambda name: OpenModelSettings(SMALL["CLIP"]))
    card = zoo.import_model(path, "farslip", architecture="ViT-B-16-quickgelu")
    model = load_model("farslip", device="cpu", dtype="float32")
    assert card.available
    images = pictures(1, 64)
    mean, std = (torch.tensor(model.config.trunk[name])[:, None, None] for name in ("mean", "std"))
    with torch.inference_mode():
        expected = theirs.encode_image((images - mean) / std)
        torch.testing.assert_close(model.encode_image(2 * images - 1, COLOURS_UM), expected, rtol=1e-5, atol=1e-5)


def test_an_imported_folder_is_listed_checked_and_loaded_by_its_name(clip_folder):
    zoo.import_model(clip_folder, "my-clip")
    assert "my-clip" in {card.name for card in zoo.list_models()}
    assert zoo.check_model("my-clip").sound
    assert load_model("my-clip", device="cpu", dtype="float32").encode_text(["water", "forest"]).shape == (2, 32)


def test_the_card_of_an_imported_model_says_which_bands_it_sees(clip_folder, tmp_path):
    from core.spectral.bands import Band, BandSet
    from core.spectral.coverage import coverage

    card = zoo.import_model(clip_folder, "my-clip")
    assert card.details["bands_um"] == list(COLOURS_UM)

    class Seen:
        band_set = BandSet.of(Band(str(um), um, kind="reflectance") for um in (0.49, 0.56, 0.665, 0.842))
        sensor = None
        embedding = None

    found = coverage(Seen(), card.details)
    assert found.outcome == "trained on"
    assert "left out: 0.842 µm" in found.reason


def test_weights_that_lack_a_part_are_refused(clip_folder):
    theirs = random_model(SMALL["CLIP"])
    state = {name: value for name, value in theirs.state_dict().items() if "resblocks.1" not in name}
    torch.save(state, clip_folder / "open_clip_pytorch_model.bin")
    (clip_folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelError, match="lacks"):
        load_model(clip_folder)


def test_weights_of_other_bands_than_the_configuration_says_are_refused(clip_folder):
    theirs = random_model(SMALL["CLIP"])
    theirs.visual.conv1 = torch.nn.Conv2d(12, 64, 16, 16, bias=False)
    torch.save(theirs.state_dict(), clip_folder / "open_clip_model.bin")
    (clip_folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelError, match="take 12 bands"):
        load_model(clip_folder)


def test_a_tower_of_another_family_is_refused_in_words():
    from open_architectures import TEXT, timm_vision

    vision = timm_vision("resnet18", "", "linear", 64)
    settings = OpenModelSettings({"embed_dim": 32, "vision_cfg": vision, "text_cfg": TEXT})
    with pytest.raises(ModelError, match="not supported"):
        open_config(settings)


def test_an_unknown_architecture_is_named_with_similar_ones():
    with pytest.raises(ModelError, match="ViT-B-16"):
        named_architecture("ViT-B-17")


@pytest.mark.slow
def test_it_highlights_a_raster_by_words(clip_folder, tmp_path):
    """From a file to a GeoTIFF of scores, as any model does."""
    import rasterio
    from rasterio.transform import from_origin

    from core.context import Context
    from core.model.model_cache import ModelCache
    from core.protocol import HighlightParams, Source
    from core.tasks import highlight

    path = tmp_path / "scene.tif"
    values = np.random.default_rng(0).integers(0, 255, (4, 96, 96), dtype=np.uint8)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=96,
        height=96,
        count=4,
        dtype="uint8",
        crs="EPSG:32633",
        transform=from_origin(500000, 5000000, 1, 1),
    ) as file:
        file.write(values)
    source = Source(str(path), bands=(1, 2, 3, 4), wavelengths_um=(0.665, 0.56, 0.49, 0.842))
    params = HighlightParams(source, ("water",), str(tmp_path / "out.tif"), model=str(clip_folder))
    result = highlight.run(params, Context(models=ModelCache()))
    assert any("left out: 0.842" in warning for warning in result["warnings"])
    with rasterio.open(tmp_path / "out.tif") as file:
        assert file.count == 1
