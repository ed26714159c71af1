"""Translation of the runtime's messages, which arrive in English with names and numbers filled in."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

_PLACE = re.compile(r"\{(\d)\}")

FOLDER = Path(__file__).resolve().parent


class WorkerMessages:
    """Translates whole messages by templates such as ``There is no file {0}.``.

    Args:
        templates: translations by English template; both hold the same ``{0}``, ``{1}``, ….
    """

    def __init__(self, templates: dict[str, str]) -> None:
        ordered = sorted(templates, key=lambda text: -len(_PLACE.sub("", text)))  # the most words first
        self._known = [(_pattern(template), template, templates[template]) for template in ordered]
        self._plain = {template: text for template, text in templates.items() if "{" not in template}
        self.translated = lru_cache(maxsize=500)(self._translated)

    @property
    def templates(self) -> frozenset[str]:
        """The English templates that have a translation."""
        return frozenset(template for _, template, _ in self._known)

    def _translated(self, text: str) -> str:
        """Returns a message in the user's language, with titles in it; as it is where no template fits."""
        if text in self._plain:
            return self._plain[text]
        for pattern, _, translation in self._known:
            found = pattern.fullmatch(text)
            if found is not None:
                parts = (found[f"p{place}"] for place in range(len(found.groups())))
                return translation.format(*(self._title(part) for part in parts))
        return text

    def _title(self, part: str) -> str:
        """Returns a title within a message in the user's language; a single word may be a name of the user's own."""
        return self._plain.get(part, part) if " " in part else part


def worker_messages(language: str) -> WorkerMessages | None:
    """Returns the messages in a language, such as "de"; None where there is no list for it."""
    file = FOLDER / f"runtime_{language}.json"
    return WorkerMessages(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def class_names_in(language: str) -> dict[str, str]:
    """Returns names of classes in a language, by their English names; empty where there is no list for it."""
    file = FOLDER / f"classes_{language}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _pattern(template: str) -> re.Pattern[str]:
    """Returns a pattern with a group p0, p1, … for every place of a template."""
    parts = _PLACE.split(template)
    words = (re.escape(part) if index % 2 == 0 else f"(?P<p{part}>.+?)" for index, part in enumerate(parts))
    return re.compile("".join(words), re.DOTALL)
