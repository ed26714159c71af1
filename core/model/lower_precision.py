"""A model's working copy: in bf16 for processors that multiply bf16 natively, else with packed convolutions.

Autocast keeps float32 weights and casts them anew at every layer of every call, and carries float32 activations between
the layers. The copy holds its matrices in bf16, laid out once as the processor's kernels want them, and its activations
stay in bf16; sums inside products, norms and softmax are float32 all the same. The model itself keeps its float32
weights: hashes, golden values and training see no difference.
"""

from __future__ import annotations

import copy
import threading
from typing import Any, cast
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from core.model.efficientnet_trunk import SpectralEfficientNet
from core.model.folded import FoldedHalving, FoldedResidualBlock
from core.model.interfaces import AnyLoadedModel, LoadedModel, TextSpaceTrunk
from core.model.packed_convolutions import can_pack, packed
from core.model.patch_embedding import GeneratedConvolution, parameter_version
from core.model.spectral_stem import Halving, ResidualBlock
from core.model.trunk import SpectralViT

PACKED_FOR_ROWS = 2048
"""Rows (images times tokens) that the layout of packed matrices is chosen for; any number can be multiplied."""

IMAGE_PARTS = ("visual", "dense", "translators")

_COPIES: WeakKeyDictionary[LoadedModel, tuple[tuple[int, ...], Any]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def working_copy(model: AnyLoadedModel) -> AnyLoadedModel:
    """The model to encode images with: on a CPU a copy in bf16 or with packed convolutions, else the model itself.

    The copy is made once and again when the weights have changed. It shares everything but the image part.
    """
    compute = model.compute
    if compute is None or compute.kind != "cpu" or model.training:
        return model
    if torch.is_grad_enabled() and any(parameter.requires_grad for parameter in model.visual.parameters()):
        return model
    if isinstance(model.visual.trunk, TextSpaceTrunk):  # its attention reads weights directly; autocast serves it
        return model
    if compute.precision != "bf16" and not is_packed(model):
        return model
    with _LOCK:
        version = parameter_version(model.parameters())
        known = _COPIES.get(model)
        if known is None or known[0] != version:
            known = version, (_lowered if compute.precision == "bf16" else _packed_copy)(model)
            _COPIES[model] = known
        working: AnyLoadedModel = known[1]
        return working


def is_packed(model: LoadedModel) -> bool:
    """Whether a model's working copy has packed convolutions: of an EfficientNet trunk in float32 on a CPU."""
    compute = model.compute
    if compute is None or compute.kind != "cpu" or compute.precision != "float32":
        return False
    return isinstance(model.visual.trunk, SpectralEfficientNet) and can_pack()


class PackedLinear(nn.Module):
    """A linear layer whose bf16 matrix is stored as oneDNN multiplies it.

    Args:
        layer: the layer to take the weights of.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.out_features = layer.out_features
        weight = layer.weight.detach().to(torch.bfloat16)
        self._bias = None if layer.bias is None else layer.bias.detach().to(torch.bfloat16)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, PACKED_FOR_ROWS)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply (…, in_features) as bf16 (…, out_features)."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(
            x.to(torch.bfloat16), self._weight, self._bias, "none", [], ""
        )
        return product


@torch.inference_mode(False)
@torch.no_grad()
@torch.autocast("cpu", enabled=False)  # callers are under autocast already, which would change what packing is tried on
def _lowered(model: AnyLoadedModel) -> AnyLoadedModel:
    lowered = copy.copy(model)
    lowered._modules = {
        name: _halved(copy.deepcopy(part)) if part is not None and name in IMAGE_PARTS else part
        for name, part in model._modules.items()
    }
    trunk: Any = lowered.visual.trunk
    if isinstance(trunk, SpectralViT):
        trunk.pos_embed = _half(cast("nn.Parameter", trunk.pos_embed))
        trunk.attn_pool.latent = _half(cast("nn.Parameter", trunk.attn_pool.latent))
    return lowered


@torch.inference_mode(False)
@torch.no_grad()
def _packed_copy(model: AnyLoadedModel) -> AnyLoadedModel:
    copied, visual = copy.copy(model), copy.copy(model.visual)
    trunk, decoder = packed(cast("SpectralEfficientNet", visual.trunk), model._modules.get("dense"))
    visual._modules = {**visual._modules, "trunk": trunk}
    copied._modules = {**model._modules, "visual": visual, "dense": decoder}
    return copied


def _halved(part: nn.Module) -> nn.Module:
    """Bring a part's matrices and layer norms to bf16 and fold norms into convolutions; generated kernels stay."""
    for name, child in part.named_children():
        if isinstance(child, GeneratedConvolution):
            continue
        if isinstance(child, nn.Linear):
            part._modules[name] = _packed(child)
        elif isinstance(child, ResidualBlock):
            part._modules[name] = FoldedResidualBlock(child)
        elif isinstance(child, Halving):
            part._modules[name] = FoldedHalving(child)
        elif isinstance(child, (nn.Conv2d, nn.LayerNorm)):
            child.to(torch.bfloat16)
        else:
            _halved(child)
    return part


def _packed(layer: nn.Linear) -> nn.Module:
    """Pack a linear layer where this build of torch can, which is tried once on the layer itself."""
    try:
        packed = PackedLinear(layer)
        sample = torch.linspace(-1, 1, 4 * layer.in_features).reshape(4, -1).to(torch.bfloat16)
        expected = linear(sample.float(), layer.weight, layer.bias)
        if torch.allclose(packed(sample).float(), expected, rtol=0.05, atol=0.05 * float(expected.abs().max())):
            return packed
    except (AttributeError, RuntimeError, NotImplementedError):
        pass
    return layer.to(torch.bfloat16)


def _half(parameter: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(parameter.detach().to(torch.bfloat16), requires_grad=False)
