"""Plan of an installation, shown before anything is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .accelerators import TorchBuild, choose_build, find_nvidia_driver, with_answering_indexes
from .bundle import Bundle, is_bundle, read_bundle
from .environment_check import environment_python
from .install_lock import no_rights
from .manifest import is_ours
from .platforms import FLATPAK, SNAP, Platform, this_platform
from .proxies import proxy_environment
from .pythons import Python, choose_python
from .requirements import Recipe, runtime_recipe
from .setup_error import SetupError
from .translation import tr

_GIGABYTE = 1_000_000_000
UNPACKED = 2
"""About how many bytes an environment takes for each byte of its wheels."""
_LONGEST_WINDOWS_PATH = 110
"""Of the folder: below it, PyTorch's longest file takes 145 of the 260 letters that Windows allows."""


@dataclass(frozen=True)
class Plan:
    """Plan of an installation.

    Attributes:
        target: folder of the environment.
        python: the interpreter it is made from.
        build: the build of torch.
        wheels: folder of wheels to install from without a network; None for the package registry.
        free_bytes: space where the environment will be.
        remarks: what is to be known besides, one sentence each.
        bundle: what the wheels came in, with hashes and perhaps models; None for wheels alone.
    """

    target: Path
    python: Python
    build: TorchBuild
    recipe: Recipe
    wheels: Path | None
    free_bytes: int
    remarks: tuple[str, ...] = ()
    bundle: Bundle | None = None

    def describe(self) -> list[str]:
        """Returns the plan as a few lines of text."""
        origin = tr("the package registry") if self.wheels is None else tr("the folder {0}").format(self.wheels)
        if self.bundle is not None:
            origin = tr("the bundle {0} with {1} models").format(self.bundle.folder, len(self.bundle.models))
        kinds = {
            "cpu": tr("the processor"),
            "cuda": tr("the graphics card (CUDA)"),
            "mps": tr("the graphics card (Metal)"),
        }
        disk, download = _gigabytes(self.build.disk_bytes), _gigabytes(self.build.download_bytes)
        return [
            tr("Where: {0}").format(self.target),
            tr("What: {0} Python packages and the text model, from {1}").format(self.recipe.package_count, origin),
            tr("Device: {0}; {1}").format(kinds[self.build.kind], self.build.reason),
            tr("Size: about {0} on disk and {1} to download; {2} free").format(
                disk, download, _gigabytes(self.free_bytes)
            ),
            tr("Python: {0} ({1})").format(self.python.version_text, self.python.path),
            *self.remarks,
        ]


def plan_environment(
    target: Path,
    *,
    device: str = "auto",
    python: Path | None = None,
    wheels: Path | None = None,
    recipe: Recipe | None = None,
    proxy: Mapping[str, object] | None = None,
    platform: Platform | None = None,
) -> Plan:
    """Returns the plan for this computer; nothing is changed.

    Args:
        target: folder of the environment.
        device: ``auto``, ``cpu`` or ``cuda``.
        python: interpreter to use; None for the first that fits.
        wheels: folder of wheels to install from, or a bundle (see ``bundle``); None for the package registry.
        recipe: what to install; None for the runtime.
        proxy: see ``proxies.proxy_environment``; PyTorch's own index is looked for through it.
        platform: the system; None for this one.

    Raises:
        SetupError: no usable Python, no space, no rights, or a folder that is something else.
    """
    platform = platform or this_platform()
    target = Path(os.path.abspath(target.expanduser()))
    _check_length(target, platform)
    try:
        _look_at(target)
    except OSError as problem:
        raise no_rights(target.parent, problem) from problem
    bundle = read_bundle(wheels) if wheels is not None and is_bundle(wheels) else None
    if bundle is not None:
        wheels = bundle.wheels
    if wheels is not None and not any(wheels.glob("*.whl")):
        raise SetupError(
            tr("There are no wheels in the folder {0}.").format(wheels),
            tr("Choose the folder with the .whl files."),
            code="package",
        )
    build = choose_build(device, driver=find_nvidia_driver())
    if wheels is None:
        build = with_answering_indexes(build, proxy_environment(proxy))
    if bundle is not None:
        packed = sum(path.stat().st_size for path in bundle.wheels.glob("*.whl"))
        build = replace(build, download_bytes=0, disk_bytes=UNPACKED * packed)
    free = _free_bytes(target)
    chosen = choose_python(python, platform)
    plan = Plan(target, chosen, build, recipe or runtime_recipe(), wheels, free, _remarks(platform), bundle)
    already = environment_python(target).is_file()
    if not already and free < build.disk_bytes:
        raise SetupError(
            tr("The disk of {0} has {1} free, but about {2} are needed.").format(
                target, _gigabytes(free), _gigabytes(build.disk_bytes)
            ),
            tr("Free some space, or choose a folder on another disk."),
            code="space",
        )
    return plan


def _check_length(target: Path, platform: Platform) -> None:
    """Check that the paths below the folder do not exceed the system's limit.

    Raises:
        SetupError: Windows would refuse their paths.
    """
    if platform.is_windows and len(str(target)) > _LONGEST_WINDOWS_PATH:
        raise SetupError(
            tr("The path {0} is too long for Windows.").format(target),
            tr("Choose a folder with a short path, for instance C:\\geolangbind."),
            code="rights",
        )


def _remarks(platform: Platform) -> tuple[str, ...]:
    """Returns remarks on environments inside a sandbox."""
    if platform.sandbox == FLATPAK:
        return (tr("QGIS runs as a Flatpak: set up again when an update brings it another Python."),)
    if platform.sandbox == SNAP:
        return (tr("QGIS runs as a Snap: the environment lies in the Snap's own common folder."),)
    return ()


def _look_at(target: Path) -> None:
    """Check that the folder can be used for an environment.

    Raises:
        SetupError: it is something else.
        OSError: it may not be read.
    """
    if target.exists() and not target.is_dir():
        raise SetupError(
            tr("{0} is a file.").format(target), tr("Choose another folder for the runtime."), code="rights"
        )
    if target.is_dir() and any(target.iterdir()) and not is_ours(target) and not (target / "pyvenv.cfg").is_file():
        raise SetupError(
            tr("The folder {0} holds other files.").format(target), tr("Choose an empty folder for the runtime.")
        )


def _free_bytes(target: Path) -> int:
    """Returns the free space of the disk of ``target``.

    Raises:
        SetupError: the free space is unknown, or the folder may not be written to.
    """
    existing = next(folder for folder in (target, *target.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise SetupError(
            tr("The folder {0} cannot be written to.").format(existing),
            tr("Choose a folder that you may write to."),
            code="rights",
        )
    return shutil.disk_usage(existing).free


def _gigabytes(count: int) -> str:
    return f"{count / _GIGABYTE:.1f} GB"
