"""The model: images of any bands and words in one space.

Names are loaded when first used, so that listing model cards does not wait for torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind, create_model
    from core.model.zoo import load_model

__all__ = ["GeoLangBind", "create_model", "load_model"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names above
    if name in ("GeoLangBind", "create_model"):
        from core.model import geolangbind

        return getattr(geolangbind, name)
    if name == "load_model":
        from core.model.zoo import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
