"""Clusters of an image's features, without labels: the covers that a person would see."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from painted import paint, painted_labels, write_scene

from core.protocol import ClusterParams, Source
from core.tasks import cluster


def codes_of(path):
    with rasterio.open(path) as file:
        return file.read(1)


def clusters_of(scene, output, run_task, **options):
    return run_task(cluster, ClusterParams(Source(scene), str(output), clusters=3, device="cpu", **options))


def test_clusters_of_an_image_are_its_covers(scene, tmp_path, run_task):
    result = clusters_of(scene, tmp_path / "clusters.tif", run_task)
    found, truth = codes_of(tmp_path / "clusters.tif"), painted_labels()
    counts = np.stack([np.bincount(found[truth == cover], minlength=4) for cover in range(3)])
    assert (counts.max(axis=1) > 0.93 * counts.sum(axis=1)).all()
    assert len(set(counts.argmax(axis=1))) == 3
    assert [row["code"] for row in result["classes"]] == [1, 2, 3]
    assert sum(row["pixels"] for row in result["classes"]) == np.count_nonzero(found)


def test_clusters_of_a_part_are_those_of_the_whole_image(scene, tmp_path, run_task):
    clusters_of(scene, tmp_path / "whole.tif", run_task)
    with rasterio.open(scene) as file:
        box = tuple(rasterio.windows.bounds(rasterio.windows.Window(80, 64, 256, 128), file.transform))
    clusters_of(scene, tmp_path / "part.tif", run_task, extent=box)
    part = codes_of(tmp_path / "part.tif")
    np.testing.assert_array_equal(part, codes_of(tmp_path / "whole.tif")[64:192, 80:336])


def test_pixels_without_data_are_in_no_cluster(tmp_path, run_task):
    values = paint(painted_labels())
    values[:, :40, :60] = 0
    path = write_scene(tmp_path / "holed.tif", values)
    clusters_of(str(path), tmp_path / "clusters.tif", run_task)
    found = codes_of(tmp_path / "clusters.tif")
    assert (found[:40, :60] == 0).all()
    assert (found[60:, 80:] > 0).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_seed_alone_decides_the_centres(scene, tmp_path, run_task, seed):
    first = clusters_of(scene, tmp_path / "a.tif", run_task, seed=seed)
    again = clusters_of(scene, tmp_path / "b.tif", run_task, seed=seed)
    assert first["classes"] == again["classes"]
    np.testing.assert_array_equal(codes_of(tmp_path / "a.tif"), codes_of(tmp_path / "b.tif"))
