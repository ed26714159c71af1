"""Docstrings say what a function returns or does; names are terms of the field (docs/glossary.md)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("core", "training", "geolangbind_qgis", "tests", "packaging", "scripts", "docs")
FORMER = re.compile(r"judg|contest(?!ed)|lesson|shelf|farewell|rubbish|taught|teach(?!er)|wish|let_go", re.IGNORECASE)
"""Words that names had before; the glossary lists what replaced them."""
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(folder: str) -> list[tuple[str, str]]:
    """File and line with the first line of every docstring below a folder."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
                found.append((f"{path.relative_to(ROOT)}:{node.body[0].lineno}", text.splitlines()[0]))
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_with_give(folder):
    found = docstrings(folder)
    assert found
    assert [place for place, line in found if line.split()[0] in ("Give", "Gives")] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_function_class_or_file_has_a_former_word_in_its_name(folder):
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = [node.name for node in tree if isinstance(node, DOCUMENTED[1:])]
        found += [f"{path.relative_to(ROOT)}: {name}" for name in (path.stem, *names) if FORMER.search(name)]
    assert found == []
