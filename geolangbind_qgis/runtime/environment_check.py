"""Checks of an existing runtime environment: completeness and self-test."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from .child import child_environment
from .manifest import Manifest, read_manifest
from .platforms import Platform, this_platform
from .programs import run_lines
from .requirements import Recipe, runtime_recipe
from .setup_error import SetupError
from .translation import tr

SELF_TEST = Path(__file__).with_name("self_test.py")


def environment_python(target: Path, platform: Platform | None = None) -> Path:
    """Returns the interpreter of an environment."""
    return target / (platform or this_platform()).environment_python


def find_environment(target: Path, recipe: Recipe | None = None) -> Manifest | None:
    """Returns the manifest of a complete environment of this plugin version; None if there is none."""
    manifest = read_manifest(target)
    recipe = runtime_recipe() if recipe is None else recipe
    if manifest is None or (manifest.managed and not set(recipe.hashes) <= set(manifest.requirements)):
        return None
    return manifest


def check_environment(python: Path, recipe: Recipe | None = None, *, managed: bool = False) -> Manifest:
    """Check that an environment, for instance the user's own, has all that the runtime needs.

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
            tr("{0} cannot be started ({1}).").format(python, problem.strerror),
            tr("Choose the Python of an environment."),
            code="python",
        ) from problem
    try:
        facts = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise SetupError(
            tr("The self-test of {0} ended without a result (status {1}).").format(python, status),
            tr("Repair the runtime, or choose another environment."),
            code="self-test",
        ) from None
    if facts["problems"]:
        more = len(facts["problems"]) - 1
        rest = tr(", and {0} more").format(more) if more else ""
        raise SetupError(
            tr("The environment is not complete: {0}{1}.").format(facts["problems"][0], rest),
            tr("Repair the runtime, or install what is missing."),
            code="self-test",
        )
    return Manifest(str(python), recipe.hashes, facts["device"], facts["versions"], facts["python"], managed)
