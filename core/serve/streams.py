"""Reserves stdout for the protocol: output of libraries, from Python or C, goes to stderr."""

from __future__ import annotations

import io
import os
import sys
import threading

from core.protocol import Notification, Reply, Request, encode


class ProtocolOutput:
    """Writes one message a line, from any thread.

    Args:
        stream: binary stream with no other writer.
    """

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._open = True

    def send(self, message: Request | Reply | Notification) -> None:
        """Write the message; after the reader has gone, do nothing.

        Raises:
            ValueError: the message holds NaN or infinity, which JSON does not have.
        """
        line = encode(message).encode("ascii") + b"\n"
        with self._lock:
            if not self._open:
                return
            try:
                self._stream.write(line)
                self._stream.flush()
            except OSError:  # QGIS has closed its end; stdin tells the server to stop
                self._open = False


def claim_stdout() -> ProtocolOutput:
    """Duplicate stdout for the protocol and redirect file descriptor 1 and ``sys.stdout`` to stderr."""
    sys.stdout.flush()
    protocol_descriptor = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return ProtocolOutput(os.fdopen(protocol_descriptor, "wb"))
