"""Teachers of a recipe: vision models whose features are distilled into the student, through MaKA translators.

Follows DOFA-CLIP's VECT: any number of teachers, each with a translator of its own that is conditioned on the
wavelengths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import SensorError, TrainingError
from core.model.teachers import Teacher, load_teacher
from core.pretrain.batch import Batch
from core.pretrain.recipe import Recipe
from core.pretrain.teacher_registry import registered_teacher

FIELDS = ("model", "checkpoint", "image_size", "features", "reads")
"""Settings of a teacher in a recipe."""
TeacherFeatures = Callable[[Batch], Tensor | None]
"""Features (B, grid², channels) of a batch; None where the teacher cannot see these bands."""


def build_teachers(recipe: Recipe, device: torch.device | str = "cpu") -> dict[str, Teacher]:
    """Load the teachers a recipe names: ``{name: {model, checkpoint, image_size, features, reads}}``, all optional.

    ``model`` is a registered teacher, "classical", the name or path of a GeoLangBind model, or a timm name; without it
    the teacher's name is taken. ``checkpoint`` is a local weights file of timm's, ``features`` which features of a
    GeoLangBind model are distilled.

    Raises:
        TrainingError: an entry has an unknown field.
        ModelError: a teacher is not on this computer.
    """
    teachers: dict[str, Teacher] = {}
    for name, entry in recipe.teachers.items():
        unknown = sorted(set(entry) - set(FIELDS))
        if unknown:
            raise TrainingError(
                f"Teacher {name} has an unknown field {unknown[0]}.", hint=f"Known are {', '.join(FIELDS)}."
            )
        model, checkpoint = str(entry.get("model", name)), entry.get("checkpoint")
        make = registered_teacher(model)
        if make is not None:
            teachers[name] = make()
            continue
        teachers[name] = load_teacher(
            model,
            checkpoint=None if checkpoint is None else Path(str(checkpoint)),
            image_size=entry.get("image_size"),
            features=entry.get("features"),
            device=device,
        )
    return teachers


def with_translators(
    config: Mapping[str, Any],
    teachers: Mapping[str, Teacher],
    entries: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Returns a model configuration that has a translator for every teacher whose features are not text space.

    Args:
        config: values of the configuration.
        teachers: by translator name.
        entries: settings of each teacher; ``reads`` names the features that its translator reads.
    """
    sizes = {
        name: {"grid": teacher.grid, "channels": teacher.channels}
        | {key: value for key, value in (entries or {}).get(name, {}).items() if key == "reads"}
        for name, teacher in teachers.items()
        if not getattr(teacher, "mimicked", False)
    }
    return {**config, "translators": {**config.get("translators", {}), **sizes}} if sizes else dict(config)


def teacher_features(teacher: Teacher) -> TeacherFeatures:
    """Returns a teacher's features of a batch: of its own bands, or else of the same ground in the teacher bands.

    A teacher in text space gets the teacher bands alone, where there are some: its vectors are the targets for any
    bands of that ground.
    """

    def features(batch: Batch) -> Tensor | None:
        if getattr(teacher, "mimicked", False) and batch.teacher_images is not None:
            assert batch.teacher_wavelengths_um is not None
            return teacher.features(batch.teacher_images, batch.teacher_wavelengths_um)
        with suppress(SensorError):
            return teacher.features(batch.images, batch.wavelengths_um)
        if batch.teacher_images is None or batch.teacher_wavelengths_um is None:
            return None
        with suppress(SensorError):
            return teacher.features(batch.teacher_images, batch.teacher_wavelengths_um)
        return None

    return features
