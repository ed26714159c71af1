"""A task is declared in one file: the command line and the server know it, with its help, limits and choices."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import typing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.cli.declared import add_parameters, values_of
from core.cli.main import main
from core.context import NoModels
from core.protocol import FinetuneParams, HighlightParams, Reply, SampleParams, Source, encode, from_params, parameters
from core.protocol.messages import Request
from core.serve.server import Server
from core.tasks import declared
from core.tasks.registry import tasks

TOY = '''
"""Count the pixels of a score raster above a threshold."""

from dataclasses import dataclass

from core.protocol import parameter
from core.tasks.task import Task


@dataclass(frozen=True)
class CountAboveParams:
    """Count the pixels above a threshold."""

    raster: str = parameter(help="score raster")
    threshold: float = parameter(0.5, help="score that counts", minimum=0.0, maximum=1.0)
    unit: str = parameter("pixels", help="what is counted", choices=("pixels", "per cent"))
    bands: tuple[int, ...] = parameter((1,), help="band numbers; repeatable", option="--band", minimum=1)
    weights: dict[str, float] = parameter(factory=dict, help="weights", option="--weight", metavar="NAME=0.5")
    strict: bool = parameter(False, help="leave out what equals the threshold")


def run(params, context):
    from core.raster.reader import open_raster

    count = 0
    with open_raster(params.raster) as raster:
        for part, band in zip(context.steps(len(params.bands)), params.bands, strict=True):
            values, valid = raster.read(raster.grid.window, (band,))
            above = values[0] > params.threshold if params.strict else values[0] >= params.threshold
            count += int((above & valid).sum())
            part.progress(1.0, "Counting")
    return {"count": count, "unit": params.unit, "weights": params.weights}


TASK = Task("toy-count-above", CountAboveParams, run, "Count the pixels above a threshold.", command=True)
'''


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Iterator[None]:
    folder = tmp_path / "declared"
    folder.mkdir()
    (folder / "toy_count_above.py").write_text(TOY)
    monkeypatch.setattr(declared, "__path__", [*declared.__path__, str(folder)])
    yield
    sys.modules.pop("core.tasks.declared.toy_count_above", None)


@pytest.fixture
def scores(make_raster) -> Path:
    values = np.array([[[0.1, 0.5], [0.6, 0.9]], [[0.9, 0.9], [0.9, 0.1]]], np.float32)
    return make_raster(values)


def test_the_command_line_comes_from_the_declaration(toy, scores, capsys):
    assert main(["toy-count-above", str(scores), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"count": 3, "unit": "pixels", "weights": {}}
    more = ["--threshold", "0.6", "--strict", "--band", "1", "--band", "2", "--weight", "a=0.5", "--unit", "per cent"]
    assert main(["toy-count-above", str(scores), "--json", *more]) == 0
    assert json.loads(capsys.readouterr().out) == {"count": 4, "unit": "per cent", "weights": {"a": 0.5}}
    assert main(["toy-count-above", str(scores)]) == 0
    assert capsys.readouterr().out == "count: 3\nunit: pixels\nweights: {}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "raster"),
        (("a.tif", "--threshold", "1.5"), "no number from 0 to 1"),
        (("a.tif", "--threshold", "much"), "no number from 0 to 1"),
        (("a.tif", "--band", "0"), "no whole number from 1"),
        (("a.tif", "--unit", "acres"), "invalid choice"),
        (("a.tif", "--weight", "a"), "NAME=0.5"),
    ],
)
def test_what_does_not_fit_the_declaration_is_wrong_usage(toy, capsys, arguments, words):
    with pytest.raises(SystemExit) as ended:
        main(["toy-count-above", *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_help_names_what_is_declared(toy, capsys):
    with pytest.raises(SystemExit):
        main(["toy-count-above", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("Count the pixels above a threshold.", "score that counts (default: 0.5)", "{pixels,per cent}"):
        assert words in shown


def test_the_server_does_it_and_refuses_unknown_fields(toy, scores):
    class Output:
        def __init__(self) -> None:
            self.replies: list[Reply] = []
            self.complete = threading.Event()

        def send(self, message: object) -> None:
            if isinstance(message, Reply):
                self.replies.append(message)
                if len(self.replies) == len(asked):
                    self.complete.set()

    def lines() -> Iterator[bytes]:
        """The requests; the end, which stops the server, comes when all are answered."""
        for request in asked:
            yield (encode(request) + "\n").encode()
        output.complete.wait(60)

    asked = [
        Request(1, "toy-count-above", {"raster": str(scores), "bands": [1, 2]}),
        Request(2, "toy-count-above", {"raster": str(scores), "colour": "red"}),
        Request(3, "no-such-task"),
    ]
    output = Output()
    Server(lines(), output, models=NoModels(), exit_process=lambda status: None).run()
    replies = {reply.id: reply for reply in output.replies}
    assert replies[1].result == {"count": 6, "unit": "pixels", "weights": {}}
    assert "colour" in replies[2].error.message
    assert "no method" in replies[3].error.message


def test_two_tasks_of_one_name_are_refused(toy, tmp_path):
    (tmp_path / "declared" / "again.py").write_text(TOY)
    with pytest.raises(ValueError, match="toy-count-above"):
        tasks()
    sys.modules.pop("core.tasks.declared.again", None)


def test_every_task_can_be_loaded_and_says_what_it_does():
    for task in tasks().values():
        assert callable(task.load())
        assert task.help.endswith(".")
        assert task.in_words is not None


def test_declared_parameters_carry_help_defaults_and_limits():
    found = parameters(SampleParams)
    assert (found["least"].default, found["least"].minimum) == (50, 1)
    assert found["map"].required
    assert all(item.help for item in found.values())


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (HighlightParams, {"threshold": 1.5}, "threshold is a number from 0 to 1, not 1.5"),
        (HighlightParams, {"resolution": 0}, "resolution is a number above 0"),
        (HighlightParams, {"source": {"path": "a.tif", "collar": "cut"}}, "collar is one of keep, mask, not 'cut'"),
        (HighlightParams, {"source": {"path": "a.tif", "wavelengths_um": [0]}}, "wavelengths_um is a number above 0"),
        (SampleParams, {"expected": {"water": 2.0}}, "expected is a number from 0 to 1"),
        (FinetuneParams, {"mode": "half"}, "mode is one of"),
    ],
)
def test_the_server_refuses_values_outside_limits_and_choices(kind, given, words):
    with pytest.raises(ValueError, match=words):
        from_params(kind, given)


def test_none_is_within_the_limits_of_what_may_be_left_out():
    sent = {"source": {"path": "a.tif"}, "prompts": ["water"], "output": "o.tif", "threshold": None, "resolution": None}
    assert from_params(HighlightParams, sent).threshold is None


@pytest.mark.parametrize("name", sorted(name for name, task in tasks().items() if task.params is not SampleParams))
def test_every_parameter_of_every_task_is_declared_with_help(name):
    kinds = typing.get_type_hints(tasks()[name].params)
    undeclared = [
        item.name
        for item in parameters(tasks()[name].params).values()
        if not item.help and kinds[item.name] is not Source
    ]
    assert undeclared == []


def test_the_command_line_writes_values_as_the_declaration_has_them():
    parser = argparse.ArgumentParser()
    add_parameters(parser, HighlightParams)
    given = "a.tif water fields -o o.tif --bands 4,3,2 --wavelengths 0.66,0.56,0.49 --threshold auto --no-cache"
    params = HighlightParams(**values_of(parser.parse_args(given.split()), HighlightParams))
    assert params == HighlightParams(
        Source("a.tif", bands=(4, 3, 2), wavelengths_um=(0.66, 0.56, 0.49)),
        ("water", "fields"),
        "o.tif",
        threshold=None,
        cache=False,
    )
