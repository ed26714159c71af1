"""Points, lines and polygons with a class, drawn onto a raster's grid."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.features import rasterize
from rasterio.warp import transform as transform_coordinates

from core.errors import InputError
from core.raster.ellipsoid import parsed_crs
from core.raster.grid import GridSpec

_MOST_CLASSES = 254
_X_NAMES, _Y_NAMES = "x,lon,long,longitude,easting,e", "y,lat,latitude,northing,n"
_DEGREES = ("lon", "long", "longitude")
"""Columns of a table of points whose places are degrees of WGS 84; tables name no reference system."""
_LIKELY_FIELDS = ("class", "label", "landcover", "land_cover", "class_name", "category", "name", "code", "class_id")

_VIRTUAL = re.compile(rb"<OGR\w*DataSource")
"""Root of a description of other files or services: virtual vector layers, WFS and CSW."""
_DESCRIPTION_BYTES = 1 << 16


@dataclass(frozen=True)
class VectorLabels:
    """Labelled geometries in one coordinate reference system.

    Attributes:
        geometries: (N,) shapely geometries.
        codes: (N,) class codes, 1-based.
        classes: name of each class; code 1 is the first.
        crs_wkt: reference system of the geometries; None where unknown.
        left_out: features of the file without a geometry or a class.
        layers: names of the file's layers, where it has several and the first was read.
    """

    geometries: NDArray[Any]
    codes: NDArray[np.int32]
    classes: tuple[str, ...]
    crs_wkt: str | None
    left_out: int = 0
    layers: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know of the file, one sentence each."""
        said = []
        if self.layers:
            said.append(f"The file of the labels has {len(self.layers)} layers; the first, {self.layers[0]}, is used.")
        if self.left_out:
            total = self.left_out + len(self.geometries)
            said.append(f"{self.left_out:,} of {total:,} features have no class or no geometry and are left out.")
        return tuple(said)

    def rasterised(self, grid: GridSpec) -> NDArray[np.uint8]:
        """Draw the labels onto a grid: (height, width) uint8, 0 where there is none.

        A polygon covers the pixels whose centres it holds, a line every pixel it touches, a point its pixel; later
        ones lie on top. Large grids are drawn part by part: give ``grid.subgrid(window)``.

        Raises:
            InputError: the labels' reference system is unknown, but the grid's is not.
        """
        return np.asarray(np.concatenate([[0], self.codes]).astype(np.uint8)[self.feature_numbers(grid)])

    def feature_numbers(self, grid: GridSpec) -> NDArray[np.int32]:
        """Draw the numbers of the features onto a grid: (height, width) int32, 1 for the first, 0 for none.

        Which feature has a pixel is said at ``rasterised``.

        Raises:
            InputError: the labels' reference system is unknown, but the grid's is not.
        """
        geometries = self.on_reference_of(grid).geometries
        drawn = np.zeros((grid.height, grid.width), np.int32)
        left = shapely.box(*grid.extent)
        near = shapely.intersects(geometries, left) if len(geometries) else np.zeros(0, bool)
        thin = shapely.get_dimensions(geometries) < 2
        numbers = np.arange(1, len(geometries) + 1)
        for touched in (False, True):
            chosen = near & (thin == touched)
            if chosen.any():
                pairs = zip(geometries[chosen], numbers[chosen].tolist(), strict=True)
                rasterize(pairs, out=drawn, transform=grid.transform, all_touched=touched)
        return drawn

    def on_reference_of(self, grid: GridSpec) -> VectorLabels:
        """Returns the labels in the reference system of a grid; unchanged where the grid has none.

        Raises:
            InputError: the labels' reference system is unknown, but the grid's is not.
        """
        if grid.crs_wkt is None or self.crs_wkt == grid.crs_wkt:
            return self
        if self.crs_wkt is None:
            raise InputError("The labels have no coordinate reference system.", hint="Assign one to the vector file.")
        source, target = parsed_crs(self.crs_wkt), parsed_crs(grid.crs_wkt)
        if source == target:
            return self
        moved = shapely.transform(self.geometries, lambda points: _reprojected(points, source, target))
        return replace(self, geometries=np.asarray(moved), crs_wkt=grid.crs_wkt)


def vector_file(path: str | Path) -> tuple[Path, str | None]:
    """Returns the file and the layer of a source as QGIS writes it, ``PATH|layername=NAME``; None for no layer."""
    file, _, layer = str(path).partition("|layername=")
    return Path(file), layer.split("|", 1)[0] or None


def is_vector(path: str | Path) -> bool:
    """Whether a file holds geometries.

    Raises:
        InputError: it names other files or services to take them from, or the layer that is named cannot be read.
    """
    file, layer = vector_file(path)
    _refuse_virtual(file)
    try:
        return bool(_facts(path)["geometry_type"])
    except (DataSourceError, DataLayerError, ValueError, OSError) as problem:
        if layer is not None:
            raise InputError(
                f"The layer {layer!r} of {file} cannot be read.", hint="Export it to a new GeoPackage in QGIS."
            ) from problem
        return False


def _refuse_virtual(file: Path) -> None:
    """Refuse a description of other files or services that GDAL would open in a file's place."""
    try:
        with file.open("rb") as opened:
            start = opened.read(_DESCRIPTION_BYTES)
    except OSError:
        return
    if _VIRTUAL.search(start):
        raise InputError(
            f"{file} only names other files or services.", hint="Export its features to a GeoPackage in QGIS."
        )


def label_field(path: str | Path, field: str | None) -> str:
    """The attribute of a vector file that holds the class: the one named, else the only candidate.

    Raises:
        InputError: there is no such file or field, or it is unclear which is meant.
    """
    if not vector_file(path)[0].exists() and "://" not in str(path):
        raise InputError(f"There is no file {path}.", hint="Check the path of the labels.")
    if not is_vector(path):
        raise InputError(f"{path} is no vector file.", hint="Give a GeoPackage, shapefile or GeoJSON.")
    fields = [str(name) for name in _facts(path)["fields"]]
    if field is not None and field in fields:
        return field
    listed = ", ".join(fields) or "none"
    if field is not None:
        raise InputError(f"{path} has no field {field!r}.", hint=f"Its fields are: {listed}.")
    likely = [name for wanted in _LIKELY_FIELDS for name in fields if name.lower() == wanted]
    if len(fields) == 1 or likely:
        return (likely or fields)[0]
    raise InputError(f"Which field of {path} holds the class?", hint=f"Name one with --field: {listed}.")


def _facts(path: str | Path) -> dict[str, Any]:
    """Returns the metadata of the layer of a vector file that is named, or of its first."""
    file, layer = vector_file(path)
    layers = _layers(file)
    if layer is not None and layer not in (layers or (layer,)):
        raise InputError(f"{file} has no layer {layer!r}.", hint=f"Its layers are: {', '.join(layers)}.")
    return dict(pyogrio.read_info(file, layer=layer or (layers[0] if layers else None), **_open_options(file)))


def _open_options(file: Path) -> dict[str, str]:
    """Returns how GDAL is told which columns of a table of points hold their places."""
    return {"X_POSSIBLE_NAMES": _X_NAMES, "Y_POSSIBLE_NAMES": _Y_NAMES} if file.suffix.lower() == ".csv" else {}


def _layers(path: str | Path) -> tuple[str, ...]:
    """Returns the names of a file's layers where it has several."""
    try:
        names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except (DataSourceError, OSError):
        return ()
    return tuple(names) if len(names) > 1 else ()


def read_labels(
    path: str | Path, field: str, *, layer: str | None = None, classes: Sequence[str] | None = None
) -> VectorLabels:
    """Read labelled geometries from any vector file.

    Args:
        path: GeoPackage, shapefile, GeoJSON, ... of points, lines or polygons.
        field: attribute that holds the class, text or number; features without one are left out.
        layer: layer of the file; None for its first.
        classes: names in the order of their codes; None to sort those found.

    Raises:
        InputError: the file cannot be read, has no such field, no labelled geometry, or a class that is not listed.
    """
    file, named_layer = vector_file(path)
    layer = layer or named_layer
    layers = _layers(file) if layer is None else ()
    geometries, values, crs_wkt = _read(file, field, layers[0] if layers else layer)
    names = [_name(value) for value in values]
    named = np.array([name != "" for name in names], bool)
    drawn = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    usable = named & drawn
    if not len(names):
        raise InputError(f"{path} holds no feature.", hint="Draw some labels and save them.")
    if not usable.any() and named.any():
        raise InputError(f"All features of {path} with a class have empty geometries.", hint="Draw them again.")
    if not usable.any():
        raise InputError(f"{path} holds no feature with a class in {field!r}.", hint="Fill in the field.")
    kept = [name for name, keep in zip(names, usable, strict=True) if keep]
    known = tuple(classes) if classes is not None else tuple(sorted(set(kept), key=_sorted_as))
    unknown = sorted(set(kept) - set(known))
    if unknown:
        raise InputError(f"The class {unknown[0]!r} in {path} is not in the list.", hint=f"Listed: {', '.join(known)}.")
    if len(known) > _MOST_CLASSES:
        raise InputError(
            f"The field {field!r} holds {len(known)} different values.", hint="Name the field that holds the class."
        )
    code_of = {name: code for code, name in enumerate(known, 1)}
    codes = np.array([code_of[name] for name in kept], np.int32)
    return VectorLabels(geometries[usable], codes, known, crs_wkt, int((~usable).sum()), layers)


def _read(path: Path, field: str, layer: str | None) -> tuple[NDArray[Any], NDArray[Any], str | None]:
    if not path.exists():
        raise InputError(f"There is no file {path}.", hint="Check the path.")
    try:
        options = _open_options(path)
        fields = [str(name) for name in pyogrio.read_info(path, layer=layer, **options)["fields"]]
        if field not in fields:
            listed = ", ".join(fields) or "none"
            raise InputError(f"{path} has no field {field!r}.", hint=f"Its fields are: {listed}.")
        meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer, columns=[field], force_2d=True, **options)
        geometries = shapely.from_wkb(wkb, on_invalid="ignore") if wkb is not None else np.zeros(0, object)
    except (DataSourceError, ValueError, RuntimeError) as problem:
        raise InputError(
            f"{path} is not a vector file that can be read.", hint="Give a GeoPackage, shapefile or GeoJSON."
        ) from problem
    crs_wkt = _wkt(meta)
    if crs_wkt is None and options and any(name.lower() in _DEGREES for name in fields):
        crs_wkt = str(CRS.from_epsg(4326).to_wkt())
    return np.asarray(geometries, object), columns[0], crs_wkt


def _wkt(meta: Mapping[str, Any]) -> str | None:
    """Returns the reference system that pyogrio names ("EPSG:4326" or WKT) as rasterio writes it."""
    text = meta.get("crs")
    if not text:
        return None
    try:
        return str(CRS.from_user_input(text).to_wkt())
    except (CRSError, RasterioError):
        return None


def _name(value: Any) -> str:  # noqa: ANN401 - an attribute of any type
    """Returns a class value as text: 3.0 and 3 are one class, missing ones are empty."""
    if value is None or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value)).strip()


def _sorted_as(name: str) -> tuple[float, str]:
    """Sort numbers as numbers, before words."""
    return (float(name), "") if re.fullmatch(r"-?[0-9]+", name) else (float("inf"), name)


def _reprojected(points: NDArray[np.float64], source: CRS, target: CRS) -> NDArray[np.float64]:
    try:
        x, y = transform_coordinates(source, target, points[:, 0], points[:, 1])
    except Exception as problem:  # GDAL's errors share no public base
        raise InputError(
            "The labels lie where the raster's reference system is not defined.",
            hint="Check both coordinate reference systems.",
        ) from problem
    return np.column_stack([x, y])
