"""Keeping freed memory for the next batch instead of handing it back to the system.

Every layer's output is some megabytes. glibc gives pieces of that size back as soon as they are freed, and the system
clears each page of the next one again: a tenth of the time of encoding, measured on two Xeon cores.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8
KEPT_BYTES = 2**29
"""Free memory above this goes back to the system all the same."""


def keep_freed_memory() -> None:
    """Tell glibc so, for this process; does nothing with any other C library. Best called before threads are started.

    With one heap for all threads and none of the pieces mapped on their own, see mallopt(3).
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for parameter, value in (
        (_ARENA_MAX, 1),
        (_MMAP_MAX, 0),
        (_TRIM_THRESHOLD, KEPT_BYTES),
        (_TOP_PAD, 2**26),
    ):
        mallopt(parameter, value)
