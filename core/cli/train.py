"""Command line of training."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import torch

from core.cli import finetune, merge
from core.cli.console import ProgressLines
from core.cli.failures import STOPPED, report_failure
from core.cli.values import count
from core.context import Context
from core.errors import CancelledError, TrainingError
from core.model import create_model, load_model
from core.model.devices import choose_device
from core.model.geolangbind import GeoLangBind
from core.model.teachers import Teacher
from core.model.weight_files import save_model
from core.pretrain.distributed import ALONE, ENGINES, Processes, processes
from core.pretrain.recipe import Recipe, read_recipe
from core.pretrain.recipe_teachers import build_teachers, teacher_features, with_translators
from core.pretrain.shared_words import WORDS, with_words_of, word_weights
from core.pretrain.trainer import Trainer
from core.pretrain.validation import build_validations


def main(arguments: list[str] | None = None) -> int:
    """Run the command and give its exit status: 0 done, 1 bad input, 2 usage, 130 stopped with a checkpoint."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["merge"]:
        return merge.main(arguments[1:])
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.verbose:
        warnings.simplefilter("ignore")
    local = finetune.check(options, parser)
    context = Context() if options.json else Context(progress=ProgressLines())

    def stop(number: int, frame: FrameType | None) -> None:
        context.cancel.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    results: dict[str, object]
    try:
        if local:
            results = finetune.run(options, context)
        else:
            device = None if options.device == "auto" else choose_device(options.device).torch_device
            with processes(options.parallel, device) as together:
                results = train(options.recipe, options.output, context, until=options.until, together=together)
            options.json = options.json and together.first
    except CancelledError:
        kept = "nothing was written" if local else "the checkpoint is kept. Run the same command to go on"
        print(f"Stopped; {kept}.", file=sys.stderr)
        return STOPPED
    except Exception as problem:  # every failure ends as one line
        return report_failure(problem, as_json=options.json, verbose=options.verbose)
    if options.json:
        print(json.dumps(results))
    return 0


def train(
    recipe_path: Path,
    output: Path,
    context: Context | None = None,
    *,
    until: int | None = None,
    together: Processes = ALONE,
    data: Path | None = None,
) -> dict[str, object]:
    """Train by a recipe into a folder with the model, its card, the loss curves and ``results.json``.

    Args:
        recipe_path: YAML file.
        output: folder; a checkpoint there is gone on from.
        context: receives the progress of the first process; a cancelled run keeps a checkpoint.
        until: stop early after this many steps; the model is kept as it is then.
        together: the processes that train, and this one's device.
        data: folder of the data, in place of the recipe's own ``../shared/data``.

    Returns:
        The results; empty where the run stopped early.

    Raises:
        GeoLangBindError: the recipe, its data or the disk do not allow it.
    """
    recipe = read_recipe(recipe_path, data)
    torch.manual_seed(recipe.seed)
    device = together.device
    teachers = build_teachers(recipe, device)
    model = start_model(recipe, teachers, device)
    trainer = Trainer(
        model,
        recipe,
        output,
        validations=build_validations(recipe.validate),
        teachers={name: teacher_features(teacher) for name, teacher in teachers.items()},
        bfloat16=choose_device(str(device)).precision == "bf16",
        processes=together,
    )
    context = context or Context()
    results = trainer.run(context if together.first else context.quiet(), until)
    card = {"name": recipe.name, "title": recipe.name, "figures": results.get("final", {}), **dict(recipe.card)}
    with trainer.averaged_model() as averaged:
        if together.first:
            save_model(averaged, output, card, torch.float16)
    return results


def start_model(
    recipe: Recipe, teachers: Mapping[str, Teacher] | None = None, device: torch.device | None = None
) -> GeoLangBind:
    """Returns the model that a recipe starts from, in float32, with a translator for every teacher.

    Args:
        recipe: names it.
        teachers: by translator name.
        device: where it will train; None for the CPU.

    Raises:
        TrainingError: the recipe has neither a model nor a start.
        ModelError: the start cannot be loaded.
    """
    teachers = teachers or {}
    words = load_model(recipe.words_of, device="cpu", dtype="float32") if recipe.words_of else None
    if recipe.start:
        started = load_model(recipe.start, device="cpu", dtype="float32")
        values = {**started.config.to_json(), **recipe.model}
        model = create_model(with_translators(with_words_of(values, words), teachers, recipe.teachers))
        added = {f"visual.{name}." for name in recipe.model} | {f"{name}." for name in ("translators", *recipe.model)}
        fresh = {name: value for name, value in model.state_dict().items() if name.startswith(tuple(added))}
        kept = started.state_dict()
        if words is not None:  # heads into another text space begin anew, and the words are the other model's
            own = model.state_dict()
            fitting = {name: value for name, value in kept.items() if name in own and own[name].shape == value.shape}
            fresh, kept = own, {name: value for name, value in fitting.items() if not name.startswith(WORDS)}
        model.load_state_dict(fresh | kept)
    elif recipe.model:
        model = create_model(with_translators(with_words_of(recipe.model, words), teachers, recipe.teachers))
    else:
        raise TrainingError("The recipe has neither 'model' nor 'start'.", hint="Give one of them.")
    if words is not None:
        model.load_state_dict({**model.state_dict(), **word_weights(words)})
    for module in model.modules():
        # Measured: the CPU's fused attention is fast forward but takes 40 % of a training step backward.
        if hasattr(module, "fused_attn") and (device is None or device.type == "cpu"):
            module.fused_attn = False  # type: ignore[assignment]
    return model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core.train", description="Train, fine-tune or merge models.")
    parser.epilog = "python -m core.train merge A B -o C merges one model into another; see merge --help."
    parser.add_argument("recipe", type=Path, nargs="?", help="YAML recipe; see training/recipes")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs") / "model", help="folder of the result")
    parser.add_argument(
        "--parallel",
        choices=ENGINES,
        default="none",
        help="with torchrun: ddp holds the whole model in each process, fsdp a part of it (default: ddp)",
    )
    parser.add_argument("--until", type=count, help="stop after this many steps, keeping a checkpoint")
    parser.add_argument("--json", action="store_true", help="print the results as JSON and no progress")
    parser.add_argument("--verbose", action="store_true", help="show tracebacks")
    finetune.add_arguments(parser)
    if os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return parser
