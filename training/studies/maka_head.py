"""A small model with a translator into the token space of its own pooling, for the dense head that reads translations.

python -m training.studies.maka_head -o runs/stages/translated

In the published models a SigLIP teacher's tokens are as wide as the student's, and the student starts from SigLIP's
weights: translated tokens can be pooled by the student's own pooling. The same in small: the teacher is the colour
model of the progressive study, trained without teachers; the student starts from its weights and is trained by the
SigLIP loss, the classical teacher and that one.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import torch

from core.cli.console import ProgressLines
from core.cli.train import start_model
from core.context import Context
from core.model.weight_files import save_model
from core.pretrain.recipe import read_recipe
from core.pretrain.recipe_teachers import build_teachers, teacher_features
from core.pretrain.trainer import Trainer

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "stages_colour.yaml"
STEPS = 260


def main() -> None:
    """Train and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", default="runs/stages/seed_4/colour_without_MaKA")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/stages/translated"))
    options = parser.parse_args()
    recipe = dataclasses.replace(
        read_recipe(RECIPE),
        name="stages-translated",
        steps=STEPS,
        start=options.teacher,
        model={},
        teachers={"classical": {}, "colour": {"model": options.teacher}},
    )
    torch.manual_seed(recipe.seed)
    teachers = build_teachers(recipe)
    features = {name: teacher_features(teacher) for name, teacher in teachers.items()}
    trainer = Trainer(start_model(recipe, teachers), recipe, options.output, teachers=features)
    trainer.run(Context(progress=ProgressLines()))
    with trainer.averaged_model() as averaged:
        save_model(averaged, options.output, {"name": recipe.name})


if __name__ == "__main__":
    main()
