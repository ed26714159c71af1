"""Takes the pictures of docs/images from the running program.

    xvfb-run -a -s "-screen 0 1600x1000x24" python3 docs/take_screenshots.py [--scene scene.tif] [--only setup,prompt]

Starts the real QGIS with an empty profile and the plugin from this checkout, has it work on a scene, and saves the
window. The second half of the file is what runs within QGIS (``qgis --code``).
"""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404 - starts QGIS
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ.get("GEOLANGBIND_ROOT") or Path(__file__).resolve().parent.parent)
"""Named by the environment within QGIS, which runs this file's text and not the file."""

IMAGES = ROOT / "docs" / "images"
SCENE = ROOT.parent / "shared" / "data" / "scenes" / "aquileia_sentinel2_l2a.tif"
STEPS = ("prompt", "several", "polygons", "classify", "areas", "scheme", "explain", "processing", "setup", "dark")


def main(arguments: list[str]) -> int:
    """Start QGIS with an empty profile and wait for it."""
    scene = Path(arguments[arguments.index("--scene") + 1]) if "--scene" in arguments else SCENE
    only = arguments[arguments.index("--only") + 1] if "--only" in arguments else ",".join(STEPS)
    IMAGES.mkdir(parents=True, exist_ok=True)
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
            "GEOLANGBIND_SCENE": str(scene),
            "GEOLANGBIND_STEPS": only,
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
        return subprocess.run(command, env=environment, timeout=900, check=False).returncode  # nosec B603


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

[locale]
overrideFlag=true
userLocale=en_US
"""


def inside() -> None:
    """Do the steps within QGIS, then quit."""
    from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
    from qgis.PyQt.QtCore import QEventLoop, QTimer
    from qgis.PyQt.QtWidgets import QApplication, QDialog, QWidget
    from qgis.utils import iface, plugins

    steps = os.environ["GEOLANGBIND_STEPS"].split(",")

    def pause(milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def wait_for(condition: object, seconds: float = 400) -> None:
        for _ in range(int(seconds * 20)):
            if condition():  # type: ignore[operator]
                break
            pause(50)
        else:
            raise TimeoutError("a step did not end")
        iface.mapCanvas().waitWhileRendering()
        pause(400)

    def save(name: str, widget: QWidget | None = None) -> None:
        QApplication.processEvents()
        (widget or iface.mainWindow()).grab().save(str(IMAGES / f"{name}.png"))
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
    layer = QgsRasterLayer(os.environ["GEOLANGBIND_SCENE"], "Aquileia, Sentinel-2", "gdal")
    _natural_colours(layer)
    project = QgsProject.instance()
    project.setCrs(layer.crs())
    project.addMapLayer(layer)
    iface.setActiveLayer(layer)
    iface.mapCanvas().setExtent(layer.extent())
    dock, menu = plugin.dock, plugin.menu
    dock.setUserVisible(True)
    window.resizeDocks([dock], [370], _horizontal())
    wait_for(lambda: plugin.session.facts and layer.id() in dock._recognised)

    def run(*prompts: str) -> None:
        dock.page.prompts.set_prompts(list(prompts))
        dock.run()
        wait_for(lambda: not dock.highlighter.busy)
        wait_for(lambda: dock.page.result.histogram() is not None)
        iface.messageBar().clearWidgets()

    if "prompt" in steps:
        run("water")
        save("prompt")
        save("dock", dock)
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
        wait_for(lambda: dialog._handle is None)
        save("polygons")
        dialog.close()
    if "classify" in steps:
        ends: list[object] = []
        menu.classify(layer)
        (classifier,) = menu._running
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
        stretch.setMaximumValue(2750)
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
