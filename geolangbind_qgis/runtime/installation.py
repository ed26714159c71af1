"""Steps of an installation: environment, pip, packages, self-test, manifest."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..protocol_import import CODE_ROOT
from .bundle import PIP_VERSION, verify_bundle
from .child import child_environment
from .environment_check import check_environment, environment_python
from .manifest import Manifest, mark_unfinished, write_manifest
from .pip_failures import explain_pip
from .plan import Plan
from .programs import run_lines
from .proxies import without_secrets
from .setup_error import SetupError
from .translation import tr

Progress = Callable[[float, str], None]
Log = Callable[[str], None]

LOG_FILE = "geolangbind-setup.log"

_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


class Installation:
    """The steps of one installation.

    Args:
        plan: what to do.
        progress: called with the fraction done and a message.
        log: called with every output line of the programs, without secrets.
        cancelled: called several times a second; true stops the work.
        network: environment variables of the proxy.
    """

    def __init__(
        self, plan: Plan, progress: Progress, log: Log, cancelled: Callable[[], bool], network: Mapping[str, str]
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._report = log
        self._cancelled = cancelled
        # Whatever a killed installer leaves lies in the unfinished environment, and a small /tmp is no limit.
        self._temporary = plan.target / "tmp"
        extra = {**network, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **dict.fromkeys(_TEMPORARY, str(self._temporary))}
        self._environment = child_environment(extra=extra)
        self._python = environment_python(plan.target)

    def run(self, *, fresh: bool) -> Manifest:
        """Run all steps.

        Args:
            fresh: begin from nothing; else go on with what is there.

        Raises:
            SetupError: a step did not work, or the work was stopped.
            OSError: the folder cannot be written to.
        """
        if self._plan.bundle is not None:  # before the folder is made: a bundle that is refused leaves nothing behind
            verify_bundle(self._plan.bundle, self._plan.recipe, self._progress)
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
            self._progress(0.0, tr("Making the environment"))
            self._make_venv()
            if not plan.python.lends_pip:
                self._progress(0.02, tr("Preparing the installer"))
                self._refresh_pip()
        if plan.build.indexes and plan.wheels is None:
            self._install_separately()
        self._progress(0.2, tr("Downloading packages"))
        arguments = [option for file in plan.recipe.requirements for option in ("-r", str(file))]
        arguments += [option for lock in plan.recipe.locks for option in ("-c", str(lock))]
        self._pip(arguments, begin=0.2, end=0.85)
        if plan.recipe.text_tower is not None:
            self._progress(0.85, tr("Downloading the text model"))
            self._pip(["--no-deps", "-r", str(plan.recipe.text_tower)], begin=0.85, end=0.92)
        self._progress(0.92, tr("Testing"))
        manifest = self._test()
        if plan.bundle is not None:
            self._take_models(plan.bundle.models)
        write_manifest(target, manifest)
        self._progress(1.0, tr("Ready"))
        return manifest

    def _make_venv(self) -> None:
        base = self._plan.python
        venv = ["-I", "-X", "utf8", "-m", "venv", "--clear", "--without-pip", str(self._plan.target)]
        status, output = self._run([str(base.path), *venv])
        mark_unfinished(self._plan.target)
        self._temporary.mkdir(exist_ok=True)
        if status == 0 and not base.lends_pip:
            status, output = self._run([str(self._python), "-I", "-X", "utf8", "-m", "ensurepip", "--default-pip"])
        if status != 0:
            if "ensurepip" in output:
                raise SetupError(
                    tr("The Python {0} lacks its venv module.").format(base.path),
                    tr("On Debian or Ubuntu install it with: sudo apt install python3-venv"),
                    code="python",
                )
            raise explain_pip(output)

    def _installer(self) -> list[str]:
        """Returns the command of pip: the environment's own, or that of the base Python."""
        options = ["-I", "-X", "utf8", "-m", "pip"]
        base = self._plan.python
        if base.lends_pip:
            return [str(base.path), *options, "--python", str(self._python)]
        return [str(self._python), *options]

    def _refresh_pip(self) -> None:
        """Update pip if possible; the bundled version works as well."""
        try:
            self._pip(["--upgrade", PIP_VERSION], begin=0.02, end=0.05)
        except SetupError as problem:
            if problem.code == "cancelled":
                raise
            self._log(f"The installer stays as it is: {problem.message}")

    def _install_separately(self) -> None:
        """Install torch alone from PyTorch's own index; if that fails, the default index is used."""
        pins = self._plan.recipe.pins_of(self._plan.recipe.separate)
        for index in self._plan.build.indexes:
            self._progress(0.05, tr("Downloading torch for {0}").format(index.rpartition("/")[2]))
            try:
                patience = ["--retries", "1", "--timeout", "15"]
                self._pip(["--no-deps", "--index-url", index, *patience, *pins], begin=0.05, end=0.2)
                return
            except SetupError as problem:
                if problem.code not in ("network", "proxy", "package"):
                    raise
                self._log(f"{index} does not serve: {problem.message} Going on with the package registry.")

    def _pip(self, arguments: list[str], *, begin: float, end: float) -> None:
        """Run pip and report progress between the two fractions."""
        command = [*self._installer(), "install", "--no-input", "--no-color"]
        # Compiling all modules takes a minute of processor time. Most are never imported; Python compiles the others.
        command += ["--no-warn-script-location", "--progress-bar", "off", "--no-compile"]
        if self._plan.wheels is not None:
            command += ["--no-index", "--find-links", str(self._plan.wheels)]
        reader = _PipReader(self._plan.recipe.package_count, lambda f, m: self._progress(begin + f * (end - begin), m))
        status, output = self._run([*command, *arguments], reader.read)
        if status != 0:
            raise explain_pip(output, offline=self._plan.wheels is not None)

    def _take_models(self, folders: Sequence[Path]) -> None:
        """Import the models of a bundle, as ``core models import`` does; existing ones are kept.

        Raises:
            SetupError: a model is damaged.
        """
        code = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('core', run_name='__main__')"
        for folder in folders:
            self._progress(0.95, tr("Taking the model {0}").format(folder.name))
            command = [str(self._python), "-I", "-c", code, str(CODE_ROOT), "models", "import", str(folder)]
            status, output = self._run([*command, "--name", folder.name])
            if status != 0 and "already a model called" not in output:
                lines = [line for line in output.strip().splitlines() if line.strip()]
                raise SetupError(
                    tr("The model {0} of the bundle cannot be used.").format(folder.name),
                    without_secrets(lines[-1]) if lines else tr("See the set-up log for the details."),
                    code="package",
                )

    def _test(self) -> Manifest:
        manifest = check_environment(self._python, self._plan.recipe, managed=True)
        if self._plan.build.kind == "cuda" and manifest.device == "cpu":
            note = tr(
                "This torch cannot use the graphics card ({0}), so the processor is used: update the card's "
                "driver, or repair the runtime where download.pytorch.org can be reached."
            ).format(self._plan.build.reason)
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
        self._report(line)
        with contextlib.suppress(OSError), (self._plan.target / LOG_FILE).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


class _PipReader:
    """Estimates pip's progress from its output."""

    def __init__(self, package_count: int, progress: Progress) -> None:
        self._expected = max(1, package_count)
        self._progress = progress
        self._seen: set[str] = set()

    def read(self, line: str) -> None:
        """Process one line."""
        package = re.match(r"\s*(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9_.-]+)", line)
        if package:
            self._seen.add(package.group(1).lower())
        download = re.match(r"\s*Downloading (?:\S*/)?([A-Za-z0-9_.]+)-\S* \(([\d.]+ [kMG]B)\)", line)
        fraction = 0.8 * min(1.0, len(self._seen) / self._expected)
        if download:
            self._progress(fraction, tr("Downloading {0} ({1})").format(download.group(1), download.group(2)))
        elif line.startswith("Installing collected packages"):
            self._progress(0.85, tr("Installing packages"))
