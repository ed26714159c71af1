"""One training step as one module, so that a data-parallel engine sees all of it as a single forward pass."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from core.model.geolangbind import GeoLangBind
from core.pretrain.batch import Batch
from core.pretrain.cross_sensor import pooled_vectors
from core.pretrain.kernel_regularisation import KernelRegularisation
from core.pretrain.objectives import ObjectiveWeights, other_losses, pooled_losses, step_losses
from core.pretrain.siglip import ClassAwareSigLipLoss
from core.pretrain.texts import BatchTexts

AskTeachers = Callable[[Batch], Mapping[str, Tensor]]


class TrainingStep(nn.Module):
    """Model and objectives together.

    Args:
        model: in training mode.
        weights: of the objectives.
        siglip: the loss object, which may exchange texts with other processes.
        kept: kernels to regularise, if any.
    """

    def __init__(
        self,
        model: GeoLangBind,
        weights: ObjectiveWeights,
        siglip: ClassAwareSigLipLoss,
        kept: KernelRegularisation | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.weights = weights
        self.siglip = siglip
        self._kept = kept

    def forward(
        self,
        batches: Sequence[Batch],
        texts: Sequence[BatchTexts] | None = None,
        teachers: Sequence[Mapping[str, Tensor]] = (),
    ) -> list[dict[str, Tensor]]:
        """Returns every batch's losses, weighted; without texts, its pooled vectors and losses of single images."""
        always = {} if self._kept is None else {"kernels": self.weights.kernels * self._kept.moved()}
        if texts is not None:
            losses_of_batches = step_losses(self.model, batches, texts, self.weights, self.siglip, teachers)
            return [losses | always for losses in losses_of_batches]
        encoded = self.model.visual.trunk.forward_groups([(batch.images, batch.wavelengths_um) for batch in batches])
        nothing = BatchTexts(torch.zeros(0, 0), torch.zeros(0, 0))
        return [
            {"pooled": pooled_vectors(self.model, of_batch)}
            | other_losses(self.model, batch, of_batch, None, nothing, self.weights, asked)
            | always
            for batch, of_batch, asked in zip(batches, encoded, teachers, strict=True)
        ]


def accumulate(
    step: nn.Module,
    batch: Batch,
    texts: BatchTexts,
    ask_teachers: AskTeachers,
    parts: int,
    seed: int,
    autocast: AbstractContextManager[object],
    exchange: Callable[[bool], AbstractContextManager[object]],
    share: float = 1.0,
) -> dict[str, Tensor]:
    """Run one step over a batch that does not fit into memory at once, every image still contrasted with every text.

    All parts are encoded first without gradients; the gradient of the whole batch's loss by each
    pooled vector is computed; each part is encoded again and gets that gradient (Gao et al. 2021, "Scaling deep
    contrastive learning batch size under memory limited setup"). The gradient is that of the whole batch.

    Args:
        step: a TrainingStep, bare or inside a data-parallel engine.
        batch: this process's share.
        texts: its words as vectors.
        ask_teachers: returns the teachers' features of a part.
        parts: into how many parts to divide it.
        seed: of stochastic depth, which must drop the same layers both times.
        autocast: precision of the forward passes.
        exchange: context of a part; its argument is whether it is the last, after which gradients are reduced.
        share: weight of the batch.

    Returns:
        The losses of the whole batch by objective.
    """
    module = next(part for part in step.modules() if isinstance(part, TrainingStep))
    model = module.model
    bounds = [len(batch.images) * number // parts for number in range(parts + 1)]
    chunks = [batch.part(slice(low, high)) for low, high in itertools.pairwise(bounds) if high > low]
    pooled = []
    for number, chunk in enumerate(chunks):
        torch.manual_seed(seed + number)
        with torch.no_grad(), autocast:
            pooled.append(step([chunk], None, [{}])[0]["pooled"])
    leaves = [torch.cat(pooled), model.logit_scale.detach().clone(), model.logit_bias.detach().clone()]
    leaves = [leaf.requires_grad_() for leaf in leaves]
    losses = pooled_losses(leaves[0], leaves[1].exp(), leaves[2], batch, texts, module.weights, module.siglip)
    pulls = torch.autograd.grad(torch.stack(list(losses.values())).sum(), leaves)
    losses = {name: value.detach() for name, value in losses.items()}
    for number, (chunk, pull) in enumerate(zip(chunks, pulls[0].split([len(part) for part in pooled]), strict=True)):
        last = number + 1 == len(chunks)
        torch.manual_seed(seed + number)
        with exchange(last):
            with autocast:
                given = dict(step([chunk], None, [ask_teachers(chunk)])[0])
            total = (given.pop("pooled") * pull).sum()
            for name, value in given.items():
                of_batch = value * (len(chunk.images) / len(batch.images))
                losses[name] = losses.get(name, torch.zeros_like(of_batch.detach())) + of_batch.detach()
                total = total + of_batch
            if last:
                total = total + model.logit_scale * pulls[1] + model.logit_bias * pulls[2]
            (share * total).backward()  # type: ignore[no-untyped-call]
    return losses
