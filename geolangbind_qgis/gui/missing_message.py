"""Message about results of a project whose files are missing: recompute or remove them."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject, QTimer
from qgis.PyQt.QtWidgets import QPushButton

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.answer import read_answer
from geolangbind_qgis.layers.missing_results import MissingFiles, is_stand_in, missing_results
from geolangbind_qgis.layers.results_folder import discard

_NAMED = 4


class MissingMessage(QObject):
    """Offers to recompute missing results one after the other, or to remove them.

    Args:
        iface: QGIS's interface.
        recompute: starts one.
        parent: owner.
    """

    def __init__(
        self, iface: QgisInterface, recompute: Callable[[QgsRasterLayer], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._iface, self._recompute = iface, recompute
        self._files = MissingFiles()
        self._waiting: list[str] = []
        self.item: object = None
        """The message while it is shown."""

    @property
    def busy(self) -> bool:
        """Whether results wait for their recomputation."""
        return bool(self._waiting)

    def update(self) -> None:
        """Show the message if results are missing, after the project was loaded."""
        QTimer.singleShot(0, self._show_message)

    def compute_again(self) -> None:
        """Recompute all that have a prompt; land-cover maps have to be classified by the user."""
        self._close()
        layers = missing_results(QgsProject.instance())
        self._waiting = [layer.id() for layer in layers if read_answer(layer) is not None]
        self.compute_next()

    def remove(self) -> None:
        """Remove the layers from the project and delete their placeholder files."""
        self._close()
        layers = missing_results(QgsProject.instance())
        stand_ins = [path for path in (_path(layer) for layer in layers) if is_stand_in(path)]
        QgsProject.instance().removeMapLayers([layer.id() for layer in layers])
        for path in stand_ins:
            discard(path)

    def compute_next(self) -> None:
        """Recompute the next missing result; a message that is shown names what is still missing."""
        if not self._waiting:
            if self.item is not None:
                self._show_message()
            return
        layer = QgsProject.instance().mapLayer(self._waiting.pop(0))
        if isinstance(layer, QgsRasterLayer):
            self._recompute(layer)
        else:
            self.compute_next()

    def stop(self) -> None:
        """Cancel the remaining recomputations."""
        self._waiting = []

    def forget(self) -> None:
        """Close the message of a project that was closed, and cancel its recomputations."""
        self.stop()
        self._close()

    def clean_up(self) -> None:
        """Disconnect from QGIS."""
        self.forget()
        self._files.clean_up()

    def _show_message(self) -> None:
        layers = missing_results(QgsProject.instance())
        self._close()
        if not layers:
            return
        names = ", ".join(layer.name() for layer in layers[:_NAMED]) + (", …" if len(layers) > _NAMED else "")
        text = tr("The files of these results are gone: {0}.").format(names)
        bar = self._iface.messageBar()
        item = bar.createMessage("GeoLangBind", text)
        for title, slot, wanted in (
            (tr("Compute again"), self.compute_again, any(read_answer(layer) is not None for layer in layers)),
            (tr("Remove"), self.remove, True),
        ):
            if wanted:
                button = QPushButton(title, item)
                button.clicked.connect(slot)
                item.layout().addWidget(button)
        item.destroyed.connect(lambda *_: self._forget(item))
        self.item = bar.pushWidget(item, Qgis.MessageLevel.Warning, 0)

    def _close(self) -> None:
        item, self.item = self.item, None
        if item is not None:
            self._iface.messageBar().popWidget(item)

    def _forget(self, item: object) -> None:
        """The message was closed, by the user or for a newer one."""
        if self.item is item:
            self.item = None


def _path(layer: QgsMapLayer) -> str:
    return layer.source().split("|", 1)[0]
