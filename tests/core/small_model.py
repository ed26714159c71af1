"""Small models with random weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from model_configs import SMALL

from core.model.geolangbind import GeoLangBind, create_model


def random_model(config: dict[str, Any], seed: int) -> GeoLangBind:
    """Returns a model in evaluation mode whose features differ from place to place, as fresh weights' hardly do."""
    torch.manual_seed(seed)
    made = create_model(config).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.mul_(2.0)
    return made


@pytest.fixture(scope="session")
def model() -> GeoLangBind:
    return random_model(SMALL, seed=1)
