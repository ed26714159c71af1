"""Dialogs send one request at a time; what a cancelled one still brings is not shown."""

from __future__ import annotations

import pytest
from conftest import wait_until

from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.pending_request import PendingRequest

LIST = protocol.ModelsParams(action="list")


@pytest.fixture
def pending(session):
    return PendingRequest(session.client)


def test_a_request_is_busy_until_its_result_is_there(pending):
    results, errors = [], []
    pending.start("models", LIST, on_result=results.append, on_error=errors.append)
    assert pending.busy
    wait_until(lambda: results)
    assert not pending.busy
    assert "geolb-tiny" in [card["name"] for card in results[0]["models"]]
    assert errors == []


def test_an_error_ends_a_request(pending):
    results, errors = [], []
    missing = protocol.DescribeParams(source=protocol.Source("/nowhere/scene.tif"))
    pending.start("describe", missing, on_result=results.append, on_error=errors.append)
    wait_until(lambda: errors)
    assert not pending.busy
    assert results == []


def test_a_replaced_request_calls_none_of_its_callbacks(pending):
    first, late, second = [], [], []
    pending.start("models", LIST, on_result=first.append, on_error=first.append, on_late_result=late.append)
    pending.start("models", LIST, on_result=second.append, on_error=second.append)
    wait_until(lambda: second)
    assert first == []
    assert len(late) <= 1
    assert not pending.busy


def test_a_cancelled_request_calls_none_of_its_callbacks(pending, session):
    called = []
    pending.start("models", LIST, on_result=called.append, on_error=called.append)
    pending.cancel()
    assert not pending.busy
    wait_until(lambda: not session.client.busy)
    assert called == []
