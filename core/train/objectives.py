"""What is asked of the model on one batch: pooled and dense alignment with text, agreement across sensors, teachers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from open_clip.loss import SigLipLoss
from torch import Tensor

from core.model.dense_decoder import DenseDecoder
from core.model.geolangbind import GeoLangBind
from core.model.trunk import Pyramid
from core.train.batch import Batch
from core.train.wording import AGREE, UNDECIDED

PIXELS_ASKED = 3000
"""Labelled pixels of a batch that are judged, drawn anew at every step."""
WORDING_SHARE = 0.35
"""How much of a contest is between single wordings rather than between the means of all wordings of a class."""


@dataclass(frozen=True)
class BatchTexts:
    """The words of a batch as unit vectors.

    Attributes:
        means: (classes, D), each the mean over all wordings of a class.
        drawn: (N, D), the batch's own wordings: one a class, then distractors.
        captions: (B, D), each image's own text, where the batch has captions in place of classes.
    """

    means: Tensor
    drawn: Tensor
    captions: Tensor | None = None

    @property
    def all(self) -> Tensor:
        """Means, then drawn texts (classes + N, D)."""
        return torch.cat([self.means, self.drawn])


@dataclass(frozen=True)
class ObjectiveWeights:
    """How much each objective counts.

    Attributes:
        siglip: sigmoid loss of pooled vectors against one text an image.
        contest: softmax of pooled vectors over the classes of the source.
        dense: softmax of dense features over classes and distractors, per labelled pixel.
        dense_sigmoid: the same pixels, each text judged alone.
        pairs: cosine distance between the features of two band sets of the same ground.
        teachers: knowledge agglomeration through the MaKA translators.
    """

    siglip: float = 1.0
    contest: float = 1.0
    dense: float = 1.0
    dense_sigmoid: float = 0.3
    pairs: float = 1.0
    teachers: float = 0.1


class ClassAwareSigLipLoss(SigLipLoss):
    """open_clip's sigmoid loss, told which texts say the same, in this process's share of the batch and in the others'.

    Captions made from class names repeat within a batch; taking the repeats for negatives would punish right answers.

    Args:
        rank: number of this process.
        world_size: processes that share a batch; texts go round among them as open_clip sends them.
    """

    def __init__(self, rank: int = 0, world_size: int = 1) -> None:
        super().__init__(rank=rank, world_size=world_size, dist_impl="shift")
        self._agreement: Iterator[Tensor] = iter(())

    def tell(self, texts: Tensor) -> None:
        """Say which text each image of the coming batch has, as numbers (B,) int64 that are equal for equal texts."""
        everywhere = [texts]
        if self.world_size > 1:
            gathered = [torch.empty_like(texts) for _ in range(self.world_size)]
            torch.distributed.all_gather(gathered, texts)
            # The shift hands on the texts of the process to the left, then of the one beyond it, and so on.
            everywhere = [gathered[(self.rank - step) % self.world_size] for step in range(self.world_size)]
        self._agreement = iter([texts[:, None] == others[None, :] for others in everywhere])

    def get_ground_truth(
        self, device: torch.device, dtype: torch.dtype, num_logits: int, negative_only: bool = False
    ) -> Tensor:
        """Give +1 where image and text agree and -1 elsewhere, (N, N), for one process's texts after another's."""
        same = next(self._agreement, None)
        if same is None:
            return super().get_ground_truth(device, dtype, num_logits, negative_only)
        return same.to(device, dtype) * 2 - 1


def caption_numbers(captions: Sequence[str]) -> Tensor:
    """Number captions so that equal ones have equal numbers in every process: (B,) int64."""
    digests = [hashlib.blake2b(caption.encode(), digest_size=8).digest() for caption in captions]
    return torch.tensor([int.from_bytes(digest, "little", signed=True) for digest in digests])


def dense_cosines(decoder: DenseDecoder, bottleneck: Tensor, texts: Tensor) -> Tensor:
    """Give cosines between dense features and texts without forming the features.

    With features W z + b, the dot product with a text t is (Wᵀ t)·z + b·t and the squared norm is
    zᵀ WᵀW z + 2 bᵀW z + b·b.

    Args:
        decoder: whose ``project`` is W, b.
        bottleneck: z (P, K), one row a pixel.
        texts: unit vectors (N, D).

    Returns:
        (P, N) cosines in float32.
    """
    with torch.autocast(bottleneck.device.type, enabled=False):
        weight = decoder.project.weight[:, :, 0, 0].float()
        bias = decoder.project.bias
        assert bias is not None
        bias, z = bias.float(), bottleneck.float()
        dots = z @ (texts @ weight).T + texts @ bias
        norms = (z * (z @ (weight.T @ weight))).sum(1, keepdim=True) + 2 * (z @ (bias @ weight))[:, None] + bias @ bias
        return dots / norms.clamp_min(1e-6).sqrt()


def step_losses(
    model: GeoLangBind,
    batches: Sequence[Batch],
    texts: Sequence[BatchTexts],
    weights: ObjectiveWeights,
    siglip: ClassAwareSigLipLoss,
    teachers: Sequence[Mapping[str, Tensor]],
) -> list[dict[str, Tensor]]:
    """Run the model once over all batches of a step and give every objective each allows, already weighted.

    Args:
        model: in training mode.
        batches: images and what is known of them.
        texts: each batch's words as vectors.
        weights: of the objectives; 0 leaves one out.
        siglip: the loss object, which may hold a process group.
        teachers: for each batch, features (B, grid², channels) by translator name; may be empty.

    Returns:
        For each batch its losses by objective.
    """
    encoded = model.visual.trunk.forward_groups([(batch.images, batch.wavelengths_um) for batch in batches])
    bottlenecks = _bottlenecks(model, batches, encoded)
    return [
        _batch_losses(model, batch, tokens, bottlenecks.get(number), texts[number], weights, siglip, teachers[number])
        for number, (batch, (tokens, _)) in enumerate(zip(batches, encoded, strict=True))
    ]


def _bottlenecks(
    model: GeoLangBind, batches: Sequence[Batch], encoded: Sequence[tuple[Tensor, Pyramid]]
) -> dict[int, Tensor]:
    """Decode the batches that ask something of pixels, by their place in the step."""
    dense = model.dense
    wanted = [
        number
        for number, batch in enumerate(batches)
        if isinstance(dense, DenseDecoder) and (batch.labels is not None or batch.teacher_images is not None)
    ]
    if not isinstance(dense, DenseDecoder) or not wanted:
        return {}
    return dict(zip(wanted, dense.bottleneck_groups([encoded[number] for number in wanted]), strict=True))


def _batch_losses(
    model: GeoLangBind,
    batch: Batch,
    tokens: Tensor,
    bottleneck: Tensor | None,
    texts: BatchTexts,
    weights: ObjectiveWeights,
    siglip: ClassAwareSigLipLoss,
    teachers: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    losses: dict[str, Tensor] = {}
    if batch.targets is not None or batch.captions is not None:
        pooled = pooled_vectors(model, tokens)
        losses |= pooled_losses(pooled, model.logit_scale.exp(), model.logit_bias, batch, texts, weights, siglip)
    return losses | other_losses(model, batch, tokens, bottleneck, texts, weights, teachers)


def pooled_vectors(model: GeoLangBind, tokens: Tensor) -> Tensor:
    """Give unit vectors (B, D) float32 of whole images, from tokens (B, width, h, w)."""
    return F.normalize(model.visual.head(model.visual.trunk.pool(tokens)).float(), dim=-1)


def pooled_losses(
    pooled: Tensor,
    scale: Tensor,
    bias: Tensor,
    batch: Batch,
    texts: BatchTexts,
    weights: ObjectiveWeights,
    siglip: ClassAwareSigLipLoss,
) -> dict[str, Tensor]:
    """Judge whole images against the batch's texts: against captions by the sigmoid loss alone, as published.

    Args:
        pooled: unit vectors (B, D).
        scale: of the similarity.
        bias: of the similarity.
        batch: what is known of the images.
        texts: its words as vectors.
        weights: of the objectives.
        siglip: the loss object.
    """
    if batch.captions is not None and texts.captions is not None:
        siglip.tell(caption_numbers(batch.captions).to(pooled.device))
        return {"siglip": weights.siglip * siglip(pooled, texts.captions, scale, bias)}
    if batch.targets is None:
        return {}
    siglip.tell(batch.targets)
    logits = scale * pooled @ texts.all.T
    contest = _both_contests(logits, texts, _agreement(batch, pooled.device), batch.targets)
    return {
        "siglip": weights.siglip * siglip(pooled, texts.drawn[batch.targets], scale, bias),
        "contest": weights.contest * contest,
    }


def other_losses(
    model: GeoLangBind,
    batch: Batch,
    tokens: Tensor,
    bottleneck: Tensor | None,
    texts: BatchTexts,
    weights: ObjectiveWeights,
    teachers: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Judge what is asked of pixels, pairs and teachers; each image by itself, unlike ``pooled_losses``."""
    losses: dict[str, Tensor] = {}
    if bottleneck is not None and batch.labels is not None:
        agreement = _agreement(batch, tokens.device)
        losses |= _dense_losses(model, bottleneck, batch.labels, texts, agreement, weights)
    if bottleneck is not None and batch.teacher_images is not None and batch.teacher_wavelengths_um is not None:
        wanted = _features_as_used(model, batch.teacher_images, batch.teacher_wavelengths_um)
        given = _features(model, tokens, bottleneck)
        apart = [(1 - (one * other).sum(1)).mean() for one, other in zip(given, wanted, strict=True)]
        losses["pairs"] = weights.pairs * torch.stack(apart).sum()
    if teachers:
        from core.model.distillation import agglomeration_loss

        translated = model.translate(tokens, batch.wavelengths_um)
        losses["teachers"] = weights.teachers * agglomeration_loss(
            {name: translated[name].float() for name in teachers}, dict(teachers)
        )
    return losses


def _agreement(batch: Batch, device: torch.device) -> Tensor:
    """Give which of the batch's texts agree with which class, (classes, texts)."""
    return torch.from_numpy(batch.words.agreement).to(device) if batch.words is not None else torch.zeros(0, 0)


def _features(model: GeoLangBind, tokens: Tensor, bottleneck: Tensor) -> tuple[Tensor, Tensor]:
    """Give unit vectors of pixels (B, D, h, w) and of whole images (B, D)."""
    assert isinstance(model.dense, DenseDecoder)
    dense = F.normalize(model.dense.project(bottleneck).float(), dim=1)
    return dense, pooled_vectors(model, tokens)


@torch.no_grad()
def _features_as_used(model: GeoLangBind, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Tensor]:
    """Give what the model says of images in use: with running statistics and every layer."""
    assert isinstance(model.dense, DenseDecoder)
    model.eval()
    try:
        tokens, pyramid = model.visual.trunk.forward_pyramid(images, wavelengths_um)
        return _features(model, tokens, model.dense.bottleneck(tokens, pyramid))
    finally:
        model.train()


def _both_contests(logits: Tensor, texts: BatchTexts, drawn: Tensor, classes: Tensor) -> Tensor:
    """Hold the contest between class means, which learns fast, and between single wordings, which keeps words apart.

    Measured over the first 60 steps on EuroSAT: single wordings alone reach an accuracy of 0.35, one fixed text a class
    0.48.

    Args:
        logits: (P, classes + N) against ``texts.all``.
        texts: the batch's words.
        drawn: (classes, N) agreement of the drawn texts.
        classes: (P,) class of each item.
    """
    count = len(texts.means)
    means = drawn[:, :count].clone()
    means[means == AGREE] = UNDECIDED
    means.fill_diagonal_(AGREE)
    against_means = torch.cat([logits[:, :count], logits[:, 2 * count :]], dim=1)
    agreement = torch.cat([means, drawn[:, count:]], dim=1)
    steady = contest_loss(against_means, agreement[classes])
    return (1 - WORDING_SHARE) * steady + WORDING_SHARE * contest_loss(logits[:, count:], drawn[classes])


def contest_loss(logits: Tensor, agreement: Tensor, smoothing: float = 0.05) -> Tensor:
    """Ask that the texts that agree win against those that do not.

    Args:
        logits: (P, N) similarity of each item to each text.
        agreement: (P, N) of AGREE, DISAGREE, UNDECIDED; undecided texts take no part.
        smoothing: share of the wish that is spread over all texts taking part.

    Returns:
        Scalar mean over items.
    """
    out = torch.finfo(logits.dtype).min
    taking_part = agreement != UNDECIDED
    logs = F.log_softmax(logits.masked_fill(~taking_part, out), dim=1)
    right = torch.logsumexp(logs.masked_fill(agreement != AGREE, out), dim=1)
    spread = logs.masked_fill(~taking_part, 0.0).sum(1) / taking_part.sum(1)
    return -((1 - smoothing) * right + smoothing * spread).mean()


def _dense_losses(
    model: GeoLangBind,
    bottleneck: Tensor,
    labels: Tensor,
    texts: BatchTexts,
    agreement: Tensor,
    weights: ObjectiveWeights,
) -> dict[str, Tensor]:
    """Judge every labelled feature: a contest between texts, and each text alone."""
    dense = model.dense
    assert isinstance(dense, DenseDecoder)
    at_features = labels[:, dense.stride // 2 :: dense.stride, dense.stride // 2 :: dense.stride].flatten()
    known = torch.nonzero(at_features >= 0)[:, 0]
    if not len(known):
        return {}
    # Neighbours say much the same: a sample costs a fraction.
    asked = known[torch.randperm(len(known))[:PIXELS_ASKED]]
    pixels = bottleneck.permute(0, 2, 3, 1).flatten(0, 2)[asked]
    logits = model.logit_scale.exp() * dense_cosines(dense, pixels, texts.all)
    classes = at_features[asked]
    truth = agreement[classes]
    drawn = logits[:, len(texts.means) :]
    alone = F.binary_cross_entropy_with_logits(drawn + model.logit_bias, (truth == AGREE).float(), reduction="none")
    return {
        "dense": weights.dense * _both_contests(logits, texts, agreement, classes),
        "dense_sigmoid": weights.dense_sigmoid * (alone * (truth != UNDECIDED)).sum(1).mean(),
    }
