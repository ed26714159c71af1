"""The runtime's log file: everything on stderr, C libraries and fatal signals included, in files of bounded size."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
import threading
from pathlib import Path

LOGGER = logging.getLogger("geolangbind.serve")


class RotatingStderr:
    """Points file descriptor 2 at a file that is renamed to ``.1``, ``.2``, … when it has grown.

    Args:
        path: the current log file; its folder is made.
        max_bytes: size above which a fresh file is begun.
        keep: how many older files stay.
    """

    def __init__(self, path: Path, *, max_bytes: int = 1_000_000, keep: int = 2) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rotate_if_large()
        self._point_stderr_here()

    def rotate_if_large(self) -> None:
        """Start a new file if the current one exceeds its maximal size."""
        with self._lock:
            if not self.path.exists() or self.path.stat().st_size <= self._max_bytes:
                return
            with contextlib.suppress(OSError):  # Windows refuses to rename an open file: go on in the same one
                for number in range(self._keep, 0, -1):
                    older = self._numbered(number - 1)
                    if older.exists():
                        os.replace(older, self._numbered(number))
                self._point_stderr_here()

    def _numbered(self, number: int) -> Path:
        return self.path if number == 0 else self.path.with_name(f"{self.path.name}.{number}")

    def _point_stderr_here(self) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 2)
        os.close(descriptor)


def start_logging(path: Path | None) -> RotatingStderr | None:
    """Send log records, warnings and crash traces to stderr, and stderr to ``path`` where one is named."""
    rotating = None if path is None else RotatingStderr(path)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
    )
    logging.captureWarnings(True)
    faulthandler.enable(file=2)
    return rotating
