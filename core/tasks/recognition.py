"""Meaning of a raster's bands: recognised, or as given by the user. No torch here, so that describing is fast."""

from __future__ import annotations

from core.protocol import Source
from core.raster.reader import RasterReader
from core.spectral.recognise import Recognition, recognise


def recognise_source(raster: RasterReader, source: Source) -> Recognition:
    """Find out what the bands of an open raster are, or take the user's word for it.

    Raises:
        SensorError: bands, wavelengths or sensor do not fit the raster.
    """
    return recognise(
        raster,
        sensor=source.sensor,
        bands=source.bands,
        wavelengths_um=source.wavelengths_um,
        scaling=source.scaling,
    )
