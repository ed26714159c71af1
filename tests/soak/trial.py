"""One request of a soak with the fault that befalls it, and what a soak saw."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

FAULTS = ("worker killed", "cancelled", "disk full", "raster removed", "file truncated", "network cut", "chunk damaged")
SHARES = {"highlight": 38, "classify": 28, "embed": 28, "finetune": 6}
"""How often each method is asked for, in per cent; one fine-tuning costs as much as ten of the others."""
RASTERS = ("highlight", "classify")
"""Methods whose result is a raster."""
MOMENTS = {"finetune": (0, 1, 2, 4, 8, 16, 24)}
MOMENTS_OF_OTHERS = (0, 1, 1, 2, 2, 3)


@dataclass
class Trial:
    """One request and what befalls it.

    Attributes:
        number: from 0.
        seed: of its chances.
        method: asked for.
        fault: what goes wrong.
        moment: after how many notifications; 0 for before the request.
    """

    number: int
    seed: int
    method: str
    fault: str
    moment: int

    @classmethod
    def draw(cls, number: int, seed: int) -> Trial:
        """Draw method, fault and moment from a seed."""
        chance = random.Random(seed)
        method = chance.choices(list(SHARES), list(SHARES.values()))[0]
        return cls(number, seed, method, chance.choice(FAULTS), chance.choice(MOMENTS.get(method, MOMENTS_OF_OTHERS)))

    def __str__(self) -> str:
        return f"trial {self.number}, seed {self.seed}: {self.fault} after {self.moment} messages of {self.method}"


@dataclass
class Report:
    """What a soak saw.

    Attributes:
        done: how many faults there were.
        during: how many of them came before the request had ended.
        by_kind: faults by (fault, method).
        ends: how requests ended.
        workers: runtime processes that were started.
        problems: sentences with the trial and its seed; empty where all held.
    """

    done: int = 0
    during: int = 0
    by_kind: Counter[tuple[str, str]] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    workers: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count another lane's trials in."""
        self.done += other.done
        self.during += other.during
        self.by_kind += other.by_kind
        self.ends += other.ends
        self.workers += other.workers
        self.problems += other.problems

    def table(self) -> str:
        """Returns faults by method, as lines of text."""
        lines = [f"{'':16}" + "".join(f"{method:>11}" for method in SHARES)]
        for fault in FAULTS:
            lines.append(f"{fault:16}" + "".join(f"{self.by_kind[fault, method]:11}" for method in SHARES))
        return "\n".join(lines)
