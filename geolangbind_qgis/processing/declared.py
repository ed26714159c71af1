"""Processing parameters from the declarations of the runtime's tasks: default, limits and help come from there."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDefinition, QgsProcessingParameterNumber

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.protocol_import import protocol

SMALLEST_STEP = 1e-4
"""Processing knows "from" alone: what must be above a number begins here."""


def number_of(params: type, name: str, key: str, title: str, *, whole: bool = False) -> QgsProcessingParameterNumber:
    """A number as a task declares it.

    Args:
        params: params dataclass of the task, such as ``protocol.SampleParams``.
        name: of the field.
        key: of the Processing parameter.
        title: shown beside the input.
        whole: whether the number has no fraction.
    """
    declared = protocol.parameters(params)[name]
    kind = QgsProcessingParameterNumber.Type.Integer if whole else QgsProcessingParameterNumber.Type.Double
    optional = declared.default is None
    made = QgsProcessingParameterNumber(key, title, kind, declared.default, optional)
    least = declared.minimum if declared.above is None else declared.above + SMALLEST_STEP
    if least is not None:
        made.setMinimum(least)
    if declared.maximum is not None:
        made.setMaximum(declared.maximum)
    with_help(made, params, name)
    return made


def with_help(parameter: QgsProcessingParameterDefinition, params: type, name: str) -> None:
    """Set a parameter's help to what the task declares, with its unit."""
    declared = protocol.parameters(params)[name]
    unit = f" ({declared.unit})" if declared.unit else ""
    parameter.setHelp(tr(declared.help) + unit)
