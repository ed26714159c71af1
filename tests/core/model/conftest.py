"""Small models as files, and a models folder of their own for every test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from small_model import model

from core.model import GeoLangBind, create_model

__all__ = ["model"]

GOLDEN = Path(__file__).parents[2] / "golden"
MINILM = {
    "tower": "sentence-transformers/all-MiniLM-L6-v2",
    "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "revision": "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
}


@pytest.fixture(autouse=True)
def models_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("GEOLANGBIND_HOME", str(home))
    return home


@pytest.fixture
def golden_config() -> dict[str, Any]:
    return json.loads((GOLDEN / "dofa_clip_small.config.json").read_text())


@pytest.fixture
def golden_checkpoint() -> Path:
    return GOLDEN / "dofa_clip_small.checkpoint.safetensors"


@pytest.fixture
def vision_config() -> dict[str, Any]:
    """A model without a text tower, built in milliseconds."""
    return {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "heads": 4, "mlp_ratio": 2.0}


@pytest.fixture
def vision_model(vision_config: dict[str, Any]) -> GeoLangBind:
    torch.manual_seed(0)
    return create_model(vision_config).eval()


@pytest.fixture(scope="session")
def minilm() -> dict[str, str]:
    """The text entry of a model with the frozen sentence encoder."""
    return dict(MINILM)


@pytest.fixture
def minilm_config(vision_config: dict[str, Any], minilm: dict[str, str]) -> dict[str, Any]:
    return {**vision_config, "embed_dim": 384, "text": minilm}
