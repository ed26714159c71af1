"""Table of per-class accuracy before and after fine-tuning."""

from __future__ import annotations

from html import escape
from typing import Any

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import unbroken


def finetune_table_html(result: dict[str, Any]) -> str:
    """Returns the runtime's result of a fine-tuning as HTML: one row a class, then all classes, then remarks.

    Args:
        result: ``classes`` with ``before`` and ``after`` (accuracy, iou), the same over all, and ``remarks``.
    """
    rows = [
        _row(str(item.get("name", "")), _change(item, "accuracy"), _change(item, "iou"))
        for item in result.get("classes") or ()
    ]
    overall = _row(f"<b>{tr('all')}</b>", _change(result, "overall_accuracy"), _change(result, "mean_iou"), plain=False)
    heads = "".join(
        f"<th align='{side}'>{head}</th>"
        for side, head in (("left", tr("Class")), ("right", tr("Accuracy")), ("right", "IoU"))
    )
    remarks = escape(unbroken(" ".join(str(remark) for remark in result.get("remarks") or ())))
    caption = tr("At validation labels, before → after, in per cent")
    return f"<p>{caption}</p><table width='100%'><tr>{heads}</tr>{''.join(rows)}{overall}</table><p>{remarks}</p>"


def _row(name: str, accuracy: str, iou: str, *, plain: bool = True) -> str:
    name = escape(name) if plain else name
    return f"<tr><td>{name}</td><td align='right'>{accuracy}</td><td align='right'>{iou}</td></tr>"


def _change(values: dict[str, Any], key: str) -> str:
    """Returns a figure before and after; a dash if the class has no held-out labels."""
    before, after = ((values.get(when) or {}).get(key) for when in ("before", "after"))
    if after is None:
        return "–"
    return f"{100 * after:.0f}" if before is None else f"{100 * before:.0f} → {100 * after:.0f}"
