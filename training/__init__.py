"""Recipes, data preparation and the scene simulator: all that reproduces the embedded model.

Importing it registers its training sources and teachers, so that recipes may name them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.pretrain.sources.registry import register_source
from core.pretrain.teacher_registry import register_teacher

if TYPE_CHECKING:
    from core.model.teachers import Teacher


def _dinov2() -> Teacher:
    from training.teachers.dinov2 import DinoV2Teacher

    return DinoV2Teacher()


def _dynamic_world() -> Teacher:
    from training.teachers.dynamic_world import DynamicWorldTeacher

    return DynamicWorldTeacher()


def _galileo() -> Teacher:
    from training.teachers.galileo import GalileoTeacher

    return GalileoTeacher()


register_source("aerial", "training.aerial_source:AerialSource:AerialSettings")
register_source("simulated", "training.simulated_source:SimulatedSource:SimulatedSettings")
register_teacher("dinov2_block8", _dinov2)
register_teacher("dynamic_world", _dynamic_world)
register_teacher("galileo_nano", _galileo)
