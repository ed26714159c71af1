"""Finds a Python that the runtime environment can be made from."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .child import child_environment
from .programs import run_lines
from .setup_error import SetupError
from .translation import tr

OLDEST = (3, 11)
NEWEST = (3, 14)
"""The versions for which the locked packages are published."""

_PROBE = """
import importlib.util, json, struct, sys
def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
missing = [name for name in ("venv", "ensurepip", "ssl", "ctypes", "sqlite3") if not has(name)]
print(json.dumps({"version": sys.version_info[:3], "bits": struct.calcsize("P") * 8, "missing": missing,
                  "executable": sys.executable}))
"""


@dataclass(frozen=True)
class Python:
    """An interpreter and what it has.

    Attributes:
        path: the executable.
        version: major, minor, micro.
        problem: why the environment cannot be made from it; empty if it can.
        lacks_venv: whether only the venv package of the distribution is missing.
    """

    path: Path
    version: tuple[int, ...]
    problem: str = ""
    lacks_venv: bool = False

    @property
    def usable(self) -> bool:
        """Whether the environment can be made from it."""
        return not self.problem

    @property
    def version_text(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


def probe_python(path: Path) -> Python:
    """Start an interpreter and look at what it has."""
    try:
        status, output = run_lines(
            [str(path), "-I", "-c", _PROBE], environment=child_environment(), folder=Path(tempfile.gettempdir())
        )
        facts = json.loads(output.strip().splitlines()[-1]) if status == 0 else None
    except (OSError, ValueError, IndexError):
        facts = None
    if not isinstance(facts, dict):
        return Python(path, (), tr("it does not start"))
    version = tuple(facts["version"])
    if not OLDEST <= version[:2] <= NEWEST:
        return Python(path, version, tr("version {0} is not {1}").format(f"{version[0]}.{version[1]}", _range()))
    if facts["bits"] != 64:
        return Python(path, version, tr("it is a 32-bit program"))
    missing = facts["missing"]
    if missing:
        return Python(
            path, version, tr("it lacks {0}").format(", ".join(missing)), set(missing) <= {"venv", "ensurepip"}
        )
    return Python(Path(facts["executable"] or path), version)


def choose_python(named: Path | None = None) -> Python:
    """Returns the interpreter to make the environment from: the one named, or the first that fits.

    Raises:
        SetupError: there is none; the message says what was found and why it does not do.
    """
    if named is not None:
        python = probe_python(named)
        if not python.usable:
            raise SetupError(
                tr("{0} cannot be used: {1}.").format(named, python.problem), _hint([python]), code="python"
            )
        return python
    tried = []
    for path in candidates():
        python = probe_python(path)
        if python.usable:
            return python
        tried.append(python)
    found = "; ".join(f"{python.path}: {python.problem}" for python in tried if python.version) or tr("none was found")
    raise SetupError(tr("No Python {0} can be used ({1}).").format(_range(), found), _hint(tried), code="python")


def candidates() -> Iterator[Path]:
    """Yields the interpreters of this computer, each once: this process's own first, then those on the search path."""
    seen = set()
    for path in _all_candidates():
        key = os.path.realpath(path)
        if path.is_file() and key not in seen:
            seen.add(key)
            yield path


def _all_candidates() -> Iterator[Path]:
    own = Path(sys.executable) if sys.executable else None
    if own is not None and own.name.lower().startswith("python"):
        yield own
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):  # in QGIS, sys.executable may be QGIS itself
        for name in ("python.exe", "python3.exe", "bin/python3"):
            yield Path(prefix) / name
    names = [f"python{OLDEST[0]}.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    for name in ["python3", *names, "python"]:
        found = shutil.which(name)
        if found and "WindowsApps" not in found:  # Microsoft's stand-ins that open the shop
            yield Path(found)
    if os.name == "nt":
        for root in (os.environ.get("LOCALAPPDATA", ""), os.environ.get("PROGRAMFILES", "")):
            for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
                yield Path(root) / "Programs" / "Python" / f"Python3{minor}" / "python.exe"
                yield Path(root) / f"Python3{minor}" / "python.exe"


def _range() -> str:
    return tr("{0} to {1}").format(f"{OLDEST[0]}.{OLDEST[1]}", f"{NEWEST[0]}.{NEWEST[1]}")


def _hint(tried: list[Python]) -> str:
    """Say what to install, in the words of this system."""
    if any(python.lacks_venv for python in tried):
        return tr("On Debian or Ubuntu install it with: sudo apt install python3-venv")
    if sys.platform.startswith("linux"):
        return tr(
            "Install Python 3.11 or newer (Debian, Ubuntu: sudo apt install python3 python3-venv), or name another."
        )
    return tr("Install Python 3.12 from python.org, then try again, or name another Python.")
