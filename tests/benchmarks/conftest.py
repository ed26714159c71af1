"""One table of ratios at the end, and the same as JSON beside it (``.benchmarks/benchmarks.json``).

``make bench``; ``.venv/bin/python -m pytest tests/benchmarks --large`` adds SO400M, a stored scene of 10 000² pixels
and a raster of 64 000². Nothing here fails because a machine is slow: a missed target is said, not hidden.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.model.devices import choose_device

ROOT = Path(__file__).resolve().parents[2]
JSON_FILE = ROOT / ".benchmarks" / "benchmarks.json"
ROWS = pytest.StashKey[list]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--large", action="store_true", help="also what takes many minutes and gigabytes")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes last, so that a run that is cut off has all the rest."""
    items.sort(key=lambda item: item.path.name == "test_memory.py")


@pytest.fixture(autouse=True)
def embedded_model() -> None:
    """Everything here measures the embedded model too."""
    if not (ROOT / "resources" / "models" / "geolb-tiny" / "model.safetensors").is_file():
        pytest.skip("the embedded model is not here")


@pytest.fixture
def large(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--large")


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Writes a line at once, captured output or not: what is being done, and since when."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")

    def line(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(f"{time.strftime('%H:%M:%S')}  {text}")

    line(request.node.name)
    return line


@pytest.fixture
def record(request: pytest.FixtureRequest, say: Callable[[str], None]) -> Callable[..., None]:
    """Adds a row: what, value, unit, and the target with "at least" or "at most" where there is one.

    The row is printed and written to the JSON at once: a run that is cut off has told what it found.
    """

    def add(
        what: str, value: float, unit: str = "", *, at_least: float | None = None, at_most: float | None = None
    ) -> None:
        target = f"≥ {at_least:g}" if at_least is not None else f"≤ {at_most:g}" if at_most is not None else ""
        met = None
        if target:
            met = value >= at_least if at_least is not None else value <= at_most
        row = {"what": what, "value": float(f"{value:.4g}"), "unit": unit, "target": target, "met": met}
        rows = request.config.stash[ROWS]
        rows.append(row)
        say("  " + _line(row))
        _write_json(rows)

    return add


@pytest.fixture
def store_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feature store of its own."""
    monkeypatch.setenv("GEOLANGBIND_CACHE", str(tmp_path / "features"))
    return tmp_path / "features"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    machine = _machine()
    write = terminalreporter.write_line
    write("")
    write(f"{machine['processor']}, {machine['threads']} threads, {machine['device']}, torch {machine['torch']}")
    write("")
    write("| measured | value | target | |")
    write("|---|---:|---:|---|")
    for row in rows:
        write(_line(row))
    write("")
    write(f"JSON: {JSON_FILE.relative_to(ROOT)}")


def _line(row: dict[str, Any]) -> str:
    value = f"{row['value']:g} {row['unit']}".strip()
    return f"| {row['what']} | {value} | {row['target']} | {_verdict(row['met'])} |"


def _write_json(rows: list[dict[str, Any]]) -> None:
    JSON_FILE.parent.mkdir(exist_ok=True)
    JSON_FILE.write_text(json.dumps({"machine": _machine(), "rows": rows}, indent=1, ensure_ascii=False) + "\n")


def _machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "device": choose_device().label,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _verdict(met: bool | None) -> str:
    return "" if met is None else "met" if met else "missed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
