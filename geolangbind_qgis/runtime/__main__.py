"""``python3 -m geolangbind_qgis.runtime --target .venv``: the plugin's installer without QGIS (``make env``)."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess  # nosec B404
import sys
import time
from pathlib import Path
from typing import Any

from .accelerators import choose_build, find_nvidia_driver, with_answering_indexes
from .bundle import is_bundle, pack_bundle
from .environment import build_environment, remove_environment
from .environment_check import check_environment, environment_python, find_environment
from .installation import LOG_FILE
from .plan import plan_environment
from .proxies import proxy_environment
from .requirements import Recipe, runtime_recipe
from .setup_error import SetupError

_REPORT_SECONDS = 20.0


def main(arguments: list[str] | None = None) -> int:
    """Install, check or remove the environment; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m geolangbind_qgis.runtime", description=__doc__)
    parser.add_argument("--target", type=Path, required=True, help="folder of the environment")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="build of torch")
    parser.add_argument("--python", type=Path, help="interpreter to make it from")
    parser.add_argument("--wheels", type=Path, help="folder of wheels, or bundle, to install from without a network")
    parser.add_argument("--with-tests", action="store_true", help="also what the tests and checks need")
    parser.add_argument("--system-packages", action="store_true", help="as root on Debian, install a missing venv")
    parser.add_argument("--models", type=Path, nargs="*", default=[], help="folders of models to pack into a bundle")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--plan", action="store_true", help="say what would be done")
    action.add_argument("--check", action="store_true", help="test the environment")
    action.add_argument("--repair", action="store_true", help="make it again from nothing")
    action.add_argument("--pack", type=Path, metavar="FOLDER", help="fill a bundle for a computer without a network")
    action.add_argument("--remove", action="store_true", help="remove it")
    options = parser.parse_args(arguments)
    try:
        _act(options)
    except SetupError as problem:
        print(f"geolangbind: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("geolangbind: stopped; the next call goes on from here.", file=sys.stderr)
        return 130
    return 0


def _act(options: argparse.Namespace) -> None:
    target, recipe = Path(os.path.abspath(options.target)), runtime_recipe(with_tests=options.with_tests)
    if options.remove:
        remove_environment(target)
        return
    if options.check:
        manifest = check_environment(environment_python(target), recipe)
        print(
            f"The environment {target} is complete; torch {manifest.versions['torch']} computes on {manifest.device}."
        )
        return
    brings_models = options.wheels is not None and options.pack is None and is_bundle(options.wheels)
    if not (options.repair or options.plan or brings_models) and find_environment(target, recipe) is not None:
        _pack(options, target, recipe)
        return
    plan = _plan(options, target)
    print("\n".join(plan.describe()), flush=True)
    if options.plan:
        return
    manifest = build_environment(plan, progress=_Reports(), fresh=options.repair)
    if manifest.note:
        print(manifest.note)
    print(f"The environment is ready: Python {manifest.python_version}, torch {manifest.versions['torch']}, ", end="")
    print(f"{manifest.device} (log: {target / LOG_FILE}).")
    _pack(options, target, recipe)


def _pack(options: argparse.Namespace, target: Path, recipe: Recipe) -> None:
    """Create a bundle if one was requested."""
    if options.pack is None:
        return
    folder = Path(os.path.abspath(options.pack))
    build = with_answering_indexes(choose_build(options.device, driver=find_nvidia_driver()), proxy_environment(None))
    models = [model.absolute() for model in options.models]
    bundle = pack_bundle(
        folder, target, recipe, models=models, indexes=() if options.wheels else build.indexes, wheels=options.wheels
    )
    size = sum((folder / name).stat().st_size for name in bundle.files)
    print(f"{folder}: {len(bundle.files)} files, {size / 1e9:.2f} GB, for {bundle.system}.")
    print(
        "On the other computer: name this folder under “Install from a bundle or a folder of wheels”, or pass --wheels."
    )


def _plan(options: argparse.Namespace, target: Path) -> Any:  # noqa: ANN401 - a Plan
    """Returns the plan; on Debian as root, missing Python packages are installed first if allowed."""
    choices = {"device": options.device, "python": options.python, "wheels": options.wheels}
    recipe = runtime_recipe(with_tests=options.with_tests)
    try:
        return plan_environment(target, recipe=recipe, **choices)
    except SetupError as problem:
        allowed = options.system_packages and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get")
        if problem.code != "python" or not allowed:
            raise
        print("Installing python3-venv", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "python3-venv"]):
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)  # nosec B603
        return plan_environment(target, recipe=recipe, **choices)


class _Reports:
    """Prints progress: continuously on a terminal, else every few seconds."""

    def __init__(self) -> None:
        self._last = -_REPORT_SECONDS
        self._step = ""

    def __call__(self, fraction: float, message: str) -> None:
        """Print a progress line if it is due."""
        now = time.monotonic()
        step = message.partition(" (")[0].partition(" ")[0]
        if sys.stdout.isatty() or step != self._step or now - self._last > _REPORT_SECONDS:
            self._step, self._last = step, now
            print(f"{fraction:4.0%}  {message}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
