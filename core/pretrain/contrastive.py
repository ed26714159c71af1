"""Contrastive softmax losses between an image or pixel and the texts of a source."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import AGREE, UNDECIDED
from core.pretrain.texts import BatchTexts

SINGLE_TEXT_SHARE = 0.35
"""Share of the loss over single texts; the rest is over the means of all texts of a class."""


def class_and_text_contrastive_loss(logits: Tensor, texts: BatchTexts, sampled: Tensor, classes: Tensor) -> Tensor:
    """Softmax loss over class means, which learns fast, and over single texts, which keeps words apart.

    Measured over the first 60 steps on EuroSAT: single synonyms alone reach an accuracy of 0.35, one fixed text a class
    0.48.

    Args:
        logits: (P, classes + N) against ``texts.all``.
        texts: the batch's words.
        sampled: (classes, N) agreement of the sampled texts.
        classes: (P,) class of each item.
    """
    count = len(texts.means)
    means = sampled[:, :count].clone()
    means[means == AGREE] = UNDECIDED
    means.fill_diagonal_(AGREE)
    against_means = torch.cat([logits[:, :count], logits[:, 2 * count :]], dim=1)
    agreement = torch.cat([means, sampled[:, count:]], dim=1)
    steady = contrastive_softmax_loss(against_means, agreement[classes])
    single = contrastive_softmax_loss(logits[:, count:], sampled[classes])
    return (1 - SINGLE_TEXT_SHARE) * steady + SINGLE_TEXT_SHARE * single


def contrastive_softmax_loss(logits: Tensor, agreement: Tensor, smoothing: float = 0.05) -> Tensor:
    """Cross entropy of texts that agree against those that do not.

    Args:
        logits: (P, N) similarity of each item to each text.
        agreement: (P, N) of AGREE, DISAGREE, UNDECIDED; undecided texts take no part.
        smoothing: label smoothing, spread over all texts taking part.

    Returns:
        Scalar mean over items.
    """
    out = torch.finfo(logits.dtype).min
    taking_part = agreement != UNDECIDED
    logs = F.log_softmax(logits.masked_fill(~taking_part, out), dim=1)
    right = torch.logsumexp(logs.masked_fill(agreement != AGREE, out), dim=1)
    spread = logs.masked_fill(~taking_part, 0.0).sum(1) / taking_part.sum(1)
    return -((1 - smoothing) * right + smoothing * spread).mean()


def agreement_of(batch: Batch, device: torch.device) -> Tensor:
    """Returns which of the batch's texts agree with which class, (classes, texts)."""
    return torch.from_numpy(batch.words.agreement).to(device) if batch.words is not None else torch.zeros(0, 0)
