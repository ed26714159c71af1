"""How many processor threads torch uses in the thread that asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


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
