"""Small models as files, and a models folder of their own for every test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from publisher import Publisher, serving
from small_model import model

from core.model import GeoLangBind, cards, create_model

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


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """A model hub on localhost, reached without a proxy."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        yield server


@pytest.fixture
def published(
    publisher: Publisher,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    golden_checkpoint: Path,
    golden_config: dict[str, Any],
) -> Publisher:
    """A catalogue with one published model that lies on the localhost hub."""
    weights = golden_checkpoint.read_bytes()
    publisher.files["/owner/small/resolve/main/open_clip_model.safetensors"] = weights
    resources = tmp_path / "resources"
    resources.mkdir()
    (resources / "small.json").write_text(json.dumps(golden_config))
    (resources / "models.toml").write_text(
        f"""
        [models.small]
        title = "A small published model"
        licence = "CC-BY-NC-4.0"
        licence_text = "Not for sale."
        must_accept = true
        address = "{publisher.address}/owner/small"
        config = "small.json"
        sensors = ["aerial_rgb"]
        placeholders = "sar_gen1"
        files = [{{ name = "open_clip_model.safetensors", size = {len(weights)} }}]
        """
    )
    monkeypatch.setattr(cards, "RESOURCES", resources)
    monkeypatch.setattr(cards, "CATALOGUE", resources / "models.toml")
    return publisher
