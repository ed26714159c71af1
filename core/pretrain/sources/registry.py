"""Kinds of training source by name. Packages above core register their own, so that core names none of theirs."""

from __future__ import annotations

_ADDRESSES = {
    "chips": "core.pretrain.sources.chips:ChipSource:ChipSettings",
    "labelled": "core.pretrain.sources.labelled:LabelledSource:LabelledSettings",
    "counted": "core.pretrain.sources.counted:CountedSource:CountedSettings",
    "rasters": "core.pretrain.sources.rasters:RasterSource:RasterSettings",
    "scenes": "core.pretrain.sources.scenes:SceneSource:SceneSettings",
    "shards": "core.pretrain.sources.shards:ShardSource:ShardSettings",
}


def register_source(kind: str, address: str) -> None:
    """Let recipes name a kind of source.

    Args:
        kind: as recipes name it.
        address: "module:SourceClass:SettingsClass"; imported when a recipe asks for it.

    Raises:
        ValueError: another source has this name.
    """
    if _ADDRESSES.setdefault(kind, address) != address:
        raise ValueError(f"The kind of source {kind!r} is registered already, as {_ADDRESSES[kind]}.")


def source_kinds() -> tuple[str, ...]:
    """Names of all registered kinds."""
    return tuple(_ADDRESSES)


def source_address(kind: str) -> str:
    """Address "module:SourceClass:SettingsClass" of a kind; a kind that is not registered is its own address."""
    return _ADDRESSES.get(kind, kind)
