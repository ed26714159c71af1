"""The images that a search of a STAC API finds, by pystac-client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from core.archive.stac_items import image_of
from core.errors import InputError, UsageError
from core.raster.failures import without_password

PREFIX = "stac+"
LISTS = ("collections", "ids")
WORDS = ("datetime", "filter", "q")
MOST_ITEMS = 10_000
"""Items of a search that names no limit: a search without a place would list a whole planet."""
PATIENCE_S = 30.0


def is_search(path: str) -> bool:
    """Whether a path is a search: ``stac+https://server/api?collections=a,b&bbox=7,45,8,46&datetime=2024-06/2024-08``."""
    return path.startswith((f"{PREFIX}http://", f"{PREFIX}https://"))


def found_images(path: str, asset: str | None = None) -> Iterator[str]:
    """Yield the addresses of the images that a search finds, in the server's order.

    Args:
        path: address of the API after ``stac+``; its query names ``collections``, ``ids``, ``bbox`` (four numbers),
            ``datetime``, ``cloud`` (most per cent), ``limit`` (most items) or ``filter`` (CQL2 text).
        asset: key of the STAC asset to take; None for the item's one image.

    Raises:
        UsageError: pystac-client is not installed, or the query says something else.
        InputError: the server does not answer as a STAC API.
    """
    try:
        from pystac_client import Client
        from pystac_client.stac_api_io import StacApiIO
    except ImportError as problem:
        raise UsageError(
            "Searching a STAC API needs pystac-client, which is not installed.",
            hint='Install it with: pip install "pystac-client>=0.8", or give a STAC document.',
        ) from problem
    parts = urlsplit(path.removeprefix(PREFIX))
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    wanted = _arguments(dict(parse_qsl(parts.query, keep_blank_values=True)))
    try:
        api = Client.open(address, stac_io=StacApiIO(timeout=PATIENCE_S, max_retries=2))
        for item in api.search(**wanted).items_as_dicts():
            yield image_of(item, asset)
    except InputError:
        raise
    except Exception as problem:  # requests' and pystac's own, and whatever a server's answer makes them raise
        reason = " ".join(str(problem).split())[:200]
        raise InputError(
            f"{without_password(address)} does not answer as a STAC API ({reason}).",
            hint="Check the address: it is that of the API's first page.",
        ) from problem


def _arguments(query: dict[str, str]) -> dict[str, Any]:
    """Returns the arguments of the search.

    Raises:
        UsageError: a name or number of the query is unknown or wrong.
    """
    wanted: dict[str, Any] = {"max_items": MOST_ITEMS}
    try:
        for name, value in query.items():
            if name in LISTS:
                wanted[name] = value.split(",")
            elif name in WORDS:
                wanted[name] = value
            elif name == "bbox":
                wanted[name] = [float(number) for number in value.split(",")]
            elif name == "limit":
                wanted["max_items"] = int(value)
            elif name == "cloud":
                wanted["query"] = {"eo:cloud_cover": {"lte": float(value)}}
            else:
                raise UsageError(
                    f"A STAC search has no {name!r}.",
                    hint="It takes collections, ids, bbox, datetime, cloud, limit, filter.",
                )
    except ValueError as problem:
        raise UsageError(f"{value!r} is no {name} of a STAC search.", hint="Give numbers, with commas.") from problem
    return wanted
