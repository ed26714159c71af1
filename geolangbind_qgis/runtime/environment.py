"""Installs the Python environment of the model, outside the plugin folder and apart from QGIS's own Python.

``plan.plan_environment`` says what will be done before anything is. ``build_environment`` does it, and can be stopped
and gone on with; ``remove_environment`` takes it away. ``environment_check`` looks at one that exists. A manifest,
written last, tells a whole environment from half of one. Everything here may take minutes: in QGIS it runs in a task,
never in the main thread. The command line (``python3 -m geolangbind_qgis.runtime``, ``make env``) uses the same
functions.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from .environment_check import check_environment
from .install_lock import install_lock, no_rights
from .installation import Installation, Log, Progress
from .manifest import UNFINISHED_FILE, Manifest, is_ours, mark_unfinished, read_manifest, write_manifest
from .plan import Plan
from .proxies import proxy_environment
from .requirements import Recipe
from .setup_error import SetupError
from .translation import tr


def build_environment(
    plan: Plan,
    *,
    progress: Progress = lambda fraction, message: None,
    log: Log = lambda line: None,
    cancelled: Callable[[], bool] = lambda: False,
    proxy: Mapping[str, object] | None = None,
    fresh: bool = False,
) -> Manifest:
    """Install the environment, continue an interrupted installation, or update an existing one.

    Args:
        plan: from ``plan_environment``.
        progress: called with the fraction done and what is being done.
        log: called with every output line of the programs, without secrets; they also go to a file in the environment.
        cancelled: called several times a second; true stops the work and leaves what was done so far.
        proxy: see ``proxies.proxy_environment``.
        fresh: begin from nothing ("repair").

    Raises:
        SetupError: it did not work, was stopped, or another set-up is at work on the same folder.
    """
    with install_lock(plan.target):
        begun_before = (plan.target / "pyvenv.cfg").is_file()
        work = Installation(plan, progress, log, cancelled, proxy_environment(proxy))
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


def use_environment(python: Path, folder: Path, recipe: Recipe | None = None) -> Manifest:
    """Check the user's own environment and register it in ``folder``; nothing is installed into it.

    Raises:
        SetupError: it lacks something, or ``folder`` cannot be written to.
    """
    manifest = check_environment(Path(os.path.abspath(python.expanduser())), recipe)
    with install_lock(folder):
        if is_ours(folder):
            raise SetupError(
                tr("The folder {0} holds an installed runtime.").format(folder), tr("Remove that runtime first.")
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_manifest(folder, manifest)
        except OSError as problem:
            raise no_rights(folder, problem) from problem
    return manifest


def remove_environment(target: Path) -> None:
    """Delete the environment if the plugin installed it; of the user's own only the registration is removed.

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
                        tr("The folder {0} was not made by GeoLangBind.").format(target),
                        tr("Remove it by hand if you no longer need it."),
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
                tr("The folder {0} cannot be removed ({1}).").format(target, problem.strerror),
                tr("Close other QGIS windows that use the runtime, then try again."),
                code="rights",
            ) from problem
    with contextlib.suppress(OSError):
        target.with_name(f"{target.name}.lock").unlink()
