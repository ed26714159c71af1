"""The plugin object: it comes into QGIS whole and goes without a trace."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QDockWidget, QMainWindow

from geolangbind_qgis import classFactory, runtime_choice

ROOT = Path(__file__).resolve().parents[2]


def docks(iface):
    return [dock for dock in iface.mainWindow().findChildren(QDockWidget) if dock.objectName() == "GeoLangBindDock"]


def test_it_comes_with_a_dock_and_a_provider_and_goes_without_a_trace(qgis_iface, qgis_new_project, monkeypatch):
    monkeypatch.setattr(runtime_choice, "chosen_python", lambda: None)
    registry = QgsApplication.processingRegistry()
    plugin = classFactory(qgis_iface)
    plugin.initGui()
    assert plugin.dock is not None
    assert registry.providerById("geolangbind") is not None
    names = [algorithm.name() for algorithm in registry.providerById("geolangbind").algorithms()]
    plugin.unload()
    expected = ["accuracy", "calibrate", "change", "classify", "cluster", "embed", "finetune", "highlight", "models"]
    assert sorted(names) == [*expected, "polygonise", "sample", "similar"]
    assert registry.providerById("geolangbind") is None
    assert plugin.dock is None


def test_it_can_be_loaded_and_unloaded_many_times(qgis_iface, qgis_new_project):
    for _ in range(5):
        plugin = classFactory(qgis_iface)
        plugin.initGui()
        plugin.unload()
    assert isinstance(qgis_iface.mainWindow(), QMainWindow)


def test_without_a_runtime_the_dock_offers_to_set_it_up(qgis_iface, qgis_new_project, monkeypatch):
    monkeypatch.setattr(runtime_choice, "chosen_python", lambda: None)
    plugin = classFactory(qgis_iface)
    plugin.initGui()
    try:
        assert plugin.dock.current_page is plugin.dock.setup
        assert not plugin.session.is_set_up
    finally:
        plugin.unload()


def test_the_metadata_is_complete():
    import configparser

    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    wanted = ["name", "description", "about", "version", "qgisMinimumVersion", "author", "email"]
    wanted += ["repository", "tracker", "homepage", "license"]
    assert [key for key in wanted if not metadata["general"].get(key)] == []
    assert (ROOT / metadata["general"]["icon"]).is_file()
    assert metadata["general"]["hasProcessingProvider"] == "yes"
