"""Nested parts of a piece of work report within their own part of it."""

from __future__ import annotations

import pytest

from core.context import Context
from core.errors import CancelledError


@pytest.fixture
def told() -> list[tuple[float, str]]:
    return []


@pytest.fixture
def context(told) -> Context:
    return Context(progress=lambda fraction, message: told.append((round(fraction, 9), message)))


def test_a_step_of_a_step_reports_within_both(context, told):
    inner = context.step(0.2, 0.6).step(0.5, 1.0)
    inner.progress(0.0, "begun")
    inner.progress(0.5, "half")
    inner.progress(1.0, "done")
    assert told == [(0.4, "begun"), (0.5, "half"), (0.6, "done")]


def test_steps_of_equal_length_follow_each_other(context, told):
    for part in context.steps(4):
        part.progress(0.0, "")
        part.progress(1.0, "")
    assert [fraction for fraction, _ in told] == [0.0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1.0]


def test_a_part_that_reports_more_than_all_does_not_run_into_the_next(context, told):
    context.step(0.0, 0.5).progress(1.7, "too much")
    assert told == [(0.5, "too much")]


def test_all_parts_are_stopped_together_and_share_models_and_notifications(context):
    part = next(context.steps(2)).quiet()
    assert (part.models, part.notify) == (context.models, context.notify)
    context.cancel.cancel()
    with pytest.raises(CancelledError):
        part.raise_if_cancelled()


def test_a_quiet_context_reports_no_progress(context, told):
    context.quiet().progress(0.5, "unheard")
    assert told == []


def test_a_context_without_models_says_which_was_asked_for(context):
    with pytest.raises(LookupError, match="geolb-tiny"):
        context.models.get("geolb-tiny")
