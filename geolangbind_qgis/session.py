"""State of one QGIS window: runtime client, copies of layers, selected model and device."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis import settings
from geolangbind_qgis.layers.copies import LayerCopies
from geolangbind_qgis.runtime.client_qt import RuntimeClient, RuntimeState
from geolangbind_qgis.runtime.launch import RuntimeCommand

DEFAULT_MODEL = "geolb-tiny"


class Session(QObject):
    """Owner of the runtime client, which is replaced when the environment or the device changes.

    Signals:
        runtime_changed: state, device or environment is another.

    Args:
        command: how the runtime starts; None where none is set up.
        parent: owner.
    """

    runtime_changed = pyqtSignal()

    def __init__(self, command: RuntimeCommand | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.copies = LayerCopies()
        self.client: RuntimeClient | None = None
        self._command = command
        self._renew()

    @property
    def is_set_up(self) -> bool:
        """Whether a runtime is installed."""
        return self._command is not None

    @property
    def facts(self) -> dict[str, Any]:
        """Facts that the runtime reported at its start; empty before."""
        return self.client.facts if self.client is not None else {}

    @property
    def model(self) -> str:
        """Name of the model of new runs."""
        return settings.value("model", DEFAULT_MODEL)

    @property
    def device(self) -> str:
        """Device of new runs: "auto", "cpu", "cuda" or "mps"."""
        return settings.value("device", "auto")

    def choose_model(self, name: str) -> None:
        """Set the model of later runs."""
        settings.remember("model", name)

    def choose_device(self, name: str) -> None:
        """Set the device; the runtime is restarted."""
        if name != self.device:
            settings.remember("device", name)
            self._renew()

    def set_command(self, command: RuntimeCommand | None) -> None:
        """Use another environment, or none."""
        self._command = command
        self._renew()

    def start_runtime(self) -> None:
        """Start the runtime before the first request, so that the device is shown and the first result comes sooner."""
        if self.client is not None:
            self.client.start()

    def close(self) -> None:
        """End the runtime without waiting; a ``ClosingWatch`` ensures that it exits."""
        if self.client is not None:
            self.client.stop()
            self.client.deleteLater()
            self.client = None

    def device_label(self) -> tuple[str, str]:
        """Returns the device's label and kind as the runtime reports them; kind is empty where nothing runs."""
        device = self.facts.get("device") or {}
        return str(device.get("label", "")), str(device.get("kind", ""))

    @property
    def state(self) -> RuntimeState:
        """State of the runtime process."""
        return self.client.state if self.client is not None else RuntimeState.STOPPED

    def _renew(self) -> None:
        """Create a client for the present command and device."""
        if self.client is not None:
            self.client.stop()
            self.client.state_changed.disconnect(self._emit_changed)
            self.client.greeted.disconnect(self._emit_changed)
            self.client = None
        if self._command is not None:
            self.client = RuntimeClient(self._command, self, device=self.device)
            self.client.state_changed.connect(self._emit_changed)
            self.client.greeted.connect(self._emit_changed)
        self.runtime_changed.emit()

    def _emit_changed(self, *_: Any) -> None:  # noqa: ANN401 - whatever the signal carries
        self.runtime_changed.emit()
