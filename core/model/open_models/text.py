"""The text part of an open_clip model: open_clip's tower, and the tokenizer that it was trained with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from core.errors import ModelError
from core.model.open_models.settings import fitting_part, refuse_places


class OpenTextTower(nn.Module):
    """open_clip's text tower, its weights part of the model's checkpoint.

    Args:
        architecture: ``embed_dim``, ``text_cfg`` and perhaps ``quick_gelu``, as open_clip writes them.
        tokenizer: local folder of the tokenizer's files; None for the one that the architecture names.
    """

    def __init__(self, architecture: Mapping[str, Any], tokenizer: str | None = None) -> None:
        super().__init__()
        from open_clip.model import _build_text_tower

        refuse_places(architecture)
        settings = dict(architecture["text_cfg"])
        self._settings = settings
        named = settings.get("hf_model_name")
        try:
            # The weights are the checkpoint's: none are fetched, whatever the configuration asks for.
            with nullcontext() if named else fitting_part("text_cfg"):
                self.tower: Any = _build_text_tower(
                    architecture["embed_dim"],
                    {**settings, "hf_model_pretrained": False},
                    bool(architecture.get("quick_gelu", False)),
                )
        except (OSError, ValueError) as problem:
            raise ModelError(
                f"The text encoder {named} is not on this computer and could not be fetched.",
                hint="Connect once, or use a model with a text tower of its own.",
            ) from problem
        self.context_length = int(settings.get("context_length", 77))
        self.vocab_size = int(settings.get("vocab_size", 49_408))
        self.tokenizer_name = tokenizer or str(settings.get("hf_tokenizer_name") or "")
        self._tokenizer: Callable[[list[str]], Tensor] | None = None

    @property
    def tokenizer_is_local(self) -> bool:
        """Whether words can be encoded without a network; CLIP's own tokenizer comes with open_clip."""
        return not self.tokenizer_name or Path(self.tokenizer_name).is_dir()

    def tokenize(self, texts: list[str]) -> Tensor:
        """Returns ids (N, context length) of texts, cleaned as in the model's training.

        Raises:
            ModelError: the tokenizer's files are neither local nor can be fetched.
        """
        if self._tokenizer is None:
            self._tokenizer = self._load_tokenizer()
        return self._tokenizer(texts)

    def encode(self, ids: Tensor) -> Tensor:
        """Encode ids (N, context length) as vectors (N, D)."""
        encoded = self.tower(ids.to(next(self.tower.parameters()).device))
        vectors: Tensor = encoded[0] if isinstance(encoded, tuple) else encoded
        return vectors

    def _load_tokenizer(self) -> Callable[[list[str]], Tensor]:
        from open_clip.tokenizer import HFTokenizer, SimpleTokenizer

        arguments = dict(self._settings.get("tokenizer_kwargs") or {})
        if not self.tokenizer_name:
            return SimpleTokenizer(context_length=self.context_length, **arguments)
        try:
            return HFTokenizer(self.tokenizer_name, context_length=self.context_length, **arguments)
        except (OSError, ValueError, RuntimeError) as problem:
            raise ModelError(
                f"The tokenizer {self.tokenizer_name} is not on this computer and could not be fetched.",
                hint="Put tokenizer.json from the address the model was published at beside its weights.",
            ) from problem
