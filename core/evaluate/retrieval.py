"""Retrieval between images and captions, both ways."""

from __future__ import annotations

import torch
from torch import Tensor


def retrieval_ranks(images: Tensor, captions: Tensor, image_of_caption: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the rank, from 0, of each caption's image (M,) and of each image's best caption (N,)."""
    similarity = captions @ images.T
    own = similarity.gather(1, image_of_caption[:, None])
    caption_rank = (similarity > own).sum(1)
    best_own = torch.full((len(images),), -2.0, dtype=similarity.dtype, device=similarity.device)
    best_own = best_own.scatter_reduce(0, image_of_caption, own[:, 0], reduce="amax")
    return caption_rank, (similarity > best_own[None, :]).sum(0)
