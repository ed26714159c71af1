"""It never freezes and never loses work: the main thread stays free, and every kind of end is clean."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None

import pytest
from conftest import wait_until, write_scene
from qgis.core import QgsProcessingUtils, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication

from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.layers.overlays import overlays_of
from geolangbind_qgis.layers.results_folder import unsaved_results
from geolangbind_qgis.protocol_import import protocol

LONGEST_MS = 50


@pytest.fixture
def large(dock, tmp_path):
    """A layer that takes the runtime a while, chosen in the dock."""
    layer = QgsRasterLayer(str(write_scene(tmp_path / "large.tif", size=1600)), "large", "gdal")
    QgsProject.instance().addMapLayer(layer)
    dock.page.follow(layer)
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water", "forest"])
    return layer


class Heartbeat:
    """Measures how long the main thread did not come round, waits for files and locks included.

    A beat in which the system had to bring back pages of the program itself, which some machines take away from
    programs at rest, counts with what this thread computed.
    """

    def __init__(self):
        self.longest_ms = 0.0
        self._last = self._clocks()
        self._timer = QTimer()
        self._timer.timeout.connect(self.beat)
        self._timer.start(2)

    def beat(self):
        """Note the time since the beat before."""
        now = self._clocks()
        waited, computed, brought_back = (end - begin for end, begin in zip(now, self._last, strict=True))
        self.longest_ms = max(self.longest_ms, 1000 * (computed if brought_back else waited))
        self._last = now

    @staticmethod
    def _clocks():
        pages = resource.getrusage(resource.RUSAGE_THREAD).ru_majflt if resource else 0
        return own_time(), time.thread_time(), pages


def own_time():
    """Returns elapsed seconds without those in which this thread waited for a processor.

    What other processes take from a small machine is not this thread's work. Where the kernel does not count that,
    the thread's processor time has to do.
    """
    try:
        _, waited_ns, _ = Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()
    except OSError:
        return time.thread_time()
    return time.monotonic() - int(waited_ns) / 1e9


def start_and_wait_for(dock, steps):
    dock.runs.run()
    assert dock.highlighter.busy
    wait_until(lambda: dock.page.run_bar.bar.maximum() > 0 and dock.page.run_bar.bar.value() >= steps)


def files_of_results():
    folders = (Path(QgsProcessingUtils.tempFolder()), unsaved_results())
    return {file for folder in folders for file in folder.rglob("geolangbind-*/*")}


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_the_main_thread_is_never_busy_for_long_while_a_large_layer_is_embedded(dock, large, session):
    session.start_runtime()
    wait_until(lambda: session.facts)
    wait_until(lambda: dock.descriptions.found(large.id()))
    dock.show()
    QApplication.processEvents()  # a window's first layout and paint are QGIS's own start, not a run
    heart = Heartbeat()
    start_and_wait_for(dock, 300)
    dock.page.run_bar.cancel_button.click()
    wait_until(lambda: not dock.highlighter.busy)
    assert heart.longest_ms < LONGEST_MS


@pytest.mark.slow
def test_a_runtime_killed_in_the_middle_is_explained_and_the_next_run_goes_on(dock, large, session, failures):
    start_and_wait_for(dock, 350)
    os.kill(session.client.process_id, signal.SIGKILL)
    wait_until(lambda: not dock.highlighter.busy)
    (failure,) = failures
    assert "memory" in failure.message
    assert "again" in failure.hint
    assert overlays_of(QgsProject.instance(), large.id()) == []
    results = []
    params = protocol.EmbedParams(source=protocol.Source(path=large.source()))
    session.client.request("embed", params, on_result=results.append, on_error=results.append)
    wait_until(lambda: results)
    assert results[0]["chunks_computed"] < results[0]["chunks"]


@pytest.mark.slow
def test_closing_the_project_during_a_run_is_clean(dock, large, session, failures):
    start_and_wait_for(dock, 50)
    QgsProject.instance().clear()
    assert not dock.highlighter.busy
    wait_until(lambda: not session.client.busy)
    assert QgsProject.instance().mapLayers() == {}
    assert failures == []


@pytest.mark.slow
def test_removing_the_layer_during_a_run_stops_the_run_and_leaves_no_file(dock, large, session, failures):
    before = files_of_results()
    start_and_wait_for(dock, 50)
    QgsProject.instance().removeMapLayer(large.id())
    wait_until(lambda: not dock.highlighter.busy)
    assert [failure.cancelled for failure in failures] == [True]
    assert not any(layer.customProperty("geolangbind/prompt") for layer in QgsProject.instance().mapLayers().values())
    assert files_of_results() <= before


@pytest.mark.parametrize("leave", ["cancel", "abandon"])
def test_leaving_between_the_answer_and_the_map_leaves_nothing_behind(dock, scene, failures, leave):
    """Results come onto the map in several turns of the event loop; a run can end between any two of them."""
    before = files_of_results()
    finished = []
    dock.highlighter.finished.connect(lambda *_: finished.append(1))
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts(["water", "forest"])
    dock.runs.run()
    dock.highlighter._run.finished.connect(lambda _: getattr(dock.highlighter, leave)())
    wait_until(lambda: not dock.highlighter.busy)
    assert finished == []
    assert [failure.cancelled for failure in failures] == ([True] if leave == "cancel" else [])
    assert overlays_of(QgsProject.instance(), scene.id()) == []
    assert files_of_results() <= before


@pytest.mark.slow
def test_unloading_the_plugin_during_a_run_is_quick_and_leaves_no_process_and_no_half_result(dock, large, session):
    before = files_of_results()
    start_and_wait_for(dock, 50)
    pid = session.client.process_id
    heart = Heartbeat()
    dock.highlighter.abandon()
    session.close()
    heart.beat()
    assert heart.longest_ms < LONGEST_MS
    wait_until(lambda: not is_running(pid))
    assert files_of_results() <= before
    assert overlays_of(QgsProject.instance(), large.id()) == []
