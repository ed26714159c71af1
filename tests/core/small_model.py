"""A small random model with a stem and a trained decoder."""

from __future__ import annotations

import pytest
import torch

from core.model.geolangbind import GeoLangBind, create_model

CONFIG = {
    "image_size": 64,
    "patch_size": 8,
    "width": 48,
    "layers": 2,
    "heads": 3,
    "mlp_ratio": 2.0,
    "embed_dim": 64,
    "stem": {"channels": [16, 24], "depths": [1, 1, 1]},
    "dense": {"channels": 24, "fine": 16, "middle": 24},
}


@pytest.fixture(scope="session")
def model() -> GeoLangBind:
    torch.manual_seed(1)
    made = create_model(CONFIG).eval()
    with torch.no_grad():
        # Fresh weights see hardly any difference between places; larger ones do.
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.mul_(2.0)
    return made
