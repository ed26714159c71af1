"""Texts of the training sources as vectors, encoded once since the text tower is locked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.geolangbind import GeoLangBind
from core.pretrain.batch import Batch
from core.pretrain.prompt_losses import BackgroundTexts
from core.pretrain.sources.base import Source


@dataclass(frozen=True)
class BatchTexts:
    """The words of a batch as unit vectors.

    Attributes:
        means: (classes, D), each the mean over all synonyms of a class.
        sampled: (N, D), the batch's own texts: one a class, then distractors.
        captions: (B, D), each image's own text, where the batch has captions in place of classes.
        background: (V, D), the background vocabulary that prompts are compared with; None where it is not requested.
        background_weights: (N, V), weight of each background word for each sampled text.
    """

    means: Tensor
    sampled: Tensor
    captions: Tensor | None = None
    background: Tensor | None = None
    background_weights: Tensor | None = None

    @property
    def all(self) -> Tensor:
        """Means, then sampled texts (classes + N, D)."""
        return torch.cat([self.means, self.sampled])


class SourceTexts:
    """Every text that the sources can draw, as unit vectors.

    Args:
        model: encodes them.
        sources: by name.
        background: whether to encode the background vocabulary.
    """

    def __init__(self, model: GeoLangBind, sources: Mapping[str, Source], background: bool = False) -> None:
        self._model = model
        texts = sorted({text for source in sources.values() for text in source.prompts.every_text()})
        with torch.no_grad():
            features = F.normalize(model.encode_text(texts).float(), dim=-1)
        self._texts = dict(zip(texts, features, strict=True))
        self._background = BackgroundTexts.of(model, self._texts) if background else None
        self._means = {name: self._class_means(source) for name, source in sources.items() if source.prompts.classes}

    def of(self, batch: Batch) -> BatchTexts:
        """Returns the texts of a batch and their vectors; captions that are in no fixed list are encoded now."""
        nothing = torch.zeros(0, self._model.embed_dim, device=self._model.device)
        if batch.captions is not None:
            with torch.no_grad():
                captions = self._model.encode_text(list(batch.captions), normalize=True)
            return BatchTexts(nothing, nothing, captions)
        if batch.words is None:
            return BatchTexts(nothing, nothing)
        sampled = torch.stack([self._texts[text] for text in batch.words.texts])
        means = self._means[batch.source]
        if self._background is None:
            return BatchTexts(means, sampled)
        weights = torch.stack([self._background.weights[text] for text in batch.words.texts])
        return BatchTexts(means, sampled, None, self._background.vectors, weights)

    def _class_means(self, source: Source) -> Tensor:
        classes = [torch.stack([self._texts[text] for text in texts]) for texts in source.prompts.texts_of_classes()]
        return F.normalize(torch.stack([vectors.mean(0) for vectors in classes]), dim=-1)
