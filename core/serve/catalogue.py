"""The list of models, with the interface of a task for the dispatcher."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from core.context import Context
from core.errors import UsageError

if TYPE_CHECKING:
    from core.protocol import ModelsParams


def models(params: ModelsParams, context: Context) -> dict[str, Any]:
    """List models, import one from a local file or folder, fetch a published one, check, rename or delete one.

    Returns:
        ``{models: [card, ...]}``; after ``check`` also ``{report: {name, findings, problems}}``.

    Raises:
        UsageError: an unknown action, or one without its path or name.
        ModelError: the model cannot be imported, fetched, renamed or deleted.
    """
    from core.model import own_models, zoo

    facts: dict[str, Any] = {}
    if params.action == "import":
        zoo.import_model(_needed(params.path, "path"), params.name)
    elif params.action == "fetch":
        zoo.fetch_model(_needed(params.name, "name"), accept_licence=params.accept_licence, context=context)
    elif params.action == "rename":
        own_models.rename_model(_needed(params.name, "name"), _needed(params.new_name, "new name"))
    elif params.action == "delete":
        own_models.delete_model(_needed(params.name, "name"))
    elif params.action == "check":
        facts["report"] = dataclasses.asdict(zoo.check_model(_needed(params.name, "name")))
    elif params.action != "list":
        hint = "Use list, import, fetch, check, rename or delete."
        raise UsageError(f"There is no action {params.action!r} on models.", hint=hint)
    if params.action in ("import", "fetch", "rename", "delete"):
        context.models.forget()  # a model of this name may have been loaded in an older version
    return {"models": [card.to_json() for card in zoo.list_models()], **facts}


def _needed(value: str | None, name: str) -> str:
    """Returns a parameter that the action cannot do without."""
    if not value:
        raise UsageError(f"The {name} of the model is missing.", hint=f"Give its {name}.")
    return value
