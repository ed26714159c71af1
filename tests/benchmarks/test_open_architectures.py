"""Full-size open_clip architectures with random weights give open_clip's own vectors to 1e-5 (``--large``; 16 GiB).

.venv/bin/python -m pytest tests/benchmarks/test_open_architectures.py --large -q
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "core" / "model"))

from open_architectures import FULL, random_model

from core.model.open_models.layout import open_config
from core.model.open_models.settings import named_architecture
from core.model.weight_files import build_model
from core.spectral.band_choice import COLOURS_UM

TOLERANCE = 1e-5


@pytest.mark.parametrize("name", FULL)
@torch.inference_mode()
def test_a_full_size_architecture_gives_open_clips_vectors_and_dense_maps(name, large, say):
    if not large:
        pytest.skip("takes gigabytes and minutes: --large")
    settings = named_architecture(name)
    theirs = random_model(dict(settings.architecture))
    side = open_config(settings).image_size
    images = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    mean, std = (torch.tensor(values)[:, None, None] for values in (settings.mean, settings.std))
    ids = torch.randint(2, 1000, (2, theirs.context_length), generator=torch.Generator().manual_seed(2))
    image, text = theirs.encode_image((images - mean) / std), theirs.encode_text(ids)
    weights = dict(theirs.state_dict())
    del theirs
    gc.collect()
    ours = build_model(open_config(settings), weights, name)
    del weights
    gc.collect()
    scale = (float(image.abs().max()), float(text.abs().max()))
    image_apart = float((ours.encode_image(2 * images - 1, COLOURS_UM) - image).abs().max())
    text_apart = float((ours.encode_text(ids) - text).abs().max())
    say(
        f"{name}: image apart {image_apart:.1e} of {scale[0]:.2f}, text apart {text_apart:.1e} of {scale[1]:.2f}, "
        f"heads {', '.join(ours.visual.trunk.dense_heads)}, default {ours.visual.trunk.best_head}"
    )
    assert image_apart <= TOLERANCE * max(1.0, scale[0])
    assert text_apart <= TOLERANCE * max(1.0, scale[1])
    window = 256 // ours.config.patch_size * ours.config.patch_size
    seen = torch.rand(1, 3, window, window) * 2 - 1
    for head in ours.visual.trunk.dense_heads:
        found = ours.encode_dense(seen, COLOURS_UM, head=head)
        assert found.shape == (1, ours.embed_dim, window // ours.config.patch_size, window // ours.config.patch_size)
        assert torch.isfinite(found).all()
