"""Talks to a runtime process over its real stdin and stdout, and insists that stdout holds nothing but messages."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

from core.protocol import Notification, Reply, Request, decode, encode

ROOT = Path(__file__).resolve().parents[3]


class Conversation:
    """One runtime process; use as a context manager."""

    def __init__(self, command: list[str], **popen) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HOME": "/nonexistent"},
            **popen,
        )
        self._ids = itertools.count(1)
        self.notifications: list[Notification] = []

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.communicate()

    def ask(self, method: str, **params) -> int:
        number = next(self._ids)
        self.write(encode(Request(number, method, params)))
        return number

    def write(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise EOFError("the runtime has closed stdout")
        return decode(line.decode())

    def reply(self, number: int) -> Reply:
        """Read on until the reply to ``number``; replies to others on the way are an error of the test."""
        while True:
            message = self.read()
            if isinstance(message, Reply):
                assert message.id == number, message
                return message
            self.notifications.append(message)

    def notification(self, method: str, number: int) -> Notification:
        while True:
            message = self.read()
            assert isinstance(message, Notification), message
            self.notifications.append(message)
            if message.method == method and message.params.get("id") == number:
                return message

    def end(self) -> int:
        """Close stdin, as QGIS does, and give the exit status."""
        self.process.stdin.close()
        self.process.stdin = None
        return self.process.wait(timeout=60)
