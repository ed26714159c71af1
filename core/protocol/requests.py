"""What can be asked of the runtime: the parameters of every method, as dataclasses of the standard library."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

from .messages import PROTOCOL_VERSION
from .parameters import parameter

Extent = tuple[float, float, float, float]
"""(xmin, ymin, xmax, ymax) in the coordinate reference system of the source raster."""

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """A raster file as the user wants it read.

    Attributes:
        path: file, folder, VRT, NetCDF subdataset, or http(s) address of a cloud-optimised GeoTIFF.
        sensor: name in sensors.toml; None to recognise it.
        bands: 1-based band numbers; None for the sensor's own.
        wavelengths_um: centre wavelength per band in µm; None for the sensor's own.
        scaling: preset name; None for the sensor's own.
        collar: "mask" takes a border of one exact value, black or white, for no data; "keep" leaves it.
    """

    path: str
    sensor: str | None = None
    bands: tuple[int, ...] | None = None
    wavelengths_um: tuple[float, ...] | None = None
    scaling: str | None = None
    collar: str = "keep"


@dataclass(frozen=True)
class HelloParams:
    """Ask for version and device of the runtime.

    Reply: version, protocol, pid, python, device {kind, name, precision, memory_bytes, label}, models.

    Attributes:
        device: where the models are to run.
        protocol: version that the client speaks; a runtime of another version refuses.
    """

    device: str = "auto"
    protocol: int = PROTOCOL_VERSION


@dataclass(frozen=True)
class PingParams:
    """Ask whether the runtime still listens; answered at once, also in the middle of work. Reply: running, waiting."""


@dataclass(frozen=True)
class DescribeParams:
    """Explain a raster ("core doctor"). Reply: DescribeResult fields."""

    source: Source
    model: str = "geolb-tiny"


@dataclass(frozen=True)
class HighlightParams:
    """Score every pixel for each prompt, 0..1, one band a prompt, into a GeoTIFF.

    Attributes:
        prompts: one or more texts; each may hold synonyms separated by "|".
        negatives: texts that pull the score down.
        extent: part to compute; None for the whole raster.
        resolution: output pixel size in the raster's units; None for the raster's own. Coarser is faster.
        threshold: score of the polygons; None to take each prompt's suggested threshold, or 0.5 where its scores do
            not split.
        vector: polygons above ``threshold`` where named: GeoPackage, Shapefile, GeoJSON, FlatGeobuf (.fgb) or COCO
            labels (.json), by its ending.
        separate: cut regions into objects where scores or widths dip.
        right_angles: let the polygons' sides lie along one of two directions, as those of buildings do.
        vector_crs: reference system of the polygons, as in "EPSG:25833"; None for the raster's own.
        preview: send ``preview`` notifications with a coarse raster first.
    """

    source: Source
    prompts: tuple[str, ...]
    output: str
    negatives: tuple[str, ...] = ()
    model: str = "geolb-tiny"
    extent: Extent | None = None
    resolution: float | None = None
    threshold: float | None = 0.5
    vector: str | None = None
    min_area_m2: float = 0.0
    simplify_m: float = 0.0
    smooth: bool = False
    separate: bool = False
    right_angles: bool = False
    vector_crs: str | None = None
    snap: bool = False
    preview: bool = False
    device: str = "auto"
    cache: bool = True


@dataclass(frozen=True)
class ClassifyParams:
    """Parameters of classifying every pixel of a raster by a class scheme.

    Attributes:
        classes: scheme name, path of a scheme file, or an inline list "water; forest, trees; bare ground".
        scores: path for per-class scores (one band a class) where wanted.
        confidence: add a confidence band (0..100, uint8) as band 2.
        areas: CSV path for class areas in hectares where wanted.
        estimate_shares: estimate from the view's own scores how much of it each class takes, and judge by that rather
            than by even shares. A pixel's class then depends on the extent.
    """

    source: Source
    output: str
    classes: str = "worldcover"
    model: str = "geolb-tiny"
    extent: Extent | None = None
    resolution: float | None = None
    vector: str | None = None
    min_area_m2: float = 0.0
    simplify_m: float = 0.0
    smooth: bool = False
    right_angles: bool = False
    vector_crs: str | None = None
    areas: str | None = None
    scores: str | None = None
    confidence: bool = False
    estimate_shares: bool = False
    preview: bool = False
    device: str = "auto"
    cache: bool = True


@dataclass(frozen=True)
class EmbedParams:
    """Compute and keep the dense features of rasters, so that later prompts are instant."""

    source: Source
    model: str = "geolb-tiny"
    extent: Extent | None = None
    device: str = "auto"


@dataclass(frozen=True)
class SimilarParams:
    """Score every pixel by likeness to the places pointed at, (x, y) in the raster's CRS."""

    source: Source
    output: str = parameter(help="score raster to write", option="-o", metavar="OUT.tif")
    positives: tuple[tuple[float, float], ...] = parameter(
        help="a place of what you look for, in the raster's CRS; repeatable", option="--at", metavar="X,Y"
    )
    negatives: tuple[tuple[float, float], ...] = parameter(
        (), help="a place of what it is not; repeatable", option="--not-at", metavar="X,Y"
    )
    text: str | None = parameter(None, help="words for it, which must agree as well")
    model: str = parameter("geolb-tiny", help="name or path of a model")
    extent: Extent | None = parameter(None, help="part to compute, in the raster's CRS", metavar="XMIN,YMIN,XMAX,YMAX")
    resolution: float | None = parameter(
        None, help="pixel size of the result in the raster's units, its own or coarser", above=0.0
    )
    device: str = parameter("auto", help="auto, cpu, cuda, cuda:1 or mps")


@dataclass(frozen=True)
class FinetuneParams:
    """Teach a model the user's own classes; sends ``loss`` notifications. Reply: what results.json holds.

    Attributes:
        sources: one or more rasters, of one or several sensors.
        labels: vector file of points, lines or polygons, or raster of class codes.
        name: what the new model is called.
        output: folder of the result; None for one among the models.
        field: the vector's attribute with the class; None where only one can be meant.
        names: words for classes that the file calls otherwise, such as codes.
        model: where to start.
        mode: adapters, full or head-only.
        steps: at most.
    """

    sources: tuple[Source, ...]
    labels: str
    name: str
    output: str | None = None
    field: str | None = None
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    model: str = "geolb-tiny"
    mode: str = "adapters"
    steps: int = 160
    seed: int = 0
    device: str = "auto"


@dataclass(frozen=True)
class AccuracyParams:
    """Compare a class map with a reference raster or vector.

    Attributes:
        report: HTML path where wanted.
        names: the map's class for each code or class of the reference that is called otherwise there; an empty class
            leaves it out, and those without a partner count as errors. Empty: codes are compared by number.
    """

    map: str
    reference: str
    field: str | None = None
    report: str | None = None
    names: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class SampleParams:
    """Draw points at random within each class of a map, for the user to label; see Olofsson et al. (2014)."""

    map: str = parameter(help="class map, as core classify makes")
    output: str = parameter(help="points to write", option="-o", metavar="OUT.gpkg")
    standard_error: float = parameter(
        0.01, help="standard error wanted of the overall accuracy; 0.01 is an interval of ± 2 %", above=0.0
    )
    expected_users: float = parameter(
        0.8,
        help="user's accuracy that is expected of all other classes",
        minimum=0.0,
        maximum=1.0,
        option="--expect-all",
    )
    expected: dict[str, float] = parameter(
        factory=dict,
        help="user's accuracy that is expected of a class; repeatable",
        minimum=0.0,
        maximum=1.0,
        option="--expect",
        metavar="CLASS=0.9",
    )
    least: int = parameter(50, help="samples of a rare class", minimum=1)
    size: int | None = parameter(None, help="samples in all, instead of a standard error", minimum=1)
    seed: int = parameter(0, help="another number draws other points", minimum=0)


@dataclass(frozen=True)
class CalibrateParams:
    """Choose a threshold for every band of a score raster from labelled places.

    Attributes:
        scores: of core highlight, or of core classify --scores.
        places: vector file of points, lines or polygons.
        field: its attribute with the class; None where only one can be meant.
        output: JSON file of the thresholds where wanted.
        map: class map by these thresholds where wanted.
        folds: into how many parts the places are divided at most.
    """

    scores: str
    places: str
    field: str | None = None
    output: str | None = None
    map: str | None = None
    folds: int = 5


@dataclass(frozen=True)
class ChangeParams:
    """Compare two dates of one place, by the scores of prompts or by classes.

    Attributes:
        sources: (before, after), of any sensors, grids and reference systems.
        prompts: three bands each: the score's change -1..1, the score before, the score after.
        classes: scheme, as in ClassifyParams; then the bands are the transition, the class before, the class after.
        areas: CSV path for the area of every change where wanted.
        threshold: score from which on a prompt counts as true.
        least_difference: by how much a score must differ to count as gained or lost.
        margin: by how much each date must prefer its own class for a transition to count.
        registration: check (refuse dates that lie too far from each other), align or ignore.
        extent: part to compare, in the reference system of the first raster.
        resolution: pixel size in its units; None for the coarser raster's.
    """

    sources: tuple[Source, ...]
    output: str
    prompts: tuple[str, ...] = ()
    classes: str | None = None
    negatives: tuple[str, ...] = ()
    areas: str | None = None
    threshold: float = 0.5
    least_difference: float = 0.2
    margin: float = 0.1
    registration: str = "check"
    model: str = "geolb-tiny"
    extent: Extent | None = None
    resolution: float | None = None
    device: str = "auto"
    cache: bool = True


@dataclass(frozen=True)
class PolygoniseParams:
    """Turn a score raster above a threshold, or a class map, into polygons.

    Attributes:
        output: GeoPackage, Shapefile, GeoJSON, FlatGeobuf (.fgb) or COCO labels (.json), by its ending.
        threshold: least score; None for a map of classes.
        band: from 1.
        bands: several at once, in place of ``band``.
        separate: cut regions of scores into objects where scores or widths dip.
        right_angles: let sides lie along one of two directions, as those of buildings do.
        classes: names or codes of the classes that are wanted; empty for all.
        vector_crs: reference system of the polygons, as in "EPSG:25833"; None for the raster's own.
    """

    raster: str
    output: str
    threshold: float | None = 0.5
    band: int = 1
    bands: tuple[int, ...] = ()
    min_area_m2: float = 0.0
    simplify_m: float = 0.0
    smooth: bool = False
    separate: bool = False
    right_angles: bool = False
    classes: tuple[str, ...] = ()
    vector_crs: str | None = None


@dataclass(frozen=True)
class ModelsParams:
    """List models, import a local file or folder under a name, fetch a published model, or check one.

    Attributes:
        action: list, import, fetch or check. Each replies with ``models``: the cards; check with ``report`` too.
    """

    action: str = "list"
    path: str | None = None
    name: str | None = None
    accept_licence: bool = False


@dataclass(frozen=True)
class SchemesParams:
    """List class schemes with their classes, prompts and colours."""

    name: str | None = None


@dataclass(frozen=True)
class CancelParams:
    """Stop a running request; it answers with error code "cancelled"."""

    request: int


@dataclass(frozen=True)
class ShutdownParams:
    """End the runtime after the running batch."""


METHODS: dict[str, type] = {
    "hello": HelloParams,
    "ping": PingParams,
    "models": ModelsParams,
    "schemes": SchemesParams,
    "cancel": CancelParams,
    "shutdown": ShutdownParams,
}
"""What the server answers beside the tasks, which ``core.tasks.registry`` finds."""


def to_params(params: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the dataclasses above
    """Returns a params dataclass as the dictionary that is sent."""
    return dataclasses.asdict(params)


def from_params(kind: type[T], params: dict[str, Any]) -> T:
    """Build a params dataclass, refusing unknown and missing fields.

    Raises:
        ValueError: a field is unknown or missing.
    """
    fields = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(params) - set(fields))
    if unknown:
        raise ValueError(f"Unknown field {', '.join(unknown)} for {kind.__name__}.")
    values = {name: _frozen(value) for name, value in params.items()}
    if isinstance(values.get("source"), dict):
        values["source"] = from_params(Source, values["source"])
    if "sources" in values:
        values["sources"] = tuple(from_params(Source, item) for item in values["sources"])
    try:
        return kind(**values)
    except TypeError as problem:
        raise ValueError(f"{kind.__name__}: {problem}.") from problem


def _frozen(value: Any) -> Any:  # noqa: ANN401 - JSON value
    """Turn JSON lists into the tuples that frozen dataclasses hold."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
