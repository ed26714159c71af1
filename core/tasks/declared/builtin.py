"""The tasks of the runtime; the parameters of each are declared in ``core.protocol``."""

from __future__ import annotations

from core import protocol
from core.tasks.task import Task

TASKS = (
    Task(
        "describe",
        protocol.DescribeParams,
        "core.tasks.describe:run",
        "Explain how a raster is understood.",
        interactive=True,
    ),
    Task(
        "embed",
        protocol.EmbedParams,
        "core.tasks.embed:run",
        "Compute and keep the features of rasters, so that later prompts are instant.",
    ),
    Task(
        "similar",
        protocol.SimilarParams,
        "core.tasks.similar:run",
        "Score every pixel by likeness to places you point at.",
        interactive=True,
        show="core.tasks.similar:show",
        command=True,
    ),
    Task("finetune", protocol.FinetuneParams, "core.tasks.finetune:run", "Fine-tune a model on your own classes."),
    Task(
        "accuracy",
        protocol.AccuracyParams,
        "core.tasks.accuracy:run",
        "Compare a class map with a reference raster or vector.",
        interactive=True,
    ),
    Task(
        "sample",
        protocol.SampleParams,
        "core.tasks.sample:run",
        "Draw points within each class of a map, to be labelled and given to core accuracy.",
        show="core.tasks.sample:show",
        command=True,
    ),
    Task(
        "calibrate",
        protocol.CalibrateParams,
        "core.tasks.calibrate:run",
        "Choose a threshold for every band of a score raster from labelled places.",
    ),
    Task(
        "change",
        protocol.ChangeParams,
        "core.tasks.change:run",
        "Compare two dates: where words came to be true or ceased to be, or which class became which.",
    ),
    Task(
        "polygonise",
        protocol.PolygoniseParams,
        "core.tasks.polygonise:run",
        "Turn scores above a threshold, or a class map, into polygons.",
        interactive=True,
    ),
)
