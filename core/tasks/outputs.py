"""Results on disk: checks of output paths, and provenance tags."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core import __version__
from core.errors import OutputError
from core.raster.dates import acquisition_date
from core.raster.failures import without_password
from core.raster.staging import check_target

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind
    from core.tasks.scene import Scene


def check_writable(outputs: Iterable[tuple[str | None, Sequence[str]]], sources: Sequence[str] = ()) -> None:
    """Refuse outputs that cannot be written, before any work is done.

    Args:
        outputs: path and allowed endings of each; a path of None is always fine.
        sources: inputs, which must not be overwritten.

    Raises:
        OutputError: the folder is missing or may not be written; or the path is a folder, has another ending, is an
            input, or is that of two outputs.
    """
    seen: set[str] = set()
    for path, suffixes in outputs:
        if path is None:
            continue
        if not path.strip():
            raise OutputError("An output has no name.", hint="Name a file.")
        target = Path(path)
        check_target(target, suffixes, sources)
        _try_folder(target.absolute().parent)
        if os.path.abspath(path) in seen:
            raise OutputError(f"{path} is named for two results.", hint="Give each a name of its own.")
        seen.add(os.path.abspath(path))


def _try_folder(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        raise OutputError(
            f"The folder {folder} cannot be written to ({problem.strerror}).", hint="Name another output."
        ) from problem


def provenance(model: GeoLangBind, name: str, scene: Scene, **more: str) -> dict[str, str]:
    """Provenance tags of a result: software, model, source, bands, and the further values given."""
    return provenance_of(name, model.model_hash, scene, **more)


def provenance_of(name: str, sha256: str, scene: Scene, **more: str) -> dict[str, str]:
    """Provenance tags of a result of a model or head, by its name and the hash of its weights; "" for none."""
    recognition = scene.recognition
    wavelengths = () if recognition.embedding is not None else recognition.band_set.wavelengths_um
    tags = {
        "GEOLANGBIND_VERSION": __version__,
        "MODEL": name,
        "MODEL_SHA256": sha256,
        "SOURCE": Path(without_password(scene.raster.info.path)).name,
        "ACQUIRED": acquisition_date(scene.raster.info.tags, Path(without_password(scene.raster.info.path)).name),
        "SENSOR": recognition.sensor or "",
        "BANDS": ",".join(str(band) for band in recognition.band_indexes),
        "WAVELENGTHS_UM": ",".join(f"{length:g}" for length in wavelengths),
        "SCALING": recognition.scaling.name,
        **more,
    }
    return {key: value for key, value in tags.items() if value}
