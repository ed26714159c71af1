"""The models at hand: list, fetch, import, check and load them by name or path."""

from core.model.zoo.checking import CheckReport, check_model
from core.model.zoo.facts import model_facts
from core.model.zoo.fetching import fetch_model
from core.model.zoo.importing import import_model
from core.model.zoo.listing import get_card, list_models
from core.model.zoo.loading import DEFAULT_MODEL, load_model

__all__ = [
    "DEFAULT_MODEL",
    "CheckReport",
    "check_model",
    "fetch_model",
    "get_card",
    "import_model",
    "list_models",
    "load_model",
    "model_facts",
]
