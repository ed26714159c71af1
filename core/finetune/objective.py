"""Losses of fine-tuning: the right class at labelled pixels, unchanged similarities elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.dense_heads import DenseHead, get_head
from core.model.geolangbind import GeoLangBind
from core.vocabulary import background_words

SAME_MEANING_COSINE = 0.6
"""Background words with a greater cosine to a class are its synonyms: their features may move with the class."""
SMOOTHING = 0.05
BACKGROUND_WEIGHT = 0.2
"""Weight of the softmax over classes and background words, for prompts of a single class."""
REHEARSAL_WEIGHT = 0.03


class FinetuneObjective:
    """The class texts of a fine-tuning and the losses they give.

    Args:
        model: for text vectors and temperature; rehearsal keeps its dense features before fine-tuning.
        classes: words of each class; "|" separates synonyms.

    Attributes:
        classes: (classes, D) unit text vectors.
        background: (words, D) unit text vectors of the background vocabulary.
        temperature: factor of the cosines.
        head: the dense head that inference uses.
    """

    def __init__(self, model: GeoLangBind, classes: Sequence[str]) -> None:
        synonyms = [[part.strip() for part in name.split("|") if part.strip()] for name in classes]
        words = background_words([word for group in synonyms for word in group])
        with torch.no_grad():
            self.classes = torch.stack([F.normalize(model.text_prompts(group).mean(0), dim=0) for group in synonyms])
            every = model.text_prompts(list(words)).to(self.classes)
            self.background = every[(every @ self.classes.T).amax(1) < SAME_MEANING_COSINE]
            self.temperature = min(100.0, max(10.0, float(model.logit_scale.exp())))
        self.head: DenseHead = get_head(model)

    def bottleneck(self, model: GeoLangBind, images: Tensor, wavelengths_um: Tensor, col_row: Tensor) -> Tensor:
        """Dense features at pixels before their linear map into text space.

        Args:
            model: the model being fine-tuned, or the one it started from.
            images: (B, C, H, W) in model units.
            wavelengths_um: (C,).
            col_row: (B, N, 2) column and row of pixels, whole numbers.

        Returns:
            (B, N, Z) float32; in text space already where the head has no such map.
        """
        device = model.device
        with model.autocast():
            narrow = self.head.narrow(model, images.to(device, torch.float32), wavelengths_um)
        height, width = images.shape[-2:]
        sides = torch.tensor([width, height], dtype=torch.float32, device=device)
        grid = (col_row.to(device).float() + 0.5) / sides * 2 - 1
        found = F.grid_sample(narrow.float(), grid[:, None], padding_mode="border", align_corners=False)[:, :, 0]
        return found.transpose(1, 2)

    def in_text_space(self, model: GeoLangBind, bottleneck: Tensor) -> Tensor:
        """Unit features (…, D) of what ``bottleneck`` returned (…, Z)."""
        projection = self.head.projection(model)
        if projection is None:
            return F.normalize(bottleneck, dim=-1)
        bias = None if projection.bias is None else projection.bias.float()
        return F.normalize(F.linear(bottleneck, projection.weight[:, :, 0, 0].float(), bias), dim=-1)

    def features(self, model: GeoLangBind, images: Tensor, wavelengths_um: Tensor, col_row: Tensor) -> Tensor:
        """Unit features (B, N, D) float32 at pixels; arguments as for ``bottleneck``."""
        return self.in_text_space(model, self.bottleneck(model, images, wavelengths_um, col_row))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (…, classes) of unit features (…, D)."""
        return self.temperature * features @ self.classes.T

    def loss(self, features: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of labelled unit features (N, D): their class (N,) among the classes, and among all words."""
        own = self.logits(features)
        among_classes = F.cross_entropy(own, labels, label_smoothing=SMOOTHING)
        if not len(self.background):
            return among_classes
        among_words = torch.cat([own, self.temperature * features @ self.background.T], dim=1)
        return among_classes + BACKGROUND_WEIGHT * F.cross_entropy(among_words, labels)

    def rehearsal(self, features: Tensor, before: Tensor) -> Tensor:
        """Weighted mean squared change of the scaled cosines to every background word since ``before`` (…, D)."""
        if not len(self.background):
            return features.new_zeros(())
        moved = self.temperature * ((features - before) @ self.background.T)
        return REHEARSAL_WEIGHT * moved.square().mean()
