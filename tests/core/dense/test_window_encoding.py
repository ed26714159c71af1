"""Windows that are encoded one by one in several threads: the same features whatever the company and the threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from model_configs import EFFICIENT

from core.context import CancelToken, Context
from core.dense.encode import DenseEncoder
from core.dense.features import DenseFeatures
from core.dense.store import FeatureStore
from core.errors import CancelledError
from core.model.devices import ComputeDevice
from core.model.geolangbind import GeoLangBind, create_model
from core.model.packed_convolutions import can_pack
from core.raster.pixel_window import PixelWindow
from core.spectral.bands import Band, BandSet
from core.torch_threads import keep_to_one_thread

RGB = BandSet.of(Band(name, wavelength) for name, wavelength in (("R", 0.665), ("G", 0.56), ("B", 0.49)))

pytestmark = pytest.mark.skipif(not can_pack(), reason="this build of torch has no packed convolutions")


@pytest.fixture(scope="module")
def model() -> GeoLangBind:
    torch.manual_seed(1)
    made = create_model(EFFICIENT).eval().requires_grad_(False)
    made.compute = ComputeDevice("cpu", "float32", "CPU")
    return made


def everything(features: DenseFeatures) -> PixelWindow:
    return PixelWindow(0, 0, features.layout.columns, features.layout.rows)


def test_a_window_is_encoded_alike_alone_and_in_company(model):
    encoder = DenseEncoder(model, RGB)
    assert encoder.separate
    windows = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    together = encoder.encode(windows)
    for number in range(3):
        assert torch.equal(encoder.encode(windows[number : number + 1])[0], together[number])


def test_threads_keep_to_their_order_and_every_window_is_encoded_once(write_raster, open_dense, tmp_path):
    path = write_raster(hole=(slice(0, 700), slice(0, 300)))
    kept = []
    for number, threads in enumerate((1, 3)):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            with open_dense(path, FeatureStore(tmp_path / str(number))) as features:
                features.compute(everything(features))
                assert features.missing(everything(features)) == []
                windows = features.plan.windows_of(everything(features))
                assert 0 < features.encoded_windows < len(windows)  # those without data are not
                kept.append({chunk: features.chunk(chunk) for chunk in features.layout.chunks_in(everything(features))})
        finally:
            torch.set_num_threads(before)
    for chunk, one in kept[0].items():
        for name in ("codes", "gain", "inverse_norm", "background"):
            np.testing.assert_array_equal(getattr(one, name), getattr(kept[1][chunk], name))


def test_one_chunk_on_request_says_what_all_of_them_together_say(write_raster, open_dense, store):
    path = write_raster()
    with open_dense(path, store) as features:
        features.compute(everything(features))
    with open_dense(path, store) as stored, open_dense(path) as alone:
        for chunk in stored.layout.chunks_in(everything(stored)):
            np.testing.assert_array_equal(stored.chunk(chunk).codes, alone.chunk(chunk).codes)


def test_cancelled_work_ends_with_whole_chunks(write_raster, open_dense, store):
    token = CancelToken()
    with open_dense(write_raster(), store, context=Context(cancel=token)) as features:
        total = len(features.missing(everything(features)))
        with pytest.raises(CancelledError):
            features.compute(everything(features), lambda done, of: token.cancel())
        assert 0 < len(features.missing(everything(features))) < total


def test_a_thread_that_keeps_to_itself_leaves_the_others_alone():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    found: list[int] = []

    def one() -> None:
        keep_to_one_thread()
        found.append(torch.get_num_threads())

    try:
        for work in (one, lambda: found.append(torch.get_num_threads())):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert found == [1, 2]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
