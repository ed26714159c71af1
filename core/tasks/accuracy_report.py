"""Accuracy report as one self-contained HTML page."""

from __future__ import annotations

from html import escape
from typing import Any

from core import __version__
from core.protocol import AccuracyParams

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { border: 1px solid #ccc; padding: .3rem .6rem;
text-align: right; } th:first-child, td:first-child { text-align: left; }
.figures span { display: inline-block; margin-right: 2rem; }
.figures b { font-size: 1.6rem; display: block; }
.note { color: #555; max-width: 50rem; }
"""


def html_report(params: AccuracyParams, result: dict[str, Any]) -> str:
    """Write the page.

    Args:
        params: what was compared.
        result: of ``core.tasks.accuracy.run``.
    """
    adjusted = result["adjusted"]
    figures = [("Overall accuracy", _percent(result["overall"])), ("Kappa", _decimal(result["kappa"]))]
    figures += [("Mean IoU", _decimal(result["mean_iou"])), ("Samples", samples_text(result))]
    if adjusted is not None:
        share = f"{_percent(adjusted['overall'])} ± {_percent(adjusted['overall_half_width'])}"
        figures.insert(1, ("Area-weighted accuracy, 95 %", share))
    shown = "".join(f"<span><b>{escape(value)}</b>{escape(title)}</span>" for title, value in figures)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Accuracy</title><style>{STYLE}</style></head><body>
<h1>Accuracy of {escape(params.map)}</h1>
<p>against {escape(params.reference)}</p>
<p class="figures">{shown}</p>
{"".join(f"<p>{escape(remark)}</p>" for remark in result["remarks"])}
<h2>Classes</h2>
{_class_table(result["classes"])}
<h2>Confusion matrix</h2>
<p>Rows: reference. Columns: map. The stronger a colour, the larger the share of its row.</p>
{_matrix_table(result)}
<p class="note">Area-weighted figures follow Olofsson et al. (2014), Good practices for estimating area and assessing
accuracy of land change. They hold for samples drawn at random within each class of the map; for labels drawn where it
was convenient they are a correction, not a guarantee. Pixels of one polygon are alike, so that polygons and not pixels
count for the intervals (Cochran 1977), as one sample each at most (Agresti and Coull 1998).</p>
<p class="note">GeoLangBind {escape(__version__)}</p>
</body></html>
"""


def samples_text(result: dict[str, Any]) -> str:
    """Returns the number of samples, with that of the features they lie in where these are the units."""
    if result["unit"] in ("pixel", "point"):
        return f"{result['samples']:,}"
    return f"{result['samples']:,} in {result['units']:,} {result['unit']}s"


def _class_table(classes: list[dict[str, Any]]) -> str:
    columns = [
        ("Code", lambda row: "–" if row["code"] is None else str(row["code"])),
        ("Samples", lambda row: f"{row['samples']:,}"),
        ("Producer's", lambda row: _percent(row["producers"])),
        ("User's", lambda row: _percent(row["users"])),
        ("F1", lambda row: _decimal(row["f1"])),
        ("IoU", lambda row: _decimal(row["iou"])),
        ("Mapped ha", lambda row: _hectares(row["hectares"])),
        ("Adjusted ha (95 %)", _adjusted),
    ]
    head = "".join(f"<th>{title}</th>" for title in ("Class", *(title for title, _ in columns)))
    rows = "".join(
        f"<tr><td>{escape(row['name'])}</td>{''.join(f'<td>{escape(show(row))}</td>' for _, show in columns)}</tr>"
        for row in classes
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _matrix_table(result: dict[str, Any]) -> str:
    names = [escape(row["name"]) for row in result["classes"]]
    head = "".join(f"<th>{name}</th>" for name in ("", *names, "Total"))
    lines = []
    for number, (name, counts) in enumerate(zip(names, result["matrix"], strict=True)):
        cells = "".join(
            f'<td style="background: {_shade(count, sum(counts), column == number)}">{count:,}</td>'
            for column, count in enumerate(counts)
        )
        lines.append(f"<tr><th>{name}</th>{cells}<td>{sum(counts):,}</td></tr>")
    totals = "".join(f"<td>{sum(column):,}</td>" for column in zip(*result["matrix"], strict=True))
    foot = f"<tr><th>Total</th>{totals}<td>{result['samples']:,}</td></tr>"
    return f"<table><tr>{head}</tr>{''.join(lines)}{foot}</table>"


def _shade(count: int, total: int, right: bool) -> str:
    """A cell's colour: stronger for a larger share of its reference class; green on the diagonal, else red."""
    return f"rgba({'46, 160, 67' if right else '207, 34, 46'}, {0.75 * count / total if total else 0:.3f})"


def _adjusted(row: dict[str, Any]) -> str:
    if row.get("adjusted_hectares") is None:
        return "–"
    return f"{_hectares(row['adjusted_hectares'])} ± {_hectares(row['adjusted_hectares_half_width'])}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _hectares(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
