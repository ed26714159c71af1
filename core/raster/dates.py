"""Acquisition date of an image, from its metadata or its file name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

DATE_TAGS = (
    "ACQUIRED",
    "ACQUISITION_DATE",
    "ACQUISITIONDATETIME",
    "ACQUISITION_DATETIME",
    "DATATAKE_1_DATATAKE_SENSING_START",
    "SENSING_TIME",
    "PRODUCT_START_TIME",
    "DATE_ACQUIRED",
    "TIFFTAG_DATETIME",
)
"""Names under which products keep it, the surest first; TIFF's own is the day the file was made where no other is."""

_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_:./]?(0[1-9]|1[0-2])[-_:./]?(0[1-9]|[12]\d|3[01])"
    r"(?:(?!\d)|(?=\d{4}(?:\d\d)?(?!\d)))"  # the time of day may follow without a sign between
)


def acquisition_date(tags: Mapping[str, str], name: str) -> str:
    """Return the acquisition date of an image.

    Args:
        tags: the raster's metadata.
        name: of its file.

    Returns:
        As in "2024-06-12"; empty where unknown.
    """
    known = {key.upper(): value for key, value in tags.items()}
    for text in (*(known.get(key, "") for key in DATE_TAGS[:-1]), name, known.get(DATE_TAGS[-1], "")):
        for match in _DAY.finditer(text):
            try:
                return date(*(int(part) for part in match.groups())).isoformat()
            except ValueError:
                continue
    return ""
