"""Detects what blocks QGIS's main thread, to tell the plugin's stalls from QGIS's own."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from qgis.PyQt.QtCore import QObject, QTimer

LONGEST_MS = 50.0
"""The main thread is never busy for longer at a time."""

_BEAT_MS, _LOOK_SECONDS = 10, 0.01
_MOST_KEPT = 20
_SCHEDULE = Path("/proc/thread-self/schedstat")
_OWN_FOLDER = str(Path(__file__).resolve().parent)


@dataclass(frozen=True)
class Stall:
    """A time during which the event loop did not run.

    Attributes:
        milliseconds: how long.
        computing_ms: of these, how long this thread had a processor.
        queued_ms: of these, how long it was ready and other programs or threads had the processors; 0 where the system
            does not count that. The rest it waited for a file, a lock or another thread.
        ran: what Python ran, the innermost call last; empty where QGIS itself was at work.
        ours: whether a part of the plugin was among it.
    """

    milliseconds: float
    computing_ms: float
    queued_ms: float
    ran: tuple[str, ...]
    ours: bool

    @property
    def text(self) -> str:
        """Returns the stall as one line."""
        where = " > ".join(self.ran) if self.ran else "QGIS itself"
        parts = f"{self.computing_ms:.0f} ms computing, {self.queued_ms:.0f} ms waiting for a processor"
        return f"{self.milliseconds:.0f} ms ({parts}): {where}"


class Heartbeat(QObject):
    """Timer in the main thread, with a second thread that samples the main thread's stack when it is late.

    Args:
        longest_ms: stalls from here on are kept.
        parent: owner.

    Attributes:
        stalls: those of the last time it beat, the longest kept.
    """

    def __init__(self, longest_ms: float = LONGEST_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stalls: list[Stall] = []
        self._longest = longest_ms / 1000
        self._main = threading.get_ident()
        self._last = _Clocks(0.0, 0.0, 0.0)
        self._seen: list[tuple[str, ...]] = []
        self._closed = False
        self._armed = threading.Event()
        # Begun here and not with a run: that waits for the new thread, which takes long on a busy computer.
        threading.Thread(target=self._watch, daemon=True).start()
        self._timer = QTimer(self)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Start the timer and clear earlier stalls."""
        self.stop()
        self.stalls, self._seen = [], []
        self._last = _Clocks.now()
        self._armed.set()
        self._timer.start()

    def stop(self) -> None:
        """Stop the timer; recorded stalls stay readable."""
        if self._armed.is_set():
            self._beat()
            self._timer.stop()
            self._armed.clear()

    def close(self) -> None:
        """Stop the timer and the thread for good."""
        self.stop()
        self._closed = True
        self._armed.set()  # wakes the thread, which ends

    def _beat(self) -> None:
        """Record the time since the last timer event and the stacks sampled in it."""
        before, seen = self._last, self._seen
        self._last, self._seen = _Clocks.now(), []
        late, computing, queued = (now - then for now, then in zip(self._last, before))
        if late >= self._longest + _BEAT_MS / 1000:
            ran = max(seen, key=seen.count) if seen else ()
            ours = any(name.startswith("geolangbind_qgis.") for stack in seen for name in stack)
            self.stalls.append(Stall(1000 * late, 1000 * computing, 1000 * queued, ran, ours))
            self.stalls = sorted(self.stalls, key=lambda stall: -stall.milliseconds)[:_MOST_KEPT]

    def _watch(self) -> None:
        """Sample the main thread's stack while its timer is late."""
        while self._armed.wait() and not self._closed:
            time.sleep(_LOOK_SECONDS)
            if time.monotonic() - self._last.elapsed > 2 * _BEAT_MS / 1000:
                self._seen.append(_named(sys._current_frames().get(self._main)))


class _Clocks(NamedTuple):
    """Seconds: elapsed, computed by this thread, and waited by it for a processor."""

    elapsed: float
    computed: float
    queued: float

    @classmethod
    def now(cls) -> _Clocks:
        try:
            _, queued_ns, _ = _SCHEDULE.read_text(encoding="ascii").split()
        except OSError:  # not Linux
            queued_ns = "0"
        return cls(time.monotonic(), time.thread_time(), int(queued_ns) / 1e9)


def _named(frame: FrameType | None) -> tuple[str, ...]:
    """Returns the calls of the plugin on a stack, the innermost last, with what they called beyond it.

    The event loop and what started it are left out: they are on every stack. So are the calls of the heartbeat, which
    end every stall and cause none.
    """
    names: list[str] = []
    while frame is not None:
        code = frame.f_code
        if code.co_filename != __file__:
            own = code.co_filename.startswith(_OWN_FOLDER)
            if own or not names:
                names.append(f"{frame.f_globals.get('__name__', '?')}.{code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    if not any(name.startswith("geolangbind_qgis.") for name in names):
        return ()
    return tuple(reversed(names))
