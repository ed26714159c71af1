"""A fixture that has compiled kernels ready."""

from __future__ import annotations

import pytest

from core.dense import compiled
from core.dense.compiled import Kernels


@pytest.fixture
def kernels(monkeypatch) -> Kernels:
    """Compiled kernels, ready; compiled once on a computer, and loaded afterwards."""
    ready = Kernels()
    assert ready.prepare()
    monkeypatch.setattr(compiled, "KERNELS", ready)
    return ready
