"""The progressive study's figures as Markdown tables, one figure a seed in every cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]


def tables(found: Sequence[Mapping[str, Figures]], stages: Sequence[str]) -> str:
    """Returns the tables of the studies of several seeds.

    Args:
        found: for each seed, figures by the names of ``training.studies.progressive.tasks``; some may be missing.
        stages: the modalities in the order they were learnt.
    """
    maka = [
        [captions, *(_cell(found, f"{name} {kind} MaKA", "colour") for kind in ("without", "with"))]
        for captions, name in (("1 500", "colour_few"), ("15 000", "colour"))
    ]
    chain = [["colour", "", *_row(found, "colour with MaKA", stages), ""]]
    for number, name in enumerate(stages[1:], 2):
        merged = f"{name}, merged"
        shares = " / ".join(f"{figures[merged]['coefficient']:.1f}" for figures in found if merged in figures)
        for text, label in (
            (f"+ {name}", f"{name}, newcomer"),
            ("newcomer with MaKA", f"{name}, newcomer with MaKA"),
            (f"merged, α {shares}", merged),
        ):
            kind = "newcomer" if text.startswith("+") else text
            row = [*_row(found, label, stages), _mean(found, label, stages[:number])]
            chain.append([text if text.startswith("+") else "", kind, *row])
    unmerged = {stages[1]: f"{stages[1]}, newcomer"} | {name: f"{name}, never merged" for name in stages[2:]}
    ends = {
        "colour alone": "colour, asked about all",
        "one after another, merged": f"{stages[-1]}, merged",
        "one after another, never merged": unmerged[stages[-1]],
        "all at once": "all at once",
    }
    end = [[text, *_row(found, label, stages), _mean(found, label, stages)] for text, label in ends.items()]
    sure = ["sure to ±", *(_half_width(found, ends["all at once"], name) for name in stages), ""]
    chance = ["one answer for all", *(_chance(found, ends["all at once"], name) for name in stages), ""]
    known = {
        "colour alone": ends["colour alone"],
        "newcomer": "infrared, newcomer",
        "merged": "infrared, merged",
        "at the end": ends["one after another, merged"],
        "all at once": ends["all at once"],
    }
    newcomers = [figures[known["newcomer"]] for figures in found if known["newcomer"] in figures]
    captions = sorted({text for figures in newcomers for text in figures["infrared"]["found"]})
    each = [
        [
            text.removeprefix("a satellite image of ").rstrip("."),
            *(_found(found, label, "infrared", text) for label in known.values()),
        ]
        for text in captions
    ]
    parts = [
        _table(["captions learnt from", "without MaKA", "with MaKA"], maka),
        _table(["stage", "", *stages, "mean"], (row for row in chain if any(row[2:]))),
        _table(["stage", *stages], ([f"+ {name}", *_row(found, label, stages)] for name, label in unmerged.items())),
        _table(["", *stages, "mean"], [*end, sure, chance]),
        _table(["infrared", *known], each),
    ]
    return "\n\n".join(parts)


def _row(found: Sequence[Mapping[str, Figures]], label: str, stages: Sequence[str]) -> list[str]:
    return [_cell(found, label, name) for name in stages]


def _cell(found: Sequence[Mapping[str, Figures]], label: str, name: str) -> str:
    return " / ".join(f"{figures[label][name]['balanced']:.3f}" for figures in found if name in figures.get(label, {}))


def _found(found: Sequence[Mapping[str, Figures]], label: str, name: str, caption: str) -> str:
    return " / ".join(f"{figures[label][name]['found'][caption]:.2f}" for figures in found if label in figures)


def _mean(found: Sequence[Mapping[str, Figures]], label: str, stages: Sequence[str]) -> str:
    known = [figures[label] for figures in found if label in figures]
    return " / ".join(f"{sum(each[name]['balanced'] for name in stages) / len(stages):.3f}" for each in known)


def _half_width(found: Sequence[Mapping[str, Figures]], label: str, name: str) -> str:
    intervals = [figures[label][name]["interval"] for figures in found if label in figures]
    return f"{max(high - low for low, high in intervals) / 2:.3f}" if intervals else ""


def _chance(found: Sequence[Mapping[str, Figures]], label: str, name: str) -> str:
    known = [figures[label][name]["captions"] for figures in found if label in figures]
    return f"{1 / known[0]:.3f}" if known else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
