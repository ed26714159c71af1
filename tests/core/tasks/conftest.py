"""The painted scene on disk, the painted model in a cache, and a feature store of its own for every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from painted import PaintedModel, paint, painted_labels, write_scene

from core.context import Context
from core.model.model_cache import ModelCache
from core.progress import CancelToken, no_progress


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))
    return tmp_path / "features"


@pytest.fixture
def scene(tmp_path: Path) -> str:
    return str(write_scene(tmp_path / "scene.tif", paint(painted_labels())))


@pytest.fixture
def run_task(painted_model: PaintedModel) -> Callable[..., dict[str, Any]]:
    """Runs a task as the runtime does; notifications are collected in ``run_task.notes``."""

    def run(
        task: Any, params: object, *, cancel: CancelToken | None = None, progress: Any = no_progress
    ) -> dict[str, Any]:
        context = Context(
            progress=progress,
            cancel=cancel or CancelToken(),
            notify=lambda method, facts: run.notes.append((method, facts)),
            models=ModelCache(load=lambda name, device: painted_model),
        )
        return task.run(params, context)

    run.notes = []
    return run
