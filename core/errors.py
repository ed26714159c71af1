"""The one family of errors a user can meet: a plain sentence of what happened and a hint of what to do."""

from __future__ import annotations


class GeoLangBindError(Exception):
    """Base of every error shown to a user.

    Args:
        message: one line, in the words of a GIS analyst.
        hint: one line that states what to do about it; may be empty.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Returns the message and the hint as one line."""
        return f"{self.message} {self.hint}".strip()


class UsageError(GeoLangBindError):
    """A request that contradicts itself or lacks something; the command line exits with 2."""

    code = "usage"


class InputError(GeoLangBindError):
    """A raster, vector or table that cannot be used."""

    code = "input"


class OutputError(GeoLangBindError):
    """A result that cannot be written; nothing half-written is left."""

    code = "output"


class ModelError(GeoLangBindError):
    """A model that is unknown, damaged, not installed or does not fit."""

    code = "model"


class SensorError(GeoLangBindError):
    """Bands, wavelengths or a sensor that do not fit the raster."""

    code = "sensor"


class DeviceError(GeoLangBindError):
    """A device that is missing, lost or out of memory."""

    code = "device"


class TrainingError(GeoLangBindError):
    """A recipe, label set or data source that cannot be trained on."""

    code = "training"


class CancelledError(GeoLangBindError):
    """The user cancelled the work; finished chunks are kept."""

    code = "cancelled"
