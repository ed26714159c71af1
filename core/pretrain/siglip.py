"""The sigmoid loss between images and texts, on one device or many, where captions repeat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import torch
from open_clip.loss import SigLipLoss
from torch import Tensor


class ClassAwareSigLipLoss(SigLipLoss):
    """open_clip's sigmoid loss with labels of equal texts, within and across processes.

    Captions made from class names repeat within a batch; as negatives, the repeats would be false negatives.

    Args:
        rank: number of this process.
        world_size: processes that share a batch; texts go round among them as open_clip sends them.
    """

    def __init__(self, rank: int = 0, world_size: int = 1) -> None:
        super().__init__(rank=rank, world_size=world_size, dist_impl="shift")
        self._agreement: Iterator[Tensor] = iter(())

    def set_texts(self, texts: Tensor) -> None:
        """Set the text of each image of the next batch, as numbers (B,) int64 that are equal for equal texts."""
        everywhere = [texts]
        if self.world_size > 1:
            gathered = [torch.empty_like(texts) for _ in range(self.world_size)]
            torch.distributed.all_gather(gathered, texts)
            # The shift hands on the texts of the process to the left, then of the one beyond it, and so on.
            everywhere = [gathered[(self.rank - step) % self.world_size] for step in range(self.world_size)]
        self._agreement = iter([texts[:, None] == others[None, :] for others in everywhere])

    def get_ground_truth(
        self, device: torch.device, dtype: torch.dtype, num_logits: int, negative_only: bool = False
    ) -> Tensor:
        """Returns +1 where image and text agree and -1 elsewhere, (N, N), for each process's texts in turn."""
        same = next(self._agreement, None)
        if same is None:
            return super().get_ground_truth(device, dtype, num_logits, negative_only)
        return same.to(device, dtype) * 2 - 1


def caption_numbers(captions: Sequence[str]) -> Tensor:
    """Number captions so that equal ones have equal numbers in every process: (B,) int64."""
    digests = [hashlib.blake2b(caption.encode(), digest_size=8).digest() for caption in captions]
    return torch.tensor([int.from_bytes(digest, "little", signed=True) for digest in digests])
