"""The client with real child processes: replies, exits, hangs and invalid output."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from qgis.PyQt.QtCore import QEventLoop, QThread, QTimer

from geolangbind_qgis.runtime.blocking import RuntimeRequestError, call_and_wait
from geolangbind_qgis.runtime.child import child_environment
from geolangbind_qgis.runtime.client_qt import RuntimeClient, RuntimeState
from geolangbind_qgis.runtime.closing import ClosingWatch
from geolangbind_qgis.runtime.launch import RuntimeCommand, runtime_command

ROOT = Path(__file__).resolve().parents[2]
SERVER_UNDER_TEST = ROOT / "tests" / "core" / "serve" / "worker.py"
RUNTIME_PYTHON = ROOT / ".venv" / "bin" / "python"
PATIENCE_MS = 60_000

GREET = """
import json, sys, os, signal
def say(**message):
    sys.stdout.write(json.dumps(message) + "\\n"); sys.stdout.flush()
def requests():
    for line in sys.stdin:
        message = json.loads(line)
        if message["method"] == "hello":
            say(id=message["id"], result={"pid": os.getpid()})
        else:
            yield message
"""


class Answers:
    """Collects what a request's callbacks were told."""

    def __init__(self):
        self.result = self.error = None
        self.progress = []
        self.previews = []
        self.loop = QEventLoop()

    def ask(self, client, method="describe", params=None):
        params = {"source": {"path": "/a"}} if params is None else params
        return client.request(
            method,
            params,
            on_result=lambda result: self._end("result", result),
            on_error=lambda error: self._end("error", error),
            on_progress=lambda *report: self.progress.append(report),
            on_preview=self.previews.append,
        )

    def _end(self, what, value):
        assert self.result is None
        assert self.error is None
        setattr(self, what, value)
        self.loop.quit()

    def wait(self):
        if self.result is None and self.error is None:
            QTimer.singleShot(PATIENCE_MS, self.loop.quit)
            self.loop.exec()
        assert self.result is not None or self.error is not None, "no answer in time"
        return self


def wait_for(signal):
    loop = QEventLoop()
    signal.connect(lambda *_: loop.quit())
    QTimer.singleShot(PATIENCE_MS, loop.quit)
    loop.exec()


@pytest.fixture
def client_of(tmp_path, qgis_app):
    """Make clients of stand-in programs; all are closed at the end and none leaves a process behind."""
    clients = []

    def make(code=None, *, command=None, **options):
        if command is None:
            command = RuntimeCommand(sys.executable, ("-c", code), str(tmp_path), child_environment())
        clients.append(RuntimeClient(command, **options))
        return clients[-1]

    yield make
    for client in clients:
        pid = client.process_id
        client.close()
        assert pid is None or not is_running(pid)


@pytest.fixture
def served(client_of, tmp_path):
    """A client of the real server with the tasks of the server's own tests."""
    command = RuntimeCommand(
        str(RUNTIME_PYTHON if RUNTIME_PYTHON.exists() else sys.executable),
        (str(SERVER_UNDER_TEST), str(tmp_path / "runtime.log")),
        str(tmp_path),
        child_environment(extra={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}),
        str(tmp_path / "runtime.log"),
    )
    return client_of(command=command)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_request_starts_the_process_and_is_answered(served):
    states = []
    served.state_changed.connect(states.append)
    answers = Answers()
    answers.ask(served)
    assert served.state is RuntimeState.STARTING
    answers.wait()
    assert answers.result["source"] == "/a"
    assert answers.progress[-1][:2] == (1.0, "done")
    assert states == [RuntimeState.STARTING, RuntimeState.READY]
    assert served.facts["device"]["label"] == "CPU, float32"


def test_previews_reach_the_one_who_asked(served):
    answers = Answers()
    answers.ask(served, "classify", {"source": {"path": "/a"}, "output": "/o"})
    answers.wait()
    assert [preview["stage"] for preview in answers.previews] == ["coarse"]


def test_cancel_ends_the_request_with_its_own_code(served):
    answers = Answers()
    handle = answers.ask(served, "embed")
    Answers().ask(served)
    QTimer.singleShot(0, handle.cancel)
    answers.wait()
    assert answers.error.code == "cancelled"
    assert served.recent_errors == []


def test_a_refusal_comes_with_its_hint_and_the_process_stays(served):
    answers = Answers()
    answers.ask(served, "accuracy", {"map": "input", "reference": "r"})
    answers.wait()
    assert (answers.error.code, answers.error.hint) == ("input", "Choose another.")
    assert served.state is RuntimeState.READY


def test_killed_with_9_reads_as_out_of_memory_and_the_next_request_works(served):
    told = []
    served.ended_unexpectedly.connect(told.append)
    answers = Answers()
    answers.ask(served, "accuracy", {"map": "kill", "reference": "r"})
    answers.wait()
    assert answers.error.code == "memory"
    assert "memory ran out" in answers.error.message
    assert "finished tiles" in answers.error.hint
    assert told == [answers.error]
    again = Answers()
    again.ask(served)
    assert again.wait().result["source"] == "/a"


def test_every_pending_request_fails_when_the_process_exits(served):
    waiting = [Answers() for _ in range(3)]
    for answers in waiting:
        answers.ask(served, "embed")
    Answers().ask(served, "accuracy", {"map": "kill", "reference": "r"})
    for answers in waiting:
        assert answers.wait().error.code == "memory"


def test_a_lost_graphics_card_is_reported_once_and_the_next_request_works(served):
    answers = Answers()
    answers.ask(served, "accuracy", {"map": "lost", "reference": "r"})
    assert answers.wait().error.code == "device"
    again = Answers()
    again.ask(served)
    again.wait()
    assert again.result or "graphics card" in again.error.message


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit(3)", "ended while starting (status 3)"),
        ("import a_module_that_is_missing", "A part of the runtime is missing ('a_module_that_is_missing')"),
        ("raise MemoryError", "ran out of memory"),
        ("import os; os.abort()", "crashed"),
        ("print('Welcome to another program')", "not its protocol"),
    ],
)
def test_an_exit_at_start_says_why(client_of, code, words):
    answers = Answers()
    answers.ask(client_of(code))
    assert words in answers.wait().error.message
    assert answers.error.hint
    assert "Traceback" not in answers.error.message + answers.error.hint


def test_the_words_of_an_earlier_process_in_the_log_explain_nothing(client_of, tmp_path):
    log = tmp_path / "runtime.log"
    log.write_text("ModuleNotFoundError: No module named 'torch'\n")
    command = RuntimeCommand(
        sys.executable, ("-c", "import sys; sys.exit(3)"), str(tmp_path), child_environment(), str(log)
    )
    answers = Answers()
    answers.ask(client_of(command=command))
    assert "status 3" in answers.wait().error.message


def test_a_program_that_is_not_there_says_so(client_of, tmp_path):
    client = client_of(command=RuntimeCommand(str(tmp_path / "no-python"), (), str(tmp_path)))
    answers = Answers()
    answers.ask(client)
    assert "cannot be started" in answers.wait().error.message
    assert client.state is RuntimeState.STOPPED


def test_a_process_with_endless_invalid_output_is_ended(client_of):
    client = client_of("while True: print('no message ' * 100, flush=True)")
    answers = Answers()
    answers.ask(client)
    assert "not its protocol" in answers.wait().error.message


def test_a_process_with_endless_output_without_a_line_end_is_ended(client_of):
    client = client_of("import sys\nwhile True: sys.stdout.write('x' * 100000)")
    answers = Answers()
    answers.ask(client)
    assert "not its protocol" in answers.wait().error.message


def test_a_stray_line_among_messages_does_no_harm(client_of):
    client = client_of(
        GREET + "print('a library says hello', flush=True)\nfor r in requests(): say(id=r['id'], result={})"
    )
    answers = Answers()
    answers.ask(client)
    assert answers.wait().result == {}


def test_a_process_that_never_greets_is_ended(client_of):
    client = client_of("import time; time.sleep(3600)", start_seconds=0.3)
    answers = Answers()
    answers.ask(client)
    assert "did not answer in time" in answers.wait().error.message


def test_a_process_that_hangs_in_the_middle_is_ended_by_the_watchdog(client_of):
    client = client_of(
        GREET + "import time\nfor r in requests(): time.sleep(3600)", heartbeat_seconds=0.1, silence_seconds=0.5
    )
    answers = Answers()
    answers.ask(client)
    assert "stopped answering" in answers.wait().error.message
    assert "finished tiles" in answers.error.hint


def test_long_work_is_not_taken_for_a_hang_while_it_answers_pings(client_of):
    client = client_of(
        GREET
        + "pings = 0\nwork = None\n"
        + "for r in requests():\n"
        + "    if r['method'] == 'ping':\n        pings += 1; say(id=r['id'], result={})\n"
        + "    else: work = r['id']\n"
        + "    if pings == 12: say(id=work, result={'pings': pings})\n",
        heartbeat_seconds=0.1,
        silence_seconds=0.6,
    )
    answers = Answers()
    answers.ask(client)
    assert answers.wait().result == {"pings": 12}


def test_stop_ends_the_process_and_tells_who_waits(served):
    answers = Answers()
    answers.ask(served, "embed")
    wait_for(served.greeted)
    pid = served.process_id
    served.stop()
    assert answers.wait().error.code == "cancelled"
    assert served.process_id is None
    ClosingWatch.wait_for_all()
    assert not is_running(pid)


def test_a_process_that_ignores_stop_is_killed(client_of):
    client = client_of(GREET + "import time\nfor r in requests(): pass\nwhile True: time.sleep(1)", stop_seconds=0.2)
    client.start()
    wait_for(client.greeted)
    pid = client.process_id
    client.close()
    assert not is_running(pid)


def test_a_request_after_stop_starts_another_process(served):
    served.start()
    wait_for(served.greeted)
    first = served.process_id
    served.stop()
    answers = Answers()
    answers.ask(served)
    answers.wait()
    assert served.process_id not in (None, first)


def test_deleting_the_client_during_work_leaves_no_process(served):
    answers = Answers()
    answers.ask(served, "embed")
    wait_for(served.greeted)
    pid = served.process_id
    served.stop()
    served.deleteLater()
    ClosingWatch.wait_for_all()
    assert not is_running(pid)


def longest_pause(client):
    """Start, ask, cancel and stop while a timer beats; give the longest pause (s) between two beats beyond its 5 ms."""
    longest, last = 0.0, time.monotonic()

    def beat():
        nonlocal longest, last
        now = time.monotonic()
        longest, last = max(longest, now - last - 0.005), now

    heart = QTimer()
    heart.timeout.connect(beat)
    heart.start(5)
    answers = Answers()
    handle = answers.ask(client, "embed")
    wait_for(client.greeted)
    QTimer.singleShot(300, handle.cancel)
    answers.wait()
    client.stop()
    beat()
    heart.stop()
    assert answers.progress
    return longest


def test_calls_never_hold_the_main_thread(served):
    """At most 50 ms, also while answers pour in. The best of some tries: a busy computer pauses anybody now and then,
    but a call that waits for something waits in every try."""
    assert min(longest_pause(served) for _ in range(6)) < 0.05


def test_waiting_in_the_clients_own_thread(served):
    assert call_and_wait(served, "describe", {"source": {"path": "/b"}})["source"] == "/b"


def test_waiting_that_is_cancelled_raises(served):
    with pytest.raises(RuntimeRequestError) as caught:
        call_and_wait(served, "embed", {"source": {"path": "/b"}}, cancelled=lambda: True)
    assert caught.value.error.code == "cancelled"


def test_waiting_in_a_thread_of_its_own(served):
    class Algorithm(QThread):
        answer = None

        def run(self):
            self.answer = call_and_wait(served, "describe", {"source": {"path": "/c"}})

    algorithm = Algorithm()
    loop = QEventLoop()
    algorithm.finished.connect(loop.quit)
    QTimer.singleShot(PATIENCE_MS, loop.quit)
    algorithm.start()
    loop.exec()
    assert algorithm.wait(PATIENCE_MS)
    assert algorithm.answer["source"] == "/c"


@pytest.mark.skipif(not RUNTIME_PYTHON.exists(), reason="the runtime environment is not built (make env)")
def test_the_real_runtime_greets_with_its_device(client_of, tmp_path):
    command = runtime_command(RUNTIME_PYTHON, ROOT, tmp_path / "work folder")
    client = client_of(command=command)
    client.start()
    wait_for(client.greeted)
    assert client.facts["protocol"] == 1
    assert client.facts["device"]["label"]
    assert Path(command.log_file).exists()


@pytest.mark.skipif(not RUNTIME_PYTHON.exists(), reason="the runtime environment is not built (make env)")
def test_the_real_runtime_killed_from_outside_is_started_again(client_of, tmp_path):
    client = client_of(command=runtime_command(RUNTIME_PYTHON, ROOT, tmp_path))
    client.start()
    wait_for(client.greeted)
    first = client.process_id
    os.kill(first, signal.SIGKILL)
    wait_for(client.ended_unexpectedly)
    assert client.state is RuntimeState.STOPPED
    assert client.recent_errors[0].startswith("memory")
    client.start()
    wait_for(client.greeted)
    assert client.process_id != first
