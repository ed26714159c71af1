"""The user's class schemes, stored in the QGIS profile: edited, imported, or made from a fine-tuned model's classes."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from qgis.core import QgsApplication

from geolangbind_qgis.catalogue.class_schemes import Scheme, SchemeClass, read_scheme, write_scheme

_COLOURS = (
    "#1f78b4",
    "#33a02c",
    "#e31a1c",
    "#ff7f00",
    "#6a3d9a",
    "#b15928",
    "#a6cee3",
    "#b2df8a",
    "#fb9a99",
    "#fdbf6f",
)
_FORBIDDEN = re.compile(r"[^\w.-]+")


def own_schemes_folder() -> Path:
    """Returns the folder of the user's schemes."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "geolangbind" / "schemes"


def own_schemes() -> dict[str, Scheme]:
    """Returns the user's schemes by their files, which the runtime takes as schemes, sorted by their titles."""
    found = {}
    for path in sorted(own_schemes_folder().glob("*.json")):
        with suppress(ValueError):  # one damaged file must not hide the others
            found[str(path)] = replace(read_scheme(path), name=path.stem)
    return dict(sorted(found.items(), key=lambda item: item[1].title.casefold()))


def keep_scheme(scheme: Scheme) -> str:
    """Store the scheme and return its file; a scheme of the same title is replaced.

    Raises:
        OSError: the file cannot be written.
    """
    folder = own_schemes_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_FORBIDDEN.sub('_', scheme.title).strip('_') or 'scheme'}.json"
    write_scheme(replace(scheme, name=path.stem), path)
    return str(path)


def remove_scheme(file: str) -> None:
    """Delete one of the user's schemes."""
    if Path(file).parent == own_schemes_folder():
        Path(file).unlink(missing_ok=True)


def scheme_of_classes(title: str, names: list[str]) -> Scheme:
    """Returns a scheme of a fine-tuned model's classes, each with its name as prompt."""
    classes = (
        SchemeClass(code, name, (name.lower(),), _COLOURS[(code - 1) % len(_COLOURS)])
        for code, name in enumerate(names, start=1)
    )
    return Scheme(title, title, tuple(classes))
