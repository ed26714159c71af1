"""Declaration of ``cluster``."""

from __future__ import annotations

from core import protocol
from core.tasks.task import Task

TASK = Task(
    "cluster",
    protocol.ClusterParams,
    "core.tasks.cluster:run",
    "Divide a raster into clusters of pixels that are alike; of embeddings, or of an image's features.",
    show="core.tasks.cluster:show",
    command=True,
)
