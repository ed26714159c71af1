"""Time left, whose turn it is, and the log's size: the parts of the server that need no process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading

import pytest

from core import __version__
from core.context import NoModels
from core.errors import CancelledError
from core.model.model_cache import ModelCache
from core.protocol import METHODS
from core.serve.dispatch import SESSION_METHODS, find_task, is_interactive, methods
from core.serve.jobs import JobQueue, Priority, YieldingCancelToken, priority_of
from core.serve.server import Server
from core.serve.time_left import TimeLeft


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_time_left_of_steady_work_is_right():
    clock = Clock()
    left = TimeLeft(clock)
    for second in range(1, 6):
        clock.now = float(second)
        estimate = left.update(second / 10)
    assert estimate == pytest.approx(5.0)


def test_time_left_is_unknown_at_the_start_and_never_negative():
    clock = Clock()
    left = TimeLeft(clock)
    assert left.update(0.0) is None
    clock.now = 10.0
    assert left.update(1.0) == 0.0


def test_time_left_follows_a_change_of_speed():
    clock = Clock()
    left = TimeLeft(clock)
    clock.now = 10.0
    slow = left.update(0.1)
    for tenth in range(2, 9):
        clock.now += 1.0
        fast = left.update(tenth / 10)
    assert slow == pytest.approx(90.0)
    assert fast < 6.0


@pytest.mark.parametrize(
    ("method", "params", "priority"),
    [
        ("describe", {}, Priority.INTERACTIVE),
        ("highlight", {"extent": [0, 0, 1, 1]}, Priority.INTERACTIVE),
        ("highlight", {"preview": True}, Priority.INTERACTIVE),
        ("highlight", {}, Priority.BACKGROUND),
        ("embed", {}, Priority.BACKGROUND),
    ],
)
def test_what_a_person_watches_goes_first(method, params, priority):
    assert priority_of(is_interactive(method), params) is priority


def test_interactive_jobs_leave_the_queue_before_earlier_background_jobs():
    queue = JobQueue()
    queue.put(1, "embed", None, Priority.BACKGROUND)
    queue.put(2, "describe", None, Priority.INTERACTIVE)
    queue.put(3, "describe", None, Priority.INTERACTIVE)
    assert [queue.take(interactive_only=False).id for _ in range(3)] == [2, 3, 1]


def test_background_work_waits_at_its_next_look_until_the_interactive_job_is_done():
    queue = JobQueue()
    background = queue.put(1, "embed", None, Priority.BACKGROUND)
    assert isinstance(background.cancel, YieldingCancelToken)
    queue.take(interactive_only=False)
    queue.put(2, "describe", None, Priority.INTERACTIVE)
    watched = queue.take(interactive_only=True)
    looked = threading.Event()

    def look():
        background.cancel.raise_if_cancelled()
        looked.set()

    thread = threading.Thread(target=look)
    thread.start()
    assert not looked.wait(0.1)
    queue.done(watched)
    assert looked.wait(10)
    thread.join()


def test_a_closed_queue_takes_nothing_and_cancels_what_runs():
    queue = JobQueue()
    running = queue.put(1, "embed", None, Priority.BACKGROUND)
    queue.take(interactive_only=False)
    queue.close()
    with pytest.raises(CancelledError):
        running.cancel.raise_if_cancelled()
    with pytest.raises(CancelledError):
        queue.put(2, "embed", None, Priority.BACKGROUND)
    assert not queue.wait_until_idle(0)
    queue.done(running)
    assert queue.wait_until_idle(0)
    assert queue.take(interactive_only=False) is None


def test_a_model_asked_for_by_many_is_loaded_once():
    loads = []
    cache = ModelCache(load=lambda name, device: loads.append((name, device)) or object())
    found = []
    threads = [threading.Thread(target=lambda: found.append(cache.get("geolb-tiny"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [("geolb-tiny", "auto")]
    assert len(set(map(id, found))) == 1


def test_a_cache_tells_whether_a_model_is_loaded():
    cache = ModelCache(load=lambda name, device: object())
    assert not cache.holds_any
    cache.get("geolb-tiny")
    assert cache.holds_any
    cache.forget()
    assert not cache.holds_any


def test_the_model_unused_for_longest_leaves_the_cache():
    loads = []
    cache = ModelCache(capacity=2, load=lambda name, device: loads.append(name) or name)
    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get(name)
    assert loads == ["a", "b", "c", "b"]


def test_a_failed_load_is_tried_again():
    answers = iter([ValueError("damaged"), "model"])

    def load(name, device):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    cache = ModelCache(load=load)
    with pytest.raises(ValueError, match="damaged"):
        cache.get("a")
    assert cache.get("a") == "model"


def test_the_log_file_stays_small_and_catches_what_c_code_writes(tmp_path):
    """In a process of its own, because the log takes over file descriptor 2."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from core.serve.log import RotatingStderr\n"
        "log = RotatingStderr(Path(sys.argv[1]), max_bytes=1000, keep=2)\n"
        "for number in range(45):\n"
        "    os.write(2, b'%03d ' % number + b'x' * 96 + b'\\n')\n"
        "    log.rotate_if_large()\n"
    )
    log = tmp_path / "logs" / "runtime.log"
    subprocess.run([sys.executable, "-c", code, str(log)], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
    files = sorted(log.parent.iterdir())
    assert [file.name for file in files] == ["runtime.log", "runtime.log.1", "runtime.log.2"]
    assert all(file.stat().st_size <= 1111 for file in files)
    assert "044" in log.read_text()


@pytest.mark.parametrize("method", sorted(set(methods()) - SESSION_METHODS))
def test_every_method_has_a_task(method):
    assert callable(find_task(method))


def test_what_follows_a_greeting_comes_after_it_and_cannot_harm_the_server():
    events = []

    class Output:
        def send(self, message):
            events.append(message.result["version"])

    def follow():
        events.append("warm")
        raise RuntimeError("no such module")

    server = Server(
        io.BytesIO(), Output(), models=NoModels(), find_task=lambda method: lambda params, context: {"models": []},
        describe_device=lambda device: {"kind": "cpu"}, after_hello=follow,
    )  # fmt: skip
    server._hello(1, METHODS["hello"]())
    assert events == [__version__, "warm"]
