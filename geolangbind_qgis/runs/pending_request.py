"""At most one request to the runtime, for dialogs that send one at a time and cancel it when they are closed."""

from __future__ import annotations

from typing import Any, Callable

from geolangbind_qgis.runtime.client_qt import RuntimeClient


class PendingRequest:
    """Sends one request at a time; the callbacks of a cancelled or replaced request are not called.

    Args:
        client: the runtime client.
    """

    def __init__(self, client: RuntimeClient) -> None:
        self._client = client
        self._handle: Any = None

    @property
    def busy(self) -> bool:
        """Whether a request is running."""
        return self._handle is not None

    def start(
        self,
        method: str,
        params: Any,  # noqa: ANN401 - the method's dataclass
        *,
        on_result: Callable[[dict[str, Any]], None],
        on_error: Callable[[Any], None],
        on_progress: Callable[..., None] | None = None,
        on_late_result: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """Send a request; one that is running is cancelled.

        Args:
            method: one of ``protocol.METHODS``.
            params: its parameters.
            on_result: called with the result.
            on_error: called with an ``ErrorInfo``.
            on_progress: called with fraction, message and seconds left.
            on_late_result: called with a result that arrives although the request was cancelled.
        """
        self.cancel()
        handle: Any = None

        def end(callback: Callable[[Any], None], late: Callable[[Any], None] | None = None) -> Callable[[Any], None]:
            def deliver(value: Any) -> None:  # noqa: ANN401 - a result or an ErrorInfo
                if self._handle is handle:
                    self._handle = None
                    callback(value)
                elif late is not None:
                    late(value)

            return deliver

        def progress(*report: Any) -> None:  # noqa: ANN401 - fraction, message, seconds left
            if on_progress is not None and self._handle is handle:
                on_progress(*report)

        handle = self._handle = self._client.request(
            method, params, on_result=end(on_result, on_late_result), on_error=end(on_error), on_progress=progress
        )

    def cancel(self) -> None:
        """Cancel the request without a callback."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()
