"""Facts of the operating system; every difference between systems is decided from them."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LINUX, WINDOWS, MACOS = "linux", "windows", "macos"
FLATPAK, SNAP = "flatpak", "snap"

_FLATPAK_INFO = Path("/.flatpak-info")


@dataclass(frozen=True)
class Platform:
    """The operating system that QGIS runs on.

    Attributes:
        system: ``linux``, ``windows`` or ``macos``; others count as Linux.
        sandbox: ``flatpak`` or ``snap`` where QGIS is packed as one, else empty.
        machine: kind of processor, as Python names it, in lower case.
        administrator: whether packages of the system may be installed.
        variables: environment variables that name folders.
    """

    system: str = LINUX
    sandbox: str = ""
    machine: str = "x86_64"
    administrator: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_windows(self) -> bool:
        """Whether it is Windows."""
        return self.system == WINDOWS

    @property
    def path_separator(self) -> str:
        """Separator of the folders of a search path."""
        return ";" if self.is_windows else ":"

    @property
    def library_path(self) -> str:
        """Name of the environment variable of shared library folders."""
        return "PATH" if self.is_windows else "LD_LIBRARY_PATH"

    @property
    def environment_python(self) -> str:
        """Path of the interpreter below an environment's folder."""
        return "Scripts/python.exe" if self.is_windows else "bin/python"

    @property
    def data_folder(self) -> Path | None:
        """Folder for large files of the sandbox; None where QGIS's profile serves.

        The home of a Snap is copied with every update; its common folder is not.
        """
        common = self.variables.get("SNAP_USER_COMMON")
        return Path(common) / "geolangbind" if self.sandbox == SNAP and common else None


def this_platform() -> Platform:
    """Returns the facts of this computer."""
    systems = {"win32": WINDOWS, "cygwin": WINDOWS, "darwin": MACOS}
    return Platform(
        system=WINDOWS if os.name == "nt" else systems.get(sys.platform, LINUX),
        sandbox=sandbox_of(os.environ, flatpak_info=_FLATPAK_INFO.exists()),
        machine=platform.machine().lower(),
        administrator=hasattr(os, "geteuid") and os.geteuid() == 0,
        variables=dict(os.environ),
    )


def sandbox_of(variables: Mapping[str, str], *, flatpak_info: bool) -> str:
    """Returns the kind of sandbox that a process runs in, empty for none.

    Args:
        variables: its environment variables.
        flatpak_info: whether the file is there that every Flatpak has.
    """
    if flatpak_info or variables.get("FLATPAK_ID"):
        return FLATPAK
    return SNAP if variables.get("SNAP") and variables.get("SNAP_NAME", "").startswith("qgis") else ""
