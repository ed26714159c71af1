"""A copy of a feature store in an object store, shared by several machines: ``$GEOLANGBIND_CACHE_REMOTE``.

Each machine reads and writes the folder on its own disk, which holds the chunks it has used. Chunks missing there are
downloaded from the object store, and computed ones are uploaded: the scales last, as on disk, so that readable scales
mean a complete chunk. Chunks have checksums in both.
"""

from __future__ import annotations

import logging
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import UsageError

VARIABLE = "GEOLANGBIND_CACHE_REMOTE"
LOG = logging.getLogger(__name__)


class StoreMirror:
    """A folder of an object store that holds the same files as a feature store.

    Args:
        address: ``s3://bucket/folder``, or another that obstore knows (``gs://``, ``az://``, ``file://``); login and
            endpoint come from the usual variables, such as AWS_ENDPOINT_URL.

    Raises:
        UsageError: obstore is not installed, or does not know the address.
    """

    def __init__(self, address: str) -> None:
        try:
            import obstore
            from obstore.store import from_url
        except ImportError as problem:
            raise UsageError(
                "A feature store in an object store needs obstore, which is not installed.",
                hint=f'Install it with: pip install "obstore>=0.6", or unset {VARIABLE}.',
            ) from problem
        self.address = address
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        try:
            self._store: Any = from_url(address, client_options={"allow_http": True}) if plain else from_url(address)
        except Exception as problem:  # obstore's own, of many kinds
            raise UsageError(f"{address} is no object store that can be used ({problem}).") from problem
        self._obstore = obstore
        self._known: dict[str, set[str]] = {}

    def __getstate__(self) -> str:
        """Returns the address, for other processes."""
        return self.address

    def __setstate__(self, address: str) -> None:
        """Connect to the address."""
        StoreMirror.__init__(self, address)

    def names(self, entry: str, *, again: bool = False) -> set[str]:
        """Returns the names of an entry's files, relative to the entry; listed once.

        Args:
            entry: of the store, such as ``ab/abcdef…``.
            again: list again, where another machine may have added some.
        """
        if again or entry not in self._known:
            found = set()
            try:
                for page in self._obstore.list(self._store, prefix=f"{entry}/"):
                    found |= {item["path"].rpartition(f"{entry}/")[2] for item in page}
            except Exception as problem:
                self._complain("listed", problem)
            self._known[entry] = found
        return self._known[entry]

    def fetch(self, entry: str, name: str, target: Path) -> bool:
        """Download a file atomically; returns whether it exists."""
        aside = target.with_name(f"{target.name}.{uuid.uuid4().hex}.partial")
        try:
            content = self._obstore.get(self._store, f"{entry}/{name}").bytes()
            target.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(content)
            aside.replace(target)
            return True
        except FileNotFoundError:
            self._known.get(entry, set()).discard(name)
        except Exception as problem:
            self._complain("read", problem)
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
        return False

    def send(self, entry: str, name: str, source: Path) -> None:
        """Upload a file; a failure is logged once, and work continues with the disk alone."""
        try:
            self._obstore.put(self._store, f"{entry}/{name}", source)
            self._known.setdefault(entry, set()).add(name)
        except Exception as problem:
            self._complain("written", problem)

    def forget(self, entry: str, name: str) -> None:
        """Remove a damaged file, so that it is computed again."""
        self._known.get(entry, set()).discard(name)
        try:
            self._obstore.delete(self._store, f"{entry}/{name}")
        except Exception as problem:
            self._complain("changed", problem)

    def _complain(self, done: str, problem: Exception) -> None:
        reason = " ".join(str(problem).split())[:200]
        LOG.warning("The feature store at %s cannot be %s (%s).", self.address, done, reason)


def mirror_of_environment() -> StoreMirror | None:
    """Returns the mirror that the environment names; None where it names none.

    Raises:
        UsageError: it cannot be used.
    """
    address = os.environ.get(VARIABLE)
    return StoreMirror(address) if address else None
