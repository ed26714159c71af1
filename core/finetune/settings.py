"""Settings of a fine-tuning."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from core.finetune.trainable_parts import Mode
from core.protocol import Source


@dataclass(frozen=True)
class FinetuneSettings:
    """Rasters, labels and options of a fine-tuning.

    Attributes:
        rasters: one or more, of one or several sensors.
        labels: vector file or label raster, in any reference system.
        field: the vector's attribute with the class; None where only one can be meant.
        names: words for classes by their names in the file, such as codes.
        start: model to start from.
        mode: which parts are trained; see ``core.finetune.trainable_parts``.
        steps: of the learning-rate schedule; the best weights of its second half are kept.
        batch: crops a step.
        validate_every: steps between validations.
        patience: validations without an improvement after which training stops.
        refit: whether to train again, on the validation blocks as well, for the best number of steps.
        seed: of blocks, crops and adapters.
        device: "auto", "cpu", "cuda" or another of torch's.
        listed: whether to link the result in the models folder.
    """

    rasters: tuple[Source, ...]
    labels: str
    field: str | None = None
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    start: str = "geolb-tiny"
    mode: Mode = "head-only"
    steps: int = 160
    batch: int = 6
    validate_every: int = 16
    patience: int = 3
    refit: bool = True
    seed: int = 0
    device: str = "auto"
    listed: bool = True
