"""Whether a model's files are whole and unchanged, and load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import GeoLangBindError
from core.model.class_head import is_class_head, read_class_head
from core.model.download import matches
from core.model.zoo.listing import locate_model
from core.model.zoo.loading import load_model


@dataclass(frozen=True)
class CheckReport:
    """Problems of a model; empty ``problems`` if there are none."""

    name: str
    findings: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether the model can be used."""
        return not self.problems


def check_model(name: str) -> CheckReport:
    """Look whether a model's files are whole, unchanged and load; its text part is tested too.

    Args:
        name: name from ``list_models``, a weights file, or a folder with one.

    Raises:
        ModelError: no model has this name, and nothing is there.
    """
    card, path = locate_model(name)
    findings, problems = [], []
    if card.path is None or path is None:
        hint = "fetch or import it" if card.address else card.description or "its files are missing"
        return CheckReport(name, (), (f"{name} is not on this computer: {hint}.",))
    for entry in card.details.get("fetched", []):
        file = card.path / entry["name"]
        if Path(entry["name"]).name != entry["name"]:
            problems.append(f"Its card names a file outside its folder: {entry['name']}.")
        elif not file.is_file():
            problems.append(f"{entry['name']} is missing.")
        elif not matches(file, entry["hash"]):
            problems.append(f"{entry['name']} has changed since it was fetched.")
        else:
            findings.append(f"{entry['name']} is unchanged.")
    if not problems:
        try:
            findings += _findings_of_loading(card.path, name)
        except GeoLangBindError as problem:
            problems.append(str(problem))
    return CheckReport(name, tuple(findings), tuple(problems))


def _findings_of_loading(folder: Path, name: str) -> tuple[str, ...]:
    """Load a model, or a head for embeddings, and say what was loaded.

    Raises:
        GeoLangBindError: it does not load.
    """
    if is_class_head(folder):
        head = read_class_head(folder, name)
        return (f"It loads: a head for {head.layout} embeddings, {len(head.classes)} classes.",)
    model = load_model(name, device="cpu", dtype="float32")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return (
        f"It loads: {parameters:,} parameters, hash {model.model_hash[:12]}.",
        "Unrelated prompts have different vectors.",
    )
