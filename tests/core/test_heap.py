"""Freed memory between pieces in use goes back to the system; what the next batch uses again stays."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIECES = """
import json, sys
from core.heap import Heap
from core.model.allocator import keep_freed_memory

MIB = 2**20
keep_freed_memory()
heap = Heap()

def resident():
    return next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("RssAnon"))

def pieces(count):
    # One that stays beside each that goes, as a window beside a layer's output.
    made = [(b"x" * MIB, b"y" * MIB) for _ in range(count)]
    return [stays for stays, _ in made]

found = {"at first": heap.give_back(), "before": resident()}
few = pieces(64)
found["64 MiB freed"] = heap.give_back()
many = pieces(256)
found["full"] = resident()
found["320 MiB freed"] = heap.give_back()
found["given back"] = resident()
found["nothing freed since"] = heap.give_back()
used = [b"z" * MIB for _ in range(256)]
found["256 MiB in use"] = heap.give_back()
del used
found["256 MiB let go"] = heap.give_back()
found["whole"] = all(piece == b"x" * MIB for piece in few + many)
print(json.dumps(found))
"""


def has_mallinfo2() -> bool:
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallinfo2")


@pytest.mark.skipif(not has_mallinfo2(), reason="the C library is not glibc, or older than 2.33")
def test_freed_memory_between_pieces_in_use_goes_back():
    found = json.loads(subprocess.check_output([sys.executable, "-c", PIECES], cwd=ROOT, text=True))
    assert not found["at first"]
    assert not found["64 MiB freed"]
    assert found["320 MiB freed"]
    assert found["full"] - found["before"] > 550
    assert found["given back"] - found["before"] < 360
    assert not found["nothing freed since"]
    assert not found["256 MiB in use"]
    assert found["256 MiB let go"]
    assert found["whole"]
