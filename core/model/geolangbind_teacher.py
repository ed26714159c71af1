"""A GeoLangBind model as a teacher: what a trained model sees in any bands it knows, for a student to learn."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import ModelError, SensorError
from core.model.interfaces import TextSpaceTrunk
from core.model.zoo import load_model
from core.spectral.sensors import get_sensor

FEATURES = ("tokens", "dense", "text_space")
WAVELENGTH_TOLERANCE_UM = 0.05


class GeoLangBindTeacher:
    """A frozen model whose tokens, or dense features in text space, are distilled.

    Args:
        model: name or path, as for ``load_model``.
        image_size: side in pixels at which it looks; None for the model's own.
        features: "tokens" after the final norm, as VECT takes them from its teachers; "dense", its dense head's
            features averaged over each token's patch; or "text_space", its pooled vector and then those, as unit
            vectors, for a student with the same words.
        device: where it computes, in the precision that suits it.

    Raises:
        ModelError: the model is not on this computer, ``features`` is unknown, or the size is no multiple of its patch.
    """

    def __init__(
        self,
        model: str | Path,
        image_size: int | None = None,
        features: str = "tokens",
        device: torch.device | str = "cpu",
    ) -> None:
        if features not in FEATURES:
            raise ModelError(f"A teacher has no features {features}.", hint=f"Choose {' or '.join(FEATURES)}.")
        self.model = load_model(model, device=str(device))
        patch = self.model.config.patch_size
        self.image_size = image_size or self.model.config.image_size // patch * patch
        if self.image_size % patch:
            raise ModelError(
                f"A teacher with patches of {patch} pixels cannot look at images of {self.image_size}.",
                hint=f"Choose an image_size that is a multiple of {patch}.",
            )
        self.kind = features
        self.mimicked = features == "text_space"
        self.grid = self.image_size // patch
        self.channels = self.model.config.width if features == "tokens" else self.model.embed_dim
        sensors = self.model.card.sensors if self.model.card is not None else ()
        self._known_um = [value for name in sensors for value in get_sensor(name).bands.wavelengths_um]

    @torch.no_grad()
    def features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Returns the model's features.

        Args:
            images: (B, C, H, W) in model units (-1..1).
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            (B, grid², channels) float32; (B, 1 + grid², channels) with "text_space", the pooled vector first.

        Raises:
            SensorError: a band is none of the sensors' that the model's card says it was trained on, or a model of
                fixed bands lacks some.
        """
        self._refuse_unknown_bands(wavelengths_um)
        side = (self.image_size, self.image_size)
        seen = F.interpolate(images.float(), side, mode="bicubic", antialias=True, align_corners=False).clamp(-1.0, 1.0)
        if self.kind == "tokens":
            maps = self.model.encode_tokens(seen, wavelengths_um)
        else:
            maps = F.adaptive_avg_pool2d(self.model.encode_dense(seen, wavelengths_um), self.grid)
        places = maps.flatten(2).transpose(1, 2)
        if not self.mimicked:
            return places
        pooled = self.model.encode_image(seen, wavelengths_um, normalize=True)
        return torch.cat([pooled[:, None], F.normalize(places, dim=2)], dim=1)

    def _refuse_unknown_bands(self, wavelengths_um: Tensor) -> None:
        if isinstance(self.model.visual.trunk, TextSpaceTrunk):  # takes what it knows, and says what it lacks
            return
        for wavelength_um in wavelengths_um.tolist() if self._known_um else ():
            if min(abs(wavelength_um - known) for known in self._known_um) > WAVELENGTH_TOLERANCE_UM:
                raise SensorError(
                    f"A teacher was not trained on a band at {wavelength_um:.3g} µm.",
                    hint="Pair this sensor with an image that the teacher knows.",
                )
