"""The background vocabulary, which prompts are compared with."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[1] / "resources"


@cache
def word_groups() -> tuple[tuple[str, ...], ...]:
    """The background vocabulary: groups of words that mean nearly the same, from ``resources/vocabulary.json``."""
    document = json.loads((RESOURCES / "vocabulary.json").read_text(encoding="utf-8"))
    return tuple(tuple(group) for group in document["groups"])


def background_words(prompts: Sequence[str] = ()) -> tuple[str, ...]:
    """Background words for a set of prompts: one per group, without groups that contain a prompt.

    A group is left out when it shares a word with a prompt, plurals aside: "pine forest" leaves out all woods.

    Args:
        prompts: what the user requested; none gives the whole background.
    """
    asked = {stem for prompt in prompts for stem in _stems(prompt)}
    return tuple(group[0] for group in word_groups() if not asked & {stem for word in group for stem in _stems(word)})


_EMPTY_WORDS = frozenset(
    {
        "a",
        "an",
        "the",
        "of",
        "or",
        "and",
        "in",
        "on",
        "with",
        "to",
        "area",
        "areas",
        "land",
        "field",
        "bare",
        "green",
        "open",
        "ground",
    }
)


def _stems(text: str) -> set[str]:
    """Returns a text's content words without plural endings."""
    words = re.findall(r"[a-z]+", text.lower())
    return {
        re.sub(r"(?<=[^s])s$", "", re.sub(r"(?<=ss|ch|sh)es$", "", word)) for word in words if word not in _EMPTY_WORDS
    }
