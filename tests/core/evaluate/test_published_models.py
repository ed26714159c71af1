"""Every published figure has a source, and models that were trained on a set are marked beside it."""

from __future__ import annotations

from pathlib import Path

import tomllib

from core.cli import evaluate
from core.evaluate.averages import averages
from core.evaluate.benchmarks import benchmarks
from core.evaluate.published import FILE, marked, published_models
from training.studies.comparison import published_part

PAGE = Path(__file__).resolve().parents[3] / "docs" / "comparison.md"


def _named(table: dict) -> set[str]:
    """Models of a table of figures, or of a table of such tables."""
    return {model for name, value in table.items() for model in (_named(value) if isinstance(value, dict) else {name})}


def test_every_model_with_a_figure_has_a_source():
    entries = [*benchmarks().values(), *averages().values()]
    named = set().union(*(_named(entry.get("published", {})) for entry in entries))
    assert named == set(published_models())
    assert all(model.source for model in published_models().values())


def test_no_source_is_listed_in_vain():
    described = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert {entry["source"] for entry in described["published_models"].values()} == set(described["sources"])


def test_the_sets_that_models_were_trained_on_exist():
    for model in published_models().values():
        assert model.trained_on <= set(benchmarks()), model.name


def test_a_model_that_was_trained_on_a_set_is_marked_there_and_nowhere_else():
    assert marked("DOFA-CLIP B-16 224", "skyscript") == "DOFA-CLIP B-16 224*"
    assert marked("DOFA-CLIP B-16 224", "aid") == "DOFA-CLIP B-16 224"
    assert marked("a model of somebody's", "aid") == "a model of somebody's"


def test_the_table_of_a_run_says_which_models_had_seen_the_set():
    measure = {"name": "zero-shot top-1", "value": 0.5, "interval": None, "published": {"SkyCLIP-50 L": 0.7089}}
    shown = evaluate.show(
        {"model": "m", "figures": {"skyscript": {"measures": [measure]}, "aid": {"measures": [measure]}}, "absent": []}
    )
    assert shown.count("SkyCLIP-50 L* 70.9") == 1
    assert "* trained on this set" in shown


def test_the_page_of_comparison_has_the_figures_of_the_file():
    assert published_part() in PAGE.read_text(encoding="utf-8")
