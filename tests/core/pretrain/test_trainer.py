"""Training learns, keeps its state, and goes on to the same numbers."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from core.cli.train import start_model
from core.context import Context
from core.datasets.chips import read_chips
from core.errors import CancelledError, TrainingError
from core.evaluate.zero_shot import zero_shot_classification
from core.model.weight_files import save_model
from core.pretrain.trainer import Trainer


def trained(recipe, folder, context=None, until=None):
    torch.manual_seed(recipe.seed)
    trainer = Trainer(start_model(recipe), recipe, folder)
    trainer.run(context, until)
    return trainer


def test_a_stopped_and_resumed_run_ends_at_the_same_weights(recipe, tmp_path):
    straight = trained(recipe, tmp_path / "straight")
    trained(recipe, tmp_path / "halves", until=5)
    resumed = trained(recipe, tmp_path / "halves")
    assert resumed.step == straight.step == recipe.steps
    for name, value in straight.averaged_state().items():
        assert torch.equal(value, resumed.averaged_state()[name]), name


def test_it_learns_to_tell_three_colours_by_their_words(recipe, chip_archive, tmp_path):
    longer = dataclasses.replace(recipe, steps=150)
    trainer = trained(longer, tmp_path)
    trainer.model.eval()
    chips = read_chips(chip_archive, 32)
    score = zero_shot_classification(trainer.model, chips, [["forest"], ["sand"], ["water"]])
    assert chips.class_names == ("Forest", "Sand", "Water")
    assert score.top1 > 0.9


def test_only_the_parts_named_learn_and_norms_of_the_others_keep_their_statistics(recipe, tmp_path):
    first = trained(recipe, tmp_path / "first")
    with first.averaged_model() as model:
        save_model(model, tmp_path / "start", {"name": "start"})
    goes_on = dataclasses.replace(
        recipe, start=str(tmp_path / "start"), model={"scene": {"hidden": 16}}, learn=("visual.scene",)
    )
    before = start_model(goes_on).state_dict()
    after = trained(goes_on, tmp_path / "second").averaged_state()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("visual.scene.") for name in changed)


def test_a_part_to_learn_that_the_model_lacks_is_reported(recipe, tmp_path):
    with pytest.raises(TrainingError, match=r"no part visual\.scen that"):
        trained(dataclasses.replace(recipe, learn=("visual.scen",)), tmp_path)


def test_a_cancelled_run_keeps_a_checkpoint_and_goes_on(recipe, tmp_path):
    context = Context()
    context.cancel.cancel()
    with pytest.raises(CancelledError):
        trained(recipe, tmp_path, context)
    assert (tmp_path / "checkpoint.pt").exists()
    assert trained(recipe, tmp_path).step == recipe.steps


def test_results_hold_the_validation_history(recipe, tmp_path):
    trainer = Trainer(start_model(recipe), recipe, tmp_path, validations={"always": lambda model: {"one": 1.0}})
    results = trainer.run()
    assert results["final"] == {"step": recipe.steps, "always/one": 1.0}
    assert json.loads((tmp_path / "results.json").read_text())["final"]["always/one"] == 1.0


def test_a_damaged_checkpoint_is_reported_in_one_line(recipe, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match="damaged"):
        Trainer(start_model(recipe), recipe, tmp_path)


def test_another_seed_does_not_go_on_from_the_checkpoint(recipe, tmp_path):
    trained(recipe, tmp_path, until=2)
    with pytest.raises(TrainingError, match="seed"):
        trained(dataclasses.replace(recipe, seed=6), tmp_path)


def test_a_checkpoint_of_another_model_is_reported_in_one_line(recipe, tmp_path):
    trained(recipe, tmp_path, until=1)
    wider = dataclasses.replace(recipe, model={**recipe.model, "mlp_ratio": 3.0})
    with pytest.raises(TrainingError, match="another model"):
        trained(wider, tmp_path)
