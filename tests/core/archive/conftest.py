"""An archive of painted scenes, one of them broken, and a model on disk that workers can load by its path."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from painted import CONFIG, PaintedModel, paint, painted_labels, write_scene
from rasterio.transform import from_origin
from safetensors.torch import save_file

from core.archive.parts import EmbedJob
from core.protocol import Source


@pytest.fixture(scope="session")
def model_folder(painted_model: PaintedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The painted model without its words: what is embedded with it can be looked at, not asked for words."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    state = {name: tensor.contiguous() for name, tensor in painted_model.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))
    monkeypatch.setenv("GEOLANGBIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path / "features"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three scenes side by side in two folders, the middle one without a lake, and a file that is no raster."""
    folder = tmp_path / "archive"
    for number, where in enumerate(("a/west.tif", "a/middle.tif", "b/east.tif")):
        path = folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        labels = painted_labels()
        if number == 1:
            labels[labels == 0] = 1
        transform = from_origin(600000 + 4200 * number, 5000000, 10, 10)
        write_scene(path, paint(labels, seed=number), transform=transform)
    (folder / "b" / "broken.tif").write_bytes(b"II*\0 not a raster")
    return folder


@pytest.fixture
def jobs_of(model_folder: Path, cache: Path) -> Callable[..., list[EmbedJob]]:
    def jobs(*scenes: object) -> list[EmbedJob]:
        return [
            EmbedJob(Source(str(scene)), str(model_folder), "cpu", str(cache), cap_bytes=10**9, threads=1)
            for scene in scenes
        ]

    return jobs
