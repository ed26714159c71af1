"""Job queue in which interactive jobs overtake background jobs."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from core.errors import CancelledError, UsageError
from core.progress import CancelToken

YIELD_SECONDS = 1.0
"""How long a background job waits at one look while somebody waits for another; bounded, so locks cannot deadlock."""


class Priority(IntEnum):
    """Order of service; the smaller goes first."""

    INTERACTIVE = 0
    BACKGROUND = 1


def priority_of(interactive: bool, params: dict[str, Any]) -> Priority:
    """Returns the priority: interactive for quick questions, previews and runs on a part of the raster."""
    watched = interactive or bool(params.get("preview")) or params.get("extent") is not None
    return Priority.INTERACTIVE if watched else Priority.BACKGROUND


class YieldingCancelToken(CancelToken):
    """A cancel token whose checks also pause background work while interactive jobs run.

    Args:
        no_interactive_job: set while no interactive job runs.
    """

    def __init__(self, no_interactive_job: threading.Event) -> None:
        super().__init__()
        self._no_interactive_job = no_interactive_job

    def raise_if_cancelled(self) -> None:
        """Raise if the work was cancelled; else yield the processor to an interactive job for a moment.

        Raises:
            CancelledError: the work was cancelled.
        """
        super().raise_if_cancelled()
        if not self._no_interactive_job.is_set():
            self._no_interactive_job.wait(YIELD_SECONDS)
            super().raise_if_cancelled()


@dataclass(order=True)
class Job:
    """One queued request: sorted by priority, then by arrival."""

    priority: Priority
    order: int
    id: int = field(compare=False)
    method: str = field(compare=False)
    params: Any = field(compare=False)
    cancel: CancelToken = field(compare=False)


class JobQueue:
    """Waiting and running jobs. One lane serves interactive jobs alone, the other any, so neither blocks the other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._waiting: list[Job] = []
        self._running: dict[int, Job] = {}
        self._closed = False
        self._no_interactive_job = threading.Event()
        self._no_interactive_job.set()

    def put(self, id: int, method: str, params: Any, priority: Priority) -> Job:  # noqa: ANN401 - a params dataclass
        """Append a request.

        Raises:
            CancelledError: the queue is closed.
            UsageError: a request of this id is waiting or running.
        """
        token = CancelToken() if priority is Priority.INTERACTIVE else YieldingCancelToken(self._no_interactive_job)
        job = Job(priority, next(self._numbers), id, method, params, token)
        with self._changed:
            if self._closed:
                raise CancelledError("The runtime is shutting down.", hint="Run it again.")
            if any(other.id == id for other in [*self._waiting, *self._running.values()]):
                raise UsageError(f"Request {id} is still at work.", hint="Give every request an id of its own.")
            self._waiting.append(job)
            self._update_interactive_flag()
            self._changed.notify_all()
        return job

    def take(self, *, interactive_only: bool) -> Job | None:
        """Wait for the next job of this lane; returns None when the queue is closed."""
        with self._changed:
            while True:
                fitting = [job for job in self._waiting if not interactive_only or job.priority is Priority.INTERACTIVE]
                if fitting:
                    job = min(fitting)
                    self._waiting.remove(job)
                    self._running[job.id] = job
                    return job
                if self._closed:
                    return None
                self._changed.wait()

    def done(self, job: Job) -> None:
        """Mark a job as ended."""
        with self._changed:
            self._running.pop(job.id, None)
            self._update_interactive_flag()
            self._changed.notify_all()

    def cancel(self, request: int) -> bool:
        """Cancel a waiting or running job; returns False if there is none of this id."""
        with self._changed:
            found = [job for job in [*self._waiting, *self._running.values()] if job.id == request]
        for job in found:
            job.cancel.cancel()
        return bool(found)

    def close(self) -> None:
        """Accept no more jobs and cancel all."""
        with self._changed:
            self._closed = True
            for job in [*self._waiting, *self._running.values()]:
                job.cancel.cancel()
            self._changed.notify_all()

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until no job is waiting or running; returns False on a timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._running, seconds)

    def counts(self) -> tuple[int, int]:
        """Returns how many jobs run and how many wait."""
        with self._changed:
            return len(self._running), len(self._waiting)

    def _update_interactive_flag(self) -> None:
        """Update the flag for background jobs that interactive jobs are waiting."""
        jobs = [*self._waiting, *self._running.values()]
        if any(job.priority is Priority.INTERACTIVE for job in jobs):
            self._no_interactive_job.clear()
        else:
            self._no_interactive_job.set()
