"""Work in the background: its end is told on the main thread, and QGIS's status bar does not list it."""

from __future__ import annotations

import sys
from threading import Event, get_ident

import pytest
from conftest import wait_until
from qgis.core import QgsApplication, QgsGeometry, QgsProject, QgsVectorLayer
from test_finetune import add_feature

from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.save_scores import save_scores
from geolangbind_qgis.layers.background_task import BackgroundTask
from geolangbind_qgis.layers.overlays import overlays_of


class Work(BackgroundTask):
    """Calls a function on its thread."""

    def __init__(self, work):
        super().__init__()
        self._work = work
        self.ends = []
        self.asked_to_stop = Event()
        self.completed.connect(lambda: self.ends.append(("completed", get_ident())))
        self.terminated.connect(lambda: self.ends.append(("terminated", get_ident())))

    def run(self):
        return self._work(self)

    def cancel(self):
        super().cancel()
        self.asked_to_stop.set()


@pytest.fixture
def listed(qgis_app):
    """Descriptions of the tasks that QGIS lists in its status bar from now on."""
    names, manager = [], QgsApplication.taskManager()

    def note(number):
        names.append(manager.task(number).description())

    manager.taskAdded.connect(note)
    yield names
    manager.taskAdded.disconnect(note)


def test_work_runs_beside_the_main_thread_and_its_end_is_told_there(qgis_app):
    threads = []
    task = Work(lambda _: threads.append(get_ident()) or True)
    task.start()
    wait_until(lambda: task.ends)
    assert threads != [get_ident()]
    assert task.ends == [("completed", get_ident())]
    assert task not in BackgroundTask.at_work()


def test_cancelled_work_is_told_as_such(qgis_app):
    began = Event()
    task = Work(lambda task: began.set() or not task.asked_to_stop.wait(60))
    task.start()
    assert began.wait(60)
    task.cancel()
    wait_until(lambda: task.ends)
    assert task.ends == [("terminated", get_ident())]


def test_an_exception_in_the_background_is_raised_where_qgis_shows_it(qgis_app, monkeypatch):
    def fail(_):
        raise ZeroDivisionError

    raised = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: raised.append((kind, get_ident())))
    task = Work(fail)
    task.start()
    wait_until(lambda: task.ends and raised)
    assert raised == [(ZeroDivisionError, get_ident())]
    assert task.ends == [("terminated", get_ident())]


def test_work_that_nobody_holds_is_done_to_its_end(qgis_app):
    done = []
    Work(lambda _: done.append(True) or True).start()
    wait_until(lambda: BackgroundTask.at_work() == [])
    assert done == [True]


def test_quitting_waits_for_the_work(qgis_app):
    began = Event()
    task = Work(lambda task: began.set() or not task.asked_to_stop.wait(60))
    task.start()
    assert began.wait(60)
    BackgroundTask.end_all()
    assert BackgroundTask.at_work() == []
    assert task.is_cancelled()


def test_qgis_lists_no_work_of_a_prompt_in_its_status_bar(dock, scene, listed, tmp_path, qgis_iface):
    area = QgsVectorLayer("Polygon?crs=EPSG:32633&field=class:string", "area", "memory")
    quarter = scene.extent()
    quarter.scale(0.5)
    add_feature(area, QgsGeometry.fromRect(quarter), "x")
    QgsProject.instance().addMapLayer(area)
    area.selectAll()
    dock.page.area.follow(area)
    dock.page.area.choose(Area.POLYGONS)
    dock.page.prompts.set_prompts(["water"])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    (result,) = overlays_of(QgsProject.instance(), scene.id())
    wait_until(lambda: dock.page.result.knows(result.id()))
    saved = save_scores(result, tmp_path / "saved.tif", qgis_iface)
    bar = qgis_iface.messageBar()
    assert "Saving saved.tif" in bar.currentItem().text()
    wait_until(lambda: saved not in BackgroundTask.at_work())
    assert (tmp_path / "saved.tif").is_file()
    assert not [item for item in bar.items() if "Saving" in item.text()]
    dock.setup.make_plan()
    wait_until(lambda: not dock.setup.busy)
    assert listed == []
