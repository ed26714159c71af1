"""Begins work in a QGIS of its own and quits in the midst of it; started by test_quitting.

As a program (``python quitting_program.py``) it does without a window what QGIS's main program does: profile, plugins,
event loop, then what closing the main window does. Within the real QGIS (``qgis --code quitting_program.py``) only the
second half is needed. What to do comes from the environment:

GEOLANGBIND_MOMENT   in which moment to quit, a key of ``MOMENTS``
GEOLANGBIND_SOURCE   the raster layer
GEOLANGBIND_PROVIDER data provider of the raster layer
GEOLANGBIND_WHEELS   folder of wheels for the runtime's set-up
GEOLANGBIND_ASKED    file that is there once the layer's server was asked for pixels
GEOLANGBIND_SAYS     file for the time of quitting and the numbers of the processes that were at work then
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from qgis import utils
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QMessageBox

PLUGIN = "geolangbind_qgis"
KEPT = []
"""What QGIS uses for as long as it runs."""


def begin(quit_qgis):
    """Begin the work, and quit as soon as it is well under way."""
    plugin = utils.plugins[PLUGIN]
    layer = QgsRasterLayer(os.environ["GEOLANGBIND_SOURCE"], "large", os.environ["GEOLANGBIND_PROVIDER"])
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    under_way = MOMENTS[os.environ["GEOLANGBIND_MOMENT"]](plugin, layer)
    look = QTimer(plugin.dock)

    def quit_in_the_midst():
        if under_way():
            look.stop()
            moment = {"seconds": time.time(), "at_work": children()}
            Path(os.environ["GEOLANGBIND_SAYS"]).write_text(json.dumps(moment), encoding="utf-8")
            QgsProject.instance().setDirty(False)  # else QGIS asks whether to save
            answer.start(5)
            quit_until_it_does()

    def quit_until_it_does():
        quit_qgis()  # which may be content with ending tasks for the first time
        QTimer.singleShot(50, quit_until_it_does)

    look.timeout.connect(quit_in_the_midst)
    look.start(5)
    answer = QTimer(plugin.dock)
    answer.timeout.connect(say_yes)


def say_yes():
    """Answer QGIS's question whether results that were not saved may go."""
    question = QApplication.activeModalWidget()
    if isinstance(question, QMessageBox):
        question.button(QMessageBox.StandardButton.Yes).click()


def run_a_prompt(plugin, layer):
    """Look for two prompts in the whole layer."""
    from geolangbind_qgis.gui.area_choice import Area

    dock = plugin.dock
    dock.page.follow(layer)
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water", "forest"])
    dock.runs.run()
    assert dock.highlighter.busy
    return dock


def in_mid_run(plugin, layer):
    """Wait until a part of the layer is embedded."""
    dock = run_a_prompt(plugin, layer)
    return lambda: dock.page.run_bar.bar.maximum() > 0 and dock.page.run_bar.bar.value() >= 100


def in_an_algorithm(plugin, layer):
    """Wait until an algorithm of the toolbox, which waits for the runtime in a thread of its own, is a part done."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("geolangbind:highlight")
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    context.setProject(QgsProject.instance())
    values = {"INPUT": layer, "PROMPTS": "water", "OUTPUT": "TEMPORARY_OUTPUT"}
    task = QgsProcessingAlgRunnerTask(algorithm, values, context, feedback)
    KEPT.extend((algorithm, context, feedback))
    QgsApplication.taskManager().addTask(task)
    return lambda: feedback.progress() > 5


def while_pixels_are_fetched(plugin, layer):
    """Wait until QGIS asks the server for the layer's pixels, which never come."""
    plugin.dock.page.pixel.setMinimum(100_000)  # metres: the layer is the whole world
    run_a_prompt(plugin, layer)
    return Path(os.environ["GEOLANGBIND_ASKED"]).is_file


def while_the_runtime_starts(plugin, layer):
    """Wait until there is a process, which takes seconds to greet."""
    run_a_prompt(plugin, layer)
    client = plugin.session.client
    return lambda: client.process_id is not None and not client.facts


def while_the_runtime_is_set_up(plugin, layer):
    """Wait until a tool of the set-up is at work in the environment's folder."""
    from geolangbind_qgis.runtime_choice import environment_folder

    setup = plugin.dock.setup
    plugin.dock.show_runtime_page(True)
    setup.wheels.setFilePath(os.environ["GEOLANGBIND_WHEELS"])
    started = []

    def install():
        if not setup.busy and not started:  # it looks for a plan first
            started.append(True)
            setup.install()
        return environment_folder().is_dir() and bool(children())

    return install


MOMENTS = {
    "in mid-run": in_mid_run,
    "in an algorithm": in_an_algorithm,
    "fetching": while_pixels_are_fetched,
    "starting": while_the_runtime_starts,
    "set-up": while_the_runtime_is_set_up,
}


def children():
    """Returns the ids of the processes that this one started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (folder / "stat").read_text(encoding="latin-1").rpartition(")")[2].split()[1]
            found += [int(folder.name)] if int(parent) == os.getpid() else []
    return found


def main(profile):
    """Do what QGIS's main program does."""
    from pytest_qgis.mock_qgis_classes import MockMessageBar
    from pytest_qgis.qgis_interface import QgisInterface
    from qgis.gui import QgsMapCanvas
    from qgis.PyQt.QtWidgets import QMainWindow

    os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(Path(profile).parent.parent)  # QGIS 3.40 ignores the argument
    application = QgsApplication([], True, profile)
    QgsApplication.initQgis()
    window = QMainWindow()
    canvas = QgsMapCanvas(window)
    window.setCentralWidget(canvas)
    utils.iface = QgisInterface(canvas, MockMessageBar(), window)
    sys.path[:0] = utils.plugin_paths = [f"{profile}/python/plugins", f"{QgsApplication.pkgDataPath()}/python/plugins"]
    utils.updateAvailablePlugins()
    assert utils.loadPlugin(PLUGIN)
    assert utils.startPlugin(PLUGIN)
    window.show()

    def close_main_window():
        QgsApplication.taskManager().cancelAll()
        QgsProject.instance().clear()
        application.exit(0)

    QTimer.singleShot(0, lambda: begin(close_main_window))
    status = application.exec()
    assert utils.unloadPlugin(PLUGIN)
    window.deleteLater()
    QgsApplication.exitQgis()
    return status


if utils.iface is not None:
    begin(utils.iface.actionExit().trigger)
elif __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
