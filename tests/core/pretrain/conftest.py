from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from core.pretrain.recipe import parse_recipe

COLOURS = {"Forest": (20, 90, 30), "Water": (20, 40, 160), "Sand": (220, 200, 140)}


@pytest.fixture(scope="module")
def one_thread():
    """Models this small only lose by a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
def recipe(chip_archive, tiny_config):
    return parse_recipe(
        {
            "name": "toy",
            "steps": 12,
            "seed": 5,
            "model": tiny_config,
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
