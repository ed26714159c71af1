"""Pixel size at which a model is applied to a raster: the raster's own, or the finest of the training."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ModelError
from core.raster.raster_info import RasterInfo
from core.spectral.coverage import SIZE_SLACK, length_text
from core.spectral.recognise import Recognition


@dataclass(frozen=True)
class Resampling:
    """Larger pixels for a raster whose own the model does not know.

    Attributes:
        resolution: pixel size in the raster's units.
        note: one sentence for the result's warnings.
    """

    resolution: float
    note: str


def resampling_for(model: str, info: RasterInfo, recognition: Recognition) -> Resampling | None:
    """Returns how a raster is to be read for a model; None at its own pixel size.

    Args:
        model: name or folder, whose card lists under ``pixel_sizes_m`` the finest and the coarsest pixels it was
            trained on, in metres, for each sensor.
        info: the raster at its own pixel size.
        recognition: of its bands.
    """
    from core.model.zoo import get_card

    own_m = info.ground_sampling_distance_m
    if own_m is None or recognition.sensor is None or recognition.embedding is not None:
        return None
    try:
        known_m = get_card(model).pixel_sizes_m.get(recognition.sensor)
    except ModelError:
        return None
    if known_m is None or own_m * SIZE_SLACK >= known_m[0]:
        return None
    return Resampling(
        max(info.grid.pixel_size) * known_m[0] / own_m,
        f"The raster's pixels of {length_text(own_m)} are finer than any the model was trained on: it sees the raster "
        f"at {length_text(known_m[0])}. Set a pixel size to have it otherwise.",
    )
