"""The plugin's source is ready for Qt 6: every module is read, method bodies included."""

from __future__ import annotations

import ast
import enum
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import qgis.core
import qgis.gui
from qgis.PyQt import QtCore, QtGui, QtNetwork, QtWidgets

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "geolangbind_qgis").rglob("*.py"))

REMOVED_METHODS = {"exec_", "print_", "toTime_t", "desktop", "screenGeometry", "fontMetrics().width"}
REMOVED_NAMES = {"QRegExp", "QDesktopWidget", "QTextCodec", "QStringRef", "pyqtSignature"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_uses_only_what_both_qts_have(source):
    assert problems_in(source.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "from PyQt5.QtCore import Qt",
        "import PyQt6.QtWidgets",
        "def f():\n    return Qt.Horizontal",
        "class A:\n    def b(self):\n        self.c(lambda: QDialogButtonBox.Ok)",
        "dialog.exec_()",
        "from qgis.PyQt.QtCore import QRegExp",
        "x = QgsTask.CanCancel",
        "def f(a=Qgis.Warning): ...",
    ],
)
def test_the_checker_finds_what_breaks(code):
    assert problems_in(code)


@pytest.mark.parametrize(
    "code",
    [
        "from qgis.PyQt.QtCore import Qt\nx = Qt.Orientation.Horizontal",
        "dialog.exec()",
        "QgsTask.Flag.CanCancel",
        "kinds = QDialogButtonBox.StandardButton\nkinds.Ok",
        "QMessageBox.question(a, b, c)",
        "QgsMapLayerType.RasterLayer",
    ],
)
def test_the_checker_lets_good_code_pass(code):
    assert problems_in(code) == []


@pytest.fixture(scope="module")
def under_qt6():
    """Run the program that uses PyQt6 in a process of its own, since two Qts cannot be in one."""

    def run(*sources):
        program = [sys.executable, str(Path(__file__).with_name("qt6_program.py")), *map(str, sources)]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        answer = subprocess.run(program, capture_output=True, text=True, check=False, env=environment)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout.splitlines()[-1])

    return run


def test_pyqt6_has_every_name_and_shows_the_plain_widgets(under_qt6):
    found = under_qt6()
    assert found["version"].startswith("6.")
    assert found["names"] == []
    assert {"AccuracyResult", "ClassPartners", "LossCurve", "RunBar", "StatusLine", "TableDialog"} <= set(
        found["widgets"]
    )


def test_names_that_pyqt6_lacks_are_found(under_qt6, tmp_path):
    source = tmp_path / "old.py"
    source.write_text(
        "from qgis.PyQt.QtCore import Qt, QRegExp\n"
        "from qgis.PyQt.QtWidgets import QMessageBox\n"
        "buttons = QMessageBox.StandardButton\n"
        "right = (Qt.Orientation.Horizontal, buttons.Yes)\n"
        "wrong = (Qt.Horizontal, buttons.Certainly)\n"
    )
    names = under_qt6(source)["names"]
    assert [name.rpartition(" ")[2] for name in names] == [
        "qgis.PyQt.QtCore.QRegExp",
        "Qt.Horizontal",
        "buttons.Certainly",
    ]


def problems_in(code: str) -> list[str]:
    """Name every line that Qt 6 or PyQt 6 would not take."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [f"{node.lineno}: import {alias.name}" for alias in node.names if _is_bound_to_one_qt(alias.name)]
        elif isinstance(node, ast.ImportFrom):
            if _is_bound_to_one_qt(node.module or ""):
                found.append(f"{node.lineno}: from {node.module}")
            found += [f"{node.lineno}: {alias.name} is gone" for alias in node.names if alias.name in REMOVED_NAMES]
        elif isinstance(node, ast.Attribute):
            if node.attr in REMOVED_METHODS:
                found.append(f"{node.lineno}: .{node.attr} is gone")
            if _is_unscoped_enum(node):
                found.append(f"{node.lineno}: {node.value.id}.{node.attr} lacks its enum's name")
    return found


def _is_bound_to_one_qt(module: str) -> bool:
    return module.split(".")[0] in {"PyQt5", "PyQt6", "PySide2", "PySide6", "sip"}


def _is_unscoped_enum(node: ast.Attribute) -> bool:
    """Whether this is ``QClass.Value`` where the real class has that value without its enum's name."""
    if not isinstance(node.value, ast.Name) or not node.attr[:1].isupper():
        return False
    owner = _real_class(node.value.id)
    if owner is None or issubclass(owner, (int, enum.Enum)):
        return False
    return isinstance(getattr(owner, node.attr, None), (int, enum.Enum))


def _real_class(name: str) -> type | None:
    """Returns the Qt or QGIS class of this name."""
    for module in (QtCore, QtGui, QtWidgets, QtNetwork, qgis.core, qgis.gui):
        found = getattr(module, name, None)
        if isinstance(found, type):
            return found
    return None
