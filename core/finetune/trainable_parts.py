"""Parts of a model that are trained in fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from torch import nn

from core.model.geolangbind import GeoLangBind

Mode = Literal["adapters", "full", "head-only"]
MODES: tuple[Mode, ...] = ("head-only", "adapters", "full")
ADAPTED = r"blocks\.\d+\.(attn\.(qkv|proj)|mlp\.(fc1|fc2)|\d+\.conv_(pw|pwl))"
"""The linear maps and pointwise convolutions of the trunk's blocks that get a low-rank adapter (Hu et al. 2021)."""
RANK = 8


@contextmanager
def trainable(model: GeoLangBind, mode: Mode) -> Iterator[dict[str, nn.Parameter]]:
    """Make parts of a model trainable inside the context; adapters are merged into the weights afterwards.

    The model stays in evaluation mode: a few polygons do not give the varied batches that running statistics of batch
    renormalisation and stochastic depth need.

    Args:
        model: any model; the text tower and the similarity's scale are never trained.
        mode: "adapters" for low-rank adapters on the trunk and the dense head, "head-only" (of a trained decoder its
            last map alone, see ``core.finetune.head_fit``, and a pixel classifier beside it), or "full".

    Yields:
        The trainable parameters, by name.
    """
    model.eval().requires_grad_(False)
    adapted: Any = None
    if mode == "adapters":
        from peft import LoraConfig, get_peft_model

        settings = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=ADAPTED, bias="none")
        adapted = get_peft_model(model.visual.trunk, settings)  # type: ignore[arg-type]
    for part in _head(model):
        part.requires_grad_(True)
    if mode == "full":
        model.visual.requires_grad_(True)
    fused = [module for module in model.modules() if getattr(module, "fused_attn", False)]
    for module in fused:
        # Measured: the CPU's fused attention is fast forward but takes 40 % of a training step backward.
        module.fused_attn = model.device.type != "cpu"  # type: ignore[assignment]
    model.eval()
    try:
        yield {name: value for name, value in model.named_parameters() if value.requires_grad}
    finally:
        if adapted is not None:
            adapted.merge_and_unload()
        for module in fused:
            module.fused_attn = True  # type: ignore[assignment]
        model.eval().requires_grad_(False)


def _head(model: GeoLangBind) -> list[nn.Module]:
    """Parts between the trunk's tokens and dense features in text space."""
    if model.dense is not None:
        return [model.dense]
    return [model.visual.trunk.attn_pool, model.visual.head]
