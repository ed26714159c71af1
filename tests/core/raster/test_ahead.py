"""Work beside work: in order, no further ahead than allowed, errors where the result would have come."""

from __future__ import annotations

import threading

import pytest
import rasterio

from core.raster.ahead import ReadAhead, ahead

PATIENCE_S = 60


def test_results_come_in_order_and_from_another_thread():
    found = list(ahead(range(10), lambda item: (item * item, threading.get_ident()), 3))
    assert [(item, square) for item, (square, _) in found] == [(item, item * item) for item in range(10)]
    assert {thread for _, (_, thread) in found}.isdisjoint({threading.get_ident()})


def test_no_more_is_taken_than_the_depth_allows():
    taken, go_on = [], threading.Event()

    def items():
        for item in range(10):
            taken.append(item)
            if len(taken) == 4:
                go_on.set()  # nothing would ever be given otherwise: the first is not done before
            yield item

    results = ahead(items(), lambda item: go_on.wait(PATIENCE_S), 3)
    next(results)
    assert len(taken) == 4
    results.close()


def test_an_error_comes_in_the_place_of_its_result_and_what_was_begun_is_finished():
    finished = []

    def work(item: int) -> None:
        finished.append(item)
        if item == 2:
            raise ValueError("two")

    results = ahead(range(10), work, 2)
    assert next(results)[0] == 0
    assert next(results)[0] == 1
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert finished[:3] == [0, 1, 2]
    assert len(finished) <= 5


def test_what_is_upcoming_is_read_before_it_is_asked_for():
    read, second = [], threading.Event()

    def one(item: int) -> int:
        read.append(item)
        if item == 1:
            second.set()
        return -item

    with ReadAhead(one, iter(range(5)), 2) as reader:
        assert reader.take(0) == 0
        assert second.wait(PATIENCE_S)
        assert [reader.take(item) for item in (1, 2, 9, 3, 4)] == [-1, -2, -9, -3, -4]
    assert sorted(read) == [0, 1, 2, 3, 4, 9]


def test_dropped_items_make_room_for_others():
    reached = threading.Event()

    def one(item: int) -> int:
        if item == 5:
            reached.set()
        return item

    with ReadAhead(one, iter(range(1, 6)), 2) as reader:
        reader.take(0)
        for pair in ((1, 2), (3, 4)):
            reader.drop(pair)
            reader.take(0)
        assert reached.wait(PATIENCE_S)


def test_other_threads_see_the_gdal_options_of_the_one_that_started_them():
    with rasterio.Env(GDAL_HTTP_TIMEOUT="7"):
        options = [found for _, found in ahead([0], lambda item: rasterio.env.getenv(), 1)]
    assert options[0]["GDAL_HTTP_TIMEOUT"] == "7"


def test_a_thread_reads_with_the_options_of_its_caller_and_finds_the_login_itself():
    with rasterio.Env(GDAL_HTTP_TIMEOUT="7"):
        rasterio.env.setenv(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="of a session")
        found = list(ahead(range(2), lambda item: rasterio.env.getenv()["GDAL_HTTP_TIMEOUT"], 1))
    assert found == [(0, "7"), (1, "7")]
