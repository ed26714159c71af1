"""The tour, the time that a set-up takes, and the start after it."""

from __future__ import annotations

import socketserver
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from conftest import wait_until
from qgis.core import QgsProject, QgsSettings
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from geolangbind_qgis import settings
from geolangbind_qgis.gui import setup_page
from geolangbind_qgis.gui.setup_widgets import seconds_left
from geolangbind_qgis.gui.tour import tour_was_seen
from geolangbind_qgis.session import Session


@pytest.fixture
def new_user():
    """Nobody saw the tour yet."""
    before = settings.value("tour_seen")
    settings.remember("tour_seen", "")
    yield
    settings.remember("tour_seen", before)


@pytest.fixture
def qgis_behind_a_proxy():
    """QGIS's settings name a proxy that refuses everything; gives the first line of what it was asked."""
    asked = []

    class Refuse(socketserver.StreamRequestHandler):
        def handle(self):
            asked.append(self.rfile.readline().decode())
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuse)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    stored, host, port = QgsSettings(), "127.0.0.1", server.server_address[1]
    wanted = {"proxyEnabled": True, "proxyType": "HttpProxy", "proxyHost": host, "proxyPort": port}
    for name, value in wanted.items():
        stored.setValue(f"proxy/{name}", value)
    yield asked
    for name in wanted:
        stored.remove(f"proxy/{name}")
    server.shutdown()
    server.server_close()


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_tour_has_four_steps_each_beside_its_control_and_comes_once(dock, new_user):
    dock.show()
    dock.start_tour()
    tour = dock.tour
    surrounded, texts = [], []
    while tour.isVisible():
        surrounded.append(tour.outline.parent())
        texts.append(tour.text.text())
        assert tour.outline.isVisible()
        click(tour.next_button)
    assert len(texts) == len(set(texts)) == 4
    assert surrounded[0] is dock.page.layers.parentWidget()
    assert "Step 4 of 4" in texts[-1]
    assert tour_was_seen()
    assert not tour.outline.isVisible()


def test_the_first_step_asks_for_an_image_only_where_none_is_chosen(dock, scene, new_user):
    dock.show()
    dock.start_tour()
    assert "Choose an image" not in dock.tour.text.text()
    assert scene.name() in dock.tour.text.text()
    QgsProject.instance().removeMapLayer(scene.id())
    assert dock.page.layer() is None
    assert "Choose an image" in dock.tour.text.text()
    dock.tour.end()


def test_the_tour_goes_to_its_last_step_with_the_first_answer(dock, new_user):
    dock.show()
    dock.highlighter.shown.emit([])
    assert dock.tour.isHidden()
    dock.start_tour()
    dock.highlighter.shown.emit([])
    assert "Step 4 of 4" in dock.tour.text.text()
    dock.tour.end()


def test_the_tour_can_be_gone_back_and_closed(dock, new_user):
    dock.show()
    dock.start_tour()
    click(dock.tour.next_button)
    click(dock.tour.back_button)
    assert dock.tour.position == 0
    click(dock.tour.close_button)
    assert not dock.tour.isVisible()
    assert tour_was_seen()


def test_the_tour_waits_while_another_page_is_shown(dock, new_user):
    dock.show()
    dock.start_tour()
    click(dock.tour.next_button)
    dock.show_runtime_page(True)
    assert not dock.tour.isVisible()
    dock.show_runtime_page(False)
    assert dock.tour.isVisible()
    assert dock.tour.position == 1
    dock.tour.end()
    dock.show_runtime_page(True)
    dock.show_runtime_page(False)
    assert not dock.tour.isVisible()


def test_start_after_the_set_up_shows_the_prompts_and_the_tour_to_a_new_user(dock, new_user):
    dock.show()
    dock.show_runtime_page(True)
    dock.setup.start_button.show()
    click(dock.setup.start_button)
    assert dock.current_page is dock.page
    wait_until(dock.tour.isVisible)
    dock.tour.end()


def test_the_time_left_follows_from_the_time_so_far():
    assert seconds_left(0.25, 60_000) == pytest.approx(180)
    assert seconds_left(0.01, 60_000) is None
    assert seconds_left(0.5, 500) is None
    assert seconds_left(1.0, 60_000) is None


def test_the_step_of_a_set_up_says_how_long_it_still_takes(dock):
    page = dock.setup
    page.show_busy("Set up")

    class Clock:
        def text(self, fraction):
            return f"{round(100 * (1 - fraction))} s left"

    page.clock = Clock()
    page.show_step(0.4, "Downloading packages")
    assert page.step.text() == "Downloading packages · 60 s left"
    page.show_idle()


def test_a_set_up_that_is_pressed_while_the_computer_is_looked_at_begins_right_after(qgis_app, monkeypatch):
    looked, built = Event(), []
    plan = SimpleNamespace(describe=lambda: ["Where: here"])
    monkeypatch.setattr(setup_page, "plan_environment", lambda *_, **__: plan if looked.wait(60) else None)
    monkeypatch.setattr(setup_page, "build_environment", lambda plan, **_: built.append(plan))
    for name in ("chosen_command", "chosen_python"):
        monkeypatch.setattr(setup_page, name, lambda: None)
    page = setup_page.SetupPage(Session(None))
    page.make_plan()
    assert page.busy
    click(page.install_button)
    assert not page.bar.isHidden()
    looked.set()
    wait_until(lambda: not page.busy)
    assert built == [plan]
    page.clean_up()
    page.deleteLater()


def test_the_plan_looks_for_the_smaller_torch_through_the_proxy_of_qgis(qgis_app, qgis_behind_a_proxy):
    page = setup_page.SetupPage(Session(None))
    page.device.blockSignals(True)  # the choice is for this test alone
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.make_plan()
    wait_until(lambda: not page.busy)
    assert any(line.startswith("CONNECT download.pytorch.org:443 ") for line in qgis_behind_a_proxy)
    page.clean_up()
    page.deleteLater()
