"""Loaded models, each loaded once and shared by all requests of a process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind


def _load(name: str, device: str) -> GeoLangBind:
    """Load with torch, which is imported no sooner than this."""
    from core.model import load_model
    from core.model.allocator import keep_freed_memory

    keep_freed_memory()
    return load_model(name, device=device)


class ModelCache:
    """Keeps the most recently used models in memory.

    Args:
        capacity: how many models stay; the one unused for longest goes first.
        load: gives the model of a name (or path) on a device; replaced in tests.
    """

    def __init__(self, capacity: int = 2, load: Callable[[str, str], GeoLangBind] = _load) -> None:
        self._capacity = capacity
        self._load = load
        self._models: OrderedDict[tuple[str, str], GeoLangBind] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[tuple[str, str], threading.Lock] = {}

    def get(self, name: str, device: str = "auto") -> GeoLangBind:
        """Returns the model, loading it where it is not cached; two requests for one model load it once.

        Raises:
            ModelError: the model is unknown, damaged or not installed. Nothing is kept, so the next call tries again.
        """
        key = (name, device)
        with self._lock:
            turn = self._loading.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._models:
                    self._models.move_to_end(key)
                    return self._models[key]
            model = self._load(name, device)
            with self._lock:
                self._models[key] = model
                while len(self._models) > self._capacity:
                    self._models.popitem(last=False)
            return model

    @property
    def holds_any(self) -> bool:
        """Whether a model is loaded."""
        with self._lock:
            return bool(self._models)

    def forget(self) -> None:
        """Let go of every model, for instance after the graphics card ran out of memory or a model was replaced."""
        with self._lock:
            self._models.clear()
