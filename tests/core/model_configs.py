"""Configurations of models small enough for tests."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, Any] = {
    "image_size": 64,
    "patch_size": 8,
    "width": 48,
    "layers": 2,
    "heads": 3,
    "mlp_ratio": 2.0,
    "embed_dim": 64,
    "stem": {"channels": [16, 24], "depths": [1, 1, 1]},
    "dense": {"channels": 24, "fine": 16, "middle": 24},
}
"""Random features whose values differ from place to place; no words."""

TINY: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 8,
    "width": 32,
    "layers": 1,
    "heads": 2,
    "mlp_ratio": 2.0,
    "stem": {"channels": [8, 16], "depths": [1, 1, 1]},
    "dense": {"channels": 16, "fine": 8, "middle": 16},
}
"""Learns in a second."""

TINY_WITH_WORDS: dict[str, Any] = {
    **TINY,
    "embed_dim": 384,
    "init_logit_scale": 30.0,
    "init_logit_bias": -12.0,
    "text": {
        "tower": "sentence-transformers/all-MiniLM-L6-v2",
        "revision": "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    },
}

EFFICIENT: dict[str, Any] = {
    "image_size": 64,
    "patch_size": 32,
    "width": 320,
    "layers": 0,
    "heads": 1,
    "mlp_ratio": 4.0,
    "embed_dim": 64,
    "trunk": {"kind": "efficientnet", "variant": "tf_efficientnet_lite0", "side": 8},
    "dense": {"kind": "light", "channels": 24, "middle": 24},
    "scene": {"strides": [16], "hidden": 48},
    "smallest_image": 64,
}
"""The embedded model's architecture, smaller; its windows are encoded one by one."""
