"""Freed memory stays with the process; counted in the pages that the system has to hand out again."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
COUNT = """
import resource, sys
from core.model.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
bytearray(40_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    bytearray(40_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_pages_of_freed_memory_are_used_again():
    pages = {
        way: int(subprocess.check_output([sys.executable, "-c", COUNT, way], cwd=ROOT, text=True))
        for way in ("keep", "usual")
    }
    assert pages["keep"] < 500
    assert pages["usual"] > 2 * pages["keep"]
