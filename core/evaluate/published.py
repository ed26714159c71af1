"""Published figures: their source, and which benchmarks a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomllib

FILE = Path(__file__).resolve().parents[2] / "resources" / "benchmarks.toml"
TABLES = ("averages", "sources", "published_models")
"""Tables of the file that are no benchmarks."""


@dataclass(frozen=True)
class PublishedModel:
    """A model with published figures.

    Attributes:
        name: as the figures name it.
        source: where its figures stand, in words.
        trained_on: names of the benchmarks that it was trained on.
    """

    name: str
    source: str
    trained_on: frozenset[str] = frozenset()

    def knows(self, *benchmarks: str) -> bool:
        """Whether it was trained on one of these benchmarks."""
        return not self.trained_on.isdisjoint(benchmarks)


@cache
def published_models() -> dict[str, PublishedModel]:
    """Returns the models with published figures by name."""
    described = tomllib.loads(FILE.read_text(encoding="utf-8"))
    sources = described["sources"]
    return {
        name: PublishedModel(name, sources[entry["source"]], frozenset(entry.get("trained_on", ())))
        for name, entry in described["published_models"].items()
    }


def marked(name: str, *benchmarks: str) -> str:
    """Returns a model's name, with an asterisk where it was trained on one of the benchmarks."""
    model = published_models().get(name)
    return f"{name}*" if model is not None and model.knows(*benchmarks) else name
