"""A process of its own that embeds a raster, and dies where it is told to.

Where to die is counted in events of the file system (files opened, renamed, removed, folders made) inside the store,
so that every kill point can be met again and no test has to wait for the right moment.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

import torch

from core.dense.features import DenseFeatures, open_features
from core.dense.store import FeatureStore
from core.dense.stored_features import StoredFeatures
from core.model.geolangbind import GeoLangBind, create_model
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.spectral.bands import Band, BandSet
from core.spectral.scaling import Scaling, scaling_preset

RGB = BandSet.of(
    [Band("red", 0.665, kind="display"), Band("green", 0.56, kind="display"), Band("blue", 0.49, kind="display")]
)
CONFIG = {
    "image_size": 64,
    "patch_size": 8,
    "width": 24,
    "layers": 1,
    "heads": 2,
    "mlp_ratio": 2.0,
    "embed_dim": 32,
    "stem": {"channels": [8, 12], "depths": [1, 1, 1]},
    "dense": {"channels": 12, "fine": 8, "middle": 12},
}
EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir"})


class Reading(NamedTuple):
    """The part of a recognition that features need."""

    band_indexes: tuple[int, ...]
    band_set: BandSet
    scaling: Scaling


def make_model() -> GeoLangBind:
    """The same small random model in every process."""
    torch.manual_seed(7)
    made = create_model(CONFIG).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.mul_(2.0)
    return made


@contextmanager
def opened(raster: Path, store: FeatureStore | None) -> Iterator[DenseFeatures]:
    """Open the features of an RGB raster."""
    with open_raster(raster) as reader:
        reading = Reading((1, 2, 3), RGB, scaling_preset("uint8").scaling(RGB))
        yield open_features(make_model(), reader, reading, store=store)


def everything(features: DenseFeatures) -> PixelWindow:
    """All cells."""
    return PixelWindow(0, 0, features.layout.columns, features.layout.rows)


def embed(
    raster: str,
    store: str,
    answer: Connection,
    *,
    die_at_event: int = 0,
    together: Barrier | None = None,
    largest_file: int = 0,
) -> None:
    """Embed a raster; send (chunks written, file events, chunks missing) at the end.

    Args:
        raster: path.
        store: folder.
        answer: where to send.
        die_at_event: the event of the file system to be killed at; 0 to live.
        together: waited at before the work begins.
        largest_file: bytes after which writing a file fails, as on a full disk; 0 for no limit.
    """
    torch.set_num_threads(1)
    counts = {"events": 0, "written": 0}

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in EVENTS and str(arguments[0]).startswith(store):
            counts["events"] += 1
            if counts["events"] == die_at_event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    write = StoredFeatures.write

    def counted(self: StoredFeatures, *arguments: object) -> None:
        write(self, *arguments)
        counts["written"] += 1

    StoredFeatures.write = counted
    with opened(Path(raster), FeatureStore(Path(store))) as features:
        if together is not None:
            together.wait(120)
        if largest_file:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        features.compute(everything(features))
        answer.send((counts["written"], counts["events"], len(features.missing(everything(features)))))
