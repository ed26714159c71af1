"""The provider ``geolangbind`` in QGIS's Processing toolbox."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from geolangbind_qgis.icons import icon
from geolangbind_qgis.processing.accuracy import AccuracyAlgorithm
from geolangbind_qgis.processing.calibrate import CalibrateAlgorithm
from geolangbind_qgis.processing.change import ChangeAlgorithm
from geolangbind_qgis.processing.classify import ClassifyAlgorithm
from geolangbind_qgis.processing.cluster import ClusterAlgorithm
from geolangbind_qgis.processing.embed import EmbedAlgorithm
from geolangbind_qgis.processing.finetune import FinetuneAlgorithm
from geolangbind_qgis.processing.highlight import HighlightAlgorithm
from geolangbind_qgis.processing.models import ModelsAlgorithm
from geolangbind_qgis.processing.polygonise import PolygoniseAlgorithm
from geolangbind_qgis.processing.sample import SampleAlgorithm
from geolangbind_qgis.processing.similar import SimilarAlgorithm
from geolangbind_qgis.session import Session

ALGORITHMS = (
    HighlightAlgorithm,
    ClassifyAlgorithm,
    SimilarAlgorithm,
    ChangeAlgorithm,
    FinetuneAlgorithm,
    ClusterAlgorithm,
    EmbedAlgorithm,
    PolygoniseAlgorithm,
    SampleAlgorithm,
    AccuracyAlgorithm,
    CalibrateAlgorithm,
    ModelsAlgorithm,
)


class GeoLangBindProvider(QgsProcessingProvider):
    """Registers the algorithms, which use the same runtime process as the dock.

    Args:
        session: gives the runtime client; must outlive the provider.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def id(self) -> str:
        """Returns the name used in ``geolangbind:highlight``."""
        return "geolangbind"

    def name(self) -> str:
        """Returns the name shown in the toolbox."""
        return "GeoLangBind"

    def icon(self) -> QIcon:
        """Returns the plugin's icon."""
        return icon("geolangbind")

    def loadAlgorithms(self) -> None:
        """Add every algorithm."""
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
