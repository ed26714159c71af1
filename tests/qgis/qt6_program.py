"""The plugin's plain widgets under PyQt6, in a process of their own: ``qgis.PyQt`` is PyQt6 there, QGIS itself is not.

Prints one JSON object: ``names`` (those in the plugin's source, or in the files named, that PyQt6 does not have) and
``widgets`` (what was built and shown).
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import types
from pathlib import Path

from PyQt6 import QtCore, QtGui, QtNetwork, QtWidgets

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "geolangbind_qgis"
MODULES = {"QtCore": QtCore, "QtGui": QtGui, "QtWidgets": QtWidgets, "QtNetwork": QtNetwork}
MOVED = ("QAction", "QActionGroup", "QShortcut")
"""What Qt 6 has in QtGui and QGIS's ``qgis.PyQt.QtWidgets`` offers all the same."""


def make_shim() -> None:
    """Let ``qgis.PyQt`` be PyQt6."""
    for name in MOVED:
        setattr(QtWidgets, name, getattr(QtGui, name))
    sys.modules["qgis"] = types.ModuleType("qgis")
    sys.modules["qgis.PyQt"] = types.ModuleType("qgis.PyQt")
    for name, module in MODULES.items():
        sys.modules[f"qgis.PyQt.{name}"] = module
        setattr(sys.modules["qgis.PyQt"], name, module)


def missing_names(source: Path) -> list[str]:
    """Returns the names of Qt classes and of their enums in a module that PyQt6 does not have."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    known: dict[str, object] = {}
    missing = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qgis.PyQt."):
            module = MODULES.get(node.module.rpartition(".")[2])
            for alias in node.names:
                if module is None or not hasattr(module, alias.name):
                    missing.append(f"{source.name}:{node.lineno}: {node.module}.{alias.name}")
                else:
                    known[alias.asname or alias.name] = getattr(module, alias.name)
    for node in ast.walk(tree):  # such as buttons = QMessageBox.StandardButton
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found = resolved(node.value, known)
            if isinstance(found, type):
                known[node.targets[0].id] = found
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and resolved(node.value, known) is not None:
            owner = resolved(node.value, known)
            if isinstance(owner, type) and not hasattr(owner, node.attr):
                missing.append(f"{source.name}:{node.lineno}: {ast.unparse(node)}")
    return missing


def resolved(node: ast.expr, known: dict[str, object]) -> object:
    """Returns what a chain of names stands for under PyQt6; None where it is no part of Qt."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(resolved(node.value, known), node.attr, None)
    return None


def build_widgets() -> list[str]:
    """Build every widget that needs no QGIS, show it once and press what can be pressed; returns their names."""

    def of(module: str, name: str) -> type:
        return getattr(importlib.import_module(f"geolangbind_qgis.gui.{module}"), name)

    row = {"code": 1, "name": "water", "samples": 3, "producers": 1.0, "users": 1.0, "f1": 1.0, "iou": 1.0}
    row.update(hectares=2.0, adjusted_hectares=2.0, adjusted_hectares_half_width=0.1)
    result = {"classes": [row], "matrix": [[3]], "samples": 3, "unit": "point", "units": 3, "partners": []}
    result.update(overall=1.0, kappa=1.0, mean_iou=1.0, adjusted={"overall": 1.0, "overall_half_width": 0.1})
    partners = of("class_partners", "ClassPartners")()
    partners.offer([{"reference": "pond", "class": ""}], ["water"])
    partners.choice(0).setCurrentText("water")
    assert partners.names() == {"pond": "water"}
    curve = of("loss_curve", "LossCurve")()
    bar = of("run_bar", "RunBar")()
    bar.show_busy(0.5, "Highlighting water", 12.0)
    bar.show_idle("Done")
    table = of("table_dialog", "TableDialog")("Areas", ["Class", "Area"], [["water", 2.0]], ["#0000ff"])
    assert table.text(",").splitlines()[1] == "water,2.0"
    widgets = [partners, curve, bar, table, of("accuracy_result", "AccuracyResult")("map", result)]
    widgets.append(of("status_line", "StatusLine")())
    for widget in widgets:
        widget.show()
        QtWidgets.QApplication.processEvents()
        assert not widget.grab().isNull()
        for button in widget.findChildren(QtWidgets.QPushButton):
            if button.text().replace("&", "") in ("Copy", "Run", "Cancel"):
                button.click()
    return [type(widget).__name__ for widget in widgets]


def main() -> None:
    """Check all and print what was found."""
    make_shim()
    sys.path.insert(0, str(ROOT))
    application = QtWidgets.QApplication([])
    sources = [Path(name) for name in sys.argv[1:]] or sorted(PLUGIN.rglob("*.py"))
    names = [problem for source in sources for problem in missing_names(source)]
    print(json.dumps({"version": QtCore.PYQT_VERSION_STR, "names": names, "widgets": build_widgets()}))
    application.quit()


if __name__ == "__main__":
    main()
