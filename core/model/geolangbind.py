"""GeoLangBind: images of any bands and words, in one space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import InputError, ModelError, SensorError
from core.model.config import DEFAULT_TEMPLATES, ModelConfig, fitting_settings
from core.model.dense_decoder import Decoder
from core.model.dense_heads import dense_features
from core.model.known_words import KnownWords
from core.model.lower_precision import working_copy
from core.model.maka import MakaTranslator
from core.model.model_hash import hash_weights
from core.model.patch_embedding import parameter_version
from core.model.prompt_calibration import PromptCalibration
from core.model.text import FrozenSentenceTower, TextTower, make_text_tower
from core.model.text_vectors import TextVectors
from core.model.trunks import make_decoder
from core.model.visual_tower import VisualTower, make_visual
from core.torch_threads import one_torch_thread

if TYPE_CHECKING:
    from core.model.cards import ModelCard
    from core.model.devices import ComputeDevice
    from core.model.pixel_classifier import PixelClassifiers

TEXT_BATCH = 64
FEW_TOKENS = 256
"""Up to so many, one thread of the processor is as fast as several, and is not held up where cores are busy."""
Wavelengths = Tensor | Sequence[float]


class GeoLangBind(nn.Module):
    """A vision trunk for any bands and a text tower that share one embedding space.

    Args:
        config: sizes and parts; see ``core.model.config``.

    Attributes:
        config: the configuration it was built from.
        visual: trunk and heads.
        text: the text tower; a frozen sentence encoder lies outside the state dict.
        translators: MaKA translators by teacher; may be empty.
        dense: the dense decoder; None where the model has none.
        known_words: the words of the training, by which others are read; None where all are taken as they are.
        prompt_calibration: from the odds of prompts against the background to their scores.
        logit_scale: logarithm of the similarity's scale.
        logit_bias: the similarity's bias: a prompt's score is sigmoid(cosine * exp(logit_scale) + logit_bias).
        embed_dim: dimensions of the shared space.
        stride: pixels between the dense features of the default head.
        card: what is known about the weights; None for a model that was not loaded from the zoo.
        compute: device and precision it was loaded for; None until loaded.
        pixel_classifiers: of the classes that it was fine-tuned on; None for most models.
    """

    text: TextTower
    dense: nn.Module | None

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        tower: Any = make_visual(config)
        self.visual: Any = tower
        self.embed_dim = config.embed_dim or config.width
        self.dense = None if config.dense is None else make_decoder(config.dense, tower.trunk, self.embed_dim)
        self.prompt_calibration = PromptCalibration.of(config.prompt_calibration)
        self.known_words = KnownWords(config.known_words, self.embed_dim) if config.known_words else None
        with fitting_settings("translators"):
            self.translators = nn.ModuleDict(
                {name: self._make_translator(**entry) for name, entry in (config.translators or {}).items()}
            )
        self.logit_scale = nn.Parameter(torch.tensor(math.log(config.init_logit_scale)))
        self.logit_bias = nn.Parameter(torch.tensor(float(config.init_logit_bias)))
        if config.text is not None:
            tower = make_text_tower(config.text, width=config.width, heads=config.heads, mlp_ratio=config.mlp_ratio)
            if isinstance(tower, FrozenSentenceTower):
                # Not a submodule: its weights are shared by all models and never saved with one.
                object.__setattr__(self, "text", tower)
            else:
                self.add_module("text", cast("nn.Module", tower))
        self.stride: int = config.patch_size if self.dense is None else cast("int", self.dense.stride)
        self.card: ModelCard | None = None
        self.compute: ComputeDevice | None = None
        self.pixel_classifiers: PixelClassifiers | None = None
        self._hash: tuple[tuple[int, ...], str] | None = None
        self._text_vectors = TextVectors()

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.logit_scale.device

    @property
    def knows_words(self) -> bool:
        """Whether it has a text part."""
        return self.config.text is not None

    @property
    def model_hash(self) -> str:
        """SHA-256 over configuration and weights, the same whatever file they came from."""
        version = parameter_version(self.parameters())
        if self._hash is None or self._hash[0] != version:
            self._hash = (version, hash_weights(self.config, self.state_dict()))
        return self._hash[1]

    def encode_image(self, images: Tensor, wavelengths_um: Wavelengths, normalize: bool = False) -> Tensor:
        """Encode whole images.

        Args:
            images: (B, C, H, W) in model units (-1..1), brought to a size the trunk takes; see ``VisualTower.fitted``.
            wavelengths_um: (C,) centre wavelengths in µm.
            normalize: whether to give unit vectors.

        Returns:
            (B, D) float32.

        Raises:
            SensorError: the wavelengths do not match the bands.
            InputError: the image is smaller than a patch.
        """
        images, wavelengths = self._inputs(self.visual.fitted(images), wavelengths_um, whole=True)
        with self.autocast():
            features = working_copy(self).visual(images, wavelengths)
        return F.normalize(features.float(), dim=-1) if normalize else features.float()

    def encode_pooled(self, images: Tensor, wavelengths_um: Wavelengths) -> Tensor:
        """Encode whole images as what the heads into text space read.

        A linear classifier of a person's own classes is best trained on them, as in CLIP's linear probes: the trunk's
        pooled features or, where there is a scene head, all statistics that it reads.

        Args:
            images: (B, C, H, W) in model units, brought to a size the trunk takes.
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            (B, K) float32.

        Raises:
            SensorError, InputError: as encode_image.
        """
        images, wavelengths = self._inputs(self.visual.fitted(images), wavelengths_um, whole=True)
        with self.autocast():
            tower = working_copy(self).visual
            if not isinstance(tower, VisualTower):
                return tower(images, wavelengths).float()
            if tower.scene is None:
                return tower.trunk(images, wavelengths).float()
            statistics = tower.scene_statistics(*tower.trunk.forward_pyramid(images, wavelengths))
            return torch.cat(statistics, dim=1).float()

    def encode_tokens(self, images: Tensor, wavelengths_um: Wavelengths) -> Tensor:
        """Encode images as the token map after the final norm.

        Args:
            images: (B, C, H, W) in model units, H and W multiples of the patch.
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            (B, width, h, w) float32.

        Raises:
            SensorError: the wavelengths do not match the bands.
            InputError: height or width is not a multiple of the patch.
        """
        images, wavelengths = self._inputs(images, wavelengths_um)
        with self.autocast():
            return working_copy(self).visual.trunk.forward_tokens(images, wavelengths).float()

    def encode_dense(self, images: Tensor, wavelengths_um: Wavelengths, head: str | None = None) -> Tensor:
        """Encode images as a map of vectors in text space, by a dense head.

        Args:
            images: (B, C, H, W) in model units.
            wavelengths_um: (C,) centre wavelengths in µm.
            head: name in ``core.model.dense_heads``; None for the model's default.

        Returns:
            (B, D, h, w) float32, not normalised.

        Raises:
            SensorError, InputError: as encode_tokens.
            ModelError: the head is unknown or needs parts this model lacks.
        """
        images, wavelengths = self._inputs(images, wavelengths_um)
        with self.autocast():
            return dense_features(working_copy(self), images, wavelengths, head).float()

    def encode_text(self, texts: list[str] | Tensor, normalize: bool = False) -> Tensor:
        """Encode texts, canonicalised first, or token ids.

        Strings are remembered, so asking again costs nothing.

        Args:
            texts: N strings, or ids (N, length) of this model's tokenizer.
            normalize: whether to give unit vectors.

        Returns:
            (N, D) float32.

        Raises:
            ModelError: the model has no text tower, or it or its tokenizer is not on this computer.
        """
        if not self.knows_words:
            raise ModelError("This model knows images alone, no words.", hint="Choose a model with a text part.")
        if isinstance(texts, Tensor):
            features = self._encode_ids(texts)
        elif not texts:
            features = torch.zeros(0, self.embed_dim, device=self.device)
        else:
            features = self._encode_strings(texts)
        return F.normalize(features, dim=-1) if normalize else features

    def text_prompts(self, names: list[str]) -> Tensor:
        """Encode names as unit vectors (N, D) that pixels and images are compared with.

        They are the means over the prompt templates; words unlike those of the training are read by the nearest of
        them, where the model says which it knows.
        """
        vectors = self.template_means(names)
        return vectors if self.known_words is None else self.known_words.read(vectors)

    def template_means(self, names: list[str]) -> Tensor:
        """Encode names inside every prompt template and average, as unit vectors (N, D)."""
        templates = self.config.templates or DEFAULT_TEMPLATES
        filled = [template.replace("{}", name) for name in names for template in templates]
        features = self.encode_text(filled, normalize=True).unflatten(0, (len(names), len(templates)))
        return F.normalize(features.mean(dim=1), dim=-1)

    def translate(
        self, tokens: Tensor, wavelengths_um: Wavelengths, bottleneck: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Translate what the model sees into the features (B, grid², channels) of every teacher.

        Args:
            tokens: (B, width, h, w) of the trunk.
            wavelengths_um: (C,) centre wavelengths in µm.
            bottleneck: (B, Z, H/stride, W/stride) of the dense decoder; translators that read it are left out where
                it is not given.
        """
        wavelengths = _wavelength_tensor(wavelengths_um)
        found: dict[str, Tensor] = {}
        with self.autocast():
            for name, module in self.translators.items():
                translator = cast("MakaTranslator", module)
                if (self.config.translators or {}).get(name, {}).get("reads", "tokens") == "tokens":
                    found[name] = translator(tokens, wavelengths)
                elif bottleneck is not None:
                    found[name] = translator(F.adaptive_avg_pool2d(bottleneck, translator.grid), wavelengths)
        return found

    def _make_translator(self, grid: int, channels: int, reads: str = "tokens") -> MakaTranslator:
        """Make a translator of the trunk's tokens, or of the decoder's bottleneck where it ``reads`` dense features."""
        if reads == "tokens":
            return MakaTranslator(self.config.width, grid, channels)
        if reads != "dense" or not isinstance(self.dense, Decoder):
            raise ModelError(f"A translator cannot read {reads!r} of this model.", hint='Choose "tokens" or "dense".')
        return MakaTranslator(self.dense.project.in_channels, grid, channels)

    def autocast(self) -> AbstractContextManager[None]:
        """Compute in the precision it was loaded for; training keeps its own."""
        dtype = self.compute.autocast_dtype if self.compute is not None else None
        return nullcontext() if dtype is None else torch.autocast(self.device.type, dtype=dtype)

    def _apply(self, fn: Any, recurse: bool = True) -> GeoLangBind:  # noqa: ANN401 - torch's hook for .to()
        """Move the text tower that is not a submodule along with the rest."""
        super()._apply(fn, recurse)
        tower = getattr(self, "text", None)
        if isinstance(tower, FrozenSentenceTower):
            tower.to(self.device)
            self._text_vectors.clear()
        return self

    def _inputs(self, images: Tensor, wavelengths_um: Wavelengths, *, whole: bool = False) -> tuple[Tensor, Tensor]:
        """Check images against wavelengths and bring both to where they are needed.

        Whole images need not be multiples of the patch: open_clip's towers leave out what does not fill one (384 pixels
        are 27 patches of 14), and only maps need the two to fit.
        """
        wavelengths = _wavelength_tensor(wavelengths_um)
        if images.ndim != 4 or images.shape[1] == 0:
            raise InputError(f"Images must be a batch (B, C, H, W) with at least one band, not {tuple(images.shape)}.")
        if images.shape[1] != len(wavelengths):
            raise SensorError(
                f"There are {images.shape[1]} bands but {len(wavelengths)} wavelengths.",
                hint="Give one wavelength in µm for every band.",
            )
        patch = self.visual.trunk.token_stride
        uneven = images.shape[2] % patch or images.shape[3] % patch
        if (uneven and not whole) or 0 in images.shape[2:]:
            height, width = images.shape[2:]
            raise InputError(f"An image of {height} × {width} pixels cannot be cut into patches of {patch}.")
        return images.to(self.device, torch.float32), wavelengths

    def _encode_strings(self, texts: list[str]) -> Tensor:
        learning = torch.is_grad_enabled() and any(parameter.requires_grad for parameter in self.text.parameters())
        if learning:
            return self._encode_batches(texts)
        return self._text_vectors.of(texts, parameter_version(self.text.parameters()), self._encode_batches)

    def _encode_batches(self, texts: list[str]) -> Tensor:
        starts = range(0, len(texts), TEXT_BATCH)
        return torch.cat([self._encode_ids(self.text.tokenize(texts[at : at + TEXT_BATCH])) for at in starts])

    def _encode_ids(self, ids: Tensor) -> Tensor:
        """Encode ids in float32: prompts are few, and their differences are small."""
        tower: TextTower = self.text
        few = self.device.type == "cpu" and ids.numel() <= FEW_TOKENS
        with torch.autocast(self.device.type, enabled=False), one_torch_thread() if few else nullcontext():
            features = tower.encode(ids).float()
        if features.shape[-1] != self.embed_dim:
            raise ModelError(
                f"Images have {self.embed_dim} dimensions in this model, texts have {features.shape[-1]}.",
                hint="Set embed_dim in its configuration to that of the text tower.",
            )
        return features


def create_model(config: ModelConfig | Mapping[str, Any]) -> GeoLangBind:
    """Build a model with fresh weights.

    Args:
        config: the configuration, or the values of its file.

    Raises:
        ModelError: the configuration cannot be built.
    """
    return GeoLangBind(config if isinstance(config, ModelConfig) else ModelConfig.from_json(config))


def _wavelength_tensor(wavelengths_um: Wavelengths) -> Tensor:
    """Returns wavelengths as float32 on the CPU, where reading them needs no synchronisation with a GPU."""
    wavelengths = torch.as_tensor(wavelengths_um, dtype=torch.float32, device="cpu").flatten()
    if not torch.isfinite(wavelengths).all() or (wavelengths <= 0).any():
        raise SensorError("A wavelength is not a positive number.", hint="Give wavelengths in µm, such as 0.665.")
    return wavelengths
