"""Checkpoints from which a training resumes to the same numbers, with any number of processes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict

from core.errors import TrainingError
from core.learning.averaging import WeightAverage
from core.model.geolangbind import GeoLangBind
from core.pretrain.distributed import Processes, find_sharded, load_sharded, save_sharded
from core.pretrain.state import load_state, save_state


@dataclass(frozen=True)
class Checkpoints:
    """Checkpoint of a run: one file, or with FSDP a folder with every process's part.

    Attributes:
        folder: of the run.
        model: as it trains.
        step: the model under its data-parallel engine.
        optimiser: of the same parameters.
        average: of the same parameters.
        processes: those that share the run.
        seed: of the run; a checkpoint of another is refused.
    """

    folder: Path
    model: GeoLangBind
    step: nn.Module
    optimiser: torch.optim.Optimizer
    average: WeightAverage
    processes: Processes
    seed: int

    def save(self, step: int, history: list[dict[str, Any]]) -> None:
        """Write the state of the run after ``step`` steps; all processes must call it.

        Raises:
            OutputError: the disk is full or the folder cannot be written.
        """
        facts = {"step": step, "history": history, "seed": self.seed}
        if self.processes.engine == "fsdp":
            save_sharded(self._tensors(), facts, self._sharded, self.processes)
            if self.processes.first:
                self._file.unlink(missing_ok=True)
            return
        if self.processes.first:
            tensors = {
                "model": self.model.state_dict(),
                "average": self.average.values,
                "optimiser": self.optimiser.state_dict(),
            }
            save_state(facts | tensors, self._file)
            sharded = find_sharded(self._sharded)
            if sharded is not None:  # gone on from, and older than what was just written
                shutil.rmtree(sharded)
        self.processes.wait()

    def load(self) -> tuple[int, list[dict[str, Any]]]:
        """Load the checkpoint, a sharded one on any engine; returns step and history, 0 and [] without one.

        Raises:
            TrainingError: it is damaged, of another model or seed, or this engine cannot read it.
        """
        state: dict[str, Any] | None
        sharded = find_sharded(self._sharded)
        if sharded is not None:
            tensors = self._tensors()
            state = load_sharded(tensors, sharded)
            self._refuse_other_seed(state)
            set_optimizer_state_dict(self.step, self.optimiser, tensors["optimiser"])
        else:
            state = load_state(self._file)
            if state is None:
                return 0, []
            self._refuse_other_seed(state)
            if self.processes.engine == "fsdp":
                raise TrainingError(
                    f"The checkpoint in {self.folder} is of a run that held the whole model in each process.",
                    hint="Go on with --parallel ddp, or name that run as the recipe's start.",
                )
            self._take(state)
        return int(state["step"]), list(state["history"])

    def _take(self, state: Mapping[str, Any]) -> None:
        """Load a checkpoint's tensors into the model and optimiser."""
        try:
            self.model.load_state_dict(state["model"])
            for name, value in state["average"].items():
                self.average.values[name].copy_(value)
            self.optimiser.load_state_dict(state["optimiser"])
        except (KeyError, RuntimeError, ValueError) as problem:
            raise TrainingError(
                f"The checkpoint in {self.folder} is of another model or of an older optimiser.",
                hint="Choose another output folder, or name its weights as the recipe's start.",
            ) from problem

    @property
    def _file(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def _sharded(self) -> Path:
        return self.folder / "checkpoint"

    def _refuse_other_seed(self, state: Mapping[str, Any]) -> None:
        if state["seed"] != self.seed:
            raise TrainingError(
                f"The checkpoint in {self.folder} has seed {state['seed']}, the recipe {self.seed}.",
                hint="Choose another output folder or the same seed.",
            )

    def _tensors(self) -> dict[str, Any]:
        """The state in a sharded checkpoint; tensors of the model and the average are read in place."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.values,
            "optimiser": get_optimizer_state_dict(self.step, self.optimiser),
        }
