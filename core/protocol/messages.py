"""The messages themselves: JSON lines over stdio, one message a line."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

PROTOCOL_VERSION = 1


@dataclass(frozen=True)
class Request:
    """A call: ``method`` is one of METHODS or a task, ``params`` the fields of its dataclass."""

    id: int
    method: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ErrorInfo:
    """Why a request failed: a stable code, one sentence, and what to do."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Reply:
    """The answer to a request: exactly one of result and error."""

    id: int
    result: dict[str, Any] | None = None
    error: ErrorInfo | None = None


@dataclass(frozen=True)
class Notification:
    """A one-way message.

    ``progress`` {id, fraction, message, seconds_left}, ``log`` {level, message}, ``preview`` {id, path, extent, stage},
    ``loss`` {id, stage, step, steps, loss} and, where validation labels were scored, {validation, accuracy}.
    """

    method: str
    params: dict[str, Any] = field(default_factory=dict)


def encode(message: Request | Reply | Notification) -> str:
    """Returns the message as one line of JSON without the newline."""
    body = {key: value for key, value in dataclasses.asdict(message).items() if value is not None}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def decode(line: str) -> Request | Reply | Notification:
    """Read one line.

    Raises:
        ValueError: the line is not a message of this protocol.
    """
    body = json.loads(line)
    if not isinstance(body, dict):
        raise ValueError("A message must be a JSON object.")
    if "method" in body and "id" in body:
        return Request(int(body["id"]), str(body["method"]), dict(body.get("params") or {}))
    if "method" in body:
        return Notification(str(body["method"]), dict(body.get("params") or {}))
    if "id" in body and "error" in body:
        return Reply(int(body["id"]), error=ErrorInfo(**body["error"]))
    if "id" in body and "result" in body:
        return Reply(int(body["id"]), result=body["result"])
    raise ValueError("A message must have a method, a result or an error.")
