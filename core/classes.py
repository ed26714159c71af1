"""Class schemes: the legend of a map; each class has a code, a colour and prompts."""

from __future__ import annotations

import colorsys
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import OutputError, UsageError

SCHEMES_FOLDER = Path(__file__).resolve().parents[1] / "resources" / "schemes"

_INLINE_HINT = (
    'Write the classes as a list, for example "water; forest, trees; bare ground", or name a scheme or a JSON file.'
)
_ALIASES = {
    "esa_worldcover": "worldcover",
    "world_cover": "worldcover",
    "dynamicworld": "dynamic_world",
    "esri": "esri_lulc",
    "corine": "corine2",
    "clc": "corine2",
}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class ClassSchemeError(UsageError):
    """A class scheme that is unknown, cannot be read or contradicts itself."""


class UnknownSchemeError(ClassSchemeError):
    """A scheme name that is neither shipped nor a file."""


@dataclass(frozen=True)
class ClassEntry:
    """One class of a scheme.

    Attributes:
        code: value in the map, 0..254.
        name: what the legend states.
        prompts: words that mean it, plainest first; at least one.
        colour: "#rrggbb", lower case.
    """

    code: int
    name: str
    prompts: tuple[str, ...]
    colour: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0..255."""
        return int(self.colour[1:3], 16), int(self.colour[3:5], 16), int(self.colour[5:7], 16)


@dataclass(frozen=True)
class ClassScheme:
    """A legend: its classes have different codes and different names.

    Attributes:
        name: short name, as on the command line.
        title: what the user reads.
        classes: in the legend's order.
        source: where the codes and colours come from; may be empty.
    """

    name: str
    title: str
    classes: tuple[ClassEntry, ...]
    source: str = ""

    @property
    def codes(self) -> tuple[int, ...]:
        """Codes in the legend's order."""
        return tuple(entry.code for entry in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the legend's order."""
        return tuple(entry.name for entry in self.classes)

    @property
    def nodata(self) -> int:
        """The value for "no data" in a map of this scheme: 0 where no class has it, else 255."""
        return 255 if 0 in self.codes else 0

    def entry(self, code: int) -> ClassEntry | None:
        """Returns the class with a code, if there is one."""
        return next((entry for entry in self.classes if entry.code == code), None)


def load_scheme(text: str | Path) -> ClassScheme:
    """Returns a class scheme by shipped name, JSON file, or inline list.

    Args:
        text: a name of ``list_schemes``; a path to a JSON file as ``save_scheme`` writes it; or classes separated by
            semicolons, each with its synonyms separated by commas: "water; forest, trees; 7=bare ground #a59b8f" (code
            and colour may be left out).

    Raises:
        UnknownSchemeError: neither a shipped name, nor a file, nor a list.
        ClassSchemeError: a file that is not a class scheme, duplicate codes or names, no classes or a single one.
    """
    wanted = str(text).strip()
    if not wanted:
        raise ClassSchemeError("The class scheme is empty.", hint=_INLINE_HINT)
    shipped = SCHEMES_FOLDER / f"{_plain(wanted)}.json"
    if shipped.is_file() and _plain(wanted):
        return _read(shipped)
    if isinstance(text, Path) or wanted.lower().endswith(".json") or _is_file(wanted):
        return _read(Path(wanted))
    if ";" in wanted or "\n" in wanted:
        return _parse_inline(wanted)
    raise UnknownSchemeError(
        f'There is no class scheme named "{wanted}"; there are {", ".join(list_schemes())}.', hint=_INLINE_HINT
    )


def scheme_of(name: str, words: Sequence[str]) -> ClassScheme:
    """Return a scheme of classes with one name each, coded from 1, in the colours usual for them.

    Raises:
        ClassSchemeError: there is a single class, or two have one name.
    """
    entries = [ClassEntry(code, word, (word,), _colour_for((word,), code)) for code, word in enumerate(words, 1)]
    return _checked(name, f"the classes of {name}", entries)


def list_schemes() -> tuple[str, ...]:
    """Returns the names of the shipped schemes, sorted."""
    return tuple(sorted(path.stem for path in SCHEMES_FOLDER.glob("*.json")))


def save_scheme(scheme: ClassScheme, path: Path) -> None:
    """Write a scheme as a JSON file that ``load_scheme`` reads; an old file is replaced as a whole.

    Raises:
        OutputError: the file cannot be written.
    """
    rows = [{"code": e.code, "name": e.name, "colour": e.colour, "prompts": list(e.prompts)} for e in scheme.classes]
    document = {"name": scheme.name, "title": scheme.title, "source": scheme.source, "classes": rows}
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise OutputError(
            f"The class scheme cannot be written to {path} ({error.strerror or error}).", hint="Choose another place."
        ) from error


def _plain(name: str) -> str:
    """Returns a scheme's name in the spelling of its file: "ESA WorldCover" and "world-cover" become "worldcover"."""
    key = re.sub(r"[\s\-]+", "_", name.strip().lower())
    key = _ALIASES.get(key, key)
    return key if re.fullmatch(r"[a-z0-9_]+", key) else ""


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # a list of classes may be too long for a file name
        return False


def _read(path: Path) -> ClassScheme:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ClassSchemeError(
            f"The class scheme {path} cannot be read ({error.strerror or error}).", hint=_INLINE_HINT
        ) from error
    except (ValueError, RecursionError) as error:
        raise ClassSchemeError(f"The class scheme {path} is not JSON ({error}).", hint=_INLINE_HINT) from error
    rows = document.get("classes") if isinstance(document, Mapping) else document
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise ClassSchemeError(
            f'The class scheme {path} has no list "classes".', hint="Compare it with resources/schemes/worldcover.json."
        )
    about = document if isinstance(document, Mapping) else {}
    entries = [_entry(row, number, path) for number, row in enumerate(rows, start=1)]
    return _checked(
        str(about.get("name", path.stem)), str(about.get("title", path.stem)), entries, str(about.get("source", ""))
    )


def _entry(row: object, number: int, path: Path) -> ClassEntry:
    hint = 'Each class needs a "name"; it may have a "code" (0 to 254), "colour" ("#rrggbb") and "prompts" (words).'
    if isinstance(row, str):
        row = {"name": row}
    if not isinstance(row, Mapping) or not str(row.get("name", "")).strip():
        raise ClassSchemeError(f"Class {number} of {path} has no name.", hint=hint)
    name = str(row["name"]).strip()
    code = row.get("code", number)
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= 254:
        raise ClassSchemeError(f'The code of class "{name}" of {path} is not a whole number from 0 to 254.', hint=hint)
    prompts = row.get("prompts", [])
    if isinstance(prompts, str):
        prompts = prompts.split(",")
    if not isinstance(prompts, Sequence) or not all(isinstance(prompt, str) for prompt in prompts):
        raise ClassSchemeError(f'The prompts of class "{name}" of {path} are not a list of words.', hint=hint)
    words = tuple(prompt.strip() for prompt in prompts if prompt.strip()) or (name.lower(),)
    colour = str(row.get("colour", row.get("color", ""))) or _colour_for(words, number)
    if not _COLOUR.fullmatch(colour):
        raise ClassSchemeError(
            f'The colour "{colour}" of class "{name}" of {path} is not of the form #rrggbb.', hint=hint
        )
    return ClassEntry(code, name, words, colour.lower())


def _parse_inline(text: str) -> ClassScheme:
    pieces = [piece.strip() for piece in re.split(r"[;\n]", text) if piece.strip(" ,;\t")]
    entries: list[ClassEntry] = []
    given = {int(match[1]) for piece in pieces if (match := re.match(r"(\d+)\s*=", piece))}
    free = (code for code in range(1, 1000) if code not in given)
    for number, piece in enumerate(pieces, start=1):
        colour = _COLOUR.search(piece)
        words_part = _COLOUR.sub("", piece)
        numbered = re.match(r"(\d+)\s*=\s*(.*)", words_part, flags=re.DOTALL)
        code = int(numbered[1]) if numbered else next(free)
        words = tuple(word.strip() for word in (numbered[2] if numbered else words_part).split(",") if word.strip())
        if not words:
            raise ClassSchemeError(f'Class {number} of the list, "{piece}", has no words.', hint=_INLINE_HINT)
        if code > 254:
            raise ClassSchemeError(
                f'The code {code} of class "{words[0]}" is not a whole number from 0 to 254.', hint=_INLINE_HINT
            )
        entries.append(ClassEntry(code, words[0], words, colour[0].lower() if colour else _colour_for(words, number)))
    return _checked("custom", "Custom classes", entries)


def _checked(name: str, title: str, entries: Sequence[ClassEntry], source: str = "") -> ClassScheme:
    if not entries:
        raise ClassSchemeError(f'The class scheme "{title}" has no classes.', hint=_INLINE_HINT)
    if len(entries) == 1:
        raise ClassSchemeError(
            f'The class scheme "{title}" has a single class, "{entries[0].name}"; there is nothing to tell it from.',
            hint='Add what else is there, for example "; other land", or highlight a single prompt instead.',
        )
    for what, values in (
        ("code", [entry.code for entry in entries]),
        ("name", [entry.name.lower() for entry in entries]),
    ):
        twice = [str(value) for value, count in Counter(values).items() if count > 1]
        if twice:
            raise ClassSchemeError(
                f'The class scheme "{title}" uses the {what} {", ".join(twice)} more than once.',
                hint=f"Give every class its own {what}.",
            )
    return ClassScheme(name, title, tuple(entries), source)


@cache
def _known_colours() -> dict[str, str]:
    """Returns the colour of every word of the common legends, so that water is blue by default."""
    colours: dict[str, str] = {}
    for scheme in ("dynamic_world", "worldcover", "corine2", "eurosat"):
        rows = json.loads((SCHEMES_FOLDER / f"{scheme}.json").read_text(encoding="utf-8"))["classes"]
        for row in rows:
            for word in (row["name"].lower(), *row["prompts"]):
                colours.setdefault(word, row["colour"])
    return colours


def _colour_for(words: Sequence[str], number: int) -> str:
    """Returns a colour: the usual one of a known word, else the ``number``-th of hues far apart from one another."""
    known = _known_colours()
    for word in words:
        if word.lower() in known:
            return known[word.lower()]
    red, green, blue = colorsys.hsv_to_rgb((0.11 + 0.618034 * number) % 1.0, 0.55 + 0.25 * (number % 2), 0.85)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
