"""``geolangbind:models``: lists and imports models."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterString,
)

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.processing.runtime_algorithm import About, RuntimeAlgorithm
from geolangbind_qgis.protocol_import import protocol

ACTION, FILE, NAME, MODELS = "ACTION", "FILE", "NAME", "MODELS"
ACTIONS = ("list", "import")


class ModelsAlgorithm(RuntimeAlgorithm):
    """Lists models, or imports one from a local file."""

    script_name = "models"

    def about(self) -> About:
        """Returns title, summary and help."""
        return About(
            title=tr("List or import models"),
            summary=tr("Lists the models the runtime knows, or imports one from a local file."),
            help=tr(
                "<p><b>list</b>: names, titles and licences of the models, and which of them are installed.</p>"
                "<p><b>import</b>: takes a checkpoint you have as a file (.safetensors, .bin, .pt) and keeps it "
                "under a name. It is checked first: its keys must fit, and a short test of its text tower must "
                "pass.</p>"
            ),
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self.addParameter(
            QgsProcessingParameterEnum(
                ACTION, tr("What to do"), list(ACTIONS), defaultValue="list", usesStaticStrings=True
            )
        )
        self.addParameter(QgsProcessingParameterFile(FILE, tr("Checkpoint to import"), optional=True))
        self.addParameter(QgsProcessingParameterString(NAME, tr("Name to keep it under"), optional=True))
        self.addOutput(QgsProcessingOutputString(MODELS, tr("Names of the models, separated with commas")))

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """List the models, or import one."""
        action = self.parameterAsEnumString(parameters, ACTION, context) or "list"
        path = self.parameterAsFile(parameters, FILE, context) or None
        if action == "import" and path is None:
            raise QgsProcessingException(tr("Choose the checkpoint to import."))
        name = self.parameterAsString(parameters, NAME, context) or None
        result = self.request("models", protocol.ModelsParams(action=action, path=path, name=name), feedback)
        cards = [card for card in result.get("models") or [] if isinstance(card, dict)]
        for card in cards:
            state = tr("installed") if card.get("available", True) else tr("not installed")
            feedback.pushInfo(f"{card.get('name')}: {card.get('title', '')} ({card.get('licence', '')}; {state})")
        return {MODELS: ",".join(str(card.get("name")) for card in cards)}
