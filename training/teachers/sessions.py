"""ONNX networks on one processor core, and large images through networks that see windows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(N, h, w, C) to (N, h, w, K), channels last."""


class Session(Protocol):
    """Methods of an onnxruntime session that are used."""

    def run(self, outputs: list[str] | None, feed: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Return the outputs requested, or all."""
        ...

    def get_inputs(self) -> list[Any]:
        """Return descriptions of the inputs, each with a name."""
        ...


def open_session(path: Path, threads: int = 1) -> Session:
    """Open an ONNX file on the processor.

    Raises:
        ModelError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as problem:
        raise ModelError(
            "Teachers need onnxruntime, which is not installed.", hint="Install the extra: pip install .[training]"
        ) from problem
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session: Session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session


def network_of(session: Session) -> Network:
    """Return a network of one input and one output as a function."""
    name = session.get_inputs()[0].name

    def network(images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: images.astype(np.float32)})[0], dtype=np.float32)

    return network


def in_windows(network: Network, image: NDArray[np.float32], window: int, margin: int) -> NDArray[np.float32]:
    """Run a network over an image window by window, keeping of each window what lies within its margin.

    Args:
        network: takes windows (1, window, window, C).
        image: (H, W, C); mirrored beyond its edges.
        window: side of a window in pixels.
        margin: pixels at each side that only give context.

    Returns:
        (H, W, K) float32.
    """
    height, width = image.shape[:2]
    step = window - 2 * margin
    below, right = (-(-side // step) * step - side + margin for side in (height, width))
    padded = np.pad(image, ((margin, below), (margin, right), (0, 0)), mode="symmetric")
    rows = []
    for row in range(0, height, step):
        parts = []
        for col in range(0, width, step):
            seen = network(np.ascontiguousarray(padded[None, row : row + window, col : col + window]))[0]
            parts.append(seen[margin : margin + step, margin : margin + step])
        rows.append(np.concatenate(parts, axis=1))
    return np.concatenate(rows)[:height, :width]
