"""Parameters of the tasks that train or measure with labels."""

from __future__ import annotations

from dataclasses import dataclass

from . import common_parameters as common
from .parameters import parameter
from .source import Source

MODES = ("head-only", "adapters", "full")


@dataclass(frozen=True)
class FinetuneParams:
    """Fine-tune a model on the user's own classes; sends ``loss`` notifications. Reply: what results.json holds."""

    sources: tuple[Source, ...] = parameter(help="one or more rasters, of one or several sensors")
    labels: str = parameter(help="points, lines or polygons, or a raster of class codes", metavar="LABELS.gpkg")
    name: str = parameter(help="what the new model is called")
    output: str | None = parameter(None, help="folder of the result; one among the models where left out")
    field: str | None = parameter(None, help="the labels' field that holds the class")
    names: dict[str, str] = parameter(
        factory=dict, help='words for codes, such as "1=open water"', metavar="CODE=WORDS", several=True
    )
    model: str = parameter(common.DEFAULT_MODEL, help="model to start from", option="--start")
    mode: str = parameter(
        "head-only",
        help="what learns: the head and a pixel classifier, in seconds; adapters and head; or all",
        choices=MODES,
    )
    steps: int = parameter(160, help="at most so many steps", minimum=1)
    seed: int = parameter(0, help="of held-out blocks and cuts", minimum=0)
    device: str = common.device()


@dataclass(frozen=True)
class AccuracyParams:
    """Compare a class map with a reference raster or vector."""

    map: str = parameter(help="class map, as core classify makes")
    reference: str = parameter(help="raster of class codes, or vector file")
    field: str | None = parameter(None, help="the vector's field that holds class codes or names")
    report: str | None = parameter(None, help="write a report", metavar="OUT.html")
    names: dict[str, str] = parameter(
        factory=dict,
        help='class of the map for a code or a class that the reference calls otherwise, such as "5=built area"; '
        "codes not named count as errors then, and 5= leaves one out",
        metavar="CODE=CLASS",
        several=True,
    )


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
    seed: int = parameter(0, help="seed of the random sample", minimum=0)


@dataclass(frozen=True)
class CalibrateParams:
    """Choose a threshold for every band of a score raster from labelled places."""

    scores: str = parameter(help="of core highlight, or of core classify --scores")
    places: str = parameter(help="vector file of points, lines or polygons")
    field: str | None = parameter(None, help="its field with the class")
    output: str | None = parameter(None, help="JSON file of the thresholds", metavar="OUT.json")
    map: str | None = parameter(None, help="class map by the calibrated thresholds", metavar="OUT.tif")
    folds: int = parameter(5, help="into how many parts the places are divided at most", minimum=2)
