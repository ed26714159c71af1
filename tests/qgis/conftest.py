"""The plugin in a real QGIS with the real runtime process and the embedded model."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QEventLoop, QTimer

from geolangbind_qgis import protocol_import, settings
from geolangbind_qgis.gui.dock import GeoLangBindDock
from geolangbind_qgis.gui.layer_menu import LayerMenu
from geolangbind_qgis.gui.windows import close_dialogs
from geolangbind_qgis.layers.background_task import BackgroundTask
from geolangbind_qgis.layers.class_style import MapClass, apply_class_style
from geolangbind_qgis.layers.placement import add_above_source
from geolangbind_qgis.layers.results_folder import discard_unsaved
from geolangbind_qgis.processing.provider import GeoLangBindProvider
from geolangbind_qgis.runtime.closing import ClosingWatch
from geolangbind_qgis.runtime.launch import runtime_command
from geolangbind_qgis.session import Session

ROOT = Path(__file__).resolve().parents[2]
RUNTIME_PYTHON = ROOT / ".venv" / "bin" / "python"
PATIENCE_MS = int(os.environ.get("GEOLANGBIND_TEST_PATIENCE_MS", "240000"))
QGIS_PROCESS = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
"""Debian's wrapper hands over options that belong to QGIS's window, which the program refuses."""

SENTINEL2_BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
WATER = (700, 620, 480, 330, 260, 200, 180, 160, 150, 140, 90, 60)
FOREST = (260, 300, 480, 320, 700, 1900, 2400, 2600, 2700, 2750, 1400, 650)
TOWN = (1300, 1450, 1600, 1750, 1850, 1950, 2050, 2100, 2150, 2200, 2400, 2300)


def wait_until(condition, milliseconds=PATIENCE_MS):
    """Run the event loop until the condition holds; look at it with every round."""
    loop = QEventLoop()
    look = QTimer()
    look.timeout.connect(lambda: loop.quit() if condition() else None)
    look.start(5)
    QTimer.singleShot(milliseconds, loop.quit)
    if not condition():
        loop.exec()
    look.stop()
    assert condition(), "it did not happen in time"


def write_scene(path, *, size=256, epsg=32633, origin=(400_000.0, 5_060_000.0), pixel=10.0, nodata_corner=False):
    """Write a Sentinel-2 L2A-like scene: water in the west, forest in the middle, town in the east, with some noise."""
    random = np.random.default_rng(7)
    spectra = np.array([WATER, FOREST, TOWN], dtype=np.float32)
    columns = np.minimum(np.arange(size) * 3 // size, 2)
    system = osr.SpatialReference()
    system.ImportFromEPSG(epsg)
    system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    options = ["TILED=YES", "COMPRESS=DEFLATE"]
    data = gdal.GetDriverByName("GTiff").Create(str(path), size, size, len(SENTINEL2_BANDS), gdal.GDT_UInt16, options)
    data.SetGeoTransform((origin[0], pixel, 0.0, origin[1], 0.0, -pixel))
    data.SetProjection(system.ExportToWkt())
    for number, name in enumerate(SENTINEL2_BANDS, start=1):
        row = spectra[columns, number - 1]
        values = row[None, :] * random.normal(1.0, 0.06, (size, size)).clip(0.7, 1.3)
        if nodata_corner:
            values[: size // 4, : size // 4] = 0
        band = data.GetRasterBand(number)
        band.SetDescription(name)
        band.SetNoDataValue(0)
        band.WriteArray(values.astype(np.uint16))
    data = None
    return path


def add_class_map(scene, path):
    """Write a map of water in the west half and forest in the east, and add it as a result of the scene."""
    source = gdal.Open(scene.source())
    data = gdal.GetDriverByName("GTiff").Create(str(path), 256, 256, 1, gdal.GDT_Byte)
    data.SetGeoTransform(source.GetGeoTransform())
    data.SetProjection(source.GetProjection())
    codes = np.ones((256, 256), np.uint8)
    codes[:, 128:] = 2
    data.GetRasterBand(1).WriteArray(codes)
    data.GetRasterBand(1).SetNoDataValue(0)
    data = None
    layer = QgsRasterLayer(str(path), "land cover", "gdal")
    apply_class_style(layer, (MapClass(1, "Water", "#0064c8"), MapClass(2, "Forest", "#006400")))
    add_above_source(QgsProject.instance(), layer, scene.id())
    return layer


def read_pixels(layer_or_path):
    """Returns all bands (C, H, W), missing values as NaN."""
    path = layer_or_path if isinstance(layer_or_path, str) else layer_or_path.source().split("|")[0]
    data = gdal.Open(path)
    bands = []
    for number in range(1, data.RasterCount + 1):
        band = data.GetRasterBand(number)
        values = band.ReadAsArray().astype(np.float64)
        nodata = band.GetNoDataValue()
        if nodata is not None and not np.isnan(nodata):
            values[values == nodata] = np.nan
        bands.append(values)
    return np.stack(bands)


@pytest.fixture(scope="session")
def runtime(qgis_app, tmp_path_factory):
    """Make the session of the test run, anew where a test closed it; none leaves a process behind."""
    model = protocol_import.CODE_ROOT / "resources" / "models" / "geolb-tiny"
    if not RUNTIME_PYTHON.is_file():
        pytest.skip("the runtime environment is missing: make env")
    if not model.is_dir():
        pytest.skip("the embedded model geolb-tiny is missing from resources/models")
    folder = tmp_path_factory.mktemp("runtime")
    extra = {"GEOLANGBIND_CACHE": str(folder / "cache"), "GEOLANGBIND_HOME": str(folder / "home")}
    extra["OMP_NUM_THREADS"] = "1"
    command = runtime_command(RUNTIME_PYTHON, protocol_import.CODE_ROOT, folder, extra_environment=extra)
    made = []

    def session_of_now():
        if not made or made[-1].client is None:
            made.append(Session(command))
        return made[-1]

    yield session_of_now
    process = made[-1].client.process_id if made and made[-1].client is not None else None
    for each in made:
        each.close()
    ClosingWatch.wait_for_all()
    BackgroundTask.end_all()
    if process:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.fixture
def session(runtime):
    """The real runtime, shared by all tests because it takes seconds to start; it starts when first asked."""
    found = runtime()
    yield found
    if found.client is not None:
        wait_until(lambda: not found.client.busy)


@pytest.fixture
def scene(tmp_path, qgis_new_project):
    """A Sentinel-2 layer in the project."""
    layer = QgsRasterLayer(str(write_scene(tmp_path / "scene.tif")), "scene", "gdal")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def dock(qgis_iface, session, scene):
    """The dock with the scene chosen."""
    settings.remember("prompt_history", "[]")
    made = GeoLangBindDock(qgis_iface, session)
    made.page.follow(scene)
    made.page.run_bar.show_idle("")
    yield made
    close_dialogs()
    made.clean_up()
    made.deleteLater()
    discard_unsaved()


@pytest.fixture
def menu(qgis_iface, session, dock):
    """The entries of the layer menu."""
    made = LayerMenu(qgis_iface, session, dock)
    yield made
    made.clean_up()


@pytest.fixture
def failures(dock):
    """What a dock's runs failed of."""
    found = []
    dock.highlighter.failed.connect(found.append)
    return found


@pytest.fixture
def provider(session, scene):
    """The provider ``geolangbind`` in QGIS's registry of algorithms."""
    made = GeoLangBindProvider(session)
    QgsApplication.processingRegistry().addProvider(made)
    yield made
    QgsApplication.processingRegistry().removeProvider(made)
