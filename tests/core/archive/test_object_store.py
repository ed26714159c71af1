"""Scenes and features lie in an object store: a server of moto on this computer, where that is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto.server")
pytest.importorskip("obstore")

from core.archive.embed import embed_archive  # noqa: E402 - after the packages are known to be there
from core.archive.find import find_places  # noqa: E402
from core.archive.scenes import is_archive, scenes_of  # noqa: E402
from core.dense.store import FeatureStore  # noqa: E402
from core.dense.store_mirror import StoreMirror  # noqa: E402
from core.errors import InputError, UsageError  # noqa: E402
from core.protocol import Source  # noqa: E402
from core.raster.pixel_window import PixelWindow, RowCol  # noqa: E402
from core.raster.reader import open_raster  # noqa: E402

BUCKET = "archive"


@pytest.fixture(scope="module")
def address():
    """A server of moto in a process of its own: a client that holds Python's lock while it waits must not stop it."""
    program = "from moto.server import ThreadedMotoServer as S; s = S('127.0.0.1', 0, verbose=False); s.start();"
    program += "print(s.get_host_and_port()[1], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.kill()


@pytest.fixture
def bucket(address, monkeypatch):
    """An empty bucket on localhost; every client finds it by the usual variables."""
    settings = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    for name, value in {**settings, "AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=address)
    urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST")).close()
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def uploaded(bucket, archive):
    for path in archive.rglob("*.tif"):
        bucket.upload_file(str(path), BUCKET, f"scenes/{path.relative_to(archive).as_posix()}")
    return f"s3://{BUCKET}/scenes"


def test_a_raster_in_a_bucket_is_read_as_the_file_is(uploaded, archive):
    with open_raster(f"{uploaded}/a/west.tif") as remote, open_raster(archive / "a/west.tif") as local:
        assert remote.grid == local.grid
        assert remote.info.count == local.info.count


def test_the_rasters_of_a_bucket_are_listed(uploaded):
    assert is_archive(uploaded)
    names = [scene.removeprefix(f"{uploaded}/") for scene in scenes_of(uploaded)]
    assert names == ["a/middle.tif", "a/west.tif", "b/broken.tif", "b/east.tif"]


def test_a_bucket_that_is_not_there_is_reported(bucket):
    with pytest.raises(InputError, match=r"cannot be listed|There is no raster"):
        scenes_of("s3://nowhere/scenes")


def mirrored(jobs, address, cache):
    from dataclasses import replace

    return [replace(job, mirror=address, store=str(cache)) for job in jobs]


def test_scenes_in_a_bucket_are_embedded_and_their_features_serve_another_machine(
    uploaded, bucket, jobs_of, cache, tmp_path
):
    address = f"s3://{BUCKET}/features"
    jobs = mirrored(jobs_of(*scenes_of(uploaded)), address, cache)
    first = embed_archive(jobs)
    assert [name.rpartition("/")[2] for name in first.failed] == ["broken.tif"]
    assert first.chunks_computed == first.chunks > 0
    # Another machine: its own disk is empty, the bucket is the same.
    other = tmp_path / "other"
    assert embed_archive(mirrored(jobs_of(*scenes_of(uploaded)), address, other)).chunks_computed == 0
    here = FeatureStore(cache)
    there = FeatureStore(other, mirror=StoreMirror(address))
    for entry in here.entries():
        mine, theirs = here.existing(entry.digest), there.existing(entry.digest)
        for chunk in mine.done():
            a, b = mine.read(chunk), theirs.read(chunk)
            for name in ("codes", "gain", "inverse_norm", "background"):
                np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_a_chunk_that_was_damaged_in_the_bucket_is_computed_again(uploaded, bucket, jobs_of, cache):
    address = f"s3://{BUCKET}/features"
    jobs = mirrored(jobs_of(f"{uploaded}/a/west.tif"), address, cache)
    embed_archive(jobs)
    keys = [item["Key"] for item in bucket.list_objects_v2(Bucket=BUCKET, Prefix="features/")["Contents"]]
    damaged = next(key for key in keys if "/scales/c/" in key)
    bucket.put_object(Bucket=BUCKET, Key=damaged, Body=b"not what it was")
    shutil.rmtree(cache)
    store = FeatureStore(cache, mirror=StoreMirror(address))
    digest = damaged.split("/")[2]
    entry = store.existing(digest)
    place = RowCol(*map(int, damaged.split("/")[-2:]))
    assert entry.read(place) is None
    assert embed_archive(jobs).chunks_computed == 1
    assert FeatureStore(cache, mirror=StoreMirror(address)).existing(digest).read(place) is not None


def test_a_bucket_that_stops_answering_costs_the_sharing_alone(uploaded, bucket, jobs_of, cache, monkeypatch, caplog):
    address = f"s3://{BUCKET}/features"
    mirror = StoreMirror(address)

    class Broken:
        def __getattr__(self, name):
            raise OSError("the network was cut")

    mirror._obstore = Broken()
    store = FeatureStore(cache, mirror=mirror)
    monkeypatch.setattr("core.archive.parts.FeatureStore", lambda *_: store)
    report = embed_archive(jobs_of(f"{uploaded}/a/west.tif"))
    assert report.failed == {}
    assert report.chunks_computed == report.chunks
    assert "the network was cut" in caplog.text


def test_an_address_that_is_none_is_reported():
    with pytest.raises(UsageError, match="no object store"):
        StoreMirror("nonsense://x")


def test_places_are_found_by_a_machine_that_computed_nothing(uploaded, bucket, jobs_of, cache, tmp_path):
    from painted import make_painted_model

    address = f"s3://{BUCKET}/features"
    scene = f"{uploaded}/a/west.tif"
    model = make_painted_model()
    from core.dense.features import open_features
    from core.tasks.scene import as_trained, open_scene

    with open_scene(Source(scene)) as opened:
        store = FeatureStore(cache, mirror=StoreMirror(address))
        features = open_features(model, opened.raster, as_trained(opened.recognition, model), store=store)
        features.compute(PixelWindow(0, 0, features.layout.columns, features.layout.rows))
    other = FeatureStore(tmp_path / "other", mirror=StoreMirror(address))
    found = find_places([Source(scene)], "lake", model, other, top=3)
    assert found.scenes == 1
    assert found.places
