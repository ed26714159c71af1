"""What torchrun starts in the tests: one process of a training run, or of a single loss."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from core.cli.train import start_model
from core.pretrain.distributed import processes
from core.pretrain.recipe import parse_recipe
from core.pretrain.trainer import Trainer


def main(recipe: Path, folder: Path, engine: str, until: int | None) -> None:
    """Train and leave behind each step's losses and the averaged weights."""
    torch.set_num_threads(1)
    with processes(engine) as together:
        content = json.loads(recipe.read_text())
        torch.manual_seed(1)
        parsed = parse_recipe(content)
        trainer = Trainer(start_model(parsed), parsed, folder, processes=together)
        losses = []
        take_step = trainer.train_step

        def noted(*given: object) -> dict[str, float]:
            losses.append(take_step(*given))
            return losses[-1]

        trainer.train_step = noted
        trainer.run(until=until)
        averaged = trainer.averaged_state()
        if together.first:
            (folder / "losses.json").write_text(json.dumps(losses))
            torch.save(averaged, folder / "averaged.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else None)
