"""Processing parameters from the declarations of the runtime's tasks: default, limits and choices come from there.

Titles are the plugin's own, since they are translated. The help of a declaration is for the command line; ``explained``
shows it where it is worth a tooltip.
"""

from __future__ import annotations

from typing import TypeVar

from qgis.core import (
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterNumber,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.protocol_import import protocol

SMALLEST_STEP = 1e-4
"""Processing knows "from" alone: what must be above a number begins here."""

Definition = TypeVar("Definition", bound=QgsProcessingParameterDefinition)


def number_of(params: type, name: str, key: str, title: str, *, whole: bool = False) -> QgsProcessingParameterNumber:
    """Returns a number parameter as the task declares it.

    Args:
        params: params dataclass of the task, such as ``protocol.SampleParams``.
        name: of the field.
        key: of the Processing parameter.
        title: shown beside the input.
        whole: whether the number has no fraction.
    """
    declared = protocol.parameters(params)[name]
    kind = QgsProcessingParameterNumber.Type.Integer if whole else QgsProcessingParameterNumber.Type.Double
    made = QgsProcessingParameterNumber(key, title, kind, declared.default, declared.default is None)
    least = declared.minimum if declared.above is None else declared.above + SMALLEST_STEP
    if least is not None:
        made.setMinimum(least)
    if declared.maximum is not None:
        made.setMaximum(declared.maximum)
    return made


def flag_of(params: type, name: str, key: str, title: str) -> QgsProcessingParameterBoolean:
    """Returns a boolean parameter as the task declares it; arguments as for ``number_of``."""
    return QgsProcessingParameterBoolean(key, title, protocol.parameters(params)[name].default)


def choice_of(params: type, name: str, key: str, title: str) -> QgsProcessingParameterEnum:
    """Returns an enum parameter with the task's declared choices; arguments as for ``number_of``."""
    declared = protocol.parameters(params)[name]
    return QgsProcessingParameterEnum(
        key, title, list(declared.choices), defaultValue=declared.default, usesStaticStrings=True
    )


def explained(parameter: Definition, params: type, name: str) -> Definition:
    """Returns the parameter with the help and unit that the task declares."""
    declared = protocol.parameters(params)[name]
    unit = f" ({declared.unit})" if declared.unit else ""
    parameter.setHelp(tr(declared.help) + unit)
    return parameter
