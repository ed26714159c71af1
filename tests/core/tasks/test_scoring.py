"""Softmax over one set of exponentials, against the plain formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.dense.odds import log_weighted_sums
from core.model.prompt_calibration import LogOddsLine, PromptCalibration
from core.tasks import scoring
from core.tasks.scoring import ClassSoftmax, Prompt, PromptSoftmax, TextSet, parse_prompts
from core.vocabulary import background_words, word_groups


def cosines_like(vectors: torch.Tensor) -> torch.Tensor:
    """Returns cosines (T, 150) of texts with features that lie among them."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.rand(150, len(vectors), generator=generator) ** 8
    return F.normalize(vectors, dim=1) @ F.normalize(weights @ vectors, dim=1).T


@pytest.mark.parametrize("temperature", [10.0, 31.0, 100.0])
def test_sums_are_those_of_the_plain_formula(temperature):
    cosines, weights = torch.rand(7, 400) * 2 - 1, torch.rand(3, 7)
    plain = torch.logsumexp((cosines * temperature)[None] + weights.log()[:, :, None], 1)
    torch.testing.assert_close(log_weighted_sums(cosines, temperature, weights), plain, atol=2e-4, rtol=1e-5)


def test_sums_stay_finite_where_nothing_has_weight():
    sums = log_weighted_sums(torch.rand(4, 10), 100.0, torch.zeros(2, 4))
    assert bool(torch.isfinite(sums).all())


def expected_weight(word, synonyms, cosine):
    """1 for an unrelated word, 0 for a word of a group that holds a synonym, in between a smooth step of the cosine."""
    group = next(set(group) for group in word_groups() if group[0] == word)
    if group & set(synonyms):
        return 0.0
    share = np.interp(cosine, (scoring.KINSHIP_BEGINS, scoring.KINSHIP_ENDS), (0.0, 1.0))
    return 1 - share**2 * (3 - 2 * share)


def test_a_prompt_is_its_best_synonym_against_negatives_and_background(painted_model):
    """The softmax over all words at once is what the words of the prompt and the kept sum of the rest must give."""
    prompts, negatives = parse_prompts(["town | village", "water"]), (Prompt.parse("roof"),)
    softmax = PromptSoftmax(painted_model, prompts, negatives)
    words = TextSet.encoded(painted_model, ["town", "village", "water", "roof", *background_words()])
    cosines = cosines_like(words.vectors)
    scaled = cosines * softmax.scorer_of(False).temperature
    background = torch.logsumexp(scaled[words.places(background_words())], 0)
    rows = [int(torch.cdist(vector[None], words.vectors).argmin()) for vector in softmax.vectors]
    found = softmax.scorer_of(False)(cosines[rows], background)
    for number, prompt in enumerate(prompts):
        own = scaled[words.places(prompt.synonyms)].amax(0)
        weights = torch.zeros(len(words.texts))
        weights[words.places(["roof"])] = 1.0
        kinship = words.vectors @ words.vectors[words.places(prompt.synonyms)].T
        kept = torch.tensor(
            [
                expected_weight(word, prompt.synonyms, float(kinship[words.places([word])[0]].max()))
                for word in background_words()
            ],
            dtype=torch.float32,
        )
        assert float(kept.min()) < 1
        weights[words.places(background_words())] += kept
        rivals = torch.logsumexp(scaled.double() + weights.double().log()[:, None], 0).float()
        torch.testing.assert_close(found[number].sigmoid(), (own - rivals).sigmoid(), atol=1e-3, rtol=0)


def test_words_far_from_the_prompt_are_not_asked_for_again(painted_model):
    softmax = PromptSoftmax(painted_model, parse_prompts(["water"]))
    (water,) = TextSet.encoded(painted_model, ["water"]).vectors
    assert torch.cdist(water[None], softmax.vectors).min() < 1e-3
    assert len(softmax.vectors) < len(background_words()) / 2


def test_without_a_background_the_models_bias_decides(painted_model):
    softmax = PromptSoftmax(painted_model, parse_prompts(["water"]), background=False)
    cosines = cosines_like(softmax.vectors)
    expected = cosines[:1] * softmax.scorer_of(False).temperature + float(painted_model.logit_bias.detach())
    torch.testing.assert_close(softmax.scorer_of(False)(cosines, torch.zeros(150)), expected, atol=2e-4, rtol=1e-5)


def test_a_class_is_the_mean_of_its_synonyms_odds(painted_model):
    softmax = ClassSoftmax(painted_model, [["water"], ["forest", "trees", "woodland"]])
    cosines = cosines_like(softmax.vectors)
    scaled = cosines * softmax.scorer_of(False).temperature
    expected = torch.stack([scaled[0], (scaled[1:].exp().mean(0)).log()])
    torch.testing.assert_close(softmax.logits(cosines), expected, atol=2e-4, rtol=1e-5)


def test_prompts_are_scored_by_the_models_calibration(painted_model, monkeypatch):
    """Against the background only: where the model's own bias decides, its odds are those it was trained by."""
    plain = PromptSoftmax(painted_model, parse_prompts(["water"]))
    cosines, background = cosines_like(plain.vectors), 20 * torch.rand(150)
    odds = plain.scorer_of(False)(cosines.clone(), background)
    calibration = PromptCalibration(1.0, LogOddsLine(2.0, 1.5), radar=LogOddsLine(3.0, -1.0))
    monkeypatch.setattr(painted_model, "prompt_calibration", calibration)
    calibrated = PromptSoftmax(painted_model, parse_prompts(["water"]))
    found = [calibrated.scorer_of(radar)(cosines.clone(), background) for radar in (False, True)]
    torch.testing.assert_close(found[0], 2.0 * odds + 1.5, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(found[1], 3.0 * odds - 1.0, atol=1e-4, rtol=1e-5)
    alone = PromptSoftmax(painted_model, parse_prompts(["water"]), background=False).scorer_of(True)
    assert (alone.norm, alone.slope, alone.offset) == (1.0, 1.0, 0.0)
