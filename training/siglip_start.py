"""Initial weights of published training: SigLIP's trunk and text tower, and a random patch embedding for any bands.

python -m training.siglip_start dofa-clip-b16-224 open_clip_model.safetensors -o runs/siglip_b16_start

The weights are open_clip's, such as timm/ViT-B-16-SigLIP on the Hugging Face hub; its own patch embedding is left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from core.errors import GeoLangBindError, ModelError
from core.model import create_model
from core.model.config import ModelConfig, read_config
from core.model.weight_files import read_weights, save_model

CONFIGURATIONS = Path(__file__).resolve().parents[1] / "resources" / "models"
FRESH = "visual.trunk.patch_embed."


def main(arguments: list[str] | None = None) -> int:
    """Run the command and give its exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.siglip_start", description=__doc__)
    parser.add_argument("layout", choices=sorted(path.stem for path in CONFIGURATIONS.glob("*.json")))
    parser.add_argument("weights", type=Path, help="SigLIP as open_clip saves it (.safetensors or .bin)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the start")
    parser.add_argument("--seed", type=int, default=0, help="of the fresh patch embedding (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        config = read_config(CONFIGURATIONS / f"{options.layout}.json")
        start_from_siglip(config, options.weights, options.output, options.seed)
    except GeoLangBindError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def start_from_siglip(config: ModelConfig, weights: Path, output: Path, seed: int = 0) -> None:
    """Write the initial model of a configuration.

    Args:
        config: of the layout; translators are left out, training adds those of its teachers.
        weights: SigLIP's.
        output: folder.
        seed: of the random parts.

    Raises:
        ModelError: the weights are not SigLIP's of these sizes.
        OutputError: the folder cannot be written.
    """
    given = {name: value for name, value in read_weights(weights).items() if not name.startswith(FRESH)}
    torch.manual_seed(seed)
    model = create_model(config.with_values(translators=None))
    own = model.state_dict()
    wanted = {name for name in own if not name.startswith(FRESH)}
    shapes = {name for name in wanted & given.keys() if own[name].numel() != given[name].numel()}
    odd = sorted((wanted ^ given.keys()) | shapes)
    if odd:
        raise ModelError(
            f"{weights.name} is not SigLIP of this layout: {len(odd)} parts differ, such as {odd[0]}.",
            hint="Use the open_clip file of the same size, such as timm/ViT-B-16-SigLIP.",
        )
    model.load_state_dict(own | {name: value.reshape(own[name].shape) for name, value in given.items()})
    save_model(model, output, {"name": output.name, "notes": [f"SigLIP from {weights.name}, fresh patch embedding"]})


if __name__ == "__main__":
    sys.exit(main())
