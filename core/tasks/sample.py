"""A sample for assessing a class map: points drawn at random within each class, to be labelled by the user."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from core.context import Context
from core.errors import UsageError
from core.protocol import SampleParams
from core.raster.areas import ClassArea, class_areas
from core.raster.reader import RasterReader, open_raster
from core.raster.staging import GEOPACKAGE, output_failure, staging
from core.raster.writer import read_class_names
from core.tasks.outputs import check_writable
from core.tasks.sampling_design import allocate, expected_standard_error, sample_size

BLOCK_ROWS = 512


def run(params: SampleParams, context: Context) -> dict[str, Any]:
    """Draw a stratified random sample of a class map.

    The points' field ``class`` is empty: it takes the class that is really there, best without looking at
    ``map_class``; ``core accuracy`` then takes the file as it is. Points are numbered in random order: their first half
    is a random sample, too.

    Args:
        params: parameters of the task.
        context: reports the progress; stopped between two blocks.

    Returns:
        output, samples, expected_standard_error, classes (code, name, pixels, share, expected_users, samples).

    Raises:
        InputError: the map cannot be read or is no map of classes.
        UsageError: an accuracy is expected of a class that the map does not have, or a number is out of range.
        OutputError: the GeoPackage cannot be written.
    """
    with open_raster(params.map) as raster:
        check_writable([(params.output, GEOPACKAGE)], raster.info.files)
        names = read_class_names(raster.info.tags)
        areas = class_areas(raster, context=context.step(0.0, 0.5))
        shares = [area.share for area in areas]
        users = _expected(params, areas, names)
        pixels = [area.pixels for area in areas]
        total = params.size or sample_size(shares, users, params.standard_error, sum(pixels))
        least = params.least
        if params.size is not None:
            least = _least_within(params.size, len(areas), params.least)
        counts = allocate(total, shares, pixels, least)
        drawn = _draw(raster, areas, counts, params.seed, context.step(0.5, 1.0))
        _write(params, raster, drawn, names)
    rows = [
        {
            "code": area.code,
            "name": names.get(area.code, str(area.code)),
            "pixels": area.pixels,
            "share": round(area.share, 6),
            "expected_users": expected,
            "samples": int(count),
        }
        for area, expected, count in zip(areas, users, counts, strict=True)
    ]
    return {
        "output": params.output,
        "samples": int(counts.sum()),
        "expected_standard_error": expected_standard_error(shares, users, counts.tolist()),
        "classes": rows,
    }


def _expected(params: SampleParams, areas: tuple[ClassArea, ...], names: dict[int, str]) -> list[float]:
    """Returns the user's accuracy that is expected of each class."""
    known = {name.lower(): code for code, name in names.items()} | {str(area.code): area.code for area in areas}
    told = {}
    for name, expected in params.expected.items():
        code = known.get(name.strip().lower())
        if code is None:
            raise UsageError(f"The map has no class {name!r}.", hint=f"It has {', '.join(names.values()) or 'codes'}.")
        told[code] = expected
    return [told.get(area.code, params.expected_users) for area in areas]


def _least_within(size: int, classes: int, least: int) -> int:
    """Minimum number of samples per class for a given total: at least half of the total is shared by area.

    Raises:
        UsageError: it does not even give two to each class, without which a class has no standard error.
    """
    if size < 2 * classes:
        raise UsageError(
            f"{size} points are too few for the {classes} classes of the map.", hint=f"Ask for {2 * classes} or more."
        )
    return min(least, max(2, size // (2 * classes)))


def _draw(
    raster: RasterReader,
    areas: tuple[ClassArea, ...],
    counts: NDArray[np.int64],
    seed: int,
    context: Context,
) -> NDArray[np.int64]:
    """Draw (N, 3) code, column and row; memory holds a block and the drawn places.

    Each class' pixels are numbered in reading order, numbers are drawn, and the pixels that bear them are picked up
    on a second walk over the map.
    """
    generator = np.random.default_rng(seed)
    wanted = {
        area.code: np.sort(generator.choice(area.pixels, int(count), replace=False, shuffle=False))
        for area, count in zip(areas, counts, strict=True)
    }
    seen = dict.fromkeys(wanted, 0)
    found: list[NDArray[np.int64]] = []
    grid = raster.grid
    for block in grid.window.blocks(grid.width, BLOCK_ROWS):
        context.raise_if_cancelled()
        values, valid = raster.read(block, (1,))
        for code, numbers in wanted.items():
            positions = np.flatnonzero((values[0] == code) & valid)
            first, last = np.searchsorted(numbers, (seen[code], seen[code] + len(positions)))
            picked = positions[numbers[first:last] - seen[code]]
            seen[code] += len(positions)
            rows, columns = np.divmod(picked, block.width)
            found.append(np.stack([np.full(len(picked), code), columns + block.col, rows + block.row], axis=1))
        context.progress(block.row_stop / grid.height, "Drawing samples")
    drawn = np.concatenate(found)
    return drawn[generator.permutation(len(drawn))]


def _write(params: SampleParams, raster: RasterReader, drawn: NDArray[np.int64], names: dict[int, str]) -> None:
    points = shapely.points(*raster.grid.centres(drawn[:, 1], drawn[:, 2]))
    fields = {
        "id": np.arange(1, len(drawn) + 1, dtype=np.int32),
        "map_code": drawn[:, 0].astype(np.int32),
        "map_class": np.array([names.get(code, str(code)) for code in drawn[:, 0].tolist()], object),
        "class": np.full(len(drawn), None, object),
    }
    target = Path(params.output)
    with staging(target, GEOPACKAGE, raster.info.files) as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        try:
            pyogrio.raw.write(
                folder / target.name,
                shapely.to_wkb(points),
                list(fields.values()),
                np.array(list(fields), object),
                layer=target.stem,
                driver="GPKG",
                geometry_type="Point",
                crs=raster.grid.crs_wkt,
            )
        except Exception as problem:  # pyogrio's errors have no public base
            raise output_failure(target, problem) from problem


def show(result: dict[str, Any]) -> str:
    """The result in words, for the command line."""
    error = 100 * result["expected_standard_error"]
    lines = [f"{result['output']}: {result['samples']:,} points, expected standard error {error:.1f} %"]
    lines += [
        f"  {row['code']:>4}  {row['name']:<28}{100 * row['share']:6.1f} %{row['samples']:>8,}"
        for row in result["classes"]
    ]
    lines.append('Write what is on the ground into the field "class", then: core accuracy MAP POINTS')
    return "\n".join(lines)
