"""Objectives of one training step: pooled and dense alignment with text, cross-sensor agreement, teachers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.model.dense_decoder import Decoder
from core.model.distillation import agglomeration_loss
from core.model.geolangbind import GeoLangBind
from core.pretrain.batch import Batch
from core.pretrain.contrastive import agreement_of, class_and_text_contrastive_loss
from core.pretrain.cross_sensor import Encoded, pair_loss, pooled_vectors
from core.pretrain.dense_losses import dense_losses
from core.pretrain.mimicry import mimicry_loss
from core.pretrain.siglip import ClassAwareSigLipLoss, caption_numbers
from core.pretrain.texts import BatchTexts


@dataclass(frozen=True)
class ObjectiveWeights:
    """Weights of the objectives.

    Attributes:
        siglip: sigmoid loss of pooled vectors against one text an image.
        contrastive: softmax of pooled vectors over the classes of the source.
        dense: softmax of dense features over classes and distractors, per labelled pixel.
        dense_sigmoid: the same pixels, each text alone.
        prompts: the same pixels, each text against the background vocabulary, as ``core highlight`` scores a prompt.
        own_absent: share of the weight of absent prompts in ``prompts`` that the source's own classes take; 0 for no
            difference between them and distractors.
        pairs: cosine distance between the features of two band sets of the same ground.
        teachers: knowledge agglomeration through the MaKA translators.
        mimicry: cosine distance of image and cell vectors to those of a teacher with the same text tower.
        kernels: squared change of the kernels of the recipe's ``keep_kernels``; part of every step.
    """

    siglip: float = 1.0
    contrastive: float = 1.0
    dense: float = 1.0
    dense_sigmoid: float = 0.3
    prompts: float = 0.0
    own_absent: float = 0.0
    pairs: float = 1.0
    teachers: float = 0.1
    mimicry: float = 1.0
    kernels: float = 30.0


def step_losses(
    model: GeoLangBind,
    batches: Sequence[Batch],
    texts: Sequence[BatchTexts],
    weights: ObjectiveWeights,
    siglip: ClassAwareSigLipLoss,
    teachers: Sequence[Mapping[str, Tensor]],
) -> list[dict[str, Tensor]]:
    """Run the model once over all batches of a step and return the weighted objectives of each.

    Args:
        model: in training mode.
        batches: images with annotations.
        texts: each batch's words as vectors.
        weights: of the objectives; 0 leaves one out.
        siglip: the loss object, which may hold a process group.
        teachers: for each batch, features (B, grid², channels) by translator name; may be empty.

    Returns:
        For each batch its losses by objective.
    """
    encoded = model.visual.trunk.forward_groups([(batch.images, batch.wavelengths_um) for batch in batches])
    bottlenecks = _bottlenecks(model, batches, encoded, teachers)
    return [
        _batch_losses(model, batch, given, bottlenecks.get(number), texts[number], weights, siglip, teachers[number])
        for number, (batch, given) in enumerate(zip(batches, encoded, strict=True))
    ]


def _bottlenecks(
    model: GeoLangBind,
    batches: Sequence[Batch],
    encoded: Sequence[Encoded],
    teachers: Sequence[Mapping[str, Tensor]],
) -> dict[int, Tensor]:
    """Decode the batches that have pixel objectives, by their index in the step."""
    dense = model.dense
    wanted = [
        number
        for number, batch in enumerate(batches)
        if isinstance(dense, Decoder)
        and (batch.labels is not None or batch.teacher_images is not None or _mimicked(model, teachers[number]))
    ]
    if not isinstance(dense, Decoder) or not wanted:
        return {}
    return dict(zip(wanted, dense.bottleneck_groups([encoded[number] for number in wanted]), strict=True))


def _batch_losses(
    model: GeoLangBind,
    batch: Batch,
    encoded: Encoded,
    bottleneck: Tensor | None,
    texts: BatchTexts,
    weights: ObjectiveWeights,
    siglip: ClassAwareSigLipLoss,
    teachers: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    losses: dict[str, Tensor] = {}
    if batch.targets is not None or batch.captions is not None:
        pooled = pooled_vectors(model, encoded)
        losses |= pooled_losses(pooled, model.logit_scale.exp(), model.logit_bias, batch, texts, weights, siglip)
    return losses | other_losses(model, batch, encoded, bottleneck, texts, weights, teachers)


def pooled_losses(
    pooled: Tensor,
    scale: Tensor,
    bias: Tensor,
    batch: Batch,
    texts: BatchTexts,
    weights: ObjectiveWeights,
    siglip: ClassAwareSigLipLoss,
) -> dict[str, Tensor]:
    """Losses of whole images against the batch's texts; for captions the sigmoid loss alone, as published.

    Args:
        pooled: unit vectors (B, D).
        scale: of the similarity.
        bias: of the similarity.
        batch: annotations of the images.
        texts: its words as vectors.
        weights: of the objectives.
        siglip: the loss object.
    """
    if batch.captions is not None and texts.captions is not None:
        siglip.set_texts(caption_numbers(batch.captions).to(pooled.device))
        return {"siglip": weights.siglip * siglip(pooled, texts.captions, scale, bias)}
    if batch.targets is None:
        return {}
    siglip.set_texts(batch.targets)
    logits = scale * pooled @ texts.all.T
    contrastive = class_and_text_contrastive_loss(logits, texts, agreement_of(batch, pooled.device), batch.targets)
    return {
        "siglip": weights.siglip * siglip(pooled, texts.sampled[batch.targets], scale, bias),
        "contrastive": weights.contrastive * contrastive,
    }


def other_losses(
    model: GeoLangBind,
    batch: Batch,
    encoded: Encoded,
    bottleneck: Tensor | None,
    texts: BatchTexts,
    weights: ObjectiveWeights,
    teachers: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Losses of pixels, pairs and teachers, for each image by itself, unlike ``pooled_losses``."""
    losses: dict[str, Tensor] = {}
    if bottleneck is not None and batch.labels is not None:
        agreement = agreement_of(batch, bottleneck.device)
        found = dense_losses(model, bottleneck, batch.labels, texts, agreement, weights.own_absent)
        losses |= {name: getattr(weights, name) * value for name, value in found.items()}
    paired = weights.pairs and batch.teacher_images is not None and batch.teacher_wavelengths_um is not None
    if bottleneck is not None and paired:
        assert batch.teacher_images is not None
        assert batch.teacher_wavelengths_um is not None
        losses["pairs"] = weights.pairs * pair_loss(
            model, encoded, bottleneck, batch.teacher_images, batch.teacher_wavelengths_um
        )
    mimicked = _mimicked(model, teachers)
    translated = model.translate(encoded[0], batch.wavelengths_um, bottleneck) if len(teachers) > len(mimicked) else {}
    compared = {name: features for name, features in teachers.items() if name in translated}
    if compared:
        losses["teachers"] = weights.teachers * agglomeration_loss(
            {name: translated[name].float() for name in compared}, compared
        )
    if mimicked:
        dense = None if bottleneck is None else _decoder(model).project(bottleneck)
        apart = [mimicry_loss(pooled_vectors(model, encoded), dense, features) for features in mimicked.values()]
        losses["mimicry"] = weights.mimicry * torch.stack(apart).sum()
    return losses


def _mimicked(model: GeoLangBind, teachers: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Features of the teachers without a translator, which are in text space already."""
    return {name: features for name, features in teachers.items() if name not in model.translators}


def _decoder(model: GeoLangBind) -> Decoder:
    assert isinstance(model.dense, Decoder)
    return model.dense
