"""Class schemes as the plugin edits them: the JSON files of ``resources/schemes`` and the user's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from geolangbind_qgis.i18n import class_name_text, tr
from geolangbind_qgis.protocol_import import CODE_ROOT

SCHEMES_FOLDER = CODE_ROOT / "resources" / "schemes"


@dataclass(frozen=True)
class SchemeClass:
    """One class.

    Attributes:
        code: pixel value in the map, 0..254.
        name: shown in the legend.
        prompts: synonyms that the model is prompted with.
        colour: "#rrggbb".
    """

    code: int
    name: str
    prompts: tuple[str, ...]
    colour: str


@dataclass(frozen=True)
class Scheme:
    """A list of classes under a name.

    Attributes:
        name: short name ("worldcover").
        title: shown to the user.
        classes: the classes, in the order of the legend.
    """

    name: str
    title: str
    classes: tuple[SchemeClass, ...]

    def problem(self) -> str:
        """Returns why the scheme cannot be used; empty if it can."""
        if len(self.classes) < 2:
            return tr("A scheme needs at least two classes.")
        codes = [item.code for item in self.classes]
        if len(set(codes)) != len(codes):
            return tr("Two classes have the same code.")
        if any(not 0 <= code <= 254 for code in codes):
            return tr("Codes go from 0 to 254.")
        nameless = [item for item in self.classes if not item.name.strip()]
        return tr("A class has no name.") if nameless else ""


def read_scheme(path: Path) -> Scheme:
    """Returns the scheme in a file.

    Raises:
        ValueError: the file is no class scheme; the message says why.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        classes = tuple(_read_class(item, number) for number, item in enumerate(body["classes"], start=1))
        return Scheme(str(body.get("name", path.stem)), str(body.get("title", path.stem)), classes)
    except OSError as problem:
        raise ValueError(tr("{0} cannot be read: {1}.").format(path.name, problem.strerror)) from problem
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ValueError(tr("{0} is not a class scheme (JSON with a list of classes).").format(path.name)) from problem


def write_scheme(scheme: Scheme, path: Path) -> None:
    """Write the scheme as JSON.

    Raises:
        OSError: the file cannot be written.
    """
    classes = [
        {"code": item.code, "name": item.name, "prompts": list(item.prompts), "colour": item.colour}
        for item in scheme.classes
    ]
    body = {"name": scheme.name, "title": scheme.title, "classes": classes}
    path.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def bundled_schemes() -> list[Scheme]:
    """Returns the bundled schemes, the default first, with class names in the user's language."""
    return [
        replace(scheme, classes=tuple(replace(item, name=class_name_text(item.name)) for item in scheme.classes))
        for scheme in _schemes_in_english()
    ]


def _schemes_in_english() -> list[Scheme]:
    found = []
    for path in sorted(SCHEMES_FOLDER.glob("*.json")):
        try:
            found.append(replace(read_scheme(path), name=path.stem))
        except ValueError:
            continue  # one damaged file must not hide the others
    return sorted(found, key=lambda scheme: (scheme.name != "worldcover", scheme.title))


@cache
def scheme_words() -> tuple[str, ...]:
    """Returns every class name and synonym of the bundled schemes once, for completion; read from disk once."""
    words: dict[str, None] = {}
    for scheme in _schemes_in_english():
        for item in scheme.classes:
            words.update(dict.fromkeys((item.name.lower(), *item.prompts)))
    return tuple(sorted(words))


def _read_class(item: dict, number: int) -> SchemeClass:
    """Returns one class; without prompts its name is the prompt."""
    name = str(item["name"])
    prompts = tuple(str(prompt) for prompt in item.get("prompts", ())) or (name.lower(),)
    return SchemeClass(int(item.get("code", number)), name, prompts, str(item.get("colour", "#888888")))
