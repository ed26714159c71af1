"""Text towers: the published SigLIP tower inside a checkpoint, and frozen sentence encoders beside one."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from open_clip.tokenizer import HFTokenizer
from open_clip.transformer import LayerNorm, TextTransformer
from torch import Tensor, nn

from core.errors import ModelError
from core.model.config import Settings, fitting_settings
from core.model.sentence_encoder import SentenceEncoderFiles, find_sentence_encoder

KIND = "open_clip"
"""The ``kind`` of a text entry that open_clip builds."""
SIGLIP_TOKENIZER = "timm/ViT-B-16-SigLIP"


class TextTower(Protocol):
    """What encodes text: words to ids, ids to vectors."""

    def tokenize(self, texts: list[str]) -> Tensor:
        """Returns ids (N, length), canonicalised text first."""

    def encode(self, ids: Tensor) -> Tensor:
        """Encode ids (N, length) as vectors (N, D), float32."""

    def parameters(self) -> Any:  # noqa: ANN401 - iterator of parameters
        """Returns the tower's parameters, loading the tower if it is lazy."""


class SiglipTextTower(TextTransformer):
    """open_clip's text transformer in SigLIP's layout, its weights part of the model's checkpoint.

    Args:
        width: length of a token.
        context_length: tokens a text is padded or cut to.
        vocab_size: number of token ids.
        layers: transformer blocks.
        heads: attention heads.
        mlp_ratio: hidden width of the MLPs over ``width``.
        tokenizer: Hugging Face name or local folder of the tokenizer.
    """

    def __init__(
        self,
        width: int,
        context_length: int,
        vocab_size: int,
        layers: int,
        heads: int,
        mlp_ratio: float,
        tokenizer: str = SIGLIP_TOKENIZER,
    ) -> None:
        super().__init__(
            context_length=context_length,
            vocab_size=vocab_size,
            width=width,
            heads=heads,
            layers=layers,
            mlp_ratio=mlp_ratio,
            output_dim=width,
            no_causal_mask=True,
            pool_type="last",
            proj_bias=True,
            norm_layer=cast("type[nn.Module]", partial(LayerNorm, eps=1e-6)),
        )
        self.tokenizer_name = tokenizer
        self._tokenizer: HFTokenizer | None = None

    @property
    def tokenizer_is_local(self) -> bool:
        """Whether words can be encoded without a network."""
        return Path(self.tokenizer_name).is_dir()

    def tokenize(self, texts: list[str]) -> Tensor:
        """Returns ids (N, context length) of canonicalised texts.

        Raises:
            ModelError: the tokenizer's files are neither local nor can be fetched.
        """
        if self._tokenizer is None:
            self._tokenizer = load_tokenizer(self.tokenizer_name, self.context_length)
        return self._tokenizer(texts)

    def encode(self, ids: Tensor) -> Tensor:
        """Encode ids (N, context length) as vectors (N, width)."""
        return self(ids.to(self.positional_embedding.device))


class FrozenSentenceTower:
    """A sentence encoder that stays as it was published and outside the model's checkpoint; loaded at first use.

    Args:
        name: Hugging Face name of the encoder.
        sha256: hash its ``model.safetensors`` must have.
        revision: commit on the hub it was taken from.
        context_length: tokens a text is cut to.
    """

    def __init__(self, name: str, sha256: str, revision: str | None = None, context_length: int = 128) -> None:
        self.name = name
        self.sha256 = sha256
        self.revision = revision
        self.context_length = context_length
        self.device = torch.device("cpu")
        self._encoder: nn.Module | None = None
        self._tokenizer: HFTokenizer | None = None
        self._files: SentenceEncoderFiles | None = None

    def to(self, device: torch.device) -> FrozenSentenceTower:
        """Compute on this device from now on."""
        if device != self.device:
            self.device, self._encoder = device, None
        return self

    def tokenize(self, texts: list[str]) -> Tensor:
        """Returns ids (N, length) of canonicalised texts, cut to the longest of them."""
        if self._tokenizer is None:
            self._tokenizer = load_tokenizer(str(self._found().folder), self.context_length)
        ids = self._tokenizer(texts)
        padding = self._tokenizer.tokenizer.pad_token_id
        longest = int((ids != padding).sum(dim=1).max())
        return ids[:, : max(longest, 1)]

    def encode(self, ids: Tensor) -> Tensor:
        """Encode ids (N, length) as vectors (N, D)."""
        return self._loaded()(ids.to(self.device))

    def parameters(self) -> Any:  # noqa: ANN401 - iterator of parameters
        """Returns the frozen parameters, loading the encoder."""
        return self._loaded().parameters()

    def _found(self) -> SentenceEncoderFiles:
        if self._files is None:
            self._files = find_sentence_encoder(self.name, self.sha256, self.revision)
        return self._files

    def _loaded(self) -> nn.Module:
        """Returns the encoder, which every model in this process with the same files and device shares."""
        if self._encoder is None:
            self._encoder = _sentence_encoder(str(self._found().folder), self.device)
        return self._encoder


@lru_cache(maxsize=2)
def _sentence_encoder(folder: str, device: torch.device) -> nn.Module:
    """Load an encoder through open_clip, from local files alone; frozen, in evaluation mode, on a device."""
    from open_clip.hf_model import HFTextEncoder
    from transformers import AutoConfig
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    width = AutoConfig.from_pretrained(folder, local_files_only=True).hidden_size
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        with torch.inference_mode(mode=False):  # others may use it outside of the inference in which it is first needed
            encoder = HFTextEncoder(folder, output_dim=width, pooler_type="mean_pooler", proj_type=None)
            return encoder.float().eval().requires_grad_(False).to(device)
    finally:
        transformers_logging.set_verbosity(verbosity)


def load_tokenizer(name: str, context_length: int) -> HFTokenizer:
    """Load a tokenizer that canonicalises: lower case, no punctuation, single spaces.

    Args:
        name: local folder, or a name on the Hugging Face hub.
        context_length: tokens a text is padded or cut to.

    Raises:
        ModelError: its files are neither local nor can be fetched.
    """
    try:
        return HFTokenizer(name, context_length=context_length, clean="canonicalize")
    except (OSError, ValueError, RuntimeError) as problem:
        raise ModelError(
            f"The tokenizer {name} is not on this computer and could not be fetched.",
            hint="Connect once, or put its files into a folder and name that folder as text.tokenizer in config.json.",
        ) from problem


def make_text_tower(settings: Settings, *, width: int, heads: int, mlp_ratio: float) -> TextTower:
    """Make the tower a model configuration's "text" entry describes.

    Args:
        settings: {"tower", "sha256", "revision"} for a frozen sentence encoder, {"kind", "architecture"} for one of
            open_clip's, or the sizes of a SigLIP tower.
        width: the vision trunk's width, which SigLIP's text tower shares.
        heads: the trunk's attention heads.
        mlp_ratio: the trunk's MLP ratio.

    Raises:
        ModelError: an entry is unknown or missing.
    """
    with fitting_settings("text"):
        if settings.get("kind") == KIND:
            from core.model.open_models.text import OpenTextTower

            return OpenTextTower(**{name: value for name, value in settings.items() if name != "kind"})
        if "tower" in settings:
            arguments = dict(settings)
            return FrozenSentenceTower(arguments.pop("tower"), **arguments)
        return SiglipTextTower(**{"width": width, "heads": heads, "mlp_ratio": mlp_ratio, **settings})
