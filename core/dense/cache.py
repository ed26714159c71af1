"""Location and maximal size of the feature store on this computer."""

from __future__ import annotations

import os
from pathlib import Path

from core.dense.store import DEFAULT_CAP_BYTES, FeatureStore
from core.dense.store_mirror import mirror_of_environment
from core.errors import UsageError
from core.platform_folders import cache_base

FOLDER_VARIABLE = "GEOLANGBIND_CACHE"
CAP_VARIABLE = "GEOLANGBIND_CACHE_GB"


def cache_folder() -> Path:
    """Returns the folder of the feature store: $GEOLANGBIND_CACHE, or one in the platform's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser() if named else cache_base() / "features"


def cache_cap_bytes() -> int:
    """Returns the store's size cap: $GEOLANGBIND_CACHE_GB gigabytes, or 20 GiB.

    Raises:
        UsageError: the variable is not a number.
    """
    named = os.environ.get(CAP_VARIABLE)
    if not named:
        return DEFAULT_CAP_BYTES
    try:
        return int(float(named) * 1e9)
    except ValueError as problem:
        raise UsageError(f"{CAP_VARIABLE} is {named!r}, no number.", hint="Give gigabytes, such as 20.") from problem


def open_cache() -> FeatureStore:
    """Returns the feature store of this computer; its folder is created at the first write."""
    return FeatureStore(cache_folder(), cache_cap_bytes(), mirror_of_environment())
