"""Losses at labelled pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.dense_decoder import Decoder
from core.model.geolangbind import GeoLangBind
from core.pretrain.contrastive import class_and_text_contrastive_loss
from core.pretrain.prompt_losses import prompt_loss
from core.pretrain.prompt_templates import AGREE, UNDECIDED
from core.pretrain.texts import BatchTexts

PIXELS_ASKED = 3000
"""Labelled pixels of a batch in the loss, sampled anew at every step, since neighbours are alike."""


def dense_losses(
    model: GeoLangBind,
    bottleneck: Tensor,
    labels: Tensor,
    texts: BatchTexts,
    agreement: Tensor,
    own_share: float = 0.0,
) -> dict[str, Tensor]:
    """Losses of labelled features: "dense", a softmax over texts, and "dense_sigmoid", each text alone.

    Args:
        model: in training mode.
        bottleneck: (B, Z, h, w) of its decoder.
        labels: (B, H, W) int64 class of each pixel; -1 where unknown, the number of classes for background, which no
            text agrees with and which takes no part in the softmax.
        texts: the batch's words.
        agreement: (classes, texts) of the sampled texts, with a last row for the background where there is one.
        own_share: see ``prompt_loss``.

    Returns:
        The losses; none where no pixel is labelled, no "dense" where all labelled pixels are background.
    """
    dense = model.dense
    assert isinstance(dense, Decoder)
    at_features = labels[:, dense.stride // 2 :: dense.stride, dense.stride // 2 :: dense.stride].flatten()
    known = torch.nonzero(at_features >= 0)[:, 0]
    if not len(known):
        return {}
    asked = known[sample_labelled_pixels(at_features[known])]
    pixels = bottleneck.permute(0, 2, 3, 1).flatten(0, 2)[asked]
    cosines = dense_cosines(dense, pixels, texts.all)
    logits = model.logit_scale.exp() * cosines
    classes = at_features[asked]
    truth = agreement[classes]
    sampled = logits[:, len(texts.means) :]
    alone = F.binary_cross_entropy_with_logits(sampled + model.logit_bias, (truth == AGREE).float(), reduction="none")
    losses = {"dense_sigmoid": (alone * (truth != UNDECIDED)).sum(1).mean()}
    named = classes < len(texts.means)
    if named.any():
        losses["dense"] = class_and_text_contrastive_loss(logits[named], texts, agreement, classes[named])
    if texts.background is not None and texts.background_weights is not None:
        held_against = dense_cosines(dense, pixels, texts.background)
        losses["prompts"] = prompt_loss(
            model, cosines[:, len(texts.means) :], held_against, texts.background_weights, truth,
            own=len(texts.means), own_share=own_share,
        )  # fmt: skip
    return losses


def sample_labelled_pixels(classes: Tensor) -> Tensor:
    """Sample pixels with class shares in proportion to the square roots of the classes' areas.

    Sampled by area, a class of a few per cent is hardly learnt; sampled evenly, it gets false positives
    (docs/decisions/0022).

    Args:
        classes: (P,) int64 class of each labelled pixel, P > 0.

    Returns:
        At most ``PIXELS_ASKED`` positions in ``classes``, some of them repeated.
    """
    rarity = torch.bincount(classes).float().rsqrt()[classes]
    return torch.multinomial(rarity, min(len(classes), PIXELS_ASKED), replacement=True)


def dense_cosines(decoder: Decoder, bottleneck: Tensor, texts: Tensor) -> Tensor:
    """Returns cosines between dense features and texts without forming the features.

    With features W z + b, the dot product with a text t is (Wᵀ t)·z + b·t and the squared norm is
    zᵀ WᵀW z + 2 bᵀW z + b·b.

    Args:
        decoder: whose ``project`` is W, b.
        bottleneck: z (P, K), one row a pixel.
        texts: unit vectors (N, D).

    Returns:
        (P, N) cosines in float32.
    """
    with torch.autocast(bottleneck.device.type, enabled=False):
        weight = decoder.project.weight[:, :, 0, 0].float()
        bias = decoder.project.bias
        assert bias is not None
        bias, z = bias.float(), bottleneck.float()
        dots = z @ (texts @ weight).T + texts @ bias
        norms = (z * (z @ (weight.T @ weight))).sum(1, keepdim=True) + 2 * (z @ (bias @ weight))[:, None] + bias @ bias
        return dots / norms.clamp_min(1e-6).sqrt()
