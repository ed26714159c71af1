"""The loss on the score of a prompt."""

from __future__ import annotations

import torch

from core.model.geolangbind import create_model
from core.pretrain.prompt_losses import prompt_loss
from core.pretrain.prompt_templates import AGREE, DISAGREE, UNDECIDED
from core.tasks.scoring import OddsAgainstBackground

CONFIG = {"image_size": 32, "patch_size": 8, "width": 16, "layers": 1, "heads": 2, "mlp_ratio": 2.0}


def test_it_is_the_cross_entropy_of_the_score_that_highlight_shows():
    torch.manual_seed(0)
    model = create_model(CONFIG)
    own, background = torch.rand(5, 1) - 0.5, torch.rand(5, 3) - 0.5
    temperature = float(model.logit_scale.exp())
    scorer = OddsAgainstBackground(own=((0,),), weights=torch.zeros(1, 1), temperature=temperature, bias=None)
    log_odds = scorer(own.T, torch.logsumexp(temperature * background, 1))[0]
    everything = torch.ones(1, 3)
    true = prompt_loss(model, own, background, everything, torch.full((5, 1), AGREE))
    absent = prompt_loss(model, own, background, everything, torch.full((5, 1), DISAGREE))
    torch.testing.assert_close(true, -torch.nn.functional.logsigmoid(log_odds).mean())
    torch.testing.assert_close(absent, -3 * torch.nn.functional.logsigmoid(-log_odds).mean())
    assert prompt_loss(model, own, background, everything, torch.full((5, 1), UNDECIDED)) == 0


def test_background_words_of_no_weight_do_not_count():
    model = create_model(CONFIG)
    own, background = torch.zeros(1, 1), torch.tensor([[-1.0, 1.0]])
    truth = torch.full((1, 1), AGREE)
    without = prompt_loss(model, own, background, torch.tensor([[1.0, 0.0]]), truth)
    with_it = prompt_loss(model, own, background, torch.tensor([[1.0, 1.0]]), truth)
    assert without < 0.05 < 0.5 < with_it


def test_the_classes_of_a_source_can_have_a_fixed_share_of_the_absent_prompts():
    torch.manual_seed(1)
    model = create_model(CONFIG)
    background, everything = torch.rand(5, 3) - 0.5, torch.ones(9, 3)
    cosines, truth = torch.rand(5, 9) - 0.5, torch.full((5, 9), DISAGREE)
    own = prompt_loss(model, cosines[:, :1], background, everything[:1], truth[:, :1])
    others = prompt_loss(model, cosines[:, 1:], background, everything[1:], truth[:, 1:])
    alike = prompt_loss(model, cosines, background, everything, truth)
    shared = prompt_loss(model, cosines, background, everything, truth, own=1, own_share=0.5)
    torch.testing.assert_close(alike, (own + 8 * others) / 9)
    torch.testing.assert_close(shared, (own + others) / 2)
