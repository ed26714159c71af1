"""Description of a raster: recognised sensor and bands, scaling to model units, and the model's training coverage."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core import __version__
from core.context import Context
from core.errors import ModelError
from core.protocol import DescribeParams
from core.raster.reader import open_raster
from core.spectral.coverage import coverage
from core.spectral.scaling import scaling_presets
from core.tasks.recognition import recognise_source

_SCALINGS = {"file": "Scale and offset that the file declares", "embedding": "Vectors of length 1"}
"""Titles of scalings that are not presets."""
PACKAGES = ("torch", "timm", "open_clip_torch", "rasterio", "zarr", "numpy")


def run(params: DescribeParams, context: Context) -> dict[str, Any]:
    """Describe a raster; no model is loaded.

    Args:
        params: the raster and the model it is meant for.
        context: reports progress; cancellation is checked before reading.

    Returns:
        path, width, height, count, dtype, crs (WKT or None), extent, pixel_size, ground_sampling_distance_m; sensor,
        sensor_title, confidence, reasons, warnings,
        evidence [{source, says, about, favours, strength}]; bands
        [{number, name, wavelength_um, kind, low, high, scale, offset}], physical = DN * scale + offset; scaling
        {name, title}; model, trained, coverage,
        coverage_reason.

    Raises:
        InputError, SensorError: the raster cannot be used.
    """
    context.raise_if_cancelled()
    with open_raster(params.source.path, collar=params.source.collar) as raster:
        context.progress(0.1, "Looking at the raster")
        recognition = recognise_source(raster, params.source)
        info = raster.info
    preset = scaling_presets().get(recognition.scaling.name)
    outcome = coverage(recognition, _trained_on(params.model), info.ground_sampling_distance_m)
    return {
        "path": info.path,
        "width": info.width,
        "height": info.height,
        "count": info.count,
        "dtype": info.dtypes[0],
        "crs": info.grid.crs_wkt,
        "extent": list(info.grid.extent),
        "pixel_size": list(info.grid.pixel_size),
        "ground_sampling_distance_m": info.ground_sampling_distance_m,
        "sensor": recognition.sensor,
        "sensor_title": recognition.title,
        "confidence": recognition.confidence,
        "reasons": list(recognition.reasons),
        "warnings": list(recognition.warnings),
        "evidence": [asdict(piece) for piece in recognition.evidence],
        "bands": [
            {
                "number": number,
                "name": band.name,
                "wavelength_um": band.wavelength_um,
                "kind": band.kind,
                "low": scaling.low,
                "high": scaling.high,
                "scale": scaling.scale,
                "offset": scaling.offset,
            }
            for number, band, scaling in zip(
                recognition.band_indexes, recognition.band_set.bands, recognition.scaling.bands, strict=True
            )
        ],
        "scaling": {
            "name": recognition.scaling.name,
            "title": _SCALINGS[recognition.scaling.name] if preset is None else preset.title,
        },
        "model": params.model,
        "trained": outcome.outcome == "trained on",
        "coverage": outcome.outcome,
        "coverage_reason": outcome.reason,
    }


def describe_computer(device: str) -> dict[str, str]:
    """Return versions, device and folders by title.

    Raises:
        DeviceError: the device requested is not there.
    """
    from core.dense.cache import cache_folder
    from core.model.cards import models_folder
    from core.model.devices import choose_device

    facts = {
        "GeoLangBind": __version__,
        "Python": f"{sys.version.split()[0]} ({sys.executable})",
        "System": platform.platform(),
        "Device": choose_device(device).label,
        "Models": str(models_folder()),
        "Features": str(cache_folder()),
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "missing"
    return facts


def _trained_on(model: str) -> dict[str, Any]:
    """Sensors and band counts that the model's card lists as trained; empty for a model given by path."""
    from core.model.zoo import get_card

    try:
        card = get_card(model)
    except ModelError:
        return {}
    fixed = {"bands_um": card.details["bands_um"]} if "bands_um" in card.details else {}
    return {
        "trained_sensors": card.sensors,
        "trained_band_counts": card.band_counts,
        "pixel_sizes_m": card.pixel_sizes_m,
        **fixed,
    }
