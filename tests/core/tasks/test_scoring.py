"""Contests over one set of exponentials, against the plain formula."""

from __future__ import annotations

import pytest
import torch

from core.tasks.scoring import ClassContest, Prompt, PromptContest, log_weighted_sums, parse_prompts


def cosines_like(contest) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(len(contest.vectors), 3, 50, generator=generator) * 1.6 - 0.8


@pytest.mark.parametrize("temperature", [10.0, 31.0, 100.0])
def test_sums_are_those_of_the_plain_formula(temperature):
    cosines, weights = torch.rand(7, 400) * 2 - 1, torch.rand(3, 7)
    plain = torch.logsumexp((cosines * temperature)[None] + weights.log()[:, :, None], 1)
    torch.testing.assert_close(log_weighted_sums(cosines, temperature, weights), plain, atol=2e-4, rtol=1e-5)


def test_sums_stay_finite_where_nothing_has_weight():
    sums = log_weighted_sums(torch.rand(4, 10), 100.0, torch.zeros(2, 4))
    assert bool(torch.isfinite(sums).all())


def test_a_prompt_is_its_best_wording_against_negatives_and_background(painted_model):
    contest = PromptContest(painted_model, parse_prompts(["town | village", "water"]), (Prompt.parse("roof"),))
    cosines = cosines_like(contest)
    scaled = cosines * contest._temperature
    for number, prompt in enumerate(("town | village", "water")):
        own = scaled[contest._texts.places(Prompt.parse(prompt).synonyms)].amax(0)
        rivals = torch.logsumexp(scaled + contest._weights[number].log()[:, None, None], 0)
        torch.testing.assert_close(contest.logits(cosines.clone())[number], own - rivals, atol=2e-4, rtol=1e-5)
    roof = contest._texts.places(["roof"])
    assert bool((contest._weights[:, roof] >= 1).all())


def test_without_a_background_the_models_bias_decides(painted_model):
    contest = PromptContest(painted_model, parse_prompts(["water"]), background=False)
    cosines = cosines_like(contest)
    expected = cosines[:1] * contest._temperature + float(painted_model.logit_bias.detach())
    torch.testing.assert_close(contest.logits(cosines), expected, atol=2e-4, rtol=1e-5)


def test_a_class_is_the_mean_of_its_wordings_odds(painted_model):
    contest = ClassContest(painted_model, [["water"], ["forest", "trees", "woodland"]])
    cosines = cosines_like(contest)
    scaled = cosines * contest._temperature
    expected = torch.stack([scaled[0], (scaled[1:].exp().mean(0)).log()])
    torch.testing.assert_close(contest.logits(cosines), expected, atol=2e-4, rtol=1e-5)
