"""Selection of a raster's bands for a model with fixed bands, by wavelength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import SensorError

COLOURS_UM = (0.665, 0.56, 0.49)
"""Red, green and blue, as models for pictures take them."""
NAMES_UM = {"coastal": (0.4, 0.448), "blue": (0.448, 0.52), "green": (0.52, 0.6), "red": (0.6, 0.7)}
SHARE = 0.5
"""Share of a model's bands that must be there; the others are given their mean in its training."""


@dataclass(frozen=True)
class BandChoice:
    """The bands of one raster for one model.

    Attributes:
        picked: index of the raster's band for each of the model's; None where the raster has none.
        left_out: indices of the raster's bands that the model does not see.
        wanted_um: the model's centre wavelengths in µm.
        given_um: the raster's.
    """

    picked: tuple[int | None, ...]
    left_out: tuple[int, ...]
    wanted_um: tuple[float, ...]
    given_um: tuple[float, ...]

    def in_words(self) -> str:
        """Returns what the model sees and what it does not, as one sentence."""
        seen = sum(index is not None for index in self.picked)
        parts = [f"The model sees {seen} of {len(self.given_um)} bands"]
        if self.left_out:
            parts.append(f"left out: {named_wavelengths([self.given_um[index] for index in self.left_out])}")
        absent = [wanted for wanted, index in zip(self.wanted_um, self.picked, strict=True) if index is None]
        if absent:
            parts.append(f"not in the raster: {named_wavelengths(absent)}")
        return "; ".join(parts) + "."


def choose_bands(wanted_um: Sequence[float], given_um: Sequence[float]) -> BandChoice:
    """Choose for each of a model's bands the raster's nearest within its tolerance; no band serves twice.

    Args:
        wanted_um: centre wavelengths that the model was trained on, in µm.
        given_um: centre wavelengths of the raster's bands, in µm.

    Raises:
        SensorError: one of three or fewer bands is missing, or more than half of many.
    """
    near = sorted(
        (abs(given - wanted) / tolerance_um(wanted), number, index)
        for number, wanted in enumerate(wanted_um)
        for index, given in enumerate(given_um)
        if abs(given - wanted) <= tolerance_um(wanted)
    )
    picked: dict[int, int] = {}
    for _, number, index in near:
        if number not in picked and index not in picked.values():
            picked[number] = index
    found = tuple(picked.get(number) for number in range(len(wanted_um)))
    missing = [wanted for wanted, index in zip(wanted_um, found, strict=True) if index is None]
    if missing and (len(wanted_um) <= 3 or len(missing) > SHARE * len(wanted_um)):
        raise SensorError(
            f"The model was trained on fixed bands, and the raster lacks {named_wavelengths(missing)}.",
            hint="Choose a raster with these bands, or a model for any bands, such as geolb-tiny.",
        )
    left_out = tuple(index for index in range(len(given_um)) if index not in picked.values())
    return BandChoice(found, left_out, tuple(wanted_um), tuple(given_um))


def tolerance_um(wavelength_um: float) -> float:
    """Returns the largest distance in µm of a band's centre from a wanted one: half of the usual spacing of bands."""
    if wavelength_um < 0.7:
        return 0.04
    return 0.03 if wavelength_um < 1.0 else 0.1


def named_wavelengths(wavelengths_um: Sequence[float]) -> str:
    """Returns centre wavelengths in µm as text, with the names of colours."""
    return ", ".join(_named(wavelength) for wavelength in wavelengths_um)


def _named(wavelength_um: float) -> str:
    for name, (low, high) in NAMES_UM.items():
        if low <= wavelength_um < high:
            return f"{name} ({wavelength_um:g} µm)"
    return f"{wavelength_um:g} µm"
