"""Errors of reading rasters, and how GDAL's messages become them."""

from __future__ import annotations

import re

from core.errors import InputError


class MissingFileError(InputError):
    """A file, folder or address that is not there."""


class NotARasterError(InputError):
    """Something that GDAL cannot read as a raster, or a raster without usable bands."""


class DamagedRasterError(InputError):
    """A raster that opens but whose pixels cannot be read."""


def without_password(path: str) -> str:
    """Hide user name, password and query of an address, so that it may be shown and logged."""
    return re.sub(r"(https?://)[^/@\s]*@", r"\1", path).split("?", 1)[0] if path.startswith("http") else path


def open_failure(path: str, problem: Exception) -> InputError:
    """Say in plain words why a raster does not open."""
    shown, text = without_password(path), str(problem)
    if path.startswith(("http://", "https://")):
        code = re.search(r"(?:HTTP response code|HTTP error code)\D*(\d{3})", text)
        if code and code.group(1) in ("404", "410"):
            return MissingFileError(f"There is nothing at {shown}.", hint="Check the address.")
        if code and code.group(1) in ("401", "403", "407"):
            return MissingFileError(
                f"The server refuses {shown} (HTTP {code.group(1)}).",
                hint="It needs a login, a signed address or a proxy.",
            )
        if "not recognized" in text and not code:
            return NotARasterError(
                f"{shown} is not a raster that can be read from a server.", hint="Give the address of a GeoTIFF (COG)."
            )
        return MissingFileError(f"{shown} cannot be reached.", hint="Check the address, the network and the proxy.")
    if re.search(r"or bands on VRTDataset|\b(0|no|zero) (raster )?bands", text, re.IGNORECASE):
        return NotARasterError(f"{shown} has no bands.", hint="Give a raster that holds pixels.")
    if "Permission denied" in text:
        return MissingFileError(f"{shown} may not be read.", hint="Check the file's permissions.")
    return NotARasterError(
        f"{shown} is not a raster that can be read.", hint="Give a GeoTIFF, VRT, ENVI, NetCDF or another GDAL raster."
    )


def read_failure(path: str, problem: Exception) -> InputError:
    """Say in plain words why pixels cannot be read."""
    shown = without_password(path)
    if path.startswith(("http://", "https://")):
        return DamagedRasterError(
            f"Reading {shown} failed on the way.", hint="The connection broke or the file is damaged; try again."
        )
    return DamagedRasterError(
        f"{shown} is damaged: its pixels cannot be read.", hint="It may be cut short; copy or download it again."
    )
