"""Base class of all algorithms: requests to the runtime, progress, cancellation and error messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFileDestination,
    QgsRasterLayer,
)
from qgis.PyQt.QtGui import QIcon

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.readable import ReadBy
from geolangbind_qgis.layers.snapshot import take_snapshot
from geolangbind_qgis.runtime.blocking import RuntimeRequestError, call_and_wait


@dataclass(frozen=True)
class About:
    """Texts of an algorithm, in the user's language.

    Attributes:
        title: shown in the toolbox.
        summary: one line about it.
        help: shown beside the dialog, HTML.
        keywords: words to find it by besides.
    """

    title: str
    summary: str
    help: str
    keywords: tuple[str, ...] = ()


class RuntimeAlgorithm(QgsProcessingAlgorithm):
    """An algorithm whose work is done by the runtime process.

    Attributes:
        script_name: its name in ``geolangbind:highlight``.
        icon_name: the icon shown in the toolbox.
    """

    script_name = ""
    icon_name = "geolangbind"

    def __init__(self) -> None:
        super().__init__()
        self._client: Any = None
        self._lowest, self._highest = 0.0, 100.0

    def about(self) -> About:
        """Returns title, summary and help."""
        raise NotImplementedError

    def createInstance(self) -> RuntimeAlgorithm:
        """Returns a new instance for QGIS."""
        return type(self)()

    def name(self) -> str:
        """Returns the name used in scripts."""
        return self.script_name

    def displayName(self) -> str:
        """Returns the name shown in the toolbox."""
        return self.about().title

    def shortDescription(self) -> str:
        """Returns a one-line description."""
        return self.about().summary

    def tags(self) -> list[str]:
        """Returns search words for the toolbox."""
        return list(self.about().keywords)

    def shortHelpString(self) -> str:
        """Returns the help text shown beside the dialog."""
        return self.about().help

    def icon(self) -> QIcon:
        """Returns the icon shown in the toolbox."""
        return icon(self.icon_name)

    def helpUrl(self) -> str:
        """Returns the page with more about the algorithm."""
        from geolangbind_qgis.protocol_import import CODE_ROOT

        return (CODE_ROOT / "docs" / "help" / "processing.html").as_uri() + f"#{self.name()}"

    def canExecute(self) -> tuple[bool, str]:
        """Returns whether a runtime is installed and, if not, a message."""
        if self.provider() is None or self.provider().session.is_set_up:
            return True, ""
        return False, tr("The GeoLangBind runtime is not set up yet. Set it up in the GeoLangBind dock.")

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Get the runtime client and call ``prepare``, on the main thread."""
        self._client = self.provider().session.client
        if self._client is None:
            feedback.reportError(self.canExecute()[1], True)
            return False
        try:
            self.prepare(parameters, context, feedback)
        except (QgsProcessingException, ValueError) as problem:
            feedback.reportError(str(problem), True)
            return False
        return True

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Read the layers and parameters, on the main thread.

        Raises:
            QgsProcessingException, ValueError: a layer or a value cannot serve; the message names the reason.
        """

    def add_advanced(self, parameter: QgsProcessingParameterDefinition) -> None:
        """Declare an advanced parameter."""
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(parameter)

    def add_optional_file(self, name: str, text: str, kind: str) -> None:
        """Declare an optional output file of the given kind, as in ``CSV (*.csv)``."""
        file = QgsProcessingParameterFileDestination(name, text, kind, optional=True, createByDefault=False)
        self.addParameter(file)

    def optional_file(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str | None:
        """Returns the file of an optional output that is no layer; None if it is not requested."""
        return self.parameterAsFileOutput(parameters, name, context) or None if parameters.get(name) else None

    def raster_layer(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> QgsRasterLayer:
        """Returns the layer of the parameter ``name``.

        Raises:
            QgsProcessingException: there is no such layer.
        """
        layer = self.parameterAsRasterLayer(parameters, name, context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, name))
        return layer

    def optional_layer_file(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str | None:
        """Returns the file of an optional layer output; None if it is not requested.

        The batch window hands over outputs without a file; asking QGIS for those has it load a layer without a name.
        """
        wanted = parameters.get(name)
        sink = wanted.sink.staticValue() if isinstance(wanted, QgsProcessingOutputLayerDefinition) else wanted
        return self.parameterAsOutputLayer(parameters, name, context) or None if sink else None

    def request(self, method: str, params: Any, feedback: QgsProcessingFeedback) -> dict[str, Any]:  # noqa: ANN401
        """Send a request and wait for the result, with progress and cancellation; warnings go to the feedback.

        Raises:
            QgsProcessingException: the runtime refused or failed; the message names the reason and what to do.
        """
        shown = ""

        def progress(fraction: float, message: str, seconds_left: float | None) -> None:
            nonlocal shown
            feedback.setProgress(self._lowest + fraction * (self._highest - self._lowest))
            if message != shown:
                shown = message
                feedback.setProgressText(message)

        try:
            result = call_and_wait(self._client, method, params, progress=progress, cancelled=feedback.isCanceled)
        except RuntimeRequestError as failure:
            if failure.error.code == "cancelled":
                feedback.pushInfo(tr("Cancelled. Finished tiles are kept for the next run."))
                raise QgsProcessingException(tr("Cancelled.")) from failure
            raise QgsProcessingException(f"{failure.error.message} {failure.error.hint}".strip()) from failure
        for warning in result.get("warnings") or ():
            feedback.pushWarning(str(warning))
        return result


def file_of(layer: QgsRasterLayer) -> str:
    """Returns the file behind a raster layer.

    Raises:
        ValueError: only QGIS can read it; the message states so.
    """
    snapshot = take_snapshot(layer)
    if snapshot.read_by is not ReadBy.RUNTIME:
        raise ValueError(tr("{0} is not stored in a file. Save it first.").format(layer.name()))
    return snapshot.path
