"""Rasters in an object store, by GDAL's own client: ``s3://bucket/folder/image.tif``.

Login, region and address come from the usual variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
AWS_S3_ENDPOINT, AWS_HTTPS, AWS_VIRTUAL_HOSTING, AWS_NO_SIGN_REQUEST).
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import PurePosixPath

from core.errors import InputError

SCHEME = "s3://"


def is_bucket(name: str) -> bool:
    """Whether a name is an address in an object store."""
    return name.startswith(SCHEME)


def gdal_place(name: str) -> str:
    """Returns GDAL's name of an address in an object store (``/vsis3/…``)."""
    return f"/vsis3/{name.removeprefix(SCHEME)}"


def gdal_options() -> dict[str, str]:
    """Returns GDAL's options for an endpoint that is named with its scheme, as other clients want it."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    if "://" not in endpoint:
        return {}
    scheme, _, host = endpoint.partition("://")
    return {
        "AWS_S3_ENDPOINT": host.rstrip("/"),
        "AWS_HTTPS": "YES" if scheme == "https" else "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
    }


def rasters_in_bucket(folder: str, endings: Collection[str]) -> list[str]:
    """List the rasters below a folder of an object store.

    Args:
        folder: ``s3://bucket`` or ``s3://bucket/folder``.
        endings: of names, in lower case, such as ".tif".

    Raises:
        InputError: it cannot be listed.
    """
    import pyogrio

    place = gdal_place(folder.rstrip("/"))
    pyogrio.set_gdal_config_options(gdal_options())  # pyogrio has a GDAL of its own
    try:
        names = pyogrio.vsi_listtree(f"{place}/")
    except (NotADirectoryError, FileNotFoundError, OSError, pyogrio.errors.DataSourceError) as problem:
        raise InputError(
            f"{folder} cannot be listed ({problem}).", hint="Check bucket, region and login (AWS_… variables)."
        ) from problem
    found = (name for name in names if PurePosixPath(name).suffix.lower() in endings)
    return sorted(SCHEME + name.removeprefix("/vsis3/") for name in found)
