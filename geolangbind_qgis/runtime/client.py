"""The client's side of the protocol without a transport: bytes in, events out.

``client_qt`` moves the bytes; this module knows request numbers, what is pending, and what every line means.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

from ..protocol_import import protocol
from .translation import message_text, with_translated_remarks

MAX_LINE_BYTES = 4_000_000
MAX_INVALID_LINES = 20


class Event:
    """A message of the runtime, or the end of a request."""


@dataclass(frozen=True)
class Finished(Event):
    """A request was answered."""

    id: int
    method: str
    result: dict[str, Any]


@dataclass(frozen=True)
class Failed(Event):
    """A request ended with an error."""

    id: int
    method: str
    error: protocol.ErrorInfo


@dataclass(frozen=True)
class Progressed(Event):
    """Progress of a running request; ``seconds_left`` is None while it is unknown."""

    id: int
    fraction: float
    message: str
    seconds_left: float | None


@dataclass(frozen=True)
class Previewed(Event):
    """A coarse result; ``params`` are those of the ``preview`` notification: id, path, extent, stage."""

    id: int
    params: dict[str, Any]


@dataclass(frozen=True)
class LossReported(Event):
    """A step of a fine-tuning; ``params`` are those of the ``loss`` notification."""

    id: int
    params: dict[str, Any]


@dataclass(frozen=True)
class Logged(Event):
    """A log message of the runtime."""

    level: str
    message: str


class ClientState:
    """Requests in progress with one runtime process."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._pending: dict[int, str] = {}
        self._partial = b""
        self.invalid_line_count = 0
        self.invalid_line = ""

    @property
    def pending(self) -> dict[int, str]:
        """Method by number of every unanswered request."""
        return dict(self._pending)

    def begin(self, method: str, params: Any = None) -> tuple[int, bytes]:  # noqa: ANN401 - dataclass, dict or None
        """Register a request and return its number and the line to send.

        Args:
            method: one of ``protocol.METHODS``.
            params: the method's dataclass, a dict of its fields, or None.
        """
        if dataclasses.is_dataclass(params):
            params = protocol.to_params(params)
        number = next(self._numbers)
        self._pending[number] = method
        return number, protocol.encode(protocol.Request(number, method, dict(params or {}))).encode("ascii") + b"\n"

    def feed(self, chunk: bytes) -> list[Event]:
        """Returns the events in received bytes; lines that are no messages are counted as invalid."""
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        if len(self._partial) > MAX_LINE_BYTES:
            self._note_invalid_line(self._partial)
            self._partial = b""
        return [event for line in lines if line.strip() and (event := self._understand(line)) is not None]

    def end(self, error: protocol.ErrorInfo) -> list[Event]:
        """Fail all pending requests, because the process has ended, and reset the state."""
        failed: list[Event] = [Failed(number, method, error) for number, method in self._pending.items()]
        self._pending.clear()
        self._partial, self.invalid_line_count, self.invalid_line = b"", 0, ""
        return failed

    @property
    def output_is_invalid(self) -> bool:
        """Whether too many lines were no messages of the protocol."""
        return self.invalid_line_count > MAX_INVALID_LINES

    def _understand(self, line: bytes) -> Event | None:
        try:
            message = protocol.decode(line.decode("utf-8"))
            return self._event(message)
        except (ValueError, TypeError, KeyError, AttributeError):
            self._note_invalid_line(line)
            return None

    def _event(self, message: Any) -> Event | None:  # noqa: ANN401 - one of the three message types
        if isinstance(message, protocol.Reply):
            method = self._pending.pop(message.id, None)
            if method is None:  # an answer nobody waits for any more
                return None
            if message.error is not None:
                return Failed(message.id, method, _translated(message.error))
            return Finished(message.id, method, with_translated_remarks(message.result or {}))
        if isinstance(message, protocol.Notification):
            return self._notification(message.method, message.params)
        raise ValueError("The runtime sent a request.")

    def _notification(self, method: str, params: dict[str, Any]) -> Event | None:
        if method == "log":
            return Logged(str(params["level"]), str(params["message"]))
        if int(params["id"]) not in self._pending:
            return None
        if method == "progress":
            left = params.get("seconds_left")
            return Progressed(
                int(params["id"]),
                float(params["fraction"]),
                message_text(str(params["message"])),
                None if left is None else float(left),
            )
        if method == "preview":
            return Previewed(int(params["id"]), params)
        if method == "loss":
            return LossReported(int(params["id"]), params)
        return None

    def _note_invalid_line(self, line: bytes) -> None:
        self.invalid_line_count += 1
        self.invalid_line = self.invalid_line or line[:200].decode("utf-8", "replace")


def _translated(error: protocol.ErrorInfo) -> protocol.ErrorInfo:
    """Returns an error in the language of the host program."""
    return dataclasses.replace(error, message=message_text(error.message), hint=message_text(error.hint))
