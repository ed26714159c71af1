"""The painted model, a feature store of its own for every test, and images of one painted cover."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from painted import COLOURS


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))
    return tmp_path / "features"


@pytest.fixture
def cover_image():
    """Makes an image (side, side, 3) uint8 of one cover; another number is another noise."""

    def make(cover: str, number: int = 0, side: int = 32) -> np.ndarray:
        noise = np.random.default_rng(number).normal(0, 6, (side, side, 3))
        return (np.array(COLOURS[cover]) + noise).clip(1, 255).astype(np.uint8)

    return make
