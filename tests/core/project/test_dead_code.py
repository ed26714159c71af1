"""Every function, class and constant at the top of a file is used by the program, its tables, scripts or pages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("core", "training", "geolangbind_qgis")
USERS = (*PACKAGES, "resources", "scripts", "packaging", "docs", "tests/benchmarks", "tests/soak")
ENDINGS = (".py", ".toml", ".yaml", ".md", ".sh", ".txt")
NEEDED_BY_TESTS = {"SESSION_METHODS", "read_map_facts"}
"""What tests ask of the program that it does not ask of itself."""


def names_at_the_top(source: str) -> list[str]:
    """Names that a file defines outside of functions and classes, without those of Python's own."""
    found: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return [name for name in found if not name.startswith("__")]


@pytest.fixture(scope="module")
def uses() -> Counter[str]:
    paths = [path for folder in USERS for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS]
    paths += [ROOT / name for name in ("Makefile", "__init__.py", "pyproject.toml")]
    return Counter(word for path in paths for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_at_the_top_of_a_file_is_used(package, uses):
    unused = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in names_at_the_top(path.read_text(encoding="utf-8"))
        if uses[name] == 1 and name not in NEEDED_BY_TESTS
    ]
    assert unused == []


def test_the_check_finds_a_name_that_nothing_uses():
    source = "import os\nUSED: int = 1\nUNUSED, OTHER = 2, 3\ndef idle():\n    return USED\n"
    assert names_at_the_top(source) == ["USED", "UNUSED", "OTHER", "idle"]
