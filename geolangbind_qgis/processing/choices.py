"""Text parameters with suggested values: dialogs show a combo box, other text can be typed."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsApplication, QgsProcessingParameterString

from geolangbind_qgis.catalogue.class_schemes import bundled_schemes
from geolangbind_qgis.catalogue.own_schemes import own_schemes
from geolangbind_qgis.session import DEFAULT_MODEL

Choices = Callable[[], dict[str, str]]
"""Returns titles by value; called when a dialog is opened."""

_WIDGET = "geolangbind_qgis.processing.choice_widget.ChoiceWidget"
"""Named, not imported: QGIS imports it where a window is opened."""


def with_choices(parameter: QgsProcessingParameterString, choices: Choices) -> QgsProcessingParameterString:
    """Returns the parameter, shown as a combo box in dialogs."""
    parameter.setMetadata({"widget_wrapper": {"class": _WIDGET, "choices": choices}})
    return parameter


def scheme_titles() -> dict[str, str]:
    """Returns the titles of bundled and own schemes by the value that the runtime takes."""
    own = {file: scheme.title for file, scheme in own_schemes().items()}
    return {**{scheme.name: scheme.title for scheme in bundled_schemes()}, **own}


def model_titles() -> dict[str, str]:
    """Returns the titles of the models that the runtime can use, by their names."""
    provider = QgsApplication.processingRegistry().providerById("geolangbind")
    cards = provider.session.facts.get("models") or [] if provider is not None else []
    found = {str(card["name"]): str(card.get("title") or card["name"]) for card in cards if card.get("available", True)}
    return {DEFAULT_MODEL: DEFAULT_MODEL, **found}
