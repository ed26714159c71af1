"""Results on disk: whether a path can be written, and what a result says about how it was made."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from core import __version__
from core.errors import OutputError
from core.raster.failures import without_password

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind
    from core.tasks.scene import Scene


def check_writable(path: str | None) -> None:
    """Refuse an output that cannot be written, before any work is done; None is always fine.

    Raises:
        OutputError: the folder is missing or may not be written, or the path is a folder.
    """
    if path is None:
        return
    target = Path(path)
    if not path.strip() or target.is_dir():
        raise OutputError(f"The output {path or '(empty)'} is not a file name.", hint="Name a file.")
    folder = target.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"There is no folder {folder} to write to.", hint="Make it, or name another output.")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        raise OutputError(
            f"The folder {folder} cannot be written to ({problem.strerror}).", hint="Name another output."
        ) from problem


def provenance(model: GeoLangBind, name: str, scene: Scene, **more: str) -> dict[str, str]:
    """Give the tags that say how a result was made: software, model, source and bands, and whatever else is given."""
    recognition = scene.recognition
    tags = {
        "GEOLANGBIND_VERSION": __version__,
        "MODEL": name,
        "MODEL_SHA256": model.model_hash,
        "SOURCE": Path(without_password(scene.raster.info.path)).name,
        "SENSOR": recognition.sensor or "",
        "BANDS": ",".join(str(band) for band in recognition.band_indexes),
        "WAVELENGTHS_UM": ",".join(f"{length:g}" for length in recognition.band_set.wavelengths_um),
        "SCALING": recognition.scaling.name,
        **more,
    }
    return {key: value for key, value in tags.items() if value}
