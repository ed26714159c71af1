"""Encoding, against the device's matrix product and against the plain float32 module."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from measure import flops, matmul_flops_per_second, median_seconds, seconds
from quantised import in_int8

from core.dense.encode import DenseEncoder
from core.model import load_model
from core.model.devices import choose_device
from core.model.geolangbind import GeoLangBind, create_model
from core.model.lower_precision import working_copy
from core.spectral.sensors import get_sensor

CONFIGS = Path(__file__).resolve().parents[2] / "resources" / "models"
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
DTYPES = {"bf16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
RGB = (0.665, 0.56, 0.49)
TERA = 1e12


@cache
def limit(device: str) -> tuple[float, str]:
    """FLOP/s of a large matrix product in the precision that is fast on a device, and its name."""
    chosen = choose_device(device)
    return matmul_flops_per_second(DTYPES[chosen.precision], chosen.torch_device), f"{device} {chosen.precision}"


def published(name: str, device: str) -> GeoLangBind:
    """A published model's image part with random weights."""
    config = json.loads((CONFIGS / f"{name}.json").read_text())
    torch.manual_seed(0)
    model = create_model({key: value for key, value in config.items() if key not in ("text", "translators")})
    return model.eval().requires_grad_(False).to(choose_device(device).torch_device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("name", "batch"), [("dofa-clip-b16-224", 8), ("dofa-clip-so400m-384", 2)], ids=["b16", "so400m"]
)
def test_published_towers(name, batch, device, record, say, large):
    if "so400m" in name and not large:
        pytest.skip("with --large")
    model = published(name, device)
    side = model.config.image_size
    images = torch.randn(batch, 3, side, side).clamp(-1, 1).to(model.device)

    @torch.no_grad()
    def encode() -> torch.Tensor:
        return model.encode_image(images, RGB)

    operations = flops(encode)
    say("  in float32")
    plain, plain_seconds = encode(), median_seconds(encode, 3)
    model.compute = choose_device(device)
    fast, fast_seconds = encode(), median_seconds(encode)
    cosine = F.cosine_similarity(plain, fast).min().item()
    _record(record, name, operations, plain_seconds, fast_seconds, limit(device), cosine)
    if device == "cpu" and model.compute.precision == "bf16":
        blocks = working_copy(model).visual.trunk.blocks
        tokens = torch.randn(batch, model.visual.trunk.pos_embed.shape[1], model.config.width).bfloat16()
        with torch.inference_mode():
            reference = median_seconds(lambda: blocks(tokens), 3)
        if "b16" in name and large:
            _compiled(record, say, name, model, tokens, reference)
        say("  in int8")
        in_int8(blocks, model.visual.trunk.blocks)
        record(f"{name}: smallest cosine of int8 with the float32 module",
               F.cosine_similarity(plain, encode()).min().item(), at_least=0.999)  # fmt: skip
        with torch.inference_mode():
            record(f"{name}: blocks in int8, times as fast as in bf16",
                   reference / median_seconds(lambda: blocks(tokens), 3), "×")  # fmt: skip


@pytest.mark.parametrize("device", DEVICES)
def test_embedded_model(device, record):
    images = torch.rand(4, 3, 256, 256) * 2 - 1
    fast = DenseEncoder(load_model("geolb-tiny", device=device), get_sensor("aerial_rgb").bands)
    plain = DenseEncoder(load_model("geolb-tiny", device=device, dtype="float32"), get_sensor("aerial_rgb").bands)
    plain.model.compute = None  # the module as it is, not a working copy
    operations = flops(lambda: plain.encode(images))
    narrow = [encoder.encode(images).float().permute(0, 2, 3, 1) for encoder in (plain, fast)]
    found = [encoder.basis.coordinates(each) for encoder, each in zip((plain, fast), narrow, strict=True)]
    cosine = F.cosine_similarity(*found, dim=-1).min().item()
    plain_seconds = median_seconds(lambda: plain.encode(images))
    fast_seconds = median_seconds(lambda: fast.encode(images))
    _record(record, "geolb-tiny, dense", operations, plain_seconds, fast_seconds, limit(device), cosine)
    megapixels = images.shape[0] * 256 * 256 / 1e6
    record(f"geolb-tiny, dense: rate of encoding ({limit(device)[1]})", megapixels / fast_seconds, "Mpixel/s")


def _compiled(
    record: Callable[..., None],
    say: Callable[[str], None],
    name: str,
    model: GeoLangBind,
    tokens: torch.Tensor,
    reference: float,
) -> None:
    """Blocks through torch.compile with frozen weights, against those of the working copy."""
    if shutil.which("g++") is None and shutil.which("clang") is None:
        say("  torch.compile: there is no C++ compiler")
        return
    import copy

    import torch._inductor.config as inductor

    say("  torch.compile")
    blocks = copy.deepcopy(model.visual.trunk.blocks).bfloat16()
    compiled = torch.compile(blocks)
    with torch.no_grad(), inductor.patch(freezing=True):
        record(f"{name}: torch.compile of the blocks, first call", seconds(lambda: compiled(tokens)), "s")
        again = median_seconds(lambda: compiled(tokens), 3)
    record(f"{name}: compiled blocks, times as fast as the working copy's", reference / again, "×")


def _record(record, name, operations, plain_seconds, fast_seconds, limit, cosine) -> None:
    limit_flops, precision = limit
    name = f"{name} ({precision})"
    record(f"{name}: FLOP/s over a matrix product's {limit_flops / TERA:.2f} TFLOP/s",
           operations / fast_seconds / limit_flops, at_least=0.8)  # fmt: skip
    record(f"{name}: times as fast as the float32 module", plain_seconds / fast_seconds, "×", at_least=5)
    record(f"{name}: smallest cosine with the float32 module", cosine, at_least=0.999)
