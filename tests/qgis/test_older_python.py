"""The plugin runs in the Python of the oldest QGIS: 3.9, which QGIS 3.22 brings on Windows and macOS."""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 9)
FOLDERS = (ROOT / "geolangbind_qgis", ROOT / "core" / "protocol")
SOURCES = [ROOT / "__init__.py", *sorted(file for folder in FOLDERS for file in folder.rglob("*.py"))]
"""What QGIS's own Python imports; the rest of ``core`` runs in the runtime's Python."""


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_no_syntax_newer_than_its_python(source):
    assert newer_syntax(source.read_text(encoding="utf-8")) == []


def test_no_name_or_argument_of_the_standard_library_is_newer():
    assert newer_names(*SOURCES) == ""


@pytest.mark.parametrize(
    "code",
    [
        "match x:\n    case 1:\n        pass",
        "Number = int | float",
        "def f(x):\n    return isinstance(x, str | bytes)",
        "Found = dict[str, int] | None",
        "try:\n    pass\nexcept* ValueError:\n    pass",
    ],
)
def test_newer_syntax_is_found(code):
    assert newer_syntax("from __future__ import annotations\n" + code)


@pytest.mark.parametrize(
    "code",
    [
        "def f(x: int | None) -> dict[str, int] | None: ...",
        "class A:\n    x: int | None = None",
        "flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable",
        "both = {1} | {2}",
    ],
)
def test_syntax_that_it_knows_passes(code):
    assert newer_syntax("from __future__ import annotations\n" + code) == []


def test_annotations_that_the_older_python_would_evaluate_are_found():
    assert newer_syntax("def f(x: int | None): ...")


@pytest.mark.parametrize(
    "code",
    [
        "zip(a, b, strict=True)",
        "from dataclasses import dataclass\n@dataclass(slots=True)\nclass A: ...",
        "from datetime import UTC",
        "import tomllib",
        "from itertools import pairwise",
    ],
)
def test_newer_names_are_found(code, tmp_path):
    file = tmp_path / "newer.py"
    file.write_text(code)
    assert "newer.py" in newer_names(file)


def newer_syntax(code: str) -> list[str]:
    """Returns what the oldest Python cannot read, and unions of types that it would evaluate, with their lines."""
    try:
        tree = ast.parse(code, feature_version=OLDEST)
    except SyntaxError as problem:
        return [f"{problem.lineno}: {problem.msg}"]
    postponed = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    annotations = {id(part) for node in _annotations(tree) for part in ast.walk(node)} if postponed else set()
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.BitOr)
        and id(node) not in annotations
        and (_is_type(node.left) or _is_type(node.right))
    ]


def newer_names(*files: Path) -> str:
    """Returns what vermin says of files that use what is newer than the oldest Python; empty where none does."""
    target = ".".join(map(str, OLDEST))
    command = [
        sys.executable,
        "-c",
        "from vermin import main; main()",
        f"-t={target}-",
        "--violations",
        "--no-tips",
        "--quiet",
    ]
    told = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    return "" if told.returncode == 0 else told.stdout + told.stderr


def _annotations(tree: ast.AST):
    """Yields the annotations, which are not evaluated where they are postponed."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            found = getattr(node, name, None)
            if found is not None:
                yield found


def _is_type(node: ast.expr) -> bool:
    """Whether an operand is None, a built-in type, or a generic such as ``dict[str, int]``."""
    if isinstance(node, ast.Subscript):
        return _is_type(node.value)
    if isinstance(node, ast.Constant):
        return node.value is None
    return isinstance(node, ast.Name) and isinstance(getattr(builtins, node.id, None), type)
