"""Recipes of the study of distillation: both runs differ in the teachers alone."""

import yaml

from core.pretrain.recipe import read_recipe
from training.studies.agglomeration import KEPT_DUBAI, TEACHERS, short_recipe


def test_only_a_run_with_teachers_learns_translators(tmp_path):
    made = {}
    for name, teachers in TEACHERS.items():
        path = tmp_path / f"{len(made)}.yaml"
        path.write_text(yaml.safe_dump(short_recipe(teachers, 5, 1)), encoding="utf-8")
        made[name] = read_recipe(path)
    alone, taught = made.values()
    assert "translators" not in alone.learn
    assert {*taught.learn} - {*alone.learn} == {"translators"}
    assert alone.sources.keys() == taught.sources.keys()
    assert all(KEPT_DUBAI not in recipe.sources["dubai"].settings["names"] for recipe in made.values())
