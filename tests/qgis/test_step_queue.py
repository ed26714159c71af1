"""Work in pieces: in its order, with room for the window in between, and without losing what comes after a fault."""

from __future__ import annotations

import sys

from conftest import wait_until
from qgis.PyQt.QtCore import QEventLoop, QTimer

from geolangbind_qgis.runs.step_queue import StepQueue


def pieces(done, name, number):
    for piece in range(number):
        done.append(f"{name}{piece}")
        yield


def test_work_is_done_in_the_order_it_comes_and_the_window_is_served_in_between(qgis_app):
    done, turns = [], StepQueue()
    window = QTimer()
    window.timeout.connect(lambda: done.append("window"))
    window.start(0)
    turns.take(pieces(done, "a", 2))
    turns.take(pieces(done, "b", 2))
    wait_until(lambda: "b1" in done)
    assert [each for each in done if each != "window"] == ["a0", "a1", "b0", "b1"]
    for before, after in (("a0", "a1"), ("b0", "b1")):
        assert "window" in done[done.index(before) : done.index(after)]


def test_what_is_cleared_is_not_done_and_new_work_is(qgis_app):
    done, turns = [], StepQueue()
    turns.take(pieces(done, "a", 3))
    wait_until(lambda: done)
    turns.clear()
    turns.take(pieces(done, "b", 1))
    wait_until(lambda: "b0" in done)
    assert done[-1] == "b0"
    assert "a2" not in done


def test_a_piece_that_fails_ends_its_own_work_only(qgis_app, monkeypatch):
    said = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, problem, trace: said.append(str(problem)))

    def faulty():
        yield
        raise RuntimeError("the layer is gone")

    done, turns = [], StepQueue()
    turns.take(faulty())
    turns.take(pieces(done, "b", 1))
    wait_until(lambda: done)
    assert said == ["the layer is gone"]


def test_a_piece_with_an_event_loop_of_its_own_is_not_entered_again(qgis_app):
    done, turns = [], StepQueue()

    def asks_the_user():
        loop = QEventLoop()
        QTimer.singleShot(40, loop.quit)
        done.append("asked")
        loop.exec()
        done.append("answered")
        yield

    turns.take(asks_the_user())
    turns.take(pieces(done, "b", 1))
    wait_until(lambda: "b0" in done)
    assert done == ["asked", "answered", "b0"]
