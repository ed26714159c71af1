"""Writes docs/comparison.md: the embedded model beside published models, from its card and the benchmarks' file.

python -m training.studies.comparison > docs/comparison.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.evaluate.averages import averages, published_means
from core.evaluate.benchmarks import ZERO_SHOT, benchmarks
from core.evaluate.published import marked, published_models
from core.model.cards import catalogue

SCENES = {
    "EuroSAT": "eurosat_rgb",
    "AID": "aid",
    "RESISC45": "resisc45",
    "fMoW": "fmow",
    "MillionAID": "millionaid",
    "PatternNet": "patternnet",
    "RSI-CB256": "rsicb256",
    "SkyScript": "skyscript",
}
RETRIEVAL = {"RSICD": "rsicd", "RSITMD": "rsitmd"}
WAYS = {"image → text": "image_to_text", "text → image": "text_to_image"}
RANKS = (1, 5, 10)

HEAD = """\
# What a user would pick instead

The embedded model beside models that can be fetched or imported, by published figures in per cent. Written by
`python -m training.studies.comparison` from `resources/benchmarks.toml` and the embedded model's card. An asterisk:
the model was trained on that set, or on one of the sets averaged.

**In short.** `geolb-tiny` is made for maps of words on any bands, offline, on a laptop. It is not a strong zero-shot
classifier of scenes: where a published model of 150 million parameters or more is allowed and fits the memory, it
knows more words. EuroSAT and UC Merced are no contest: `geolb-tiny` learnt their classes (from other images), the
others did not. Models for colours alone leave out every band but red, green and blue.

| what you have | what to pick |
|---|---|
| any bands, no download, maps in seconds | `geolb-tiny` |
| colours, many unusual words, commercial use | FarSLIP B-16 (MIT), SigLIP (Apache-2.0): [models](models.md) |
| any bands, best words, research only | DOFA-CLIP (CC-BY-NC-4.0) |
| some labelled polygons of your own | any of them, [fine-tuned](finetune.md) |
"""


def published_part() -> str:
    """Returns the tables of published figures, as Markdown."""
    header: tuple[str, ...] = ("model", *SCENES, "mean of 7", "mean of 8")
    parts = ["## Published: scenes by words, top-1", _table(header, _scene_rows())]
    parts.append(
        "The mean of 7 leaves SkyScript out, the mean of 8 has all; a model without single figures gave its mean."
    )
    header = ("model", *(f"{name}, {way}" for name in RETRIEVAL for way in WAYS))
    parts += ["## Published: retrieval, recall at 1 / 5 / 10", _table(header, _retrieval_rows())]
    models = list(published_models().values())
    by_source = {source: [m.name for m in models if m.source == source] for source in {m.source: 0 for m in models}}
    parts += ["## Sources", "\n".join(f"- {', '.join(names)}: {source}" for source, names in by_source.items())]
    return "\n\n".join(parts)


def own_part(card: Mapping[str, Any]) -> str:
    """Returns the embedded model's figures, as Markdown.

    Args:
        card: ``details`` of its card, with ``figures`` as ``core evaluate`` gives them.
    """
    rows = []
    for figures in card["figures"].values():
        measure = figures["measures"][0]
        setting = "" if figures["setting"] == ZERO_SHOT else "trained classes, other images"
        rows.append((figures["title"], measure["name"], _percent(measure["value"]), _interval(measure), setting))
    return "## `geolb-tiny`\n\n" + _table(("set", "measure", "figure", "95 %", ""), rows)


def _scene_rows() -> Iterable[tuple[str, ...]]:
    tables = [benchmarks()[name].get("published", {}) for name in SCENES.values()]
    entries = [averages()[name] for name in ("seven_sets", "eight_sets")]
    means = [(published_means(entry, benchmarks()), entry["of"]) for entry in entries]
    for model in published_models():
        cells = [_cell(table.get(model), model, name) for table, name in zip(tables, SCENES.values(), strict=True)]
        cells += [_cell(table.get(model), model, *sets) for table, sets in means]
        if any(cells):
            yield (model, *cells)


def _retrieval_rows() -> Iterable[tuple[str, ...]]:
    for model in published_models():
        cells = []
        for name in RETRIEVAL.values():
            published = benchmarks()[name].get("published", {})
            for way in WAYS.values():
                recalls = [published.get(f"{way}_R@{rank}", {}).get(model) for rank in RANKS]
                cells.append("" if None in recalls else " / ".join(f"{recall:.1f}" for recall in recalls))
        if any(cells):
            yield (model, *cells)


def _cell(figure: float | None, model: str, *sets: str) -> str:
    return "" if figure is None else f"{figure:.1f}{marked(model, *sets).removeprefix(model)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _interval(measure: Mapping[str, Any]) -> str:
    interval = measure["interval"]
    return "" if interval is None else f"{_percent(interval[0])}–{_percent(interval[1])}"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the page."""
    print("\n\n".join((HEAD.rstrip(), own_part(catalogue()["geolb-tiny"].details), published_part())))


if __name__ == "__main__":
    main()
