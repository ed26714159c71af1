"""Takes the pictures of docs/images from the running program.

    xvfb-run -a -s "-screen 0 1600x1000x24" python3 docs/take_screenshots.py     # those of the README
        [--only setup,dark | --only all] [--to FOLDER] [--scene scene.tif] [--patience SECONDS]

Starts the real QGIS with an empty profile and the plugin from this checkout, has it work on a scene, and saves the
window. The second half of the file is what runs within QGIS (``qgis --code``).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess  # nosec B404 - starts QGIS
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(os.environ.get("GEOLANGBIND_ROOT") or Path(__file__).resolve().parent.parent)
"""Named by the environment within QGIS, which runs this file's text and not the file."""

IMAGES = ROOT / "docs" / "images"
SCENE = ROOT / "demo" / "scene.tif"
"""The simulated scene that ``make demo`` renders: pictures of real scenes are not committed."""
README_STEPS = ("prompt", "classify", "finetune")
STEPS = ("prompt", "examples", "several", "polygons", "classify", "areas", "scheme", "explain", "processing")
STEPS += ("finetune", "setup", "dark")


def main(arguments: list[str]) -> int:
    """Start QGIS with an empty profile and wait for it."""
    parser = argparse.ArgumentParser(description="Take the pictures of docs/images from the running program.")
    parser.add_argument("--only", default=",".join(README_STEPS), help=f"steps of {', '.join(STEPS)}; or all")
    parser.add_argument("--to", type=Path, default=IMAGES, help="folder for the pictures")
    parser.add_argument("--scene", type=Path, default=SCENE, help="Sentinel-2 with 12 bands, beside its materials.tif")
    parser.add_argument("--patience", type=int, default=400, help="seconds that a step may take")
    options = parser.parse_args(arguments)
    only = ",".join(STEPS) if options.only == "all" else options.only
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plugins = Path(folder) / "plugins"
        plugins.mkdir()
        (plugins / "geolangbind_qgis").symlink_to(ROOT)
        profile = Path(folder) / "profiles" / "default" / "QGIS"
        profile.mkdir(parents=True)
        (profile / "QGIS3.ini").write_text(_SETTINGS, encoding="utf-8")
        environment = {
            **os.environ,
            "QGIS_PLUGINPATH": str(plugins),
            "GEOLANGBIND_ROOT": str(ROOT),
            "GEOLANGBIND_HOME": str(Path(folder) / "home"),  # models that are trained for the pictures go with it
            "GEOLANGBIND_SCENE": str(options.scene.resolve()),
            "GEOLANGBIND_IMAGES": str(options.to.resolve()),
            "GEOLANGBIND_STEPS": only,
            "GEOLANGBIND_PATIENCE": str(options.patience),
            "LANG": "C.UTF-8",
            "PATH": f"/usr/bin:/bin:{os.environ.get('PATH', '')}",  # QGIS finds its own Python by the path
        }
        program = shutil.which("qgis.bin") or shutil.which("qgis") or "qgis"
        command = [
            program,
            "--profiles-path",
            folder,
            "--noversioncheck",
            "--nologo",
            "--code",
            str(ROOT / "docs" / "take_screenshots.py"),
        ]
        return subprocess.run(command, env=environment, timeout=10 * options.patience, check=False).returncode  # nosec B603


_SETTINGS = """[PythonPlugins]
geolangbind_qgis=true
processing=true

[qgis]
showTips=false
checkVersion=false
askToSaveProjectChanges=false

[app]
projections\\defaultProjectCrs=EPSG:4326

[Projections]
defaultBehavior=useProject

[geolangbind]
tour_seen=yes

[locale]
overrideFlag=true
userLocale=en_US
"""


def inside() -> None:
    """Do the steps within QGIS, then quit."""
    from qgis.core import QgsApplication, QgsCoordinateTransform, QgsPointXY, QgsProject, QgsRasterLayer, QgsRectangle
    from qgis.PyQt.QtCore import QEventLoop, QTimer
    from qgis.PyQt.QtWidgets import QApplication, QDialog, QDockWidget, QWidget
    from qgis.utils import iface, plugins

    steps = os.environ["GEOLANGBIND_STEPS"].split(",")
    images = Path(os.environ["GEOLANGBIND_IMAGES"])
    patience = float(os.environ["GEOLANGBIND_PATIENCE"])

    def pause(milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def wait_for(condition: object) -> None:
        end = time.monotonic() + patience
        while not condition():  # type: ignore[operator]
            if time.monotonic() > end:
                raise TimeoutError("a step did not end")
            pause(50)
        iface.mapCanvas().waitWhileRendering()
        pause(400)

    def save(name: str, widget: QWidget | None = None) -> None:
        QApplication.processEvents()
        (widget or iface.mainWindow()).grab().save(str(images / f"{name}.png"))
        print("saved", name, flush=True)

    def close_dialogs() -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget.isVisible():
                widget.reject()

    window = iface.mainWindow()
    window.resize(1440, 900)
    pause(1500)
    close_dialogs()
    plugin = plugins["geolangbind_qgis"]
    for name in ("Browser", "Browser2", "Statistical", "AdvancedDigitizingTools", "MessageLog"):
        dock = window.findChild(QWidget, name)
        if dock is not None:
            dock.hide()
    layer = QgsRasterLayer(os.environ["GEOLANGBIND_SCENE"], "Demo scene", "gdal")
    _natural_colours(layer)
    project = QgsProject.instance()
    project.addMapLayer(layer)
    iface.setActiveLayer(layer)
    dock, menu = plugin.dock, plugin.menu
    dock.setUserVisible(True)
    window.resizeDocks([window.findChild(QDockWidget, "Layers"), dock], [330, 370], _horizontal())
    wait_for(lambda: plugin.session.facts and dock.descriptions.found(layer.id()))
    # Only now: with the first layer of a project, QGIS takes over its coordinates and extent a little later.
    project.setCrs(_utm_zone_of(layer))  # a map in degrees looks squeezed
    box = QgsCoordinateTransform(layer.crs(), project.crs(), project).transformBoundingBox(layer.extent())
    half = min(box.width(), box.height()) / 2 * 0.9
    centre = box.center()
    iface.mapCanvas().setExtent(
        QgsRectangle(centre.x() - half, centre.y() - half, centre.x() + half, centre.y() + half)
    )

    def run(*prompts: str) -> None:
        dock.page.prompts.set_prompts(list(prompts))
        dock.runs.run()
        wait_for(lambda: not dock.highlighter.busy)
        wait_for(lambda: dock.page.result.histogram() is not None)
        iface.messageBar().clearWidgets()

    if "prompt" in steps:
        run("water")
        run("water")  # the time in the picture is that of a prompt, not of the runtime's start
        save("prompt")
    if "examples" in steps:
        dock.page.examples.like_button.click()
        for share_x, share_y, unlike in ((0.45, 0.2, False), (0.55, 0.35, False), (0.5, 0.8, True)):
            east, north = box.xMinimum() + share_x * box.width(), box.yMaximum() - share_y * box.height()
            dock.page.examples.tool.pointed.emit(QgsPointXY(east, north), unlike)
            wait_for(lambda: not dock.highlighter.busy)
        save("examples")
        dock.page.examples.clear()
        dock.page.examples.like_button.click()
    if "several" in steps:
        run("water", "vineyard or orchard", "town")
        save("several_prompts")
    if "polygons" in steps:
        from geolangbind_qgis.gui.polygons_dialog import PolygonsDialog

        dialog = PolygonsDialog(dock.page.result.layer(), plugin.session.client, iface, dock)
        dialog.show()
        pause(300)
        save("polygons_dialog", dialog)
        dialog.make()
        wait_for(lambda: not dialog.busy)
        save("polygons")
        dialog.close()
    if "classify" in steps:
        ends: list[object] = []
        menu.classify(layer)
        (classifier,) = menu.running
        classifier.finished.connect(lambda *end: ends.append(end))
        classifier.failed.connect(ends.append)
        wait_for(lambda: ends)
        save("classify")
        if "areas" in steps and isinstance(ends[0], tuple):
            dialog = menu.show_areas(layer.name(), ends[0][1])
            pause(300)
            save("areas", dialog)
            dialog.close()
    if "scheme" in steps:
        from geolangbind_qgis.gui.scheme_editor import SchemeEditor

        editor = SchemeEditor(layer.name(), None, window)
        editor.show()
        pause(300)
        save("scheme_editor", editor)
        editor.close()
    if "explain" in steps:
        from geolangbind_qgis.gui.explain_dialog import ExplainDialog

        menu.explain(layer)
        wait_for(lambda: [w for w in QApplication.topLevelWidgets() if isinstance(w, ExplainDialog)])
        (page,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, ExplainDialog)]
        save("explain", page)
        page.close()
    if "processing" in steps:
        from processing import createAlgorithmDialog

        dialog = createAlgorithmDialog("geolangbind:highlight", {"INPUT": layer, "PROMPTS": "water; forest | woodland"})
        dialog.show()
        pause(600)
        save("processing", dialog)
        dialog.close()
    if "finetune" in steps:
        for node in project.layerTreeRoot().findGroups():
            node.setItemVisibilityChecked(False)
            node.setExpanded(False)
        iface.messageBar().clearWidgets()
        labels = _labels_of_truth(layer)
        project.addMapLayer(labels)
        iface.setActiveLayer(layer)
        dock.show_finetune_page(True)
        dock.finetune.labels.setLayer(labels)
        dock.finetune.name.setText("my-landscape")
        dock.finetune.steps.setValue(80)
        ended: list[object] = []
        dock.finetune.runner.finished.connect(ended.append)
        dock.finetune.runner.failed.connect(ended.append)
        dock.finetune.run()
        wait_for(lambda: dock.finetune.curve.count >= 8 or ended)
        save("finetune_running")
        wait_for(lambda: ended)
        save("finetune")
        dock.show_finetune_page(False)
        project.removeMapLayer(labels.id())
    if "setup" in steps:
        dock.show_runtime_page(True)
        pause(400)
        save("runtime", dock)
        dock.setup.show_as_new()
        wait_for(lambda: not dock.setup.busy)
        save("setup", dock)
        dock.show_runtime_page(False)
    if "dark" in steps:
        QgsApplication.setUITheme("Night Mapping")
        pause(800)
        save("dark")
    project.clear()
    project.setDirty(False)
    QgsApplication.instance().quit()


def _horizontal() -> object:
    from qgis.PyQt.QtCore import Qt

    return Qt.Orientation.Horizontal


def _utm_zone_of(layer: object) -> object:
    """Returns the coordinate reference system of the UTM zone a layer lies in."""
    from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsProject

    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    centre = QgsCoordinateTransform(layer.crs(), degrees, QgsProject.instance()).transform(layer.extent().center())
    zone = int((centre.x() + 180) // 6) + 1
    return QgsCoordinateReferenceSystem(f"EPSG:{(32600 if centre.y() >= 0 else 32700) + zone}")


def _labels_of_truth(layer: object) -> object:
    """Draw a few squares of burnt land, meadow and woods where the materials beside the scene are nothing else."""
    import numpy
    from osgeo import gdal
    from qgis.core import QgsFeature, QgsGeometry, QgsRectangle, QgsVectorLayer

    side = 14
    materials = gdal.Open(str(Path(layer.source()).with_name("materials.tif"))).ReadAsArray()
    labels = QgsVectorLayer(f"Polygon?crs={layer.crs().authid()}&field=class:string", "My labels", "memory")
    width, height, extent = layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY(), layer.extent()
    rows, columns = materials.shape[0] // side, materials.shape[1] // side
    for name, numbers in {"burnt land": (21,), "meadow": (5,), "woods": (3, 4)}.items():
        mask = numpy.isin(materials[: rows * side, : columns * side], numbers)
        whole = mask.reshape(rows, side, columns, side).all((1, 3))
        found = numpy.argwhere(whole)
        for row, column in found[:: max(1, len(found) // 8)][:8]:
            x, y = extent.xMinimum() + column * side * width, extent.yMaximum() - row * side * height
            feature = QgsFeature(labels.fields())
            feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y - side * height, x + side * width, y)))
            feature.setAttribute(0, name)
            labels.dataProvider().addFeature(feature)
    _categorise(labels, {"burnt land": "#e8572a", "meadow": "#e8d33d", "woods": "#33c72c"})
    return labels


def _categorise(labels: object, colours: dict[str, str]) -> None:
    """Show each class in its colour."""
    from qgis.core import QgsCategorizedSymbolRenderer, QgsFillSymbol, QgsRendererCategory

    def symbol(colour: str) -> QgsFillSymbol:
        return QgsFillSymbol.createSimple({"color": colour, "outline_color": "white", "outline_width": "0.4"})

    categories = [QgsRendererCategory(name, symbol(colour), name) for name, colour in colours.items()]
    labels.setRenderer(QgsCategorizedSymbolRenderer("class", categories))


def _natural_colours(layer: object) -> None:
    """Show red, green and blue of Sentinel-2 with a common stretch."""
    from qgis.core import QgsContrastEnhancement, QgsMultiBandColorRenderer

    if layer.bandCount() < 4:
        return
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, 4, 3, 2)
    setters = (
        (renderer.setRedContrastEnhancement, 4),
        (renderer.setGreenContrastEnhancement, 3),
        (renderer.setBlueContrastEnhancement, 2),
    )
    for setter, band in setters:
        stretch = QgsContrastEnhancement(provider.dataType(band))
        stretch.setMinimumValue(0)
        scale = provider.bandScale(band)  # of a file that declares how its numbers become reflectance
        stretch.setMaximumValue(2750 if scale == 1 else 0.275)
        stretch.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        setter(stretch)
    layer.setRenderer(renderer)


if os.environ.get("GEOLANGBIND_STEPS") and "qgis.utils" in sys.modules:
    from qgis.PyQt.QtCore import QTimer

    def _start() -> None:
        import traceback

        from qgis.core import QgsApplication

        try:
            inside()
        except Exception:  # whatever it is, QGIS must end
            traceback.print_exc()
            QgsApplication.instance().exit(1)

    QTimer.singleShot(2500, _start)
elif __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
