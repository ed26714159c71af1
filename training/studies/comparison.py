"""Writes docs/comparison.md: the embedded model beside published models, from its card and the benchmarks' file.

python -m training.studies.comparison > docs/comparison.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.evaluate.averages import averages, published_means
from core.evaluate.benchmarks import TRAINED_CLASSES, ZERO_SHOT, benchmarks
from core.evaluate.published import marked, published_models
from core.model.cards import ModelCard, catalogue
from core.spectral.band_choice import COLOURS_UM

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
KINDS = {ZERO_SHOT: "zero-shot", TRAINED_CLASSES: "trained classes, other images"}

OWN = "geolb-tiny"
BESIDE = ("SigLIP B-16 224", "SigLIP SO400M 384", "DOFA-CLIP B-16 224", "DOFA-CLIP SO400M 384", "GeoRSCLIP H-14")
"""Published models that the embedded one is put beside, where both have figures."""

HEAD = """\
# What a user would pick instead

The embedded model beside models that can be fetched or imported, by figures in per cent. Written by
`python -m training.studies.comparison` from `resources/benchmarks.toml`, `resources/models.toml` and the embedded
model's card.

**In short.** `geolb-tiny` is made for maps of words on any bands, offline, on a laptop. It is not a strong zero-shot
classifier of scenes: where a published model of 150 million parameters or more is allowed and fits the memory, it
knows more words. EuroSAT and UC Merced are no contest: `geolb-tiny` learnt their classes (from other images), the
others did not. Its own maps are weaker in colours alone than with many bands, and water on fields in Spain is mostly
missed at the threshold of 0.5. Models for colours alone leave out every band but red, green and blue.

| what you have | what to pick |
|---|---|
| any bands, no download, maps in seconds | `geolb-tiny` |
| colours, many unusual words, commercial use | FarSLIP B-16 (MIT), SigLIP (Apache-2.0): [models](models.md) |
| any bands, best words, research only | DOFA-CLIP (CC-BY-NC-4.0) |
| some labelled polygons of your own | any of them, [fine-tuned](finetune.md) |

**How to read the figures.** Ours were measured by `core evaluate` on the files named in `resources/benchmarks.toml`,
with 95 % intervals. The others are their publishers', not measured here: with prompts, splits and image sizes of
their own, so that a few points between two models of different publishers mean little. An asterisk: trained on
that set, or on one of the sets averaged, as far as its publisher says; models of web pictures may have met any of
them. A dagger: trained on that set's classes, measured on other images of it. No figure of a map by words is
here for the published models: they were not run on the sets of masks that ours was.
"""


def models_part(cards: Iterable[ModelCard]) -> str:
    """Returns the models that can be had, by licence, size and bands, as Markdown."""
    rows = []
    for card in cards:
        fixed = tuple(card.details.get("bands_um", ()))
        bands = "red, green, blue" if fixed == COLOURS_UM else f"{len(fixed)} of Sentinel-2" if fixed else "any"
        size = f"{card.size / 1e6:,.0f} MB" if card.size else "not known"
        parameters = f"{card.parameters / 1e6:,.0f} million" if card.parameters else ""
        rows.append((f"`{card.name}`", bands, card.licence, parameters, size))
    header = ("model", "bands", "licence", "parameters", "size")
    return "## Models that come with the plugin or can be fetched\n\n" + _table(header, rows)


def beside_part(card: Mapping[str, Any]) -> str:
    """Returns the embedded model beside published ones on the sets that both were measured on, as Markdown.

    Args:
        card: ``details`` of its card, with ``figures`` as ``core evaluate`` gives them.
    """
    rows = []
    for name, figures in card["figures"].items():
        if name not in (*SCENES.values(), *RETRIEVAL.values()):
            continue
        published = benchmarks()[name].get("published", {})
        for measure in figures["measures"]:
            table = published.get(measure["name"], {}) if name in RETRIEVAL.values() else published
            if not table or not ("top-1" in measure["name"] or "_R@" in measure["name"]):
                continue
            own = _percent(measure["value"]) + ("" if figures["setting"] == ZERO_SHOT else "†")
            about = _without_setting(measure["name"], figures["setting"]).replace("_", " ")
            rows.append((f"{_label(name)}, {about}", own, *(_cell(table.get(model), model, name) for model in BESIDE)))
    header = ("set and measure", f"`{OWN}`", *BESIDE)
    return "## Beside each other\n\n" + _table(header, rows)


def page() -> str:
    """Returns the whole page, without the newline at its end."""
    cards = catalogue()
    own = cards[OWN].details
    return "\n\n".join((HEAD.rstrip(), models_part(cards.values()), beside_part(own), own_part(own), published_part()))


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
    for name, figures in card["figures"].items():
        seen = OWN in benchmarks().get(name, {}).get("trained_on_by", ())
        kind = "trained on these images" if seen else KINDS.get(figures["setting"], figures["setting"])
        first, *others = figures["measures"]
        for measure in (first, *(other for other in others if other["name"].startswith("IoU at 0.5,"))):
            about = _without_setting(measure["name"], figures["setting"]).replace("_", " ")
            title = figures["title"] if measure is first else ""
            rows.append((title, about, _percent(measure["value"]), _interval(measure), kind))
    header = ("set", "measure", "figure", "95 %", "kind")
    return f"## `{OWN}` on every set\n\nThe other measures are on its card.\n\n" + _table(header, rows)


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


def _without_setting(measure: str, setting: str) -> str:
    """Returns the name of a measure without the setting in it, which has a column of its own."""
    return measure.replace(f" ({setting})", "").removeprefix(f"{setting} ")


def _label(benchmark: str) -> str:
    return next(label for label, name in {**SCENES, **RETRIEVAL}.items() if name == benchmark)


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
    print(page())


if __name__ == "__main__":
    main()
