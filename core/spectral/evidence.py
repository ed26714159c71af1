"""Evidence about a raster, and how it is weighed.

A piece says what it was found in, what it supports and how strongly. Nothing is decided by the first match: the
candidate with the largest sum wins, and strong evidence that supports another is reported as a contradiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Subject = Literal["sensor", "scaling"]

STRONG = 3.0
"""From this strength on, a piece that supports a candidate that lost is a contradiction worth a warning."""


@dataclass(frozen=True)
class Evidence:
    """One independent piece of evidence.

    Attributes:
        source: what it was found in ("file name", "metadata", "names of the bands", "values", "pixel size", ...).
        says: what was found, one sentence.
        about: what it helps to decide.
        favours: the candidates it supports: names of sensors or of scaling presets.
        strength: how strongly; negative where it contradicts them. 1 is a hint, 3 is strong, 6 is nearly proof.
    """

    source: str
    says: str
    about: Subject
    favours: tuple[str, ...]
    strength: float


def weigh(evidence: Iterable[Evidence], about: Subject, candidates: Sequence[str]) -> dict[str, float]:
    """Return the sum of the evidence for each candidate, best first; of equals, the earlier candidate comes first."""
    totals = dict.fromkeys(candidates, 0.0)
    for piece in evidence:
        if piece.about == about:
            for name in piece.favours:
                if name in totals:
                    totals[name] += piece.strength
    return dict(sorted(totals.items(), key=lambda item: -round(item[1], 6)))


def contradictions(evidence: Iterable[Evidence], about: Subject, chosen: Sequence[str]) -> tuple[Evidence, ...]:
    """Return the strong pieces that support others than what was chosen, or against it.

    Args:
        evidence: all pieces.
        about: the subject.
        chosen: the candidate that won, and others that mean the same.
    """
    return tuple(
        piece
        for piece in evidence
        if piece.about == about
        and (
            (piece.strength >= STRONG and not set(piece.favours) & set(chosen))
            or (piece.strength <= -STRONG and set(piece.favours) & set(chosen))
        )
    )
