"""The zip: small, complete, the same each time, and at work in an empty profile."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
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
        "core/protocol/__init__.py",
        "core/serve/__main__.py",
        "resources/sensors.toml",
        "resources/icons/geolangbind.svg",
        "docs/help/index.html",
    ):
        assert f"geolangbind_qgis/{part}" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_same_sources_give_the_same_zip(zipped, tmp_path):
    assert load("package").package(tmp_path).read_bytes() == zipped.read_bytes()


@pytest.fixture(scope="module")
def zipped_by_pb_tool(tmp_path_factory):
    """The zip of ``pb_tool zip``, made beside the checkout: it writes into the folder it runs in."""
    if importlib.util.find_spec("pb_tool") is None:
        pytest.skip("pb_tool is not installed: make qgis-env")
    if shutil.which("zip") is None and shutil.which("7z") is None:
        pytest.skip("pb_tool packs with zip or 7z, and neither is installed")
    folder = tmp_path_factory.mktemp("pb_tool")
    for name in ("__init__.py", "metadata.txt", "LICENSE", "pb_tool.cfg"):
        shutil.copy(ROOT / name, folder)
    for name in ("geolangbind_qgis", "core", "training", "resources", "docs"):
        (folder / name).symlink_to(ROOT / name)
    deployed = folder / "deployed"
    command = [Path(sys.executable).with_name("pb_tool"), "zip", "--quick", "--plugin_path", deployed]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "geolangbind_qgis.zip"


def files_in(archive):
    with zipfile.ZipFile(archive) as opened:
        return {entry.filename: entry.CRC for entry in opened.infolist() if not entry.is_dir()}


def test_pb_tool_packs_the_same_files(zipped, zipped_by_pb_tool):
    ours, theirs = files_in(zipped), files_in(zipped_by_pb_tool)
    assert sorted(ours) == sorted(theirs)
    stamped = "geolangbind_qgis/metadata.txt"  # pb_tool writes the time of packing into it
    assert {name: crc for name, crc in ours.items() if crc != theirs[name]}.keys() <= {stamped}
    assert zipped_by_pb_tool.stat().st_size < 20_000_000


@pytest.mark.parametrize("packed", ["zipped", "zipped_by_pb_tool"])
def test_the_zip_works_in_an_empty_profile(packed, request, tmp_path):
    """A QGIS of its own, without the checkout on its path, loads the plugin and lists its algorithms."""
    plugins = tmp_path / "plugins"
    zipfile.ZipFile(request.getfixturevalue(packed)).extractall(plugins)
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


def test_the_installation_uses_the_language_of_qgis(qgis_app):
    from qgis.PyQt.QtCore import QCoreApplication, QSettings

    from geolangbind_qgis.i18n import install_translator, use_language
    from geolangbind_qgis.runtime import translation
    from geolangbind_qgis.runtime.pip_failures import explain_pip

    QSettings().setValue("locale/overrideFlag", True)
    QSettings().setValue("locale/userLocale", "de_DE")
    translator = install_translator()
    try:
        assert explain_pip("OSError: [Errno 28] No space left on device").message == "Die Platte ist voll."
    finally:
        QCoreApplication.removeTranslator(translator)
        translation.use_translator(str)
        use_language("en")
        QSettings().remove("locale/overrideFlag")
        QSettings().remove("locale/userLocale")
