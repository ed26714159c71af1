"""Parameters of the tasks that apply a model to rasters."""

from __future__ import annotations

from dataclasses import dataclass

from . import common_parameters as common
from .parameters import parameter
from .source import Extent, Source


@dataclass(frozen=True)
class DescribeParams:
    """Explain a raster ("core doctor"). Reply: DescribeResult fields."""

    source: Source
    model: str = common.model()


@dataclass(frozen=True)
class HighlightParams:
    """Score every pixel for each prompt, 0..1, one band a prompt, into a GeoTIFF.

    A threshold of None takes each prompt's suggested one for the polygons, or 0.5 where its scores do not split.
    """

    source: Source
    prompts: tuple[str, ...] = parameter(
        help='what to look for, one band each; synonyms as "town | village"', metavar="prompt"
    )
    output: str = parameter(help="score raster to write", option="-o", metavar="OUT.tif")
    negatives: tuple[str, ...] = common.negatives()
    model: str = common.model()
    extent: Extent | None = common.extent()
    resolution: float | None = common.resolution()
    threshold: float | None = parameter(
        0.5,
        help="score of the polygons; auto: where each prompt's scores fall into two groups",
        metavar="SHARE|auto",
        none_word="auto",
        minimum=0.0,
        maximum=1.0,
    )
    vector: str | None = common.vector()
    min_area_m2: float = common.min_area_m2()
    simplify_m: float = common.simplify_m()
    smooth: bool = common.smooth()
    separate: bool = common.separate()
    right_angles: bool = common.right_angles()
    vector_crs: str | None = common.vector_crs()
    snap: bool = parameter(False, help="average scores over regions of like colour")
    preview: bool = common.preview()
    device: str = common.device()
    cache: bool = common.cache()
    image: str | None = parameter(
        None,
        help="RASTER holds embeddings: answer from what the words find on this image of the same ground",
        metavar="IMAGE.tif",
    )


@dataclass(frozen=True)
class ClassifyParams:
    """Classify every pixel by a class scheme."""

    source: Source
    output: str = parameter(help="class map to write", option="-o", metavar="OUT.tif")
    classes: str = parameter(
        "worldcover",
        help='scheme name, JSON file, or list as "water; forest, trees; bare ground"',
        metavar="SCHEME",
    )
    model: str = common.model()
    extent: Extent | None = common.extent()
    resolution: float | None = common.resolution()
    vector: str | None = common.vector()
    min_area_m2: float = common.min_area_m2()
    simplify_m: float = common.simplify_m()
    smooth: bool = common.smooth()
    right_angles: bool = common.right_angles()
    vector_crs: str | None = common.vector_crs()
    areas: str | None = parameter(None, help="write the area of every class in hectares", metavar="OUT.csv")
    scores: str | None = parameter(None, help="write the score of every class, one band each", metavar="OUT.tif")
    confidence: bool = parameter(False, help="add a band of confidence in per cent")
    estimate_shares: bool = parameter(
        False,
        help="estimate how much of the view each class takes, and weigh by that; the map then depends on the extent",
    )
    preview: bool = common.preview()
    device: str = common.device()
    cache: bool = common.cache()


@dataclass(frozen=True)
class EmbedParams:
    """Compute and store the dense features of rasters before the first prompt."""

    source: Source
    model: str = common.model()
    extent: Extent | None = common.extent()
    device: str = common.device()


@dataclass(frozen=True)
class SimilarParams:
    """Score every pixel by similarity to examples: points (x, y) and areas (WKT polygons) in the raster's CRS."""

    source: Source
    output: str = parameter(help="score raster to write", option="-o", metavar="OUT.tif")
    positives: tuple[tuple[float, float], ...] = parameter(
        (), help="a place of what you look for, in the raster's CRS; repeatable", option="--at", metavar="X,Y"
    )
    negatives: tuple[tuple[float, float], ...] = parameter(
        (), help="a place of what it is not; repeatable", option="--not-at", metavar="X,Y"
    )
    areas: tuple[str, ...] = parameter(
        (), help="an area of what you look for, all of it; repeatable", option="--in", metavar="POLYGON((…))"
    )
    negative_areas: tuple[str, ...] = parameter(
        (), help="an area of what it is not; repeatable", option="--not-in", metavar="POLYGON((…))"
    )
    text: str | None = parameter(None, help="prompt that must match as well")
    model: str = common.model()
    extent: Extent | None = common.extent()
    resolution: float | None = common.resolution()
    device: str = common.device()


@dataclass(frozen=True)
class ClusterParams:
    """Divide a raster into clusters of similar pixels, without labels."""

    source: Source
    output: str = parameter(help="map of clusters to write", option="-o", metavar="OUT.tif")
    clusters: int = parameter(8, help="how many clusters", minimum=2, maximum=64)
    seed: int = parameter(0, help="seed of the initial cluster centres", minimum=0)
    model: str = common.model()
    extent: Extent | None = common.extent()
    resolution: float | None = common.resolution()
    device: str = common.device()


@dataclass(frozen=True)
class SuggestParams:
    """List the words nearest in meaning to a prompt that do score in a raster."""

    source: Source
    prompt: str = parameter(help="prompt without matches")
    model: str = common.model()
    extent: Extent | None = common.extent()
    resolution: float | None = common.resolution()
    most: int = parameter(5, help="number of words at most", minimum=1)
    device: str = common.device()


@dataclass(frozen=True)
class ChangeParams:
    """Compare two dates of one place, by the scores of prompts or by classes.

    Of prompts there are three bands each: the score's change -1..1, the score before, the score after; of classes the
    transition, the class before, the class after.
    """

    sources: tuple[Source, ...] = parameter(help="before and after, of any sensors, grids and reference systems")
    output: str = parameter(help="change raster to write", option="-o", metavar="OUT.tif")
    prompts: tuple[str, ...] = parameter(
        (), help='what came or went; synonyms as "town | village"; none for two years of embeddings', metavar="prompt"
    )
    classes: str | None = parameter(
        None, help="compare classes instead: scheme name, JSON file or list", metavar="SCHEME"
    )
    negatives: tuple[str, ...] = common.negatives()
    areas: str | None = parameter(None, help="write the areas of change in hectares", metavar="OUT.csv")
    threshold: float = common.score(0.5, "score that counts")
    least_difference: float = common.score(0.2, "difference of scores that counts")
    margin: float = common.score(0.1, "how clearly classes must differ")
    registration: str = parameter(
        "check",
        help="what to do about a shift between the dates: refuse it (check), undo it (align) or go on (ignore)",
        choices=("check", "align", "ignore"),
    )
    model: str = common.model()
    extent: Extent | None = common.extent()
    resolution: float | None = common.resolution()
    device: str = common.device()
    cache: bool = common.cache()
