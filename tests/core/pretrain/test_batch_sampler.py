"""A step's batch is of one source, drawn as often as its weight says, and the same whenever the step is drawn."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.pretrain.batch import Share
from core.pretrain.batch_sampler import BatchSampler
from core.pretrain.recipe import read_recipe

RECIPES = Path(__file__).resolve().parents[3] / "training" / "recipes"


class Named:
    """A source whose batches say whose they are, and what chance gave."""

    def __init__(self, name):
        self.name = name

    def batch(self, rng):
        return SimpleNamespace(name=self.name, images=[], chance=rng.random())


@pytest.mark.parametrize("name", ["dofa_clip_b16", "stages_all"])
def test_every_batch_is_of_one_source_as_often_as_its_weight_says(name):
    recipe = read_recipe(RECIPES / f"{name}.yaml")
    drawing = BatchSampler(recipe, {source: Named(source) for source in recipe.sources}, Share(0, 1))
    steps = [drawing.step(number) for number in range(4000)]
    assert all(len(batches) == 1 for batches in steps)
    drawn = Counter(batches[0].name for batches in steps)
    whole = sum(source.weight for source in recipe.sources.values())
    for source, entry in recipe.sources.items():
        expected = 4000 * entry.weight / whole
        assert abs(drawn[source] - expected) < 4 * expected**0.5 + 1
    again = BatchSampler(recipe, {source: Named(source) for source in recipe.sources}, Share(0, 1)).step(17)
    assert vars(again[0]) == vars(steps[17][0])


def test_all_sources_are_in_a_step_where_the_recipe_wants_them_together():
    recipe = dataclasses.replace(read_recipe(RECIPES / "stages_all.yaml"), together=True)
    drawing = BatchSampler(recipe, {source: Named(source) for source in recipe.sources}, Share(0, 1))
    assert [batch.name for batch in drawing.step(3)] == list(recipe.sources)
