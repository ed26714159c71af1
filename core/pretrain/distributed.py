"""Several processes train one model: PyTorch's DDP and FSDP behind one small interface, started by ``torchrun``.

The batch of a recipe is that of all processes together, so that a run gives the same numbers on one device or many.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.parallel import DistributedDataParallel

from core.errors import OutputError, TrainingError
from core.pretrain.batch import Share
from core.pretrain.training_step import TrainingStep

Engine = Literal["none", "ddp", "fsdp"]
FACTS = "facts.json"
LONGEST_WAIT = timedelta(hours=2)
"""The first process validates while the others wait."""
ENGINES: tuple[Engine, ...] = ("none", "ddp", "fsdp")


@dataclass(frozen=True)
class Processes:
    """The processes of a run and this one's place among them.

    Attributes:
        share: this process's number and how many there are.
        device: where this one computes.
        engine: "none" for a single process, "ddp" for a whole model in each, "fsdp" for a part of it in each.
    """

    share: Share = Share()  # noqa: RUF009 - immutable
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - immutable
    engine: Engine = "none"

    @property
    def first(self) -> bool:
        """Whether this process reports and writes."""
        return self.share.rank == 0

    def wrap(self, step: TrainingStep) -> nn.Module:
        """Wrap a training step in the engine; FSDP replaces its parameters by this process's shard.

        Raises:
            TrainingError: the model cannot be trained by several processes.
        """
        if self.engine == "none":
            return step
        if step.model.visual.trunk.sees_whole_batches:
            raise TrainingError(
                "A model with a spectral stem trains in one process: its norms must see the whole batch.",
                hint="Leave out torchrun, or train a model with the plain patch embedding.",
            )
        if self.engine == "ddp":
            ours = [f"model.{name}" for name in _whole_parameters(step.model)]
            DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(step, ours)
            devices = [self.device] if self.device.type == "cuda" else None
            return DistributedDataParallel(step, device_ids=devices, find_unused_parameters=True)
        # FSDP divides no other layout.
        step.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        for block in step.model.visual.trunk.blocks:
            fully_shard(block)
        fully_shard(step, ignored_params=set(_whole_parameters(step.model).values()))
        return step

    def last_pass_only(self, step: nn.Module, last: bool) -> AbstractContextManager[None]:
        """Reduce gradients among processes in the last backward pass of a step only."""
        if isinstance(step, DistributedDataParallel):
            return nullcontext() if last else step.no_sync()
        if isinstance(step, FSDPModule):
            step.set_requires_gradient_sync(last)
        return nullcontext()

    def average_single_numbers(self, model: nn.Module) -> None:
        """Average the gradients of the similarity's scale and bias, which are left out of both engines.

        FSDP cannot divide a single number, and accumulated steps use them outside the forward pass DDP watches.
        """
        if self.engine == "none":
            return
        for parameter in _whole_parameters(model).values():
            if parameter.requires_grad:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                dist.all_reduce(parameter.grad)
                parameter.grad /= self.share.count

    def mean(self, losses: Mapping[str, Tensor]) -> dict[str, float]:
        """Average losses, which every process has under the same names, over the processes."""
        if not losses:
            return {}
        values = torch.stack([value.detach().float() for value in losses.values()])
        if self.engine != "none":
            dist.all_reduce(values)
            values /= self.share.count
        return dict(zip(losses, values.tolist(), strict=True))

    def agree(self, *flags: bool) -> tuple[bool, ...]:
        """Returns the logical OR of flags over all processes, so that all act at the same step."""
        if self.engine == "none":
            return flags
        votes = torch.tensor([float(flag) for flag in flags], device=self.device)
        dist.all_reduce(votes)
        return tuple(vote > 0 for vote in votes.tolist())

    def wait(self) -> None:
        """Wait for the other processes."""
        if self.engine != "none":
            dist.barrier()


ALONE = Processes()


@contextmanager
def processes(engine: Engine, device: torch.device | None = None) -> Iterator[Processes]:
    """Join the other processes that ``torchrun`` started; without it, a single process.

    Args:
        engine: "none" takes "ddp" where torchrun started several.
        device: where to compute; None for one GPU a process where there are GPUs.

    Raises:
        TrainingError: FSDP was requested without torchrun.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    started = "RANK" in os.environ
    if engine != "none" and not started:
        raise TrainingError(
            f"The engine {engine} needs several processes.",
            hint="Start with torchrun --nproc-per-node N -m core.train ....",
        )
    if engine == "none" and count == 1:
        yield Processes(device=device or _own_device(0))
        return
    device = device or _own_device(int(os.environ["LOCAL_RANK"]))
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=LONGEST_WAIT)
    try:
        yield Processes(Share(dist.get_rank(), count), device, "ddp" if engine == "none" else engine)
    finally:
        dist.destroy_process_group()


def _own_device(number: int) -> torch.device:
    return torch.device("cuda", number) if torch.cuda.is_available() else torch.device("cpu")


def save_sharded(tensors: dict[str, Any], facts: Mapping[str, Any], folder: Path, processes: Processes) -> None:
    """Write a checkpoint with a part of every process; the folder appears when it is complete.

    Args:
        tensors: state dicts, alike in every process.
        facts: what is not a tensor, as JSON can hold it.
        folder: of the checkpoint.
        processes: those that write.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    partial = folder.with_suffix(".partial")
    if processes.first and partial.exists():
        shutil.rmtree(partial)
    processes.wait()
    try:
        dcp.save(tensors, storage_writer=dcp.FileSystemWriter(partial))
        if processes.first:
            (partial / FACTS).write_text(json.dumps(facts), encoding="utf-8")
            before = folder.with_suffix(".before")
            if folder.exists():
                shutil.rmtree(before, ignore_errors=True)
                os.replace(folder, before)
            os.replace(partial, folder)
            shutil.rmtree(before, ignore_errors=True)
    except (OSError, RuntimeError, CheckpointException) as problem:
        raise OutputError(f"The checkpoint {folder} cannot be written.", hint="Free some disk space.") from problem
    processes.wait()


def find_sharded(folder: Path) -> Path | None:
    """Where a sharded checkpoint is: in its folder, or in the one before if a save was stopped between the two."""
    places = (folder, folder.with_suffix(".before"))
    return next((place for place in places if (place / FACTS).exists()), None)


def load_sharded(tensors: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Fill state dicts in place from a checkpoint written by any number of processes; returns its facts.

    Raises:
        TrainingError: it is damaged or of another model.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        dcp.load(tensors, storage_reader=dcp.FileSystemReader(folder), no_dist=not dist.is_initialized())
    except (OSError, RuntimeError, ValueError, KeyError, CheckpointException) as problem:
        raise TrainingError(
            f"The checkpoint {folder} is damaged or of another model.", hint="Delete it to start over."
        ) from problem
    return facts


def _whole_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Returns the parameters that are not sharded: the locked text tower, which runs outside the step, and scalars."""
    return {name: value for name, value in model.named_parameters() if name.startswith("text.") or value.ndim == 0}
