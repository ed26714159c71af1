"""Batching of feature maps of equal size across sensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SameSize:
    """Grouping of maps of one size into batches, and their positions in them.

    Attributes:
        members: for each size the numbers of the maps that have it, in order.
        places: for each map the number of its size and its part of that batch.
    """

    members: tuple[tuple[int, ...], ...]
    places: tuple[tuple[int, slice], ...]

    @classmethod
    def of(cls, maps: Sequence[Tensor]) -> SameSize:
        """Sort maps (B, C, H, W) by H and W."""
        members: dict[tuple[int, ...], list[int]] = {}
        for number, each in enumerate(maps):
            members.setdefault(tuple(each.shape[2:]), []).append(number)
        places: dict[int, tuple[int, slice]] = {}
        for size, numbers in enumerate(members.values()):
            start = 0
            for number in numbers:
                places[number] = size, slice(start, start + len(maps[number]))
                start += len(maps[number])
        return cls(tuple(map(tuple, members.values())), tuple(places[number] for number in range(len(maps))))

    def join(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Returns one batch per size from maps with equal numbers of channels."""
        return [
            torch.cat([maps[number] for number in numbers]) if len(numbers) > 1 else maps[numbers[0]]
            for numbers in self.members
        ]

    def split(self, joined: Sequence[Tensor]) -> list[Tensor]:
        """Returns the part of the batches' results that belongs to each map."""
        return [joined[size][part] for size, part in self.places]
