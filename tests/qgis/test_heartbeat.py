"""What holds the main thread is named."""

from __future__ import annotations

from conftest import wait_until
from qgis.PyQt.QtCore import QTimer

from geolangbind_qgis import heartbeat
from geolangbind_qgis.gui.diagnostics_text import diagnostics_text
from geolangbind_qgis.heartbeat import Heartbeat


def compute_for_long(count):
    """Keep the interpreter at work: what this takes is counted, not slept through."""
    return sum(number * number for number in range(count))


def held_up(work):
    """Returns the stalls while work runs once in the event loop."""
    heart = Heartbeat(longest_ms=50)
    heart.start()
    done = []
    QTimer.singleShot(30, lambda: done.append(work()))
    wait_until(lambda: done)
    wait_until(lambda: heart.stalls)
    heart.close()
    return heart.stalls


def test_a_part_of_the_plugin_that_takes_long_is_named(monkeypatch, qgis_app):
    from geolangbind_qgis import glossary

    monkeypatch.setattr(glossary, "compute_for_long", compute_for_long, raising=False)
    code = compile("def slow():\n    return compute_for_long(3_000_000)\n", glossary.__file__, "exec")
    exec(code, glossary.__dict__)
    try:
        longest = held_up(lambda: glossary.slow())[0]
    finally:
        del glossary.slow
    assert longest.ours
    assert "geolangbind_qgis.glossary.slow" in longest.text
    assert longest.milliseconds >= 50
    assert longest.computing_ms > 0
    assert longest.computing_ms + longest.queued_ms <= longest.milliseconds + 1


def test_what_is_not_the_plugin_s_is_not_called_so(qgis_app):
    longest = held_up(lambda: compute_for_long(3_000_000))[0]
    assert not longest.ours
    assert "QGIS itself" in longest.text


def test_the_heartbeat_s_own_calls_are_not_the_plugin_s(monkeypatch, qgis_app):
    """The thread that looks may catch the very beat that ends a stall."""
    monkeypatch.setattr(heartbeat, "compute_for_long", compute_for_long, raising=False)
    monkeypatch.setattr(heartbeat, "slow", None, raising=False)
    code = compile("def slow():\n    return compute_for_long(3_000_000)\n", heartbeat.__file__, "exec")
    exec(code, heartbeat.__dict__)
    assert not held_up(lambda: heartbeat.slow())[0].ours


def test_an_event_loop_that_comes_round_has_no_stalls(qgis_app):
    heart = Heartbeat(longest_ms=10_000)
    heart.start()
    turns = []
    timer = QTimer()
    timer.timeout.connect(lambda: turns.append(1))
    timer.start(5)
    wait_until(lambda: len(turns) > 20)
    heart.close()
    assert heart.stalls == []


def test_diagnostics_name_the_longest_waits(session, scene):
    heart = Heartbeat()
    heart.stalls = []
    assert "Longest waits" in diagnostics_text(session, scene, heart.stalls)
