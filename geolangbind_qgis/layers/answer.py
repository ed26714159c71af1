"""The request that a result answers, stored with its layer, in its notes and in its metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone

from qgis.core import QgsMapLayer

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.layer_notes import write_notes

_ANSWER, _PAST = "geolangbind/answer", "geolangbind/past_answers"
MOST_PAST = 12


@dataclass(frozen=True)
class Answer:
    """One answer to a prompt.

    Attributes:
        raster: file with the scores.
        band: the prompt's band, from 1.
        prompt: what was looked for.
        exclusions: what was to be left out.
        model: name of the model.
        image: name of the layer that was searched.
        extent: computed part (xmin, ymin, xmax, ymax) in the layer's CRS; None for the whole layer.
        resolution: pixel size; None for the layer's own.
        date: when, in ISO 8601, in universal time.
        threshold: score from which it was shown first.
        suggested: threshold that splits the scores into two groups; None where they do not.
    """

    raster: str
    band: int
    prompt: str
    exclusions: tuple[str, ...] = ()
    model: str = ""
    image: str = ""
    extent: tuple[float, float, float, float] | None = None
    resolution: float | None = None
    date: str = ""
    threshold: float = 0.5
    suggested: float | None = None

    @property
    def title(self) -> str:
        """Prompt and exclusions, as the layer's name."""
        return self.prompt + (tr(" (without {0})").format(", ".join(self.exclusions)) if self.exclusions else "")

    @property
    def time(self) -> str:
        """Local time of day and date, short."""
        return local_time(self.date)

    def lines(self) -> list[tuple[str, str]]:
        """Returns titles and values for display."""
        found = [
            (tr("Prompt"), self.prompt),
            (tr("Exclude"), ", ".join(self.exclusions) or "–"),
            (tr("Image"), self.image),
            (tr("Model"), self.model),
            (tr("Threshold"), f"{self.threshold:.3f}"),
            (tr("Extent"), extent_text(self.extent)),
            (tr("Date"), self.time),
        ]
        return [(head, value) for head, value in found if value]


def extent_text(extent: tuple[float, float, float, float] | None) -> str:
    """Returns an extent for display; None is the whole layer."""
    return ", ".join(f"{value:.8g}" for value in extent) if extent else tr("whole layer")


def local_time(date: str) -> str:
    """Returns an ISO 8601 date as short local time and date; empty if it is none."""
    try:
        return datetime.fromisoformat(date).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return ""


def now() -> str:
    """Returns the present time in ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def keep_answer(layer: QgsMapLayer, answer: Answer, threshold: float | None = None) -> None:
    """Store an answer with its layer, in the project too, and write it into the layer's notes and metadata."""
    if threshold is not None:
        answer = replace(answer, threshold=threshold)
    layer.setCustomProperty(_ANSWER, json.dumps(asdict(answer), ensure_ascii=False))
    history = f"{answer.time}: GeoLangBind, {answer.model}"
    write_notes(layer, answer.title, answer.lines(), [answer.prompt, *answer.exclusions], history)


def read_answer(layer: QgsMapLayer) -> Answer | None:
    """Returns the answer that a layer shows; None if there is none."""
    try:
        return _from_body(json.loads(str(layer.customProperty(_ANSWER, "null"))))
    except (TypeError, ValueError):
        return None


def past_answers(layer: QgsMapLayer) -> list[Answer]:
    """Returns the answers that a layer showed before, the newest first."""
    try:
        return [_from_body(body) for body in json.loads(str(layer.customProperty(_PAST, "[]")))]
    except (TypeError, ValueError):
        return []


def keep_past_answers(layer: QgsMapLayer, answers: list[Answer]) -> None:
    """Store earlier answers with the layer."""
    bodies = [asdict(answer) for answer in answers[:MOST_PAST]]
    layer.setCustomProperty(_PAST, json.dumps(bodies, ensure_ascii=False))


def _from_body(body: dict | None) -> Answer:
    """Returns an answer from its JSON form.

    Raises:
        TypeError, ValueError: the body is no answer.
    """
    if not isinstance(body, dict):
        raise TypeError("no answer")
    known = {item.name for item in fields(Answer)}
    answer = Answer(**{name: value for name, value in body.items() if name in known})
    if answer.extent is not None:
        xmin, ymin, xmax, ymax = answer.extent
        answer = replace(answer, extent=(xmin, ymin, xmax, ymax))
    return replace(answer, exclusions=tuple(answer.exclusions))
