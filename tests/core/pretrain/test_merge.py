"""A newcomer is folded into the running model, measured on what was learnt before."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from core.cli.train import main
from core.datasets.shards import ShardSample, write_shard
from core.model import create_model, load_model
from core.model.merging import search_stages
from core.model.weight_files import save_model
from core.pretrain.recipe import parse_recipe
from core.pretrain.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")

SENSORS = {
    "visible": ((0.665, 0.56, 0.49), {"a green forest": (20, 120, 30), "blue water": (20, 40, 180)}),
    "radar": ((5.4, 5.41), {"a bright town": (220, 180), "dark flat water": (20, 10)}),
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory, tiny_config):
    """A model that knows colours, the same trained further on radar alone, and a recipe that validates both."""
    home = tmp_path_factory.mktemp("stages")
    model = {name: value for name, value in tiny_config.items() if name not in ("stem", "dense")}
    rng = np.random.default_rng(0)
    for name, (wavelengths_um, classes) in SENSORS.items():
        samples = [
            ShardSample(f"{n}", noisy(rng, colour), text, wavelengths_um)
            for n, (text, colour) in enumerate(list(classes.items()) * 8)
        ]
        write_shard(home / f"{name}.tar", samples)
    start = None
    for name in SENSORS:
        content = {
            "name": name,
            "steps": 50,
            "model": model,
            "optimiser": {"learning_rate": 4e-3, "warmup_steps": 3, "average": 0.9},
            "sources": {
                name: {"kind": "shards", "settings": {"path": str(home / f"{name}.tar"), "size": 32, "batch": 8}}
            },
        }
        torch.manual_seed(0)
        net = create_model(model)
        if start is not None:
            net.load_state_dict(start)
        trainer = Trainer(net, parse_recipe(content), home / f"run_{name}")
        trainer.run()
        start = trainer.averaged_state()
        with trainer.averaged_model() as averaged:
            save_model(averaged, home / f"model_{name}", {"name": name})
    recipe = home / "both.json"  # JSON is YAML
    validate = {name: {"kind": "shards", "path": str(home / f"{name}.tar"), "size": 32} for name in SENSORS}
    recipe.write_text(
        json.dumps({"name": "v", "steps": 1, "sources": {"none": {"kind": "shards"}}, "validate": validate})
    )
    return home


def noisy(rng, colour):
    return np.clip(rng.normal(colour, 10, (16, 16, len(colour))), 0, 255).astype(np.uint8)


def merged(stages, name, *options):
    models = [str(stages / "model_visible"), str(stages / "model_radar")]
    return main(["merge", *models, "-o", str(stages / name), "--json", *options])


def test_a_merged_model_is_between_the_two_and_reports_what_it_cost(stages, capsys):
    assert merged(stages, "half", "--alpha", "0.25", "--validate", str(stages / "both.json")) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["before"]["visible"] == 1.0
    assert report["newcomer"]["radar"] == 1.0
    parts = [
        load_model(stages / name, device="cpu", dtype="float32") for name in ("model_visible", "model_radar", "half")
    ]
    old, new, mixed = (part.state_dict()["visual.head.weight"] for part in parts)
    torch.testing.assert_close(mixed, 0.75 * old + 0.25 * new, atol=1e-3, rtol=1e-2)  # stored in float16
    card = json.loads((stages / "half" / "card.json").read_text())
    assert card["merged_from"][1]["figures"]["radar"] == 1.0
    assert card["coefficients"]["early"] == 0.25


def test_the_searched_coefficient_keeps_the_old_and_takes_the_new(stages, capsys):
    assert merged(stages, "searched", "--search", str(stages / "both.json")) == 0
    report = json.loads(capsys.readouterr().out)
    best = max(report["tried"].values())
    assert best == pytest.approx(report["tried"][str(report["coefficient"])])
    assert best >= max(report["tried"]["0.0"], report["tried"]["1.0"])
    assert sum(report["merged"].values()) >= max(sum(report["before"].values()), sum(report["newcomer"].values()))


def test_a_search_maximises_the_geometric_mean_of_the_figures(stages, capsys):
    assert merged(stages, "searched_again", "--search", str(stages / "both.json")) == 0
    report = json.loads(capsys.readouterr().out)
    for coefficient, figures in (("0.0", report["before"]), ("1.0", report["newcomer"])):
        product = np.prod([max(value, 0.01) for value in figures.values()])
        assert report["tried"][coefficient] == pytest.approx(product ** (1 / len(figures)))


def test_stages_take_shares_given_by_hand(stages, capsys):
    assert merged(stages, "staged", "--alpha", "0", "--stage", "embedding=1") == 0
    report = {stage["stage"]: stage["coefficient"] for stage in json.loads(capsys.readouterr().out)["stages"]}
    assert report["embedding"] == 1.0
    assert report["early"] == 0.0


def test_a_stage_that_only_does_harm_is_left_as_it_was():
    base = {"visual.trunk.pos_embed": torch.ones(2), "visual.trunk.blocks.0.norm1.bias": torch.ones(2)}
    new = {name: 2 * value for name, value in base.items()}

    def score(weights):
        return float(weights["visual.trunk.pos_embed"].sum() - weights["visual.trunk.blocks.0.norm1.bias"].sum())

    assert search_stages(base, new, score, 0.5) == {"embedding": 1.0, "early": 0.0}


def test_translators_of_one_model_alone_are_kept(stages, tiny_config):
    model = {name: value for name, value in tiny_config.items() if name not in ("stem", "dense")}
    translating = create_model({**model, "translators": {"classical": {"grid": 4, "channels": 3}}})
    save_model(translating, stages / "translating", {"name": "translating"})
    assert main(["merge", str(stages / "model_visible"), str(stages / "translating"), "-o", str(stages / "kept")]) == 0
    kept = load_model(stages / "kept", device="cpu", dtype="float32").state_dict()
    name = "translators.classical.conv1.bias"
    torch.testing.assert_close(kept[name], translating.state_dict()[name], atol=1e-3, rtol=1e-3)


def test_mistakes_are_one_line(stages, capsys, tmp_path):
    assert main(["merge", "no-such-model", str(stages / "model_radar"), "-o", str(tmp_path / "x")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    for wrong in (["--alpha", "2"], ["--stage", "late"], ["--stages"]):
        with pytest.raises(SystemExit) as ended:
            merged(stages, "x", *wrong)
        assert ended.value.code == 2
