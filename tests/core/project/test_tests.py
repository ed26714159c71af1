"""Tests wait for events, count work and use public names; they neither sleep nor compare times of the clock."""

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
PRIVATE = {  # where there is no other way to cause a fault, or to hold a moment
    "core/archive/test_object_store.py": {"_obstore"},  # the network is cut
    "core/dense/test_compiled.py": {"_lock", "_compile_elsewhere"},  # while another thread compiles
    "core/dense/test_encode.py": {"_encode"},  # the device runs out of memory
    "core/serve/test_pieces.py": {"_hello"},  # what follows a greeting, on this thread
    "core/trust/test_archives_and_documents.py": {"_writable"},  # a folder that others can write to
    "qgis/test_never_freezes.py": {"_run"},  # between the answer and the map
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


def private_names(path: Path) -> set[str]:
    """Private attributes that a file reads or sets on objects other than its own (``self``) and modules of Python's."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "os", "sys"))
        and node.attr != "_FillValue"  # of NetCDF
    }


@pytest.mark.parametrize("name", FILES)
def test_a_test_uses_public_names(name):
    assert private_names(TESTS / name) <= PRIVATE.get(name, set())


def test_every_exception_for_private_names_is_needed():
    assert {name: private_names(TESTS / name) for name in PRIVATE} == PRIVATE


def test_the_checks_find_a_test_that_sleeps_measures_and_reaches_into_a_widget(tmp_path):
    bad = tmp_path / "test_bad.py"
    bad.write_text("import time\nfrom time import sleep\nsleep(1)\nbegan = time.perf_counter()\ndock._stack.show()\n")
    assert calls_of_time(bad) == {"sleep", "perf_counter"}
    assert private_names(bad) == {"_stack"}
