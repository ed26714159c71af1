"""The hash of a model: the same whatever file its weights came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import torch
from torch import Tensor

from core.model.config import ModelConfig


def hash_weights(config: ModelConfig, weights: Mapping[str, Tensor]) -> str:
    """Returns the SHA-256 of a configuration and a state dict, independent of file format and key order."""
    digest = hashlib.sha256(json.dumps(config.to_json(), sort_keys=True).encode())
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
