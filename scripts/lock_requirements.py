"""Writes resources/requirements from pyproject.toml and the versions installed in the environment that runs this.

``.venv/bin/python scripts/lock_requirements.py`` (``make lock``), after trying new versions in ``.venv``.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import tomllib
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "requirements"
CUDA_NAMES = ("nvidia", "cuda", "triton")

RUNTIME_HEAD = """\
# What the runtime needs, with the oldest versions that work (reasons: pyproject.toml). Written by: make lock
"""
LOCK_HEAD = """\
# The exact versions that were tested together, as constraints (pip -c): only what {source} needs is installed,
# so the CUDA libraries come along with a CUDA build of torch and with no other. Python 3.11 or newer.
# Written by: make lock
"""


def direct_requirements(group: str | None = None) -> list[str]:
    """Returns the requirements that pyproject.toml names: the runtime's, or those of an optional group."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"] if group is None else project["optional-dependencies"][group]


def installed_closure(requirements: Iterable[str]) -> dict[str, str]:
    """Returns the installed version of every package that the requirements depend on."""
    versions: dict[str, str] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in versions and not requirement.extras:
            continue
        distribution = importlib.metadata.distribution(requirement.name)
        versions[name] = distribution.version.partition("+")[0]
        for text in distribution.requires or ():
            child = Requirement(text)
            extras = [*requirement.extras, ""]
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(child)
    return versions


def write(file: str, head: str, lines: Iterable[str]) -> None:
    """Write one requirements file."""
    (FOLDER / file).write_text(head + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def pins(versions: Mapping[str, str]) -> list[str]:
    """Returns the pins in alphabetical order, the CUDA libraries last."""
    names = sorted(versions, key=lambda name: (name.startswith(CUDA_NAMES), name))
    return [f"{name}=={versions[name]}" for name in names]


def main() -> None:
    """Write all files."""
    runtime, tests = direct_requirements(), direct_requirements("test")
    runtime_versions = installed_closure(runtime)
    test_versions = {
        name: version for name, version in installed_closure(tests).items() if name not in runtime_versions
    }
    write("runtime.txt", RUNTIME_HEAD, runtime)
    write("runtime.lock", LOCK_HEAD.format(source="runtime.txt"), pins(runtime_versions))
    write("test.txt", "# What tests and checks need besides the runtime. Written by: make lock\n", tests)
    write("test.lock", LOCK_HEAD.format(source="test.txt"), pins(test_versions))


if __name__ == "__main__":
    main()
