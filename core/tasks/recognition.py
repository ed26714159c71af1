"""Recognition of the raster of a request, with the user's settings. No torch here, so that describing is fast."""

from __future__ import annotations

from core.protocol import Source
from core.raster.reader import RasterReader
from core.spectral.recognise import Recognition, recognise


def recognise_source(raster: RasterReader, source: Source) -> Recognition:
    """Recognise the bands of an open raster; the settings of its source override the recognition.

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
