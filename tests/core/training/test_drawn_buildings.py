"""The study of drawn buildings."""

from __future__ import annotations

import numpy as np

from core.model import load_model
from training.studies.drawn_buildings import SIZES, measured


def test_every_pixel_size_has_figures_of_buildings_and_of_what_is_none():
    images = list(np.random.default_rng(2).integers(60, 180, (2, 256, 256, 3), dtype=np.uint8))
    rows = list(measured(load_model("geolb-tiny"), images))
    assert [row.scales for row in rows] == [scales for _, scales in SIZES]
    for row in rows:
        assert 0 <= row.iou <= row.best <= 1
        assert all(0 <= share <= 1 for share in (row.roofs, row.yards, row.ground))
