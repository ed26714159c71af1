"""What fine-tuning asks of dense features: the right class at labelled pixels, and the old meaning everywhere else."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.dense_heads import DenseHead, get_head
from core.model.geolangbind import GeoLangBind
from core.vocabulary import background_words

KINDRED = 0.6
"""Background words with a greater cosine to a class mean much the same: their features may move with the class."""
SMOOTHING = 0.05
WORLD_SHARE = 0.2
"""Weight of the contest of the classes against background words, which keeps "is it there at all?" answerable."""
REHEARSAL_SHARE = 0.03


class FinetuneObjective:
    """The words of a fine-tuning and the losses they give.

    Args:
        model: gives text vectors and temperature; its dense features before fine-tuning are what rehearsal keeps.
        classes: words of each class; "|" separates synonyms.
    """

    def __init__(self, model: GeoLangBind, classes: Sequence[str]) -> None:
        synonyms = [[part.strip() for part in name.split("|") if part.strip()] for name in classes]
        words = background_words([word for group in synonyms for word in group])
        with torch.no_grad():
            self.classes = torch.stack([F.normalize(model.text_prompts(group).mean(0), dim=0) for group in synonyms])
            every = model.text_prompts(list(words)).to(self.classes)
            kinship = (every @ self.classes.T).amax(1)
            self.background = every[kinship < KINDRED]
            self.temperature = min(100.0, max(10.0, float(model.logit_scale.exp())))
        self.head: DenseHead = get_head(model)

    def features(self, model: GeoLangBind, images: Tensor, wavelengths_um: Tensor, pixels: Tensor) -> Tensor:
        """Returns unit features at pixels.

        Args:
            model: the model being fine-tuned, or the one it started from.
            images: (B, C, H, W) in model units.
            wavelengths_um: (C,).
            pixels: (B, N, 2) column and row, whole numbers.

        Returns:
            (B, N, D) float32.
        """
        device = model.device
        with model.autocast():
            narrow = self.head.narrow(model, images.to(device, torch.float32), wavelengths_um)
        height, width = images.shape[-2:]
        sides = torch.tensor([width, height], dtype=torch.float32, device=device)
        grid = (pixels.to(device).float() + 0.5) / sides * 2 - 1
        found = F.grid_sample(narrow.float(), grid[:, None], padding_mode="border", align_corners=False)[:, :, 0]
        projection = self.head.projection(model)
        features = found.transpose(1, 2)
        if projection is not None:
            bias = None if projection.bias is None else projection.bias.float()
            features = F.linear(features, projection.weight[:, :, 0, 0].float(), bias)
        return F.normalize(features, dim=-1)

    def logits(self, features: Tensor) -> Tensor:
        """Returns (…, classes) logits of unit features (…, D)."""
        return self.temperature * features @ self.classes.T

    def loss(self, features: Tensor, labels: Tensor) -> Tensor:
        """Ask that labelled features (N, D) are nearest to the words of their class (N,)."""
        own = self.logits(features)
        among_classes = F.cross_entropy(own, labels, label_smoothing=SMOOTHING)
        if not len(self.background):
            return among_classes
        world = torch.cat([own, self.temperature * features @ self.background.T], dim=1)
        return among_classes + WORLD_SHARE * F.cross_entropy(world, labels)

    def rehearsal(self, features: Tensor, before: Tensor) -> Tensor:
        """Ask that features (…, D) are as near to every background word as those before (…, D) were."""
        if not len(self.background):
            return features.new_zeros(())
        moved = self.temperature * ((features - before) @ self.background.T)
        return REHEARSAL_SHARE * moved.square().mean()
