"""Batch norms of a pretrained network as part of its convolutions, for good.

The network then has biases in place of norms: it states the same of one image as of a batch, in training as in use, and
sensors with other statistics than the pretraining's need no statistics of their own.
"""

from __future__ import annotations

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

PAIRS = (
    ("conv_pw", "bn1"),
    ("conv_dw", "bn2"),
    ("conv_pwl", "bn3"),
)
"""Convolutions of timm's inverted residual blocks with the norms after them."""
SEPARABLE_PAIRS = (("conv_dw", "bn1"), ("conv_pw", "bn2"))
"""The same of its depthwise separable blocks."""


def folded(convolution: nn.Conv2d, norm: BatchNormAct2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the norm after it folded in, at its running statistics."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    offset = norm.bias - norm.running_mean * factor
    if convolution.bias is not None:
        offset = offset + convolution.bias * factor
    return convolution.weight * factor[:, None, None, None], offset


@torch.no_grad()
def fold_norms(network: nn.Module) -> None:
    """Fold the norms of all blocks of a timm EfficientNet-lite into their convolutions; activations stay."""
    for block in network.modules():
        pairs = PAIRS if hasattr(block, "conv_pwl") else SEPARABLE_PAIRS if hasattr(block, "conv_dw") else ()
        for convolution_name, norm_name in pairs:
            convolution, norm = getattr(block, convolution_name), getattr(block, norm_name)
            weight, bias = folded(convolution, norm)
            convolution.weight = nn.Parameter(weight)
            convolution.bias = nn.Parameter(bias)
            setattr(block, norm_name, norm.act)
