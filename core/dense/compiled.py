"""Compilation and loading of the kernels of ``core.dense.kernels`` in the background.

Torch is used until they are ready, and where they cannot be compiled: see ``core.dense.scoring``.

Compiling takes seconds the first time on a computer, loading the compiled code a third of one, so nothing waits for it:
callers that expect more work start it (``KERNELS.prepare_beside``), others use the kernels where they are ready.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from core.platform_folders import cache_base, is_private

LOG = logging.getLogger(__name__)
CODE = Path(__file__).resolve().parents[2]

_ENDS_WITH_ITS_PARENT = """
import os, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
"""
"""Beginning of a program that ends when its stdin is closed."""


class Kernels:
    """State of the kernels of a process, and their preparation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried = False
        self._asked = False
        self._module: Any = None

    @property
    def ready(self) -> Any:  # noqa: ANN401 - the module core.dense.kernels
        """The kernels; None while they are not compiled."""
        return self._module

    def prepare(self) -> bool:
        """Compile the kernels or load them from the cache, once in a process; returns whether they are ready."""
        with self._lock:
            if not self._tried:
                self._tried = True
                self._module = _imported()
        return self._module is not None

    def prepare_beside(self, delay_s: float = 0.0) -> None:
        """Prepare the kernels in the background; further calls do nothing.

        Compilation runs in another process of low priority: numba's compiler holds Python's global lock, for which a
        prompt would wait. The end of this process waits for the thread.
        """
        if not self._asked:
            self._asked = True
            threading.Timer(delay_s, self._prepare_gently).start()

    def _prepare_gently(self) -> None:
        if not self._tried:
            _compile_elsewhere()
        self.prepare()


KERNELS = Kernels()
"""Kernels of this process."""


def kernel_folder() -> Path:
    """Returns the folder of compiled kernels in the user's cache, since the plugin's own folder may be read-only."""
    return cache_base() / "kernels"


def _imported() -> Any:  # noqa: ANN401
    """Import the kernels, which compiles or loads them; returns None on failure, as only speed depends on it."""
    try:
        config: Any = importlib.import_module("numba").config
        if config.DISABLE_JIT:
            return None
        if not config.CACHE_DIR and _writable(kernel_folder()):  # else the user has named one, or none will do
            config.CACHE_DIR = str(kernel_folder())
        return importlib.import_module("core.dense.kernels")
    except Exception as problem:  # a package that is missing or too old, a compiler or a disk that fails
        LOG.info("Compiled kernels are not available (%s); torch does their work, more slowly.", problem)
        return None


def _compile_elsewhere() -> None:
    """Fill the kernel cache by another process; if that fails, this process compiles.

    The other process ends with this one, however this one ends: then its stdin is closed.
    """
    folder = kernel_folder()
    if not _writable(folder):
        return
    script = _ENDS_WITH_ITS_PARENT + f"sys.path.insert(0, {str(CODE)!r})\nimport core.dense.kernels"
    gently = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with (
        contextlib.suppress(OSError),
        subprocess.Popen(
            [sys.executable, "-c", script if os.name == "nt" else f"import os\nos.nice(10)\n{script}"],
            cwd=folder,
            env={"NUMBA_CACHE_DIR": str(folder), **os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=gently,
        ) as process,
    ):
        process.wait()


def _writable(folder: Path) -> bool:
    """Create a folder if it is missing; returns whether only this user can write to it."""
    if not is_private(folder):  # what is compiled is code: another's is not run
        return False
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
