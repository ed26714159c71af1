"""Finds a Python for the runtime environment."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .child import child_environment
from .platforms import FLATPAK, LINUX, MACOS, SNAP, Platform, this_platform
from .programs import run_lines
from .python_places import NEWEST, OLDEST, candidates, version_range
from .setup_error import SetupError
from .translation import tr

_PROBE = """
import importlib.util, json, os, platform, struct, sys
def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
missing = [name for name in ("venv", "ensurepip", "ssl", "ctypes", "sqlite3") if not has(name)]
if os.name == "nt" and "venv" not in missing:
    import venv
    scripts = os.path.join(os.path.dirname(venv.__file__), "scripts", "nt")
    if not any(os.path.isfile(os.path.join(scripts, name)) for name in ("python.exe", "venvlauncher.exe")):
        missing.append("venv")
print(json.dumps({"version": sys.version_info[:3], "bits": struct.calcsize("P") * 8, "missing": missing,
                  "executable": sys.executable, "machine": platform.machine().lower(), "has_pip": has("pip")}))
"""
"""Some Windows Pythons, for instance in bundles, have the module venv without the program that it copies."""


@dataclass(frozen=True)
class Python:
    """An interpreter and its properties.

    Attributes:
        path: the executable.
        version: major, minor, micro.
        problem: why the environment cannot be made from it; empty if it can.
        lacks_venv: whether only the venv package of the distribution is missing.
        lends_pip: whether it has pip but no ensurepip, so that its pip fills the environment.
    """

    path: Path
    version: tuple[int, ...]
    problem: str = ""
    lacks_venv: bool = False
    lends_pip: bool = False

    @property
    def usable(self) -> bool:
        """Whether the environment can be made from it."""
        return not self.problem

    @property
    def version_text(self) -> str:
        """The version as text."""
        return ".".join(map(str, self.version))


def probe_python(path: Path, platform: Platform | None = None) -> Python:
    """Returns the properties of an interpreter, which is started for it.

    Args:
        path: the interpreter.
        platform: the system; None for this one.
    """
    platform = platform or this_platform()
    command = [str(path), "-I", "-X", "utf8", "-c", _PROBE]
    try:
        status, output = run_lines(command, environment=child_environment(), folder=Path(tempfile.gettempdir()))
        facts = json.loads(output.strip().splitlines()[-1]) if status == 0 else None
    except (OSError, ValueError, IndexError):
        facts = None
    if not isinstance(facts, dict):
        return Python(path, (), tr("it does not start"))
    version = tuple(facts["version"])
    if not OLDEST <= version[:2] <= NEWEST:
        return Python(path, version, tr("version {0} is not {1}").format(f"{version[0]}.{version[1]}", version_range()))
    if facts["bits"] != 64:
        return Python(path, version, tr("it is a 32-bit program"))
    if platform.system == MACOS and facts.get("machine") == "x86_64":
        return Python(path, version, tr("it is made for Intel processors, for which PyTorch has no packages"))
    missing, lends_pip = facts["missing"], bool(facts.get("has_pip"))
    if missing == ["ensurepip"] and lends_pip:
        return Python(Path(facts["executable"] or path), version, lends_pip=True)
    if missing:
        return Python(
            path, version, tr("it lacks {0}").format(", ".join(missing)), set(missing) <= {"venv", "ensurepip"}
        )
    return Python(Path(facts["executable"] or path), version)


def choose_python(named: Path | None = None, platform: Platform | None = None) -> Python:
    """Returns the interpreter for the environment: the named one, or the first that fits.

    Args:
        named: an interpreter; None to look for one.
        platform: the system; None for this one.

    Raises:
        SetupError: there is none; the message says what was found and why it does not do.
    """
    platform = platform or this_platform()
    if named is not None:
        python = probe_python(named, platform)
        if not python.usable:
            raise SetupError(
                tr("{0} cannot be used: {1}.").format(named, python.problem), _hint([python], platform), code="python"
            )
        return python
    tried = []
    for path in candidates(platform):
        python = probe_python(path, platform)
        if python.usable:
            return python
        tried.append(python)
    found = "; ".join(f"{python.path}: {python.problem}" for python in tried if python.version) or tr("none was found")
    raise SetupError(
        tr("No Python {0} can be used ({1}).").format(version_range(), found), _hint(tried, platform), code="python"
    )


def _hint(tried: list[Python], platform: Platform) -> str:
    """Returns what to install, for this operating system."""
    in_home = tr("Miniforge in your home folder needs no administrator and is found by itself.")
    if platform.sandbox == FLATPAK:
        return tr("QGIS runs as a Flatpak; start it once with: flatpak run --devel org.qgis.qgis") + ". " + in_home
    if platform.sandbox == SNAP:
        return tr(
            "QGIS runs as a Snap, which cannot use other Pythons of the computer: install QGIS from its own package "
            "sources (qgis.org), or as a Flatpak."
        )
    if any(python.lacks_venv for python in tried) and platform.system == LINUX:
        return tr("On Debian or Ubuntu install it with: sudo apt install python3-venv") + ". " + in_home
    if platform.system == LINUX:
        return (
            tr("Install Python 3.11 or newer (Debian, Ubuntu: sudo apt install python3 python3-venv), or name another.")
            + " "
            + in_home
        )
    if platform.system == MACOS:
        return tr("Install Python 3.12 for Apple silicon from python.org, then try again, or name another Python.")
    return tr("Install Python 3.12 from python.org (“for me only” needs no administrator), then try again.")
