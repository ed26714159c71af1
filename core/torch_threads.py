"""How many processor threads torch uses in the thread that asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_LOCK = threading.Lock()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Have the caller's torch operations use the caller's thread alone, for a while.

    Threads that already use torch keep their number; one that uses it for the first time meanwhile gets one too.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def keep_to_one_thread() -> None:
    """Have the caller's torch operations use the caller's thread alone, from now on; no other thread is affected."""
    with _LOCK:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        # What was set is also what threads to come start with; another thread sets that back.
        restoring = threading.Thread(target=torch.set_num_threads, args=(threads,))
        restoring.start()
        restoring.join()
