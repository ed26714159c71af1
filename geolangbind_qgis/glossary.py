"""Translation of field terms into the English words that the models know, by a bundled list without network."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

GLOSSARY = Path("resources") / "glossary.json"
LANGUAGES = ("de", "fr", "es", "pt")
_ENDINGS = ("en", "es", "n", "e", "s", "x", "r")
_MOST_WORDS = 4


@dataclass(frozen=True)
class Translation:
    """A prompt in English.

    Attributes:
        english: what is requested.
        found: each term that was replaced, with its English words.
    """

    english: str
    found: tuple[tuple[str, str], ...] = ()


def translated(prompt: str, language: str = "") -> Translation:
    """Returns the prompt with its field terms in English; unknown words stay as they are.

    Args:
        prompt: words, with synonyms separated by "|".
        language: as in "de"; it is searched first where a term has several meanings; may be empty.
    """
    parts = [_part(part.strip(), language) for part in prompt.split("|")]
    english = " | ".join(part.english for part in parts)
    found = tuple(pair for part in parts for pair in part.found)
    return Translation(english if found else prompt, found)


def _part(text: str, language: str) -> Translation:
    terms = _terms()
    order = sorted(LANGUAGES, key=lambda each: each != language[:2])
    if _plain(text) in terms["en"]:
        return Translation(text)
    words = re.findall(r"[^\s,/]+", text)
    english: list[str] = []
    found: list[tuple[str, str]] = []
    while words:
        for count in range(min(_MOST_WORDS, len(words)), 0, -1):
            phrase = " ".join(words[:count])
            word = None if _plain(phrase) in terms["en"] else _english_of(phrase, order)
            if word is not None:
                found.append((phrase, word))
                english.append(word)
                break
        else:
            count = 1
            english.append(words[0])
        words = words[count:]
    return Translation(" ".join(english) if found else text, tuple(found))


def _english_of(phrase: str, order: list[str]) -> str | None:
    """Returns the English words of a term, looked up in each language, then without a plural or case ending."""
    plain, terms = _plain(phrase), _terms()
    forms = [plain, *(plain[: -len(ending)] for ending in _ENDINGS if plain.endswith(ending) and len(plain) > 5)]
    for form in forms:
        for language in order:
            if form in terms[language]:
                return terms[language][form]
    return None


@cache
def _terms() -> dict[str, dict[str, str]]:
    """Returns English words by term for each language; that of "en" holds the English words themselves."""
    from geolangbind_qgis.protocol_import import CODE_ROOT

    content = json.loads((CODE_ROOT / GLOSSARY).read_text(encoding="utf-8"))
    found: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    found["en"] = {word: word for word in content["also_english"]}
    for term in content["terms"]:
        found["en"][_plain(term["en"])] = term["en"]
        for language in LANGUAGES:
            for word in term[language]:
                found[language].setdefault(_plain(word), term["en"])
    return found


def _plain(text: str) -> str:
    """Returns a text in lower case without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
