"""Recipes of the study of distillation: runs differ in the teachers alone, and what is measured is left out of all."""

from pathlib import Path

import pytest
import yaml

from core.pretrain.recipe import read_recipe
from training.studies.agglomeration import IMAGERY, KEPT_DUBAI, KEPT_TILE, short_recipe

TILES = Path(__file__).resolve().parents[4] / "shared" / "data" / "scenes" / "terramind_tiles"


def _recipes(imagery, folder):
    teachers = [None, *IMAGERY[imagery].teachers.values()]
    for number, teacher in enumerate(teachers):
        content = short_recipe(IMAGERY[imagery], teacher, 5, 1)
        (folder / f"{number}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return dict(zip(teachers, (read_recipe(folder / f"{number}.yaml") for number in range(len(teachers))), strict=True))


@pytest.mark.parametrize("imagery", IMAGERY)
def test_only_a_run_with_a_teacher_learns_translators(imagery, tmp_path):
    if imagery == "multispectral" and not TILES.is_dir():
        pytest.skip("the shared scenes are not here")
    recipes = _recipes(imagery, tmp_path)
    alone = recipes.pop(None)
    assert not alone.teachers
    assert "translators" not in alone.learn
    for teacher, taught in recipes.items():
        assert taught.teachers.keys() == {teacher}
        assert {*taught.learn} - {*alone.learn} == {"translators"}
        assert taught.sources == alone.sources


def test_what_is_measured_is_in_no_run(tmp_path):
    sources = _recipes("colour", tmp_path)[None].sources
    assert KEPT_DUBAI not in sources["dubai"].settings["names"]
    if not TILES.is_dir():
        pytest.skip("the shared scenes are not here")
    for recipe in _recipes("multispectral", tmp_path).values():
        tiles = recipe.sources["tiles"].settings
        assert len(tiles["places"]) == len(tiles["land_cover"]) == 4
        assert not any(KEPT_TILE in path for place in tiles["places"] for path in place)
