"""Parameters of the server's own methods and of the list of models."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import PROTOCOL_VERSION


@dataclass(frozen=True)
class HelloParams:
    """Ask for version and device of the runtime.

    Reply: version, protocol, pid, python, device {kind, name, precision, memory_bytes, label}, models.

    Attributes:
        device: where the models are to run.
        protocol: version that the client speaks; a runtime of another version refuses.
    """

    device: str = "auto"
    protocol: int = PROTOCOL_VERSION


@dataclass(frozen=True)
class PingParams:
    """Check that the runtime responds; answered at once, also during work. Reply: running, waiting."""


@dataclass(frozen=True)
class ModelsParams:
    """List models, import a local file or folder under a name, fetch, check, rename or delete one.

    Attributes:
        action: list, import, fetch, check, rename or delete. Each replies with ``models``: the cards; check with
            ``report`` too.
        new_name: what a model is renamed to.
    """

    action: str = "list"
    path: str | None = None
    name: str | None = None
    accept_licence: bool = False
    new_name: str | None = None


@dataclass(frozen=True)
class CancelParams:
    """Stop a running request; it answers with error code "cancelled"."""

    request: int


@dataclass(frozen=True)
class ShutdownParams:
    """End the runtime after the running batch."""


METHODS: dict[str, type] = {
    "hello": HelloParams,
    "ping": PingParams,
    "models": ModelsParams,
    "cancel": CancelParams,
    "shutdown": ShutdownParams,
}
"""Methods of the server beside the tasks, which ``core.tasks.registry`` finds."""
