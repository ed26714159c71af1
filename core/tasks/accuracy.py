"""Accuracy assessment of a class map against a reference raster or vector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.context import Context
from core.errors import InputError
from core.metrics.cluster_sample import SampleUnits
from core.metrics.confusion import Z_95, ConfusionMatrix, adjusted_areas
from core.protocol import AccuracyParams
from core.raster.areas import AreaTally
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader, open_raster
from core.raster.staging import staging
from core.raster.writer import read_class_names
from core.tasks.accuracy_report import html_report
from core.tasks.outputs import check_writable
from core.tasks.reference import FIRST_FOREIGN, UNKNOWN, Partner, Reference, ReferencePixels, open_reference

BLOCK_PIXELS = 1024
HIGHEST_CODE = 65535
REPORT = (".html", ".htm")


def run(params: AccuracyParams, context: Context) -> dict[str, Any]:
    """Compare a class map with a reference.

    Args:
        params: map, reference, its field, the assignment of its classes, and the report's path.
        context: reports progress; cancellation is checked between two blocks.

    Returns:
        ``classes`` (code, name, samples, mapped, producers, users, f1, iou, and where they are known hectares,
        adjusted_share, adjusted_hectares, their half widths of 95 % confidence; code is None for classes that only
        the reference has: all of their samples are errors), ``matrix`` (**rows reference, columns map**, in the order
        of ``classes``), samples, ``unit`` (what one sample is: pixel, point, line, polygon, feature), units (their
        number), overall, kappa, mean_iou, ``adjusted`` {overall, overall_half_width} or None, ``partners`` (reference,
        class: of each class of the reference the map's, "" where there is none), ``map_classes`` (names), ``remarks``
        (lines), report.

    Raises:
        InputError: a file cannot be read, or map and reference do not overlap.
        OutputError: the report cannot be written.
    """
    with open_raster(params.map) as raster:
        check_writable([(params.report, REPORT)], [*raster.info.files, params.reference])
        names = read_class_names(raster.info.tags)
        with open_reference(params.reference, raster.grid, params.field, names, params.names) as reference:
            tally = _Tally(raster)
            blocks = list(raster.grid.window.blocks(BLOCK_PIXELS, BLOCK_PIXELS))
            for number, block in enumerate(blocks, start=1):
                context.raise_if_cancelled()
                values, valid = raster.read(block, (1,))
                tally.add(block, values[0], valid, reference.read(block))
                context.progress(number / len(blocks), "Comparing map and reference")
    result = tally.result(names, reference)
    result["remarks"] = [*reference.remarks, *_remarks(result)]
    result["report"] = params.report
    if params.report is not None:
        target = Path(params.report)
        with staging(target, REPORT) as folder:
            (folder / target.name).write_text(html_report(params, result), encoding="utf-8")
    return result


class _Tally:
    """Counts pairs of reference and map codes, and how many pixels and hectares the map gives each code."""

    def __init__(self, raster: RasterReader) -> None:
        self._counts: dict[tuple[int, int, int], int] = {}
        self._mapped = AreaTally(raster.grid)

    def add(
        self, place: PixelWindow, map_codes: NDArray[Any], valid: NDArray[np.bool_], reference: ReferencePixels
    ) -> None:
        """Count a block of the map."""
        if map_codes.dtype.kind == "f" and not np.array_equal(np.rint(map_codes[valid]), map_codes[valid]):
            raise InputError("The map holds scores, not classes.", hint="Give the map that core classify made.")
        codes = np.where(valid, map_codes, 0).astype(np.int64)
        if codes.size and (codes.max() > HIGHEST_CODE or codes.min() < 0):
            raise InputError("The map holds numbers that are no class codes.", hint="Give a map of class codes.")
        self._mapped.add(place, codes, valid)
        known = valid & (reference.codes != UNKNOWN)
        units = np.zeros_like(reference.codes) if reference.units is None else reference.units
        found = np.stack([units[known], reference.codes[known], codes[known]])
        triples, counts = np.unique(found, axis=1, return_counts=True)
        for (unit, true, shown), count in zip(triples.T.tolist(), counts.tolist(), strict=True):
            self._counts[(unit, true, shown)] = self._counts.get((unit, true, shown), 0) + count

    def result(self, names: dict[int, str], reference: Reference) -> dict[str, Any]:
        """Compute the accuracies.

        Raises:
            InputError: no pixel has both a class and a reference.
        """
        if not self._counts:
            raise InputError(
                "Map and reference share no pixel.", hint="Check that both cover the same place and that labels exist."
            )
        partners = reference.partners()
        names = {**names, **{partner.code: partner.name for partner in partners if partner.code >= FIRST_FOREIGN}}
        codes = sorted({code for _, true, shown in self._counts for code in (true, shown)} | set(self._mapped.codes))
        matrix, sample = self._matrix(codes, independent=reference.unit == "pixel")
        hectares = np.array([self._mapped.hectares(code) for code in codes])
        pixels = np.array([self._mapped.pixels(code) for code in codes], np.float64)
        adjusted = adjusted_areas(matrix, hectares if self._mapped.knows_hectares else pixels, sample)
        classes: list[dict[str, Any]] = []
        for number, code in enumerate(codes):
            entry: dict[str, Any] = {
                "code": code if code < FIRST_FOREIGN else None,
                "name": names.get(code, str(code)),
                "samples": int(matrix.counts[number].sum()),
                "mapped": int(pixels[number]),
                "producers": _number(matrix.producers[number]),
                "users": _number(matrix.users[number]),
                "f1": _number(matrix.f1[number]),
                "iou": _number(matrix.iou[number]),
                "hectares": _number(hectares[number]) if self._mapped.knows_hectares else None,
            }
            if adjusted is not None:
                half_width = Z_95 * float(adjusted.standard_errors[number])
                entry["adjusted_share"] = _number(adjusted.shares[number])
                entry["adjusted_share_half_width"] = half_width
                entry["adjusted_producers"] = _number(adjusted.producers[number])
                if self._mapped.knows_hectares:
                    entry["adjusted_hectares"] = _number(adjusted.shares[number] * hectares.sum())
                    entry["adjusted_hectares_half_width"] = half_width * float(hectares.sum())
            classes.append(entry)
        own = {code: name for code, name in names.items() if code < FIRST_FOREIGN}
        own.update({code: names.get(code, str(code)) for code in self._mapped.codes})
        return {
            "classes": classes,
            "matrix": matrix.counts.tolist(),
            "samples": matrix.total,
            "unit": reference.unit,
            "units": matrix.total if sample is None else sample.total,
            "partners": [_pair(partner, own) for partner in partners],
            "map_classes": [own[code] for code in sorted(own)],
            "overall": matrix.overall,
            "kappa": _number(matrix.kappa),
            "mean_iou": _number(matrix.mean_iou),
            "adjusted": None
            if adjusted is None
            else {"overall": adjusted.overall, "overall_half_width": Z_95 * adjusted.overall_standard_error},
        }

    def _matrix(self, codes: list[int], *, independent: bool) -> tuple[ConfusionMatrix, SampleUnits | None]:
        """Returns the counts of all samples, and by unit; None for the latter where pixels are independent."""
        keys, counts = np.array(list(self._counts), np.int64), np.array(list(self._counts.values()), np.int64)
        true, shown = np.searchsorted(codes, keys[:, 1]), np.searchsorted(codes, keys[:, 2])
        matrix = ConfusionMatrix.of(true, shown, len(codes), counts)
        return matrix, None if independent else SampleUnits(keys[:, 0], true, shown, counts)


def _pair(partner: Partner, names: dict[int, str]) -> dict[str, str]:
    return {"reference": partner.name, "class": names.get(partner.code, "")}


def _remarks(result: dict[str, Any]) -> list[str]:
    """Returns remarks on the validity of the figures."""
    classes = result["classes"]
    remarks = []
    alone = {pair["reference"] for pair in result["partners"] if not pair["class"]}
    foreign = [row for row in classes if row["samples"] and row["name"] in alone]
    if foreign:
        listed = ", ".join(f"{row['name']} ({row['samples']:,})" for row in foreign[:8])
        more = ", …" if len(foreign) > 8 else ""
        remarks.append(
            f"Classes of the reference that the map does not have count as errors: {listed}{more}. If they mean "
            "classes of the map, say which with core accuracy --names CLASS=CLASS; CLASS= leaves one out."
        )
    if result["unit"] == "pixel" and result["adjusted"] is not None:
        remarks.append(
            "Every pixel of the reference counts as an independent sample. Neighbouring pixels are alike, so the "
            "intervals are too narrow unless the reference covers the whole map."
        )
    if result["adjusted"] is None:
        shown = zip(classes, zip(*result["matrix"], strict=True), strict=True)
        few = [row["name"] for row, column in shown if row["mapped"] and sum(column) < 2]
        kind = "samples" if result["unit"] in ("pixel", "point") else f"{result['unit']}s"
        named = f"where the map shows {', '.join(few)}" if few else "in a class of the map"
        remarks.append(
            f"No area-weighted accuracy: fewer than two {kind} lie {named}. core sample draws points in every class."
        )
    return remarks


def _number(value: float) -> float | None:
    """Returns a number as JSON can hold it: None for NaN."""
    return None if np.isnan(value) else float(value)
