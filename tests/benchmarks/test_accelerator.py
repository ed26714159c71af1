"""What an accelerator does, in eight minutes at most: ``make bench-gpu``.

Encoding as a share of what the device's matrix product reaches, a whole Sentinel-2 granule through the large model, a
training step, and what happens when memory runs out. The parts come in the order of what is wanted most; one that would
begin after the time is up is skipped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import torch
from measure import flops, matmul_flops_per_second, median_seconds, write_raster
from test_encoding import DTYPES, published

from core.dense.encode import DenseEncoder
from core.model.devices import choose_device
from core.model.geolangbind import GeoLangBind, create_model
from core.model.zoo import load_model
from core.raster.grid import PixelWindow
from core.serve.failures import explain_exception
from core.spectral.sensors import get_sensor

LARGE = "dofa-clip-so400m-384"
GRANULE = 10_980
"""Side of a Sentinel-2 granule in pixels."""
SECONDS = 480
RGB = (0.665, 0.56, 0.49)
BEGAN = time.monotonic()

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no accelerator on this computer")


@pytest.fixture(autouse=True)
def in_time() -> None:
    if time.monotonic() - BEGAN > SECONDS:
        pytest.skip("the eight minutes are up")


@pytest.fixture
def large_model() -> Iterator[GeoLangBind]:
    """The large published model's image part with random weights, in the precision that suits the device."""
    model = published(LARGE, "cuda")
    model.compute = choose_device("cuda")
    yield model
    torch.cuda.empty_cache()


def test_encoding_as_a_share_of_the_matrix_product(large_model, record):
    side = large_model.config.image_size
    limit = matmul_flops_per_second(DTYPES[large_model.compute.precision], torch.device("cuda"))
    for batch in (8, 64):
        images = torch.randn(batch, 3, side, side, device="cuda").clamp(-1, 1)
        encode = torch.inference_mode()(lambda images=images: large_model.encode_image(images, RGB))
        operations = flops(encode)
        reached = operations / median_seconds(encode)
        record(f"{LARGE}, batch {batch}: encoding over the matrix product", reached / limit, at_least=0.5)
        record(f"{LARGE}, batch {batch}: rate", reached / 1e12, "TFLOP/s")


def test_a_granule_through_the_large_model(large_model, record):
    """Windows of a granule, as many as its pixels need, from memory: reading and storing are measured elsewhere."""
    encoder = DenseEncoder(large_model, get_sensor("aerial_rgb").bands)
    plan = encoder.plan(GRANULE, GRANULE)
    cells = PixelWindow(0, 0, -(-GRANULE // plan.stride), -(-GRANULE // plan.stride))
    windows, size, batch = len(plan.windows_of(cells)), plan.window_pixels, 32
    images = torch.randn(batch, 3, size, size, device="cuda").clamp(-1, 1)
    each = median_seconds(lambda: encoder.encode(images), 3) / batch
    record(f"{LARGE}: a granule of {GRANULE}² pixels", each * windows, "s", at_most=30)


def test_the_embedded_model_on_the_accelerator(record):
    encoder = DenseEncoder(load_model("geolb-tiny", device="cuda"), get_sensor("aerial_rgb").bands)
    size = encoder.plan(2048, 2048).window_pixels
    images = torch.randn(16, 3, size, size, device="cuda").clamp(-1, 1)
    record(
        "geolb-tiny: dense encoding", 16 * size**2 / 1e6 / median_seconds(lambda: encoder.encode(images)), "Mpixel/s"
    )


def test_a_training_step_of_the_base_model(record):
    """Forward, contrast, backward and update, as ``core.pretrain`` does them, without data or teachers."""
    torch.manual_seed(0)
    config = published("dofa-clip-b16-224", "cpu").config.with_values(text=None)
    model = create_model(config).to("cuda").train()
    optimiser = torch.optim.AdamW(model.visual.parameters(), lr=1e-5)
    batch, side = 128, model.config.image_size
    images = torch.randn(batch, 3, side, side, device="cuda").clamp(-1, 1)
    texts = torch.nn.functional.normalize(torch.randn(batch, model.embed_dim, device="cuda"), dim=1)
    signs = 2 * torch.eye(batch, device="cuda") - 1

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16):
            vectors = model.encode_image(images, RGB, normalize=True)
        loss = -torch.nn.functional.logsigmoid(signs * (10 * vectors.float() @ texts.T - 10)).sum(1).mean()
        loss.backward()
        optimiser.step()

    record(
        "dofa-clip-b16-224: training", batch / median_seconds(step), "images/s", at_least=87
    )  # published: 520 on six


def test_work_goes_on_after_memory_ran_out(large_model, record):
    """A batch that does not fit is told in plain words, and the next one that fits is encoded."""
    side = large_model.config.image_size
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(max(0, free - (1 << 30)), dtype=torch.uint8, device="cuda")
    with pytest.raises(torch.OutOfMemoryError) as raised, torch.inference_mode():
        large_model.encode_image(torch.zeros(512, 3, side, side, device="cuda"), RGB)
    assert "ran out of memory" in explain_exception(raised.value).message
    del taken, raised
    torch.cuda.empty_cache()
    with torch.inference_mode():
        again = median_seconds(lambda: large_model.encode_image(torch.zeros(8, 3, side, side, device="cuda"), RGB), 3)
    record("after memory ran out: encoding of 8 images", again, "s")


def test_a_scene_from_disk_on_the_accelerator(tmp_path, record):
    from core.archive.embed import embed_archive
    from core.archive.parts import EmbedJob
    from core.protocol import Source

    side = 4096
    job = EmbedJob(Source(str(write_raster(tmp_path / "scene.tif", side))), "geolb-tiny", "cuda",
                   str(tmp_path / "store"), 10**10, 8)  # fmt: skip
    report = embed_archive([job], None)
    assert not report.failed
    record(f"geolb-tiny: {side}² pixels from disk into the store", side**2 / 1e6 / report.seconds, "Mpixel/s")
