"""Captioned images of one sensor, and the accuracy of retrieving each image's own caption."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.datasets.shards import ShardSet
from core.metrics.bootstrap import Interval, bootstrap_interval
from core.model.geolangbind import GeoLangBind
from core.pretrain.sources.shards import whole_image


class CaptionedImages:
    """Image-text shards for validation, read into memory once.

    Args:
        path: a shard or a pattern of shards, all of one sensor.
        size: side of the images the model sees.
        batch: images at a time.

    Attributes:
        captions: all captions in the shards, sorted.
        truth: (N,) number of each image's own caption.

    Raises:
        InputError: there are no shards, or one is damaged.
    """

    def __init__(self, path: str, size: int, batch: int = 64) -> None:
        samples = ShardSet(path)
        self._samples = [samples.read(number) for number in range(len(samples))]
        self._size, self._batch = size, batch
        self.captions = sorted({sample.text for sample in self._samples})
        self.truth = np.array([self.captions.index(sample.text) for sample in self._samples], dtype=np.int64)

    @torch.no_grad()
    def nearest(self, model: GeoLangBind) -> NDArray[np.int64]:
        """Returns the number (N,) of the caption nearest to each image."""
        texts = model.encode_text(self.captions, normalize=True)
        found = []
        for start in range(0, len(self._samples), self._batch):
            part = self._samples[start : start + self._batch]
            images = torch.stack([whole_image(sample.image, self._size) for sample in part]).to(model.device)
            seen = model.encode_image(images, part[0].wavelengths_um, normalize=True)
            found.append((seen @ texts.T).argmax(1).cpu())
        return torch.cat(found).numpy()


def balanced_accuracy(truth: NDArray[np.int64], answers: NDArray[np.int64]) -> float:
    """Returns the mean over captions of the share of their images that are classified correctly.

    A constant prediction scores 1 / captions, however common that caption is.

    Args:
        truth: (N,) number of each image's caption.
        answers: (N,) number of the predicted caption.
    """
    hits = np.bincount(truth, weights=truth == answers)
    counts = np.bincount(truth)
    return float((hits[counts > 0] / counts[counts > 0]).mean())


def balanced_interval(truth: NDArray[np.int64], answers: NDArray[np.int64], draws: int = 1000) -> Interval:
    """Returns the 95 % bootstrap interval of the balanced accuracy, images drawn anew."""
    return bootstrap_interval(lambda chosen: balanced_accuracy(truth[chosen], answers[chosen]), len(truth), draws=draws)
