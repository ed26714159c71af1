"""The server as a real process: what it says, when, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
from conversation import Conversation

from core.protocol import PROTOCOL_VERSION, Reply

WORKER = str(Path(__file__).with_name("worker.py"))
SOURCE = {"path": "/data/scene.tif"}
INTERACTIVE = {"source": SOURCE, "prompts": ["water"], "output": "o.tif", "extent": [0, 0, 1, 1]}


@pytest.fixture
def log(tmp_path):
    return tmp_path / "runtime.log"


@pytest.fixture
def runtime(log):
    with Conversation([WORKER, str(log)]) as conversation:
        yield conversation


def test_hello_tells_version_device_and_models(runtime):
    facts = runtime.reply(runtime.ask("hello")).result
    assert facts["protocol"] == 1
    assert facts["device"]["label"] == "CPU, float32"
    assert facts["models"] == [{"name": "stand-in"}]
    assert facts["pid"] == runtime.process.pid


def test_stdout_carries_the_protocol_alone_however_a_library_prints(runtime, log):
    number = runtime.ask("classify", source=SOURCE, output="o.tif")
    reply = runtime.reply(number)  # any other line on stdout would not decode
    assert reply.result == {"nan": None, "tuple": [1, 2], "path": "/a"}
    preview = next(message for message in runtime.notifications if message.method == "preview")
    assert preview.params == {
        "id": number,
        "path": "/scratch/coarse.tif",
        "extent": [0.0, 0.0, 1.0, 1.0],
        "stage": "coarse",
    }
    assert runtime.end() == 0
    assert runtime.process.stdout.read() == b""
    written = log.read_text()
    for words in ("python print", "python write", "raw write", "C puts", "child process", "a warning"):
        assert words in written


def test_progress_names_its_request_and_comes_with_a_message(runtime):
    number = runtime.ask("embed", source=SOURCE)
    params = runtime.notification("progress", number).params
    assert 0 <= params["fraction"] <= 1
    assert params["message"].startswith("batch")
    assert "seconds_left" in params


def test_cancel_ends_a_running_job_with_its_own_code(runtime):
    number = runtime.ask("embed", source=SOURCE)
    runtime.notification("progress", number)
    cancel = runtime.ask("cancel", request=number)
    replies = {}
    while len(replies) < 2:
        message = runtime.read()
        if isinstance(message, Reply):
            replies[message.id] = message
    assert replies[cancel].result == {"found": True}
    assert replies[number].error.code == "cancelled"


def test_cancel_of_an_unknown_request_finds_nothing(runtime):
    assert runtime.reply(runtime.ask("cancel", request=99)).result == {"found": False}


def test_ping_and_hello_are_answered_in_the_middle_of_work(runtime):
    runtime.notification("progress", runtime.ask("embed", source=SOURCE))
    assert runtime.reply(runtime.ask("ping")).result == {"running": 1, "waiting": 0}
    assert runtime.reply(runtime.ask("hello")).result["pid"] == runtime.process.pid


def test_a_quick_question_overtakes_background_work(runtime):
    runtime.notification("progress", runtime.ask("embed", source=SOURCE))
    runtime.ask("embed", source=SOURCE)
    answer = runtime.reply(runtime.ask("describe", source=SOURCE)).result
    assert answer == {"source": "/data/scene.tif", "background_began": True}


def test_a_waiting_job_can_be_cancelled_before_it_begins(runtime):
    first = runtime.ask("embed", source=SOURCE)
    runtime.notification("progress", first)
    second = runtime.ask("embed", source=SOURCE)
    runtime.reply(runtime.ask("cancel", request=second))
    runtime.ask("cancel", request=first)
    errors = {}
    while len(errors) < 2:
        message = runtime.read()
        if isinstance(message, Reply) and message.error:
            errors[message.id] = message.error.code
    assert errors == {first: "cancelled", second: "cancelled"}


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("input", "input", "The raster is empty."),
        ("memory", "memory", "ran out of memory"),
        ("torch", "memory", "ran out of memory"),
        ("cuda", "device", "graphics card ran out of memory"),
        ("disk", "output", "disk is full"),
        ("exit", "unexpected", "SystemExit"),
        ("unserialisable", "unexpected", "TypeError"),
        ("other", "unexpected", "KeyError"),
    ],
)
def test_every_failure_is_a_plain_sentence_and_the_server_lives_on(runtime, log, kind, code, words):
    error = runtime.reply(runtime.ask("accuracy", map=kind, reference="r")).error
    assert error.code == code
    assert words in error.message
    assert error.hint
    assert "Traceback" not in error.message + error.hint
    assert "secret" not in error.message + error.hint
    if code == "unexpected":
        assert "Traceback" in log.read_text()
    assert runtime.reply(runtime.ask("ping")).result["running"] in (0, 1)


def test_a_lost_graphics_card_ends_the_process_after_the_answer(runtime):
    error = runtime.reply(runtime.ask("accuracy", map="lost", reference="r")).error
    assert error.code == "device"
    assert "stopped answering" in error.message
    assert runtime.process.wait(timeout=60) == 75


def test_unknown_methods_and_fields_are_refused_with_advice(runtime):
    for method, params in (("fly", {}), ("describe", {"wings": 2}), ("describe", {})):
        error = runtime.reply(runtime.ask(method, **params)).error
        assert error.code == "usage"
        assert "repair" in error.hint


@pytest.mark.parametrize("line", ["rubbish", "[]", "{}", '{"id": "x", "method": "ping"}', '{"id": 1, "result": {}}'])
def test_a_line_that_is_no_request_is_reported_and_survived(runtime, line):
    runtime.write(line)
    message = runtime.read()
    assert (message.method, message.params["level"]) == ("log", "warning")
    assert runtime.reply(runtime.ask("ping")).result["running"] == 0


def test_an_id_in_use_is_refused(runtime):
    number = runtime.ask("embed", source=SOURCE)
    runtime.notification("progress", number)
    runtime.write(json.dumps({"id": number, "method": "describe", "params": {"source": SOURCE}}))
    assert runtime.reply(number).error.code == "usage"


def test_the_process_ends_when_stdin_closes_even_during_work(runtime):
    runtime.notification("progress", runtime.ask("embed", source=SOURCE))
    assert runtime.end() == 0


def test_shutdown_answers_and_ends(runtime):
    runtime.reply(runtime.ask("shutdown"))
    assert runtime.process.wait(timeout=60) == 0


def test_the_process_ends_when_its_parent_is_killed(log, tmp_path):
    """A parent that holds the runtime's stdin is killed with -9: the runtime must not live on as an orphan."""
    parent_code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE, stdout=sys.stdout)\n"
        'child.stdin.write(b\'{"id":1,"method":"hello"}\\n\'); child.stdin.flush()\n'
        "child.wait()\n"
    )
    with Conversation(["-c", parent_code, WORKER, str(log)]) as parent:
        assert parent.read().result["protocol"] == 1
        parent.process.send_signal(signal.SIGKILL)
        assert parent.process.wait(timeout=60) == -signal.SIGKILL
        try:
            rest, _ = parent.process.communicate(timeout=60)  # ends only when the grandchild has let go of stdout
        except subprocess.TimeoutExpired:
            pytest.fail("the runtime outlived its parent")
        assert rest == b""


def test_a_killed_process_leaves_what_it_said_whole(runtime):
    runtime.reply(runtime.ask("ping"))
    runtime.ask("accuracy", map="kill", reference="r")
    with pytest.raises(EOFError):
        runtime.read()
    assert runtime.process.wait(timeout=60) == -signal.SIGKILL


def test_a_plugin_of_another_protocol_gets_a_clear_error(runtime):
    refused = runtime.reply(runtime.ask("hello", protocol=PROTOCOL_VERSION + 1))
    assert refused.error is not None
    assert refused.error.code == "usage"
    assert "version" in refused.error.message
    assert "repair the runtime" in refused.error.hint
