"""A fine-tuning as the user requests it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from core.finetune.trainable_parts import Mode
from core.protocol import Source


@dataclass(frozen=True)
class FinetuneSettings:
    """What to learn from, and how.

    Attributes:
        rasters: one or more, of one or several sensors.
        labels: vector file or label raster, in any reference system.
        field: the vector's attribute with the class; None where only one can be meant.
        names: words for classes that the file calls otherwise, such as codes.
        start: model to start from.
        mode: what learns; see ``core.finetune.trainable_parts``.
        steps: of the whole course of learning rates; the best of its second half are kept.
        batch: cuts a step.
        validate_every: steps between looks at the validation blocks.
        patience: looks without an improvement after which to stop.
        refit: whether to learn once more, from the validation blocks as well, for as many steps as were best.
        seed: of blocks, cuts and adapters.
        device: where to compute.
        listed: whether the result shall appear among the models at once.
    """

    rasters: tuple[Source, ...]
    labels: str
    field: str | None = None
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    start: str = "geolb-tiny"
    mode: Mode = "adapters"
    steps: int = 160
    batch: int = 6
    validate_every: int = 16
    patience: int = 3
    refit: bool = True
    seed: int = 0
    device: str = "auto"
    listed: bool = True
