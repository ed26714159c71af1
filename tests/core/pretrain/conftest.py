from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from core.pretrain.recipe import parse_recipe

COLOURS = {"Forest": (20, 90, 30), "Water": (20, 40, 160), "Sand": (220, 200, 140)}
TINY = {
    "image_size": 32,
    "patch_size": 8,
    "width": 32,
    "layers": 1,
    "heads": 2,
    "mlp_ratio": 2.0,
    "embed_dim": 384,
    "stem": {"channels": [8, 16], "depths": [1, 1, 1]},
    "dense": {"channels": 16, "fine": 8, "middle": 16},
    "init_logit_scale": 30.0,
    "init_logit_bias": -12.0,
    "text": {
        "tower": "sentence-transformers/all-MiniLM-L6-v2",
        "revision": "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    },
}


@pytest.fixture(scope="session")
def tiny_config():
    """The configuration of a model small enough to learn in a second."""
    return TINY


@pytest.fixture(scope="session")
def chip_archive(tmp_path_factory):
    """Thirty chips of three plain colours with noise, as a tar of Class/name.png."""
    path = tmp_path_factory.mktemp("chips") / "chips.tar"
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as archive:
        for name, colour in COLOURS.items():
            for number in range(10):
                pixels = np.clip(rng.normal(colour, 12, (32, 32, 3)), 0, 255).astype(np.uint8)
                stream = io.BytesIO()
                Image.fromarray(pixels).save(stream, "PNG")
                entry = tarfile.TarInfo(f"{name}/{name}_{number}.png")
                entry.size = len(stream.getvalue())
                stream.seek(0)
                archive.addfile(entry, stream)
    return path


@pytest.fixture
def recipe(chip_archive):
    return parse_recipe(
        {
            "name": "toy",
            "steps": 12,
            "seed": 5,
            "model": TINY,
            "optimiser": {"learning_rate": 3e-3, "warmup_steps": 2},
            "objectives": {"siglip": 0.05},
            "distractors": ["airplane", "volcano"],
            "sources": {
                "chips": {
                    "kind": "chips",
                    "templates": ["{}", "a photo of {}"],
                    "settings": {
                        "path": str(chip_archive),
                        "size": 32,
                        "crop": 32,
                        "batch": 9,
                        "mosaic": 0.3,
                        "mosaic_batch": 2,
                        "classes": {"Forest": ["forest", "woods"], "Sand": ["sand", "beach"], "Water": ["water"]},
                    },
                }
            },
        }
    )
