"""Protocols of a model for dense heads and the bf16 working copy, so that neither imports the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

if TYPE_CHECKING:
    from core.model.config import ModelConfig
    from core.model.devices import ComputeDevice


class Visual(Protocol):
    """The image tower: a trunk, and the layer that leads from its width into text space."""

    head: nn.Module

    @property
    def trunk(self) -> Any:  # noqa: ANN401 - a module that is a core.model.trunks.Trunk
        """Encodes images as tokens."""
        ...

    def __call__(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images (B, C, H, W) as pooled vectors (B, D) in text space."""
        ...


@runtime_checkable
class TextSpaceTrunk(Protocol):
    """A trunk that does dense heads by itself, in its own way.

    Attributes:
        dense_heads: names of those that it can do.
    """

    dense_heads: tuple[str, ...]

    def band_note(self, wavelengths_um: Sequence[float]) -> str:
        """Returns which of a raster's bands it does not see, in words; "" where it sees all."""
        ...

    def text_space_map(self, images: Tensor, wavelengths_um: Tensor, head: str) -> Tensor:
        """Encode images (B, C, H, W) as a map (B, D, h, w) in text space."""
        ...


class ImageModel(Protocol):
    """The image part of a model, as dense heads use it.

    Attributes:
        config: the configuration it was built from.
        translators: MaKA translators by teacher; may be empty.
        dense: the trained decoder; None where there is none.
        stride: pixels between the dense features of the default head.
    """

    config: ModelConfig
    translators: nn.ModuleDict
    dense: nn.Module | None
    stride: int

    @property
    def visual(self) -> Visual:
        """The image tower."""
        ...


class LoadedModel(Protocol):
    """A module that knows the device and precision it was loaded for.

    Attributes:
        compute: device and precision; None until loaded.
        training: whether it is in training mode.
    """

    compute: ComputeDevice | None
    training: bool
    _modules: dict[str, nn.Module | None]

    @property
    def visual(self) -> nn.Module:
        """The image tower."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Walk over all parameters."""
        ...


AnyLoadedModel = TypeVar("AnyLoadedModel", bound=LoadedModel)
