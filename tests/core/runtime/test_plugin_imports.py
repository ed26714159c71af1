"""What the plugin may import inside QGIS: what QGIS brings along, the standard library, and itself."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).resolve().parents[3] / "geolangbind_qgis"
ALLOWED = {*sys.stdlib_module_names, "qgis", "processing", "osgeo", "numpy", "geolangbind_qgis"}
"""QGIS brings numpy and osgeo itself; no newer one may be needed."""
FILES = sorted(path for path in PLUGIN.rglob("*.py") if path.name != "self_test.py")  # that one runs in the runtime


def imported(tree):
    """Yields (line, module) of every absolute import, those inside functions too, but not those for types alone."""
    for_types = {
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for part in node.body
        for each in ast.walk(part)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_nothing_foreign_is_imported_into_qgis(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    foreign = [f"line {line}: {name}" for line, name in imported(tree) if name.partition(".")[0] not in ALLOWED]
    assert foreign == []


def test_the_rule_can_fail():
    assert [name for _, name in imported(ast.parse("def f():\n    import torch"))] == ["torch"]
    for_types = "if TYPE_CHECKING:\n    import torch\nelse:\n    import rasterio"
    assert [name for _, name in imported(ast.parse(for_types))] == ["rasterio"]
