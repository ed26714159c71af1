"""Shards in GeoLangBind-2M's layout are read safely, and training learns from their captions."""

from __future__ import annotations

import io
import pickle
import tarfile

import numpy as np
import pytest
import torch

from core.context import Context
from core.datasets.shards import ShardSample, ShardSet, write_shard
from core.errors import InputError, TrainingError
from core.model import create_model
from core.model.classical_teacher import ClassicalTeacher
from core.pretrain.batch import Share
from core.pretrain.caption_accuracy import CaptionedImages, balanced_interval
from core.pretrain.recipe import build_sources, parse_recipe
from core.pretrain.recipe_teachers import teacher_features
from core.pretrain.trainer import Trainer
from core.pretrain.validation import caption_accuracy

pytestmark = pytest.mark.usefixtures("one_thread")

RGB = (0.665, 0.56, 0.49)
COLOURS = {
    "a dark green forest": (20, 90, 30),
    "a lake of blue water": (20, 40, 160),
    "bright yellow sand": (220, 200, 90),
}


def colour_samples(count, wavelengths_um=RGB, seed=0, first=0):
    rng = np.random.default_rng(seed)
    for number in range(count):
        text, colour = list(COLOURS.items())[number % 3]
        mean = np.resize(colour, len(wavelengths_um))
        pixels = np.clip(rng.normal(mean, 12, (20 + number % 5, 24, len(wavelengths_um))), 0, 255).astype(np.uint8)
        yield ShardSample(f"{first + number:06d}", pixels, text, wavelengths_um, (12.5, 45.25))


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Two shards of colours as a recipe names them."""
    folder = tmp_path_factory.mktemp("shards")
    for part in range(2):
        write_shard(folder / f"Colours_train-{part:06d}-train.tar", colour_samples(12, seed=part))
    return folder / "Colours_train-*-train.tar"


def written(path, **parts):
    """A shard of one sample whose parts are as good as the layout's, save for those given."""
    stream = io.BytesIO()
    np.save(stream, np.zeros((4, 4, 3), np.uint8))
    whole = {"image": stream.getvalue(), "text": b"a field", "wavelength": b"[0.665, 0.56, 0.49]", "geoloc": b"[]"}
    with tarfile.open(path, "w") as archive:
        for part, content in (whole | parts).items():
            if content is not None:
                entry = tarfile.TarInfo(f"000.{part}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return str(path)


def saved(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def shard_recipe(pattern, model, steps=2, **settings):
    return parse_recipe(
        {
            "name": "toy",
            "steps": steps,
            "seed": 3,
            "model": model,
            "optimiser": {"learning_rate": 3e-3, "warmup_steps": 2, "average": 0.9},
            "sources": {
                "colours": {"kind": "shards", "settings": {"path": str(pattern), "size": 32, "batch": 9, **settings}}
            },
        }
    )


def test_what_is_written_is_read(shards):
    samples = ShardSet(str(shards))
    assert len(samples) == 24
    for number, expected in enumerate(colour_samples(12, seed=1)):
        given = samples.read(12 + number)
        assert np.array_equal(given.image, expected.image)
        assert (given.text, given.wavelengths_um, given.location) == (expected.text, RGB, (12.5, 45.25))


def test_a_batch_is_a_function_of_chance_alone(shards, tiny_config):
    source = build_sources(shard_recipe(shards, tiny_config))["colours"]
    one, two = (source.batch(np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(one.images, two.images)
    assert one.captions == two.captions
    assert one.images.shape == (9, 3, 32, 32)
    assert float(one.images.min()) >= -1
    assert float(one.images.max()) <= 1
    other = source.batch(np.random.default_rng(8))
    assert other.captions != one.captions or not torch.equal(other.images, one.images)


def test_processes_share_one_batch_between_them(shards, tiny_config):
    source = build_sources(shard_recipe(shards, tiny_config))["colours"]
    whole = source.batch(np.random.default_rng(7))
    parts = [source.share(np.random.default_rng(7), Share(rank, 3)) for rank in range(3)]
    assert torch.equal(torch.cat([part.images for part in parts]), whole.images)
    assert sum((part.captions for part in parts), ()) == whole.captions
    with pytest.raises(TrainingError, match="cannot be shared out evenly"):
        source.share(np.random.default_rng(7), Share(0, 2))


def test_it_learns_what_captions_say(shards, published_layout, tmp_path):
    recipe = shard_recipe(shards, published_layout, steps=60, batch=12)
    torch.manual_seed(0)
    trainer = Trainer(create_model(published_layout), recipe, tmp_path)
    trainer.run()
    model = trainer.model.eval()
    samples = list(colour_samples(9, seed=5))
    images = torch.stack([torch.from_numpy(sample.image[:16, :16]).permute(2, 0, 1) for sample in samples])
    with torch.no_grad():
        seen = model.encode_image(images.float() / 127.5 - 1, RGB, normalize=True)
        said = model.encode_text(list(COLOURS), normalize=True)
    assert (seen @ said.T).argmax(1).tolist() == [0, 1, 2] * 3


def test_images_without_captions_are_learnt_from_by_teachers_alone(shards, published_layout, tmp_path):
    teacher = ClassicalTeacher(grid=4)
    sizes = {"classical": {"grid": 4, "channels": teacher.channels}}
    recipe = shard_recipe(shards, published_layout, steps=50, captioned=False)
    torch.manual_seed(0)
    trainer = Trainer(
        create_model({**published_layout, "translators": sizes}),
        recipe,
        tmp_path,
        teachers={"classical": teacher_features(teacher)},
    )
    batch = trainer.sources["colours"].batch(np.random.default_rng(0))
    assert batch.captions is None
    before = trainer.model.visual.trunk.patch_embed.weight_generator.fc_weight.weight.clone()
    losses = []
    trainer.run(Context(progress=lambda fraction, line: losses.append(line)))
    assert "teachers" in losses[-1]
    assert "siglip" not in losses[-1]
    assert not torch.equal(before, trainer.model.visual.trunk.patch_embed.weight_generator.fc_weight.weight)


def test_captions_are_counted_alike_however_common_they_are(tmp_path, published_layout):
    words = ["a lake"] * 9 + ["a town"]
    pixels = np.zeros((8, 8, 3), np.uint8)
    write_shard(tmp_path / "s.tar", [ShardSample(f"{n}", pixels, text, RGB) for n, text in enumerate(words)])
    model = create_model(published_layout).eval()
    images = CaptionedImages(str(tmp_path / "s.tar"), 32)
    assert set(images.nearest(model)) < {0, 1}  # equal images get one answer
    figures = caption_accuracy(str(tmp_path / "s.tar"), 32, main="balanced")(model)
    assert list(figures) == ["balanced", "top1"]
    assert figures["balanced"] == 0.5
    assert figures["top1"] in (0.9, 0.1)
    low, high = balanced_interval(images.truth, images.truth)
    assert (low, high) == (1.0, 1.0)
    with pytest.raises(TrainingError, match="top1 or balanced"):
        caption_accuracy(str(tmp_path / "s.tar"), 32, main="f1")


def test_accumulated_steps_are_steps_of_the_whole_batch(shards, published_layout, tmp_path):
    states = []
    for parts in (1, 4):
        recipe = parse_recipe({**shard_recipe_content(shards, published_layout), "accumulate": parts})
        torch.manual_seed(1)
        trainer = Trainer(create_model(published_layout), recipe, tmp_path / str(parts))
        trainer.run()
        states.append(trainer.model.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, atol=2e-5, rtol=1e-4, msg=name)


def shard_recipe_content(pattern, model):
    return {
        "name": "toy",
        "steps": 3,
        "seed": 3,
        "model": model,
        "optimiser": {"learning_rate": 1e-3, "warmup_steps": 1},
        "sources": {"colours": {"kind": "shards", "settings": {"path": str(pattern), "size": 32, "batch": 12}}},
    }


@pytest.fixture
def published_layout(tiny_config):
    """A model in the published layout: plain patch embedding, no dense decoder."""
    return {name: value for name, value in tiny_config.items() if name not in ("stem", "dense")}


def test_grey_opaque_and_unmarked_pictures_are_colour_images(tmp_path):
    grey = ShardSet(written(tmp_path / "grey.tar", image=saved(np.full((4, 4), 9, np.uint8)))).read(0)
    assert grey.image.shape == (4, 4, 3)
    opaque = ShardSet(written(tmp_path / "rgba.tar", image=saved(np.zeros((4, 4, 4), np.uint8)))).read(0)
    assert opaque.image.shape == (4, 4, 3)
    for number, zeros in enumerate((b"[0, 0, 0]", b"[]", b"None")):
        assert ShardSet(written(tmp_path / f"{number}.tar", wavelength=zeros)).read(0).wavelengths_um == RGB
    floats = ShardSet(written(tmp_path / "float.tar", image=saved(np.full((2, 2, 3), 17.6)))).read(0)
    assert int(floats.image[0, 0, 0]) == 18


class Dangerous:
    def __reduce__(self):
        return (open, ("/dev/null", "w"))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"image": saved(np.array([Dangerous()], dtype=object))}, "not rows × columns × bands"),
        ({"image": pickle.dumps([1, 2])}, "not an array as numpy saves it"),
        ({"image": saved(np.zeros((4, 4, 3), np.uint8))[:-5]}, "larger than what is stored"),
        ({"image": saved(np.full((4, 4, 3), 900.0))}, "outside 0..255"),
        ({"image": saved(np.zeros((4, 4, 5), np.uint8))}, "5 bands but 3 wavelengths"),
        ({"wavelength": b"__import__('os').getcwd()"}, "not a list of numbers"),
        ({"wavelength": b"[1e999]"}, "not finite"),
        ({"wavelength": b"[-0.5, 0.5, 0.6]"}, "not positive"),
        ({"wavelength": b"[0.5.1, 1, 2]"}, "not numbers"),
        ({"text": b"\xff\xfe"}, "not UTF-8"),
        ({"text": b"  "}, "caption is empty"),
        ({"geoloc": b"exit()"}, "location are not a list"),
        ({"text": None}, "lacks .text"),
        ({"text": b"x" * 70000}, "more than a .text may have"),
    ],
)
def test_a_bad_sample_is_named_and_never_run(tmp_path, parts, message):
    path = written(tmp_path / "bad.tar", **parts)
    with pytest.raises(InputError, match=message):
        ShardSet(path).read(0)


def test_bad_shards_are_named(tmp_path, shards, tiny_config):
    with pytest.raises(InputError, match="There is no shard"):
        ShardSet(str(tmp_path / "nothing-*.tar"))
    with pytest.raises(InputError, match="There is no shard"):
        ShardSet(str(tmp_path))  # a folder
    (tmp_path / "text.tar").write_text("no tar at all" * 100)
    with pytest.raises(InputError, match="damaged, cut short or compressed"):
        ShardSet(str(tmp_path / "text.tar"))
    whole = next(shards.parent.glob("*.tar")).read_bytes()
    (tmp_path / "short.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"damaged|lacks"):
        ShardSet(str(tmp_path / "short.tar"))
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    with pytest.raises(InputError, match="holds no sample"):
        ShardSet(str(tmp_path / "empty.tar"))
    write_shard(tmp_path / "twice.tar", [*colour_samples(2), *colour_samples(1)])
    with pytest.raises(InputError, match="two samples called 000000"):
        ShardSet(str(tmp_path / "twice.tar"))


def test_sensors_are_not_mixed_in_a_batch(tmp_path, tiny_config):
    write_shard(tmp_path / "mixed.tar", [*colour_samples(3), *colour_samples(3, (5.4, 5.41), first=3)])
    source = build_sources(shard_recipe(tmp_path / "mixed.tar", tiny_config))["colours"]
    with pytest.raises(TrainingError, match=r"of 3 and of 2 bands|of 2 and of 3 bands"):
        source.batch(np.random.default_rng(0))


def test_a_stale_table_of_contents_is_made_again(tmp_path):
    path = tmp_path / "a.tar"
    write_shard(path, colour_samples(3))
    assert len(ShardSet(str(path))) == 3
    assert (tmp_path / "a.index.npz").exists()
    write_shard(path, colour_samples(6))
    assert len(ShardSet(str(path))) == 6
    (tmp_path / "a.index.npz").write_bytes(b"no table")
    assert len(ShardSet(str(path))) == 6
