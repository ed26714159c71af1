"""``python -m core.serve`` itself: it greets, lists what there is, and keeps torch out of the quick answers."""

from __future__ import annotations

import pytest
from conversation import Conversation


@pytest.fixture
def runtime(tmp_path):
    with Conversation(["-m", "core.serve", "--log", str(tmp_path / "runtime.log")]) as conversation:
        yield conversation


def test_it_answers_ping_before_torch_is_read(runtime):
    hello = runtime.ask("hello")
    ping = runtime.ask("ping")
    assert runtime.reply(ping).result == {"running": 0, "waiting": 0}
    facts = runtime.reply(hello).result
    assert facts["device"]["kind"] in ("cpu", "cuda", "mps")
    assert "geolb-tiny" in [model["name"] for model in facts["models"]]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"action": "import"}, "usage"),
        ({"action": "import", "path": "/nonexistent"}, "model"),
        ({"action": "x"}, "usage"),
    ],
)
def test_it_refuses_what_it_cannot_do_with_models(runtime, params, code):
    error = runtime.reply(runtime.ask("models", **params)).error
    assert error.code == code
    assert error.hint


def test_a_raster_that_does_not_exist_is_one_plain_sentence(runtime):
    error = runtime.reply(runtime.ask("describe", source={"path": "/nonexistent.tif"})).error
    assert error.code == "input"
    assert "Traceback" not in error.message


def test_it_offers_itself_to_the_system_when_memory_runs_out(runtime):
    pid = runtime.reply(runtime.ask("hello")).result["pid"]
    try:
        with open(f"/proc/{pid}/oom_score_adj") as file:
            assert file.read().strip() == "500"
    except FileNotFoundError:
        pytest.skip("only Linux has this")
