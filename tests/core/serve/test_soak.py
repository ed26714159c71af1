"""A short soak: every kind of fault, and nothing lost (the long one: ``make soak``)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the soak forks its runtime processes")
@pytest.mark.slow
def test_faults_at_random_lose_nothing_and_leave_nothing():
    command = [sys.executable, str(ROOT / "tests" / "soak" / "soak.py"), "--faults", "24", "--seconds", "30"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    count = re.search(r"^(\d+) faults in one client, seeds 1 to", done.stdout, re.MULTILINE)
    assert count is not None
    assert int(count[1]) > 0
