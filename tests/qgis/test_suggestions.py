"""Other words where a prompt finds nothing."""

from __future__ import annotations

from conftest import wait_until
from qgis.core import QgsProject

from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.layers.overlays import overlays_of


def run_and_count(dock, prompt):
    dock.page.area.choose(Area.LAYER)
    dock.page.prompts.set_prompts([prompt])
    dock.runs.run()
    wait_until(lambda: not dock.highlighter.busy)
    wait_until(lambda: dock.page.result.histogram() is not None)


def test_a_prompt_that_finds_nothing_is_answered_with_words_that_do_and_a_click_runs_one(dock, scene):
    result = dock.page.result
    run_and_count(dock, "volcano crater with lava")
    assert result.histogram().above(0.5) == 0
    wait_until(lambda: not dock.suggestions.busy)
    assert result.suggestions.isVisibleTo(dock)
    text = result.suggestions.text()
    assert "<a href=" in text
    word = text.split("<a href='")[1].split("'")[0]
    result.suggestions.linkActivated.emit(word)
    assert dock.highlighter.busy
    wait_until(lambda: not dock.highlighter.busy)
    assert [prompt.text for prompt in dock.page.prompts.prompts()] != ["volcano crater with lava"]
    assert len(overlays_of(QgsProject.instance(), scene.id())) == 2


def test_the_end_of_an_earlier_request_does_not_end_the_later_one(dock, scene):
    run_and_count(dock, "volcano crater with lava")
    found = []
    dock.suggestions.found.connect(lambda _, words: found.append(words))
    layer = dock.page.result.layer()
    dock.suggestions.request(layer.id(), "volcano crater with lava", dock.highlighter.answered)
    dock.suggestions.request(layer.id(), "volcano crater with lava", dock.highlighter.answered)
    wait_until(lambda: not dock.suggestions.busy)
    assert len(found) == 1


def test_a_prompt_that_finds_something_gets_no_suggestions(dock, scene):
    run_and_count(dock, "water")
    assert dock.page.result.histogram().above(0.5) > 0
    assert not dock.suggestions.busy
    assert not dock.page.result.suggestions.isVisibleTo(dock)
