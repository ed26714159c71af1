"""The lock of the extra "remote" agrees with pyproject.toml and the runtime's lock, and pins every file by hash."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest
import tomllib
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "resources" / "requirements"


def remote_pins() -> dict[str, str]:
    text = (FOLDER / "remote.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    return {match[1]: match[3] for match in re.finditer(r"^([\w.-]+)(==)(\S+)", text, re.MULTILINE)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in project["optional-dependencies"]["remote"]]


def test_every_requirement_of_the_extra_is_locked_at_a_version_it_allows():
    pins = remote_pins()
    assert wanted()
    for requirement in wanted():
        assert requirement.specifier.contains(pins[requirement.name]), requirement.name


@pytest.mark.parametrize("lock", ["runtime.lock", "test.lock"])
def test_a_package_of_two_locks_has_the_same_version_in_both(lock):
    other = dict(re.findall(r"^([\w.-]+)==(\S+)", (FOLDER / lock).read_text(encoding="utf-8"), re.MULTILINE))
    pins = remote_pins()
    differing = {name for name in pins.keys() & other.keys() if pins[name] != other[name]}
    assert not differing


def test_every_locked_package_has_a_hash():
    lines = (FOLDER / "remote.lock").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    for line in lines:
        if line.strip() and not line.startswith("#"):
            assert re.fullmatch(r"[\w.-]+==\S+(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line[:60]


def test_what_the_extra_needs_is_locked_too():
    pins = remote_pins()
    waiting = [requirement.name for requirement in wanted()]
    seen: set[str] = set()
    while waiting:
        name = canonical(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        assert name in pins
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # its own needs are pip's to check when the lock is installed
        children = [Requirement(text) for text in needs]
        waiting += [child.name for child in children if child.marker is None or child.marker.evaluate({"extra": ""})]
