"""Bounded, ordered prefetching: rasters are read and written in other threads while the model computes.

Work that calls torch must keep to one thread (``core.torch_threads``): else each thread gets a thread pool of its own,
and two pools on the same cores wait for each other. The threads run with the GDAL options of the thread that started
them, which rasterio keeps per thread.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import rasterio
from rasterio.errors import EnvError

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(
    items: Iterable[Item], work: Callable[[Item], Result], depth: int
) -> Generator[tuple[Item, Result], None, None]:
    """Apply ``work`` to items in one other thread, ahead of the caller.

    Args:
        items: taken in the caller's thread, one after the other.
        work: what to do with each.
        depth: how many items are taken before the first result is requested.

    Yields:
        (item, result) in the order of the items. An error of ``work`` is raised at its item. Work that was begun is
        finished before the generator closes.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with _threads(1) as thread:
        for item in items:
            waiting.append((item, thread.submit(work, item)))
            while len(waiting) > depth or (waiting and waiting[0][1].done()):
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()


class ReadAhead(Generic[Item, Result]):
    """Values that are read before they are requested, by one thread or several.

    Args:
        read: gives the value of an item; called by several threads at a time where there are several.
        upcoming: the items that will be requested, in about this order; a wrong guess costs a wait.
        depth: how many values are held ready.
        threads: how many read.
        begin: called once in each of them; None for nothing.
    """

    def __init__(
        self,
        read: Callable[[Item], Result],
        upcoming: Iterable[Item],
        depth: int,
        *,
        threads: int = 1,
        begin: Callable[[], None] | None = None,
    ) -> None:
        self._read = read
        self._upcoming = iter(upcoming)
        self._depth = depth
        self._threads = _threads(threads, begin)
        self._ready: dict[Item, Future[Result]] = {}

    def __enter__(self) -> ReadAhead[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._ready.values():
            future.cancel()
        self._threads.shutdown(wait=True)

    def take(self, item: Item) -> Result:
        """Returns the value of an item and releases it; raises the exception of reading it."""
        self._fill()  # the first item is usually the first upcoming one
        future = self._ready.pop(item, None) or self._threads.submit(self._read, item)
        self._fill()
        return future.result()

    def drop(self, items: Iterable[Item]) -> None:
        """Forget items that will not be requested after all."""
        for item in items:
            future = self._ready.pop(item, None)
            if future is not None:
                future.cancel()

    def _fill(self) -> None:
        while len(self._ready) < self._depth:
            following = next(self._upcoming, None)
            if following is None:
                return
            if following not in self._ready:
                self._ready[following] = self._threads.submit(self._read, following)


_LOGIN_OPTIONS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Options that rasterio sets from a login and refuses when they are given; a new environment finds the login itself."""


def _threads(count: int, begin: Callable[[], None] | None = None) -> ThreadPoolExecutor:
    """Returns an executor of threads that read rasters with this thread's GDAL options, each after ``begin``."""
    options: dict[str, Any] = {}
    with contextlib.suppress(EnvError):
        options = {name: value for name, value in rasterio.env.getenv().items() if name not in _LOGIN_OPTIONS}
    return ThreadPoolExecutor(count, initializer=lambda: _enter(options, begin))


def _enter(options: dict[str, Any], begin: Callable[[], None] | None) -> None:
    if options:
        rasterio.Env(**options).__enter__()
    if begin is not None:
        begin()
