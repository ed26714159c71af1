"""Several processes train as one does: same losses, same weights, checkpoints that any number can go on from."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.datasets.shards import ShardSample, write_shard
from core.errors import TrainingError
from core.model import create_model
from core.pretrain.batch import Share
from core.pretrain.distributed import Processes, processes
from core.pretrain.trainer import Trainer

ROOT = Path(__file__).resolve().parents[3]
STEPS = 4


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_config):
    """Train by the same recipe with some engine on some processes; give the losses of the steps and the weights."""
    home = tmp_path_factory.mktemp("distributed")
    rng = np.random.default_rng(0)
    texts = ["a forest", "a lake", "a town", "a forest"]  # a repeated caption must count as right in any process
    write_shard(
        home / "colours.tar",
        (
            ShardSample(
                f"{number}", rng.integers(256, size=(20, 20, 3), dtype=np.uint8), texts[number % 4], (0.6, 0.5, 0.4)
            )
            for number in range(16)
        ),
    )
    plain = {name: value for name, value in tiny_config.items() if name not in ("stem", "dense")}

    def train(name, count, engine="none", until=None, **changes):
        folder = home / name
        folder.mkdir(exist_ok=True)
        recipe = {
            "name": "toy",
            "steps": STEPS,
            "seed": 3,
            "model": {**plain, "layers": 2},
            "optimiser": {"learning_rate": 1e-3, "warmup_steps": 1},
            "sources": {
                "colours": {
                    "kind": "shards",
                    "settings": {"path": str(home / "colours.tar"), "size": 32, "batch": 8},
                }
            },
            **changes,
        }
        (folder / "recipe.json").write_text(json.dumps(recipe))
        program = [str(ROOT / "tests/core/pretrain/two_processes.py"), str(folder / "recipe.json"), str(folder), engine]
        launcher = [sys.executable]
        if count > 1 or engine != "none":
            launcher += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [*launcher, *program, *([str(until)] if until else [])],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        losses = json.loads((folder / "losses.json").read_text())
        return losses, torch.load(folder / "averaged.pt", weights_only=True)

    return train


@pytest.fixture(scope="module")
def alone(run):
    return run("alone", 1)


def assert_same(one, other):
    for mine, theirs in zip(one[0], other[0], strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)
    for name, value in one[1].items():
        torch.testing.assert_close(other[1][name], value, atol=1e-4, rtol=1e-3, msg=name)


def test_two_processes_of_ddp_give_the_losses_of_one(run, alone):
    assert len(alone[0]) == STEPS
    assert_same(alone, run("ddp", 2, "ddp"))


def test_accumulating_in_two_processes_keeps_the_contrastive_batch(run, alone):
    assert_same(alone, run("accumulated", 2, "ddp", accumulate=2))


def test_a_sharded_run_goes_on_with_another_number_of_processes(run, alone):
    first, _ = run("fsdp", 2, "fsdp", until=2, accumulate=2)
    rest, weights = run("fsdp", 1, "none")
    assert_same(alone, (first + rest, weights))


def test_what_cannot_be_divided_is_refused(tiny_config, recipe, tmp_path):
    with pytest.raises(TrainingError, match="torchrun"), processes("fsdp"):
        pass
    several = Processes(Share(0, 2), engine="ddp")
    with pytest.raises(TrainingError, match="spectral stem trains in one process"):
        Trainer(create_model(tiny_config), recipe, tmp_path, processes=several)
    with pytest.raises(TrainingError, match="cannot accumulate"):
        Trainer(create_model(tiny_config), dataclasses.replace(recipe, accumulate=2), tmp_path)
