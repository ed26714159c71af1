"""The zip: small, complete, the same each time, and at work in an empty profile."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from conftest import QGIS_PROCESS

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    return load("package").package(tmp_path_factory.mktemp("dist"))


def test_the_zip_is_small_and_has_all_parts(zipped):
    assert zipped.stat().st_size < 20_000_000
    names = set(zipfile.ZipFile(zipped).namelist())
    for part in (
        "__init__.py",
        "metadata.txt",
        "LICENSE",
        "geolangbind_qgis/plugin.py",
        "geolangbind_qgis/i18n/geolangbind_de.qm",
        "core/protocol.py",
        "core/serve/__main__.py",
        "resources/sensors.toml",
        "resources/icons/geolangbind.svg",
        "docs/help/index.html",
    ):
        assert f"geolangbind_qgis/{part}" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".ts"))]


def test_the_same_sources_give_the_same_zip(zipped, tmp_path):
    assert load("package").package(tmp_path).read_bytes() == zipped.read_bytes()


def test_the_zip_works_in_an_empty_profile(zipped, tmp_path):
    """A QGIS of its own, without the checkout on its path, loads the plugin and lists its algorithms."""
    plugins = tmp_path / "plugins"
    zipfile.ZipFile(zipped).extractall(plugins)
    environment = {
        **os.environ,
        "QGIS_PLUGINPATH": str(plugins),
        "XDG_DATA_HOME": str(tmp_path / "home"),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "config"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    environment.pop("PYTHONPATH", None)
    for arguments in (["plugins", "enable", "geolangbind_qgis"], ["list"]):
        ended = subprocess.run(
            [QGIS_PROCESS, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "geolangbind:highlight" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_every_text_is_translated():
    translations = load("translations")
    assert translations.untranslated(ROOT / "geolangbind_qgis" / "i18n" / "geolangbind_de.ts") == []


def test_the_translation_is_used(qgis_app):
    from qgis.PyQt.QtCore import QCoreApplication, QTranslator

    from geolangbind_qgis.i18n import tr

    translator = QTranslator()
    assert translator.load(str(ROOT / "geolangbind_qgis" / "i18n" / "geolangbind_de.qm"))
    QCoreApplication.installTranslator(translator)
    try:
        assert tr("Whole layer") == "Ganzer Layer"
    finally:
        QCoreApplication.removeTranslator(translator)
