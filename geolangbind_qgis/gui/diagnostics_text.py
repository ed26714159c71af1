"""Report for bug trackers, collected from QGIS and the runtime."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qgis.core import Qgis, QgsRasterLayer
from qgis.PyQt.QtCore import PYQT_VERSION_STR, QT_VERSION_STR

from geolangbind_qgis.heartbeat import Stall
from geolangbind_qgis.layers.readable import can_read
from geolangbind_qgis.protocol_import import CODE_ROOT
from geolangbind_qgis.runtime.diagnostics import diagnostics_report
from geolangbind_qgis.runtime.environment_check import find_environment
from geolangbind_qgis.runtime.worker_exits import end_of_file
from geolangbind_qgis.runtime_choice import environment_folder
from geolangbind_qgis.session import Session


def diagnostics_text(session: Session, layer: QgsRasterLayer | None, stalls: Sequence[Stall] = ()) -> str:
    """Returns versions, device, last errors and layer facts as Markdown; no names of files, layers or people.

    Args:
        session: gives the runtime.
        layer: the chosen layer.
        stalls: what held QGIS's window up during the last run.
    """
    client = session.client
    return diagnostics_report(
        {
            "QGIS": Qgis.version(),
            "Qt": QT_VERSION_STR,
            "PyQt": PYQT_VERSION_STR,
            "GeoLangBind": plugin_version(),
            "Model": session.model,
        },
        environment=find_environment(environment_folder()),
        environment_folder=environment_folder(),
        runtime_facts=session.facts,
        stalls=[stall.text for stall in stalls],
        recent_errors=client.recent_errors if client is not None else (),
        layer_facts=_layer_facts(layer),
        log_tail=end_of_file(client.command.log_file) if client is not None else "",
    )


def plugin_version() -> str:
    """Returns the version in ``metadata.txt``."""
    try:
        text = (CODE_ROOT / "metadata.txt").read_text(encoding="utf-8")
    except OSError:
        return "?"
    found = re.search(r"^version=(\S+)", text, re.MULTILINE)
    return found.group(1) if found else "?"


def _layer_facts(layer: QgsRasterLayer | None) -> dict[str, Any]:
    """Returns the technical facts of a layer, without its name and path."""
    if layer is None or not layer.isValid():
        return {}
    provider = layer.dataProvider()
    return {
        "Provider": layer.providerType(),
        "Read by": can_read(layer)[0].value,
        "CRS": layer.crs().authid(),
        "Size": f"{provider.xSize()} × {provider.ySize()}",
        "Bands": layer.bandCount(),
        "Data type": str(provider.dataType(1)),
    }
