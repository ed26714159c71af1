"""Retrieval between images and captions, both ways."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def recall_at(
    images: Tensor, captions: Tensor, image_of_caption: Tensor, ranks: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """Score retrieval.

    Args:
        images: unit vectors (N, D).
        captions: unit vectors (M, D).
        image_of_caption: (M,) int64.
        ranks: how many answers are looked at.

    Returns:
        ``text_to_image_R@k``: share of captions whose image is among the first k; ``image_to_text_R@k``: share of
        images with one of their captions among the first k.
    """
    caption_rank, image_rank = retrieval_ranks(images, captions, image_of_caption)
    figures = {f"text_to_image_R@{rank}": float((caption_rank < rank).float().mean()) for rank in ranks}
    return figures | {f"image_to_text_R@{rank}": float((image_rank < rank).float().mean()) for rank in ranks}


def retrieval_ranks(images: Tensor, captions: Tensor, image_of_caption: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the rank, from 0, of each caption's image (M,) and of each image's best caption (N,)."""
    similarity = captions @ images.T
    own = similarity.gather(1, image_of_caption[:, None])
    caption_rank = (similarity > own).sum(1)
    best_own = torch.full((len(images),), -2.0, dtype=similarity.dtype, device=similarity.device)
    best_own = best_own.scatter_reduce(0, image_of_caption, own[:, 0], reduce="amax")
    return caption_rank, (similarity > best_own[None, :]).sum(0)
