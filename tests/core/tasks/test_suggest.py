"""Other words for a prompt that finds nothing."""

from __future__ import annotations

import pytest

from core.errors import InputError
from core.protocol import Source, SuggestParams
from core.tasks import suggest


def test_words_that_score_in_the_scene_are_suggested_and_others_are_not(scene, run_task):
    result = run_task(suggest, SuggestParams(Source(scene), "houses", most=50))
    words = {item["word"]: item for item in result["words"]}
    assert "town" in words
    assert all(item["share"] >= suggest.LEAST_SHARE and item["highest"] >= 0.5 for item in result["words"])
    assert "glacier" not in words


def test_no_more_words_are_suggested_than_asked_for_and_never_the_prompt_itself(scene, run_task):
    result = run_task(suggest, SuggestParams(Source(scene), "lake | forest", most=3))
    words = [item["word"] for item in result["words"]]
    assert len(words) <= 3
    assert not {"lake", "forest"} & set(words)


def test_the_nearest_words_come_first(painted_model):
    words = suggest.nearest_words(painted_model, suggest.Prompt.parse("lake"), count=5)
    assert len(words) == 5
    assert suggest.nearest_words(painted_model, suggest.Prompt.parse("lake"), count=3) == words[:3]


def test_a_prompt_without_words_is_refused(scene, run_task):
    with pytest.raises(InputError, match="empty"):
        run_task(suggest, SuggestParams(Source(scene), " | "))
