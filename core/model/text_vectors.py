"""Cache of text vectors."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

CAPACITY = 20_000
_LOCK = threading.RLock()
"""Requests share a model; tokenizers and caches take one thread at a time. Not a field, so that models can be
copied."""


class TextVectors:
    """The most recently used vectors of one text tower."""

    def __init__(self) -> None:
        self._vectors: OrderedDict[str, Tensor] = OrderedDict()
        self._version: tuple[int, ...] = ()

    def clear(self) -> None:
        """Drop all vectors, for instance because the tower moved to another device."""
        self._vectors.clear()

    def of(self, texts: Sequence[str], version: tuple[int, ...], encode: Callable[[list[str]], Tensor]) -> Tensor:
        """Returns the vectors of texts (N, D), encoding those that are not cached.

        Args:
            texts: N strings, at least one.
            version: of the tower's parameters; vectors of another version are dropped.
            encode: (list of M strings) -> (M, D).
        """
        with _LOCK:
            if version != self._version:
                self._vectors.clear()
                self._version = version
            wanted = list(dict.fromkeys(texts))
            fresh = [text for text in wanted if text not in self._vectors]
            if fresh:
                with torch.inference_mode(False), torch.no_grad():
                    self._vectors.update(zip(fresh, (vector.clone() for vector in encode(fresh)), strict=True))
            for text in wanted:
                self._vectors.move_to_end(text)
            vectors = torch.stack([self._vectors[text] for text in texts])
            while len(self._vectors) > CAPACITY:
                self._vectors.popitem(last=False)
            return vectors
