"""open_clip models with random weights, written as their publishers write them; small ones of every family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save_file

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
SIGLIP_TEXT = {
    "context_length": 64,
    "vocab_size": 1000,
    "hf_tokenizer_name": "timm/ViT-B-16-SigLIP",
    "width": 32,
    "heads": 2,
    "layers": 2,
    "no_causal_mask": True,
    "proj_bias": True,
    "pool_type": "last",
    "norm_kwargs": {"eps": 1e-6},
}


def timm_vision(name: str, pool: str, proj: str | None, size: int) -> dict[str, Any]:
    return {
        "image_size": size,
        "timm_model_name": name,
        "timm_model_pretrained": False,
        "timm_pool": pool,
        "timm_proj": proj,
    }


SMALL: dict[str, dict[str, Any]] = {
    "CLIP": {
        "embed_dim": 32,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 64, "layers": 3, "width": 64, "head_width": 32, "patch_size": 16},
        "text_cfg": TEXT,
    },
    "CLIP with a text tower of its own": {
        "embed_dim": 32,
        "custom_text": True,
        "vision_cfg": {"image_size": 56, "layers": 2, "width": 64, "head_width": 32, "patch_size": 14},
        "text_cfg": TEXT,
    },
    "SigLIP": {
        "embed_dim": 96,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": timm_vision("test_vit3", "map", "none", 160),
        "text_cfg": {**SIGLIP_TEXT, "width": 96},
    },
    "SigLIP 2": {
        "embed_dim": 96,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": timm_vision("test_vit3", "map", "none", 160),
        "text_cfg": {**SIGLIP_TEXT, "width": 96, "act_kwargs": {"approximate": "tanh"}},
    },
    "EVA": {
        "embed_dim": 32,
        "custom_text": True,
        "vision_cfg": timm_vision("eva02_tiny_patch14_224", "token", None, 224),
        "text_cfg": TEXT,
    },
    "ConvNeXt": {
        "embed_dim": 32,
        "vision_cfg": timm_vision("convnext_atto", "", "linear", 64),
        "text_cfg": TEXT,
    },
}
"""``model_cfg`` by family."""
FULL = {
    "ViT-B-16-quickgelu": {},
    "ViT-L-14": {},
    "ViT-H-14": {},
    "ViT-B-16-SigLIP": {},
    "ViT-SO400M-14-SigLIP-384": {},
    "ViT-B-16-SigLIP2": {},
    "EVA02-B-16": {},
    "convnext_base_w": {},
}
"""Names in open_clip of the full-size architectures that are compared by ``--large``."""


def random_model(architecture: dict[str, Any], seed: int = 0) -> Any:
    """Build open_clip's own model with random weights, also where it would start from zero."""
    torch.manual_seed(seed)
    settings = {name: value for name, value in architecture.items() if name != "custom_text"}
    custom = architecture.get("custom_text", False)
    model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**settings)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("token_embedding.weight"):
                parameter.normal_()  # words differ, as they do after training
            elif name.endswith("gamma"):
                parameter.fill_(0.1)  # layers count, as they do after training
            elif parameter.ndim == 2:
                parameter.normal_(std=parameter.shape[1] ** -0.5)
            elif parameter.ndim > 0 and float(parameter.abs().max()) == 0:
                parameter.normal_(std=0.02)
    return model.eval()


def publish(folder: Path, architecture: dict[str, Any], model: Any, preprocessing: dict[str, Any]) -> Path:
    """Write a model as open_clip pushes it to a hub."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": architecture, "preprocess_cfg": preprocessing}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")
    return folder
