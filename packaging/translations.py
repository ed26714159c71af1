"""Keeps the plugin's translations up to date: ``python3 packaging/translations.py update`` and ``compile``.

``update`` reads every ``tr("…")`` of the plugin and writes ``geolangbind_qgis/i18n/geolangbind_XX.ts``, keeping what is
translated; ``compile`` makes the ``.qm`` files with Qt's ``lrelease``. ``check`` fails where a text is missing.
"""

from __future__ import annotations

import ast
import shutil
import subprocess  # nosec B404 - Qt's own compiler, with fixed arguments
import sys
import xml.etree.ElementTree as ElementTree  # nosec B405 - our own files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "geolangbind_qgis"
FOLDER = SOURCES / "i18n"
CONTEXT = "GeoLangBind"


def main(arguments: list[str]) -> int:
    """Do what the first argument names; give the exit status."""
    action = arguments[0] if arguments else ""
    files = sorted(FOLDER.glob("geolangbind_*.ts"))
    if action == "update":
        for file in files:
            write_translations(file, read_translations(file))
        return 0
    if action == "compile":
        program = shutil.which("lrelease") or shutil.which("lrelease-qt5") or "lrelease"
        return max(subprocess.run([program, "-silent", str(file)], check=False).returncode for file in files)  # nosec B603
    if action == "check":
        missing = [text for file in files for text in untranslated(file)]
        for text in missing:
            print(f"not translated: {text}")
        return 1 if missing else 0
    print(__doc__, file=sys.stderr)
    return 2


def source_texts() -> list[str]:
    """Returns every text inside ``tr(…)``, once, in the order of files and lines."""
    found: dict[str, None] = {}
    for file in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr" and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[text.value] = None
    return list(found)


def read_translations(file: Path) -> dict[str, str]:
    """Returns the translations of a ``.ts`` file by source text."""
    if not file.is_file():
        return {}
    messages = ElementTree.parse(file).getroot().iter("message")  # nosec B314 - our own file
    return {message.findtext("source") or "": message.findtext("translation") or "" for message in messages}


def write_translations(file: Path, translations: dict[str, str]) -> None:
    """Write a ``.ts`` file with every text of the sources; those without a translation are marked as unfinished."""
    language = file.stem.rpartition("_")[2]
    root = ElementTree.Element("TS", version="2.1", language=language, sourcelanguage="en")
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = CONTEXT
    for text in source_texts():
        message = ElementTree.SubElement(context, "message")
        ElementTree.SubElement(message, "source").text = text
        translation = ElementTree.SubElement(message, "translation")
        translation.text = translations.get(text, "")
        if not translation.text:
            translation.set("type", "unfinished")
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    file.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n', encoding="utf-8")


def untranslated(file: Path) -> list[str]:
    """Returns the texts of the sources that a ``.ts`` file has no translation of."""
    translations = read_translations(file)
    return [text for text in source_texts() if not translations.get(text)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
