"""Every threat that SECURITY.md lists has a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def _rows() -> list[list[str]]:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    section = page.split("## Threats", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [row for row in rows if row[0] != "threat"]


def test_every_threat_has_a_test():
    rows = _rows()
    assert len(rows) > 10
    assert [row[0] for row in rows if not TEST.search(row[-1])] == []


def test_the_tests_that_are_named_exist():
    missing = []
    for row in _rows():
        for file, name in TEST.findall(row[-1]):
            path = ROOT / "tests" / "core" / file
            if not path.is_file() or f"def {name}(" not in path.read_text(encoding="utf-8"):
                missing.append(f"{file}::{name}")
    assert missing == []
