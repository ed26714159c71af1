"""Placement of results in the layer tree: in a group right above their source layer."""

from __future__ import annotations

from qgis.core import (
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsProject,
    QgsRasterLayer,
)

_MARK = "geolangbind/results_of"
SOURCE = "geolangbind/source_layer"
"""Custom property of a result: id of the layer it came from."""


def add_above_source(project: QgsProject, result: QgsMapLayer, source_id: str, legend_title: str = "") -> None:
    """Add the layer to the project, at the top of its source's result group.

    Args:
        project: the open project.
        result: a layer that is not in the project yet.
        source_id: id of the layer it was computed from; where that is gone, the group goes to the top.
        legend_title: word at the head of a raster's legend, where QGIS has "Band 1: water (Gray)".
    """
    result.setCustomProperty(SOURCE, source_id)
    source = project.mapLayer(source_id)
    if source is not None and result.crs() != source.crs():
        result.setCrs(source.crs())  # as the user set it, which the file does not know
    project.addMapLayer(result, False)
    group = results_group(project, source_id)
    node = QgsLayerTreeLayer(result)
    if legend_title:
        QgsMapLayerLegendUtils.setLegendNodeUserLabel(node, 0, legend_title)
    group.insertChildNode(0, node)
    _unfold(group)
    if not isinstance(result, QgsRasterLayer) or result.bandCount() == 1:
        unfold_legend(project, result)
    else:
        node.setExpanded(False)


def add_on_top(project: QgsProject, layer: QgsMapLayer) -> None:
    """Add a layer of the user's at the top of the tree: seen above all, and in no group of results."""
    project.addMapLayer(layer, False)
    project.layerTreeRoot().insertLayer(0, layer)


def unfold_legend(project: QgsProject, layer: QgsMapLayer) -> None:
    """Expand the legend of a layer in the layer tree."""
    _unfold(project.layerTreeRoot().findLayer(layer.id()))


def bring_to_top(project: QgsProject, result: QgsMapLayer) -> None:
    """Move a layer to the top of its group and make it visible."""
    node = project.layerTreeRoot().findLayer(result.id())
    if node is None:
        return
    group = node.parent()
    if group.children()[0] is not node:
        copy = node.clone()
        group.insertChildNode(0, copy)  # before the other goes: a layer without a node leaves the project
        group.removeChildNode(node)
        node = copy
    node.setItemVisibilityCheckedParentRecursive(True)


def _unfold(node: QgsLayerTreeNode) -> None:
    """Expand a node in the view too, which ignores nodes that were expanded before they had children."""
    node.setExpanded(False)
    node.setExpanded(True)


def results_group(project: QgsProject, source_id: str) -> QgsLayerTreeGroup:
    """Returns the result group of a source layer, created if it is missing."""
    root = project.layerTreeRoot()
    for group in root.findGroups(True):
        if group.customProperty(_MARK) == source_id:
            return group
    source = project.mapLayer(source_id)
    node = root.findLayer(source_id) if source is not None else None
    parent = node.parent() if node is not None else root
    position = parent.children().index(node) if node is not None else 0
    name = f"GeoLangBind: {source.name()}" if source is not None else "GeoLangBind"
    group = parent.insertGroup(position, name)
    group.setCustomProperty(_MARK, source_id)
    return group


def results_of(project: QgsProject, source_id: str) -> list[QgsMapLayer]:
    """Returns all results of a layer."""
    return [layer for layer in project.mapLayers().values() if source_of(layer) == source_id]


def source_of(result: QgsMapLayer) -> str:
    """Returns the id of the layer a result came from, empty where it is no result."""
    return str(result.customProperty(SOURCE, ""))
