"""Docstrings say what a function returns or does; names and keys are terms of the field (docs/glossary.md)."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import tomllib
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("core", "training", "geolangbind_qgis", "tests", "packaging", "scripts", "docs")
FORMER = re.compile(
    r"judg|contest(?!ed)|lesson|shelf|farewell|rubbish|taught|teach(?!er)|wish|wording|let_go", re.IGNORECASE
)
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


def keys_of(value: object) -> list[str]:
    """All keys of nested tables."""
    if isinstance(value, dict):
        return [*map(str, value), *(key for each in value.values() for key in keys_of(each))]
    return [key for each in value for key in keys_of(each)] if isinstance(value, list) else []


READERS = {".yaml": yaml.safe_load, ".json": json.loads, ".toml": tomllib.loads}
TABLES = [
    path.relative_to(ROOT).as_posix()
    for folder in ("training/recipes", "resources")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in READERS
]


@pytest.mark.parametrize("name", TABLES)
def test_no_key_of_a_recipe_a_card_or_a_table_has_a_former_word(name):
    path = ROOT / name
    keys = keys_of(READERS[path.suffix](path.read_text(encoding="utf-8")))
    assert [key for key in keys if FORMER.search(key)] == []
