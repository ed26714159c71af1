"""Offline bundles: wheels, text tower and models in one folder, every file with its hash.

``pack_bundle`` fills the folder on a computer of the same kind that has a network; ``read_bundle`` and
``verify_bundle`` look at it on the other before anything is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .child import child_environment
from .environment_check import environment_python
from .pip_failures import explain_pip
from .programs import run_lines
from .proxies import proxy_environment, without_secrets
from .requirements import Recipe
from .setup_error import SetupError
from .translation import tr

BUNDLE_FILE = "geolangbind-bundle.json"
FORMAT = 1
WHEELS, MODELS = "wheels", "models"
PIP_VERSION = "pip>=25,<27"
"""Newer than what Pythons bring along: it trusts the system's certificates and says how far a download is."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Bundle:
    """Contents of a bundle as its manifest states them.

    Attributes:
        folder: of the bundle.
        requirements: hash of each requirement file that its wheels were fetched for.
        system: kind of computer it was made for, such as "Linux x86_64, Python 3.11".
        files: SHA-256 by path within, slashes forward.
    """

    folder: Path
    requirements: tuple[str, ...]
    system: str
    files: Mapping[str, str]

    @property
    def wheels(self) -> Path:
        """The folder of wheels."""
        return self.folder / WHEELS

    @property
    def models(self) -> tuple[Path, ...]:
        """The folders of models."""
        names = {PurePosixPath(name).parts[1] for name in self.files if name.startswith(f"{MODELS}/")}
        return tuple(self.folder / MODELS / name for name in sorted(names))


def pack_bundle(
    folder: Path,
    environment: Path,
    recipe: Recipe,
    *,
    models: Sequence[Path] = (),
    proxy: Mapping[str, object] | None = None,
    wheels: Path | None = None,
    indexes: Sequence[str] = (),
    log: Callable[[str], None] = lambda line: None,
) -> Bundle:
    """Fill a folder with all that another computer of the same kind needs for an installation.

    Args:
        folder: empty or new.
        environment: a runtime environment on this computer; its pip fetches for its Python.
        recipe: what to fetch.
        models: folders of models to take along.
        proxy: see ``proxies.proxy_environment``.
        wheels: a folder to take the wheels from, without a network.
        indexes: package indexes that may have the wanted build of torch; the first that has it is taken.
        log: called with every line of pip, without secrets.

    Raises:
        SetupError: the folder holds something, or a package cannot be fetched.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise SetupError(
            tr("The folder {0} is not empty.").format(folder), tr("Choose an empty folder."), code="rights"
        )
    (folder / WHEELS).mkdir(parents=True, exist_ok=True)
    python = environment_python(environment)
    download = [str(python), "-I", "-m", "pip", "download", "--no-input", "--progress-bar", "off"]
    download += ["--only-binary", ":all:", "-d", str(folder / WHEELS)]
    if wheels is not None:
        download += ["--no-index", "--find-links", str(wheels)]
    wanted = [option for file in recipe.requirements for option in ("-r", str(file))]
    wanted += [option for lock in recipe.locks for option in ("-c", str(lock))]
    steps = [wanted]
    if recipe.text_tower is not None:
        steps.append(["--no-deps", "-r", str(recipe.text_tower)])
    if wheels is None:
        steps.append(["--no-deps", PIP_VERSION])
    variables = child_environment(extra={**proxy_environment(proxy), "PIP_DISABLE_PIP_VERSION_CHECK": "1"})

    def run(arguments: list[str]) -> str:
        """Returns what pip said where it failed."""
        status, output = run_lines(
            [*download, *arguments],
            environment=variables,
            folder=folder,
            on_line=lambda line: log(without_secrets(line)),
        )
        return "" if status == 0 else output

    pins = recipe.pins_of(recipe.separate)
    any(not run(["--no-deps", "--index-url", index, *pins]) for index in indexes)
    if indexes:
        download += ["--find-links", str(folder / WHEELS)]
    for step in steps:
        if failure := run(step):
            raise explain_pip(failure)
    for model in models:
        _copy_model(model, folder / MODELS / model.name)
    files = {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(_files(folder))}
    bundle = Bundle(folder, tuple(recipe.hashes), system_of(python), files)
    _write(bundle)
    return bundle


def is_bundle(folder: Path) -> bool:
    """Whether a folder has the manifest of a bundle."""
    return (folder / BUNDLE_FILE).is_file()


def read_bundle(folder: Path) -> Bundle:
    """Returns the manifest of a bundle; its files are not checked.

    Raises:
        SetupError: it is no bundle, of another format, or names files outside its folder.
    """
    try:
        values = json.loads((folder / BUNDLE_FILE).read_text(encoding="utf-8"))
        known = values["format"] == FORMAT
        files = {str(name): str(digest) for name, digest in values["files"].items()}
        bundle = Bundle(folder, tuple(values["requirements"]), str(values["system"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _refused(folder, tr("its list of files cannot be read")) from problem
    if not known:
        raise _refused(folder, tr("it was made by another version"))
    for name in files:
        path = PurePosixPath(name)
        plain = len(path.parts) > 1 and path.parts[0] in (WHEELS, MODELS) and ".." not in path.parts
        if path.is_absolute() or not plain or "\\" in name or ":" in name:
            raise _refused(folder, tr("it names the file {0} outside its folder").format(name))
    return bundle


def verify_bundle(bundle: Bundle, recipe: Recipe, progress: Callable[[float, str], None] = lambda f, m: None) -> None:
    """Check that a bundle fits this version and that its files are complete, unchanged, and no others exist.

    Raises:
        SetupError: they are not.
    """
    if not set(recipe.hashes) <= set(bundle.requirements):
        raise _refused(bundle.folder, tr("it was packed for another version of the plugin"))
    present = {path.relative_to(bundle.folder).as_posix() for path in _files(bundle.folder)}
    for name in sorted(present - set(bundle.files)):
        raise _refused(bundle.folder, tr("it holds {0}, which its list does not name").format(name))
    for number, (name, digest) in enumerate(bundle.files.items()):
        progress(number / len(bundle.files), tr("Checking {0}").format(name))
        path = bundle.folder / name
        if path.is_symlink() or not path.is_file():
            raise _refused(bundle.folder, tr("the file {0} is missing").format(name))
        if file_sha256(path) != digest:
            raise _refused(bundle.folder, tr("the file {0} has changed").format(name))


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def system_of(python: Path) -> str:
    """Returns operating system, processor and Python version as text."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    status, output = run_lines([str(python), "-I", "-c", code], environment=child_environment(), folder=python.parent)
    version = output.strip() if status == 0 else "?"
    return f"{platform.system()} {platform.machine()}, Python {version}"


def _copy_model(source: Path, target: Path) -> None:
    """Copy the files of a model's folder; links are resolved."""
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            shutil.copyfile(path, target / path.name)


def _files(folder: Path) -> list[Path]:
    """Returns all files below the two folders of a bundle."""
    found = []
    for part in (WHEELS, MODELS):
        for root, _, names in os.walk(folder / part):
            found += [Path(root) / name for name in names]
    return found


def _write(bundle: Bundle) -> None:
    values = {
        "format": FORMAT,
        "system": bundle.system,
        "requirements": list(bundle.requirements),
        "files": dict(bundle.files),
    }
    temporary = bundle.folder / f"{BUNDLE_FILE}.new"
    temporary.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, bundle.folder / BUNDLE_FILE)


def _refused(folder: Path, reason: str) -> SetupError:
    return SetupError(
        tr("The bundle {0} is refused: {1}.").format(folder, reason),
        tr("Pack it again on the computer with a network, and copy all of it."),
        code="package",
    )
