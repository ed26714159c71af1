"""The kernels of ``core.dense.kernels``, once they are ready; torch answers until then, and wherever they cannot be.

Compiling takes seconds the first time on a computer and loading what was compiled a third of one, so nothing waits for
it: who knows that more is to come asks for it (``KERNELS.prepare_beside``), all others whether it is there.
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
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from core.caches import cache_base
from core.dense.odds import LOG2_E, SMALLEST_REST, OddsAgainstBackground, SharedOdds

if TYPE_CHECKING:
    from core.dense.chunk import FeatureChunk
    from core.dense.odds import Scorer
    from core.dense.text_factors import TextFactors

LOG = logging.getLogger(__name__)
CODE = Path(__file__).resolve().parents[2]
MOST_SUM = 2**31 - 1
"""What a sum of products may reach: the kernels add in 32 bits."""


class Kernels:
    """Whether kernels are ready, and what makes them so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried = False
        self._asked = False
        self._module: Any = None

    @property
    def ready(self) -> Any:  # noqa: ANN401 - the module core.dense.kernels
        """The kernels, or None."""
        return self._module

    def prepare(self) -> bool:
        """Compile the kernels, or load what was compiled before; tells whether they are ready. Tried once a process."""
        with self._lock:
            if not self._tried:
                self._tried = True
                self._module = _imported()
        return self._module is not None

    def prepare_beside(self, delay_s: float = 0.0) -> None:
        """Do so beside other work, after a while; asked again, it does nothing.

        What has to be compiled is compiled by another process of low priority: a compiler in Python holds Python's
        lock, and a prompt would wait for it at every step. The end of this process waits for the thread.
        """
        if not self._asked:
            self._asked = True
            threading.Timer(delay_s, self._prepare_gently).start()

    def _prepare_gently(self) -> None:
        if not self._tried:
            _compile_elsewhere()
        self.prepare()


KERNELS = Kernels()
"""Those of this process."""


def kernel_folder() -> Path:
    """Give the folder compiled kernels are kept in: the plugin's own folder may be read-only, and is not theirs."""
    return cache_base() / "kernels"


def scored_texts(chunk: FeatureChunk, texts: TextFactors, judge: Scorer | None) -> Tensor | None:
    """Score the cells of a chunk; None where torch has to.

    Args:
        chunk: holds n cells.
        texts: N of them.
        judge: what is made of the cosines; None for the cosines themselves.

    Returns:
        (M, h, w) float32.
    """
    kernels = KERNELS.ready
    if kernels is None or not _fits(texts):
        return None
    height, width, channels = chunk.codes.shape
    cells = (
        np.ascontiguousarray(chunk.codes).reshape(-1, channels),
        np.ascontiguousarray(chunk.gain).reshape(-1).view(np.uint16),
        np.ascontiguousarray(chunk.inverse_norm).reshape(-1).view(np.uint16),
        texts.whole.numpy(),
        texts.steps[:, 0].numpy(),
        texts.constants.numpy(),
    )
    background = np.ascontiguousarray(chunk.background).reshape(-1)

    def filled(count: int, kernel: Any, *more: Any) -> Tensor:  # noqa: ANN401
        out = np.empty((count, height * width), np.float32)
        kernel(*cells, *more, out)
        return torch.from_numpy(out)

    if isinstance(judge, OddsAgainstBackground):
        found = filled(len(judge.own), kernels.log_odds, background, *_against_background(judge))
    elif isinstance(judge, SharedOdds):
        temperature = np.float32(judge.temperature * LOG2_E)
        found = filled(len(judge.weights), kernels.log_sums, temperature, judge.weights.numpy())
    else:
        found = filled(len(texts), kernels.cosines)
        found = found if judge is None else judge(found, torch.from_numpy(background))
    return found.reshape(-1, height, width)


def upsampled(
    scores: Tensor,
    cell_valid: Tensor,
    guide: Tensor,
    pixel_valid: Tensor,
    stride: int,
    nearness: Tensor,
    likeness: float,
) -> Tensor | None:
    """Bring scores to pixels, see ``core.dense.upsample``; None where torch has to."""
    kernels = KERNELS.ready
    if kernels is None:
        return None
    out = np.empty((len(scores), *guide.shape[1:]), np.float32)
    given = (each.contiguous().numpy() for each in (scores, cell_valid, guide, pixel_valid))
    kernels.upsampled(*given, stride, nearness.numpy(), np.float32(likeness), out)
    return torch.from_numpy(out)


def _against_background(judge: OddsAgainstBackground) -> tuple[Any, ...]:
    """Give the arguments of the kernel that stand for a contest."""
    starts = np.cumsum([0, *(len(places) for places in judge.own)], dtype=np.intp)
    places = np.concatenate([np.array(places, np.intp) for places in judge.own])
    scale, offset = (LOG2_E, 0.0) if judge.bias is None else (0.0, -judge.bias * LOG2_E)
    numbers = (np.float32(number) for number in (judge.temperature * LOG2_E, scale, offset))
    return (*numbers, starts, places, judge.weights.numpy(), np.float32(SMALLEST_REST))


def _fits(texts: TextFactors) -> bool:
    """Whether no sum of products leaves 32 bits, which takes more than 500 channels."""
    return len(texts) > 0 and int(texts.whole.abs().sum(1).amax()) * 127 <= MOST_SUM


def _imported() -> Any:  # noqa: ANN401
    """Import the kernels, which compiles or loads them; None where that fails: nothing depends on it but speed."""
    try:
        config: Any = importlib.import_module("numba").config
        if config.DISABLE_JIT:
            return None
        if not config.CACHE_DIR and _writable(kernel_folder()):  # else the person has named one, or none will do
            config.CACHE_DIR = str(kernel_folder())
        return importlib.import_module("core.dense.kernels")
    except Exception as problem:  # a package that is missing or too old, a compiler or a disk that fails
        LOG.info("Compiled kernels are not available (%s); torch does their work, more slowly.", problem)
        return None


def _compile_elsewhere() -> None:
    """Fill the folder of compiled kernels by another process; where that fails, this one compiles."""
    folder = kernel_folder()
    if not _writable(folder):
        return
    script = f"import sys; sys.path.insert(0, {str(CODE)!r}); import core.dense.kernels"
    gently = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with contextlib.suppress(OSError):
        subprocess.run(
            [sys.executable, "-c", script if os.name == "nt" else f"import os; os.nice(10); {script}"],
            cwd=folder,
            env={"NUMBA_CACHE_DIR": str(folder), **os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=gently,
            check=False,
        )


def _writable(folder: Path) -> bool:
    """Make a folder where it is missing; tells whether files can be put there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
