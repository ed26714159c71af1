"""Encoding, against the processor's matrix product and against the plain float32 module."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from measure import flops, matmul_flops_per_second, median_seconds

from core.dense.encode import DenseEncoder
from core.model import load_model
from core.model.devices import choose_device
from core.model.geolangbind import GeoLangBind, create_model

CONFIGS = Path(__file__).resolve().parents[2] / "resources" / "models"
RGB = (0.665, 0.56, 0.49)
TERA = 1e12


@pytest.fixture(scope="module")
def limit() -> tuple[float, str]:
    """FLOP/s of a large matrix product in the precision that is fast here, and its name."""
    precision = choose_device("cpu").precision
    return matmul_flops_per_second(torch.bfloat16 if precision == "bf16" else torch.float32), precision


def published(name: str) -> GeoLangBind:
    """A published model's image part with random weights."""
    config = json.loads((CONFIGS / f"{name}.json").read_text())
    torch.manual_seed(0)
    model = create_model({key: value for key, value in config.items() if key not in ("text", "translators")})
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("name", "batch"), [("dofa-clip-b16-224", 8), ("dofa-clip-so400m-384", 4)], ids=["b16", "so400m"]
)
def test_published_towers(name, batch, limit, record, large):
    if "so400m" in name and not large:
        pytest.skip("with --large")
    model = published(name)
    images = torch.randn(batch, 3, model.config["image_size"], model.config["image_size"]).clamp(-1, 1)

    @torch.no_grad()
    def encode() -> torch.Tensor:
        return model.encode_image(images, RGB)

    operations = flops(encode)
    plain, seconds = encode(), median_seconds(encode, 3)
    model.compute = choose_device("cpu")
    fast, fast_seconds = encode(), median_seconds(encode, 3)
    _record(record, name, operations, seconds, fast_seconds, limit, F.cosine_similarity(plain, fast).min().item())


def test_embedded_model(limit, record):
    images = torch.rand(4, 3, 256, 256) * 2 - 1
    fast = DenseEncoder(load_model("geolb-tiny", device="cpu"), RGB)
    plain = DenseEncoder(load_model("geolb-tiny", device="cpu", dtype="float32"), RGB)
    operations = flops(lambda: plain.encode(images))
    found = [encoder.basis.coordinates(encoder.encode(images).float()) for encoder in (plain, fast)]
    cosine = F.cosine_similarity(*found, dim=1).min().item()
    seconds = median_seconds(lambda: plain.encode(images))
    fast_seconds = median_seconds(lambda: fast.encode(images))
    _record(record, "geolb-tiny, dense", operations, seconds, fast_seconds, limit, cosine)
    megapixels = images.shape[0] * 256 * 256 / 1e6
    record("geolb-tiny, dense: rate of encoding", megapixels / fast_seconds, "Mpixel/s")


def _record(record, name, operations, plain_seconds, seconds, limit, cosine) -> None:
    limit_flops, precision = limit
    record(f"{name}: FLOP/s over a {precision} matrix product's {limit_flops / TERA:.2f} TFLOP/s",
           operations / seconds / limit_flops, at_least=0.8)  # fmt: skip
    record(f"{name}: times as fast as the float32 module", plain_seconds / seconds, "×", at_least=5)
    record(f"{name}: smallest cosine with the float32 module", cosine, at_least=0.999)
