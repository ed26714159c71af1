"""Averages compare like with like: the same sets for every model."""

from __future__ import annotations

import pytest

from core.evaluate.averages import averages, measured_averages, published_means
from core.evaluate.benchmarks import benchmarks


def test_the_published_models_without_the_set_they_were_trained_on():
    means = published_means(averages()["seven_sets"], benchmarks())
    assert means["DOFA-CLIP B-16 224"] == pytest.approx(58.3, abs=0.05)
    assert means["DOFA-CLIP SO400M 384"] == pytest.approx(62.7, abs=0.05)
    assert "GeoRSCLIP H-14" not in means  # it has figures on three of the seven alone


def test_siglip_itself_is_listed_where_it_was_measured():
    means = published_means(averages()["siglip_sets"], benchmarks())
    assert means["SigLIP SO400M 384"] == pytest.approx((63.5 + 72.1) / 2)
    assert means["DOFA-CLIP SO400M 384"] < means["SigLIP SO400M 384"]


def test_an_average_is_no_benchmark_and_is_given_only_when_all_its_sets_were_run():
    assert "averages" not in benchmarks()
    run = {name: {"measures": [{"name": "zero-shot top-1", "value": value}]} for name, value in (("eurosat_rgb", 0.4),)}
    assert measured_averages(run, benchmarks()) == {}
    run["resisc45"] = {"measures": [{"name": "zero-shot top-1", "value": 0.6}]}
    (measure,) = measured_averages(run, benchmarks())["siglip_sets"]["measures"]
    assert measure["name"] == "mean zero-shot top-1"
    assert measure["value"] == pytest.approx(0.5)
    assert measure["published"]["SigLIP SO400M 384"] == pytest.approx(0.678)


def test_every_average_is_of_benchmarks_that_exist():
    for entry in averages().values():
        assert set(entry["of"]) <= set(benchmarks())
