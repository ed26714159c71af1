"""One message about all results of a project whose files are gone: compute them again, or remove them."""

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
    """Offers to compute missing results again, one after the other, or to remove them.

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

    def look(self) -> None:
        """Tell of the results that are missing, once the project is there."""
        QTimer.singleShot(0, self._tell)

    def compute_again(self) -> None:
        """Compute all that have a prompt; land-cover maps are classified by hand."""
        self._close()
        layers = missing_results(QgsProject.instance())
        self._waiting = [layer.id() for layer in layers if read_answer(layer) is not None]
        self.go_on()

    def remove(self) -> None:
        """Take the layers out of the project, and what was put in the place of their files away."""
        self._close()
        layers = missing_results(QgsProject.instance())
        stand_ins = [path for path in (_path(layer) for layer in layers) if is_stand_in(path)]
        QgsProject.instance().removeMapLayers([layer.id() for layer in layers])
        for path in stand_ins:
            discard(path)

    def go_on(self) -> None:
        """Compute the next one."""
        if not self._waiting:
            return
        layer = QgsProject.instance().mapLayer(self._waiting.pop(0))
        if isinstance(layer, QgsRasterLayer):
            self._recompute(layer)
        else:
            self.go_on()

    def stop(self) -> None:
        """Compute no more of them."""
        self._waiting = []

    def clean_up(self) -> None:
        """Let go of QGIS."""
        self.stop()
        self._close()
        self._files.clean_up()

    def _tell(self) -> None:
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
        item.destroyed.connect(self._forget)
        self.item = bar.pushWidget(item, Qgis.MessageLevel.Warning, 0)

    def _close(self) -> None:
        item, self.item = self.item, None
        if item is not None:
            self._iface.messageBar().popWidget(item)

    def _forget(self, *_: object) -> None:
        self.item = None


def _path(layer: QgsMapLayer) -> str:
    return layer.source().split("|", 1)[0]
