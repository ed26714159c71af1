"""Tests wait for events and count work; they neither sleep nor compare times of the clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
CLOCKS = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time", "thread_time"}
RESPONSIVENESS = {
    "qgis/test_never_freezes.py",  # the 50 ms bound on the main thread is the behaviour under test
    "qgis/test_client.py",  # the same for starting, asking, cancelling and stopping
    "qgis/quitting_program.py",  # reports when QGIS and its child processes ended
    "qgis/test_quitting.py",  # the order of these ends
}


def calls_of_time(path: Path) -> set[str]:
    """Names of functions of the module ``time`` that a file calls itself; code of other processes is in strings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    called = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "time":
            called.add(function.attr)
        elif isinstance(function, ast.Name) and function.id in imported:
            called.add(imported[function.id])
    return called


FILES = sorted(path.relative_to(TESTS).as_posix() for room in ("core", "qgis") for path in (TESTS / room).rglob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_a_test_does_not_sleep(name):
    assert "sleep" not in calls_of_time(TESTS / name)


@pytest.mark.parametrize("name", [name for name in FILES if name not in RESPONSIVENESS])
def test_a_test_does_not_measure_wall_clock(name):
    assert not calls_of_time(TESTS / name) & CLOCKS


def test_the_checks_find_a_test_that_sleeps_and_one_that_measures(tmp_path):
    bad = tmp_path / "test_bad.py"
    bad.write_text("import time\nfrom time import sleep\nsleep(1)\nbegan = time.perf_counter()\n")
    assert calls_of_time(bad) == {"sleep", "perf_counter"}
