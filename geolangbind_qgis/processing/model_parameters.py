"""Parameters of model and device, shared by all algorithms that run a model."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterString,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.choices import model_titles, with_choices
from geolangbind_qgis.session import DEFAULT_MODEL

MODEL, DEVICE = "MODEL", "DEVICE"
DEVICES = ("auto", "cpu", "cuda", "mps")


def model_parameters(text: str) -> tuple[QgsProcessingParameterDefinition, ...]:
    """Returns the parameters; ``text`` describes what the model is used for."""
    devices = {"defaultValue": DEVICES[0], "usesStaticStrings": True}
    device = QgsProcessingParameterEnum(DEVICE, tr("Device"), list(DEVICES), **devices)
    model = QgsProcessingParameterString(MODEL, text, DEFAULT_MODEL)
    return with_choices(model, model_titles), device


def model_fields(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> dict[str, Any]:
    """Returns ``model`` and ``device`` for the request."""
    return {
        "model": algorithm.parameterAsString(parameters, MODEL, context) or DEFAULT_MODEL,
        "device": algorithm.parameterAsEnumString(parameters, DEVICE, context) or DEVICES[0],
    }
