"""Suppression of direct stderr output of C libraries."""

from __future__ import annotations

import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def silence_libraries() -> Iterator[None]:
    """Redirect file descriptor 2 to the null device and keep ``sys.stderr``.

    libtiff says "_tiffWriteProc: No space left on device." four times before the command says it once.
    """
    try:
        sys.stderr.flush()
        ours = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except (OSError, ValueError):  # started without a stderr
        yield
        return
    before = sys.stderr
    if _descriptor(before) == 2:
        sys.stderr = io.TextIOWrapper(
            os.fdopen(os.dup(ours), "wb", 0), before.encoding, "backslashreplace", write_through=True
        )
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)
        sys.stderr = before


def printable(text: str) -> str:
    """Returns a text whose control characters, other than ends of lines and tabs, cannot steer a terminal.

    Names of files, bands and models are written by others.
    """
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf") else repr(letter)[1:-1]
        for letter in text
    )


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None
