"""Returns freed heap memory to the operating system before fragmentation grows.

What is kept for long (recent windows and scores, GDAL's blocks) comes to lie between what lives for a batch, and where
it is let go, holes stay that the next batch does not fit into. The C library hands back the end of its heap alone: of
1.8 GiB of heap after a raster of 64 000² pixels, 0.8 GiB were free and in memory all the same.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

SLACK_BYTES = 2**27
"""Freed memory that stays: what a batch takes and the next one uses again."""


class _Mallinfo2(ctypes.Structure):
    """Result of glibc's mallinfo2(3)."""

    _names = "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"
    _fields_ = tuple((name, ctypes.c_size_t) for name in _names)


class Heap:
    """The heap of this process; glibc's alone is known, with any other C library nothing is done.

    Which free pages are in memory is not told. What lies outside the heap hardly changes, though: what the process has
    grown by beyond the growth of what is in use, since free pages were last handed back, is free and in memory.

    Args:
        slack_bytes: freed memory that stays.
    """

    def __init__(self, slack_bytes: int = SLACK_BYTES) -> None:
        self._slack_bytes = slack_bytes
        self._one_at_a_time = threading.Lock()
        self._calls = _calls()
        self._outside: int | None = None

    def give_back(self) -> bool:
        """Return freed memory to the system where it is more than the slack; to be called between two batches.

        Returns:
            Whether it was.
        """
        if self._calls is None or not self._one_at_a_time.acquire(blocking=False):
            return False
        try:
            mallinfo2, malloc_trim = self._calls
            heap = mallinfo2()
            resident = _resident_bytes()
            if self._outside is None:
                self._outside = resident - heap.uordblks - heap.fordblks
            if resident - heap.uordblks - self._outside <= self._slack_bytes:
                return False
            malloc_trim(0)
            self._outside = _resident_bytes() - mallinfo2().uordblks
            return True
        finally:
            self._one_at_a_time.release()


def _calls() -> tuple[Callable[[], _Mallinfo2], Callable[[int], int]] | None:
    """Returns glibc's mallinfo2 and malloc_trim; None where the C library lacks them."""
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL(None)
        mallinfo2, malloc_trim = library.mallinfo2, library.malloc_trim
    except (OSError, AttributeError):
        return None
    mallinfo2.restype = _Mallinfo2
    malloc_trim.argtypes = (ctypes.c_size_t,)
    return mallinfo2, malloc_trim


def _resident_bytes() -> int:
    """Returns the process's resident memory that is not backed by a file, in bytes."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


HEAP = Heap()
