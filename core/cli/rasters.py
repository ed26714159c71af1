"""Arguments of several rasters that are read alike."""

from __future__ import annotations

import argparse

from core.cli.declared import add_parameters, values_of
from core.protocol import Source


def add_rasters(parser: argparse.ArgumentParser) -> None:
    """Add one or more rasters and what the user knows about their bands."""
    parser.add_argument("raster", nargs="+", help="files, folders, VRT, NetCDF or http(s) addresses of COGs")
    add_parameters(parser, Source, leave_out=("path",))


def source_of(options: argparse.Namespace, raster: str) -> Source:
    """Returns the source of one raster."""
    return Source(raster, **values_of(options, Source, leave_out=("path",)))
