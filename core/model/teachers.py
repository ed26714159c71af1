"""Teacher networks whose features the student is trained to predict (VECT), each on a square grid of tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import timm
import torch
import torch.nn.functional as F
from timm.data import resolve_model_data_config
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn
from torch import Tensor

from core.errors import ModelError, SensorError
from core.model.classical_teacher import ClassicalTeacher
from core.model.geolangbind_teacher import GeoLangBindTeacher
from core.model.weight_files import read_weights
from core.model.zoo import list_models

RED_GREEN_BLUE_UM = (0.665, 0.56, 0.49)
RGB_TOLERANCE_UM = 0.05

PUBLISHED_TEACHERS = {
    "siglip_so400m": "vit_so400m_patch14_siglip_384",
    "dinov2_vitl14_reg": "vit_large_patch14_reg4_dinov2",
    "vit_large_patch16_384_augreg_in21k_ft_in1k": "vit_large_patch16_384.augreg_in21k_ft_in1k",
}
"""The published recipe's teachers by their translators' names, as timm names them."""


class Teacher(Protocol):
    """Interface of teachers.

    Attributes:
        grid: side of its feature grid.
        channels: channels of its features.
    """

    grid: int
    channels: int

    def features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Returns features (B, grid², channels) of images (B, C, H, W) in model units."""


class TimmTeacher:
    """A ViT of timm's, looking at the red, green and blue bands.

    Args:
        name: timm's name, such as "vit_large_patch14_reg4_dinov2"; or a name of PUBLISHED_TEACHERS.
        checkpoint: local weights, as timm, open_clip or the DINOv2 authors publish them; None to take timm's from the
            Hugging Face hub or its cache.
        image_size: side of the images it sees; None for its own.
        device: where it computes.

    Raises:
        ModelError: timm does not know it, or its weights are not here and cannot be fetched.
    """

    def __init__(
        self,
        name: str,
        checkpoint: Path | None = None,
        image_size: int | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        arguments: dict[str, Any] = {"num_classes": 0, "img_size": image_size} if image_size else {"num_classes": 0}
        known = PUBLISHED_TEACHERS.get(name, name)
        try:
            model = timm.create_model(known, pretrained=checkpoint is None, **arguments)
        except RuntimeError as problem:
            if "Unknown model" in str(problem) or "Invalid pretrained tag" in str(problem):
                raise ModelError(f"timm has no model called {known}.", hint="See timm.list_models().") from problem
            raise _not_here(known) from problem
        except (OSError, ValueError) as problem:
            raise _not_here(known) from problem
        if not isinstance(model, VisionTransformer):
            raise ModelError(f"{known} is not a vision transformer, so it gives no grid of tokens.")
        if checkpoint is not None:
            _load(model, checkpoint)
        settings = resolve_model_data_config(model)
        self.model: VisionTransformer = model.eval().requires_grad_(False).to(device)
        self.image_size = image_size or int(settings["input_size"][-1])
        self._mean = torch.tensor(settings["mean"], device=device).view(3, 1, 1)
        self._std = torch.tensor(settings["std"], device=device).view(3, 1, 1)
        patch = int(model.patch_embed.patch_size[0])
        self.grid = self.image_size // patch
        self.channels = int(model.num_features)

    @torch.no_grad()
    def features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Returns tokens after the final norm.

        Args:
            images: (B, C, H, W) in model units (-1..1).
            wavelengths_um: (C,) centre wavelengths in µm.

        Returns:
            (B, grid², channels) float32.

        Raises:
            SensorError: red, green or blue is not among the bands.
        """
        unit = (images[:, list(rgb_bands(wavelengths_um))].to(self._mean.device, torch.float32) + 1.0) / 2.0
        side = (self.image_size, self.image_size)
        unit = F.interpolate(unit, size=side, mode="bicubic", antialias=True, align_corners=False).clamp(0.0, 1.0)
        tokens = self.model.forward_features((unit - self._mean) / self._std)
        return tokens[:, tokens.shape[1] - self.grid**2 :].float()


def load_teacher(
    name: str,
    *,
    checkpoint: Path | None = None,
    image_size: int | None = None,
    features: str | None = None,
    device: torch.device | str = "cpu",
) -> Teacher:
    """Load a teacher: "classical", which needs nothing, any GeoLangBind model by name or path, or any ViT of timm's.

    Args:
        name: which; a model of this project comes before one of timm's.
        checkpoint: local weights of a model of timm's.
        image_size: side of the images it sees; None for its own.
        features: of a GeoLangBind model, "tokens" (where None), "dense" or "text_space".
        device: where it computes.

    Raises:
        ModelError: as GeoLangBindTeacher and TimmTeacher; or the teacher has no kinds of features to choose from.
    """
    ours = checkpoint is None and (Path(name).exists() or name in {card.name for card in list_models()})
    if ours:
        return GeoLangBindTeacher(name, image_size, features or "tokens", device)
    if features is not None:
        raise ModelError(f"The teacher {name} has no features to choose from.", hint="Leave 'features' out.")
    if name == "classical":
        return ClassicalTeacher()
    return TimmTeacher(name, checkpoint, image_size, device)


def rgb_bands(wavelengths_um: Tensor) -> tuple[int, int, int]:
    """Returns the indexes of the bands nearest to red, green and blue.

    Raises:
        SensorError: one of them is not there.
    """
    found = []
    for wanted in RED_GREEN_BLUE_UM:
        distance = (wavelengths_um.float().cpu() - wanted).abs()
        index = int(distance.argmin())
        if float(distance[index]) > RGB_TOLERANCE_UM:
            raise SensorError(
                "A teacher that knows colour photographs needs red, green and blue bands.",
                hint="Pair this sensor with an image that has them.",
            )
        found.append(index)
    return found[0], found[1], found[2]


def _load(model: VisionTransformer, checkpoint: Path) -> None:
    """Load local weights strictly, leaving out the classifier they may have."""
    weights = checkpoint_filter_fn(read_weights(checkpoint), model)
    weights = {name: tensor for name, tensor in weights.items() if not name.startswith(("head.", "fc_norm."))}
    try:
        model.load_state_dict(weights, strict=True)
    except RuntimeError as problem:
        first = str(problem).splitlines()[1:2]
        raise ModelError(
            f"{checkpoint.name} holds another model than this teacher: {' '.join(first).strip()}",
            hint="Check the teacher's timm name.",
        ) from problem


def _not_here(name: str) -> ModelError:
    return ModelError(
        f"The teacher {name} is not on this computer and could not be fetched.",
        hint="Connect once, name a local checkpoint, or use the classical teacher.",
    )
