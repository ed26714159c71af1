"""Objectives reward what they should."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from core.learning.augment import random_affine, random_bands
from core.model.dense_decoder import DenseDecoder
from core.pretrain.contrastive import contrastive_softmax_loss
from core.pretrain.dense_losses import PIXELS_ASKED, dense_cosines, dense_losses, sample_labelled_pixels
from core.pretrain.prompt_templates import AGREE, DISAGREE, UNDECIDED, prompt_templates_of
from core.pretrain.siglip import ClassAwareSigLipLoss
from core.pretrain.texts import BatchTexts


def test_dense_cosines_are_the_cosines_of_the_projected_features():
    torch.manual_seed(0)
    decoder = DenseDecoder(width=16, embed_dim=24, channels=8, fine=4, middle=8)
    narrow = torch.randn(2, 8, 5, 6)
    texts = F.normalize(torch.randn(3, 24), dim=1)
    direct = torch.einsum("bdhw,nd->bhwn", F.normalize(decoder.project(narrow), dim=1), texts).flatten(0, 2)
    pixels = narrow.permute(0, 2, 3, 1).flatten(0, 2)
    torch.testing.assert_close(dense_cosines(decoder, pixels, texts), direct, atol=1e-5, rtol=0)


def test_rare_classes_are_asked_by_the_root_of_their_area():
    torch.manual_seed(0)
    classes = torch.zeros(1_000_000, dtype=torch.int64)
    classes[:10_000] = 2  # a hundredth of the area of class 0, class 1 nowhere
    asked = classes[sample_labelled_pixels(classes)]
    assert len(asked) == PIXELS_ASKED
    share = (asked == 2).float().mean()
    assert abs(share - 0.1 / (0.1 + 0.99**0.5)) < 0.02
    assert len(sample_labelled_pixels(torch.tensor([4, 4, 7]))) == 3


def test_undecided_texts_neither_win_nor_lose():
    agreement = torch.tensor([[AGREE, DISAGREE, UNDECIDED]])
    calm = contrastive_softmax_loss(torch.tensor([[3.0, 1.0, -5.0]]), agreement)
    loud = contrastive_softmax_loss(torch.tensor([[3.0, 1.0, 50.0]]), agreement)
    assert torch.equal(calm, loud)
    assert contrastive_softmax_loss(torch.tensor([[1.0, 3.0, 0.0]]), agreement) > calm


def test_a_repeated_caption_counts_as_right_for_every_image_of_its_class():
    vectors = F.normalize(torch.eye(4)[[0, 0, 1, 2]], dim=1)
    loss = ClassAwareSigLipLoss()
    scale, bias = torch.tensor(20.0), torch.tensor(-10.0)
    unaware = loss(vectors, vectors, scale, bias)
    loss.set_texts(torch.tensor([0, 0, 1, 2]))
    assert loss(vectors, vectors, scale, bias) < unaware


def test_a_word_shared_by_two_classes_is_true_of_both():
    classes = [["water"], ["river", "water"], ["town"]]
    prompts = prompt_templates_of(classes, ["{}"], ["volcano", "town"], frozenset({(0, 2)}))
    drawn = prompts.draw(np.random.default_rng(0), distractors=5)
    assert drawn.texts[0] == "water"
    assert drawn.texts[3:] == ("volcano",)
    assert drawn.agreement[1, 0] == AGREE
    assert drawn.agreement[0, 2] == drawn.agreement[2, 0] == UNDECIDED
    assert drawn.agreement[2, 1] == DISAGREE
    assert set(drawn.agreement[:, 3]) == {DISAGREE}


def test_labels_move_with_the_image():
    image = torch.zeros(1, 1, 40, 40)
    image[:, :, 10:20, 5:30] = 1
    labels = image[:, 0].long()
    rng = np.random.default_rng(3)
    for _ in range(5):
        cut, known = random_affine(image, 24, rng, zoom=(0.7, 1.3), labels=labels)
        inside = known >= 0
        agree = ((cut[:, 0] > 0.5) == (known == 1))[inside].float().mean()
        assert agree > 0.97


def test_random_bands_keep_their_order_and_are_never_none():
    rng = np.random.default_rng(0)
    for _ in range(50):
        bands = random_bands(6, rng, chance=0.8)
        assert bands == sorted(set(bands))
        assert 1 <= len(bands) <= 6


def test_background_pixels_lower_the_words_they_lack_and_take_no_part_in_the_contrastive_loss():
    torch.manual_seed(0)
    decoder = DenseDecoder(width=16, embed_dim=8, channels=8, fine=4, middle=8)
    model = SimpleNamespace(dense=decoder, logit_scale=torch.tensor(3.0), logit_bias=torch.tensor(-10.0))
    words = F.normalize(torch.randn(2, 8), dim=1)
    texts = BatchTexts(means=words, sampled=words)
    agreement = torch.tensor([[AGREE, DISAGREE], [DISAGREE, AGREE], [DISAGREE, UNDECIDED]])
    bottleneck = torch.randn(1, 8, 4, 4, requires_grad=True)
    side = 4 * decoder.stride
    losses = dense_losses(model, bottleneck, torch.full((1, side, side), 2), texts, agreement)
    assert set(losses) == {"dense_sigmoid"}
    (pull,) = torch.autograd.grad(losses["dense_sigmoid"], bottleneck)
    moved = (bottleneck - 0.5 * pull / pull.norm()).detach()
    before, after = (
        dense_cosines(decoder, z.permute(0, 2, 3, 1).flatten(0, 2), words)[:, 0].mean() for z in (bottleneck, moved)
    )
    assert after < before
