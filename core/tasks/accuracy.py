"""How good a class map is, against a reference raster or vector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.context import Context
from core.errors import InputError
from core.metrics.confusion import Z_95, ConfusionMatrix, adjusted_areas
from core.protocol import AccuracyParams
from core.raster.pixel_areas import known_row_areas
from core.raster.reader import RasterReader, open_raster
from core.raster.staging import staging
from core.raster.writer import read_class_names
from core.tasks.accuracy_report import html_report
from core.tasks.outputs import check_writable
from core.tasks.reference import UNKNOWN, open_reference

BLOCK_PIXELS = 1024
HIGHEST_CODE = 65535
REPORT = (".html", ".htm")


def run(params: AccuracyParams, context: Context) -> dict[str, Any]:
    """Compare a class map with a reference.

    Args:
        params: map, reference, its field, and where the report goes.
        context: told the progress; stopped between two blocks.

    Returns:
        ``classes`` (code, name, samples, mapped, producers, users, f1, iou, and where they are known hectares,
        adjusted_share, adjusted_hectares, their half widths of 95 % confidence), ``matrix`` (**rows reference,
        columns map**, in the order of ``classes``), samples, overall, kappa, mean_iou, ``adjusted`` {overall,
        overall_half_width} or None, ``remarks`` (lines), report.

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
                tally.add(block.row, values[0], valid, reference.read(block))
                context.progress(number / len(blocks), "Comparing map and reference")
    result = tally.result(names)
    result["remarks"] = [*reference.remarks, *_remarks(result, names)]
    result["report"] = params.report
    if params.report is not None:
        target = Path(params.report)
        with staging(target, REPORT) as folder:
            (folder / target.name).write_text(html_report(params, result), encoding="utf-8")
    return result


class _Tally:
    """Counts pairs of reference and map codes, and how many pixels and hectares the map gives each code."""

    def __init__(self, raster: RasterReader) -> None:
        self._pairs: dict[tuple[int, int], int] = {}
        self._mapped: dict[int, int] = {}
        self._hectares: dict[int, float] = {}
        self._areas = known_row_areas(raster.grid)

    def add(self, row: int, map_codes: NDArray[Any], valid: NDArray[np.bool_], reference: NDArray[np.int64]) -> None:
        """Count a block that starts at a row of the map."""
        if map_codes.dtype.kind == "f" and not np.array_equal(np.rint(map_codes[valid]), map_codes[valid]):
            raise InputError("The map holds scores, not classes.", hint="Give the map that core classify made.")
        codes = np.where(valid, map_codes, 0).astype(np.int64)
        if codes.size and (codes.max() > HIGHEST_CODE or codes.min() < 0):
            raise InputError("The map holds numbers that are no class codes.", hint="Give a map of class codes.")
        for code in np.unique(codes[valid]):
            rows = np.count_nonzero((codes == code) & valid, axis=1)
            self._mapped[int(code)] = self._mapped.get(int(code), 0) + int(rows.sum())
            if self._areas is not None:
                hectares = float(rows @ self._areas[row : row + len(rows)])
                self._hectares[int(code)] = self._hectares.get(int(code), 0.0) + hectares
        known = valid & (reference != UNKNOWN)
        pairs, counts = np.unique(np.stack([reference[known], codes[known]]), axis=1, return_counts=True)
        for (true, shown), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            self._pairs[(true, shown)] = self._pairs.get((true, shown), 0) + count

    def result(self, names: dict[int, str]) -> dict[str, Any]:
        """Work out the accuracies.

        Raises:
            InputError: no pixel has both a class and a reference.
        """
        if not self._pairs:
            raise InputError(
                "Map and reference share no pixel.", hint="Check that both cover the same place and that labels exist."
            )
        codes = sorted({code for pair in self._pairs for code in pair} | set(self._mapped))
        place = {code: number for number, code in enumerate(codes)}
        counts = np.zeros((len(codes), len(codes)), np.int64)
        for (true, shown), count in self._pairs.items():
            counts[place[true], place[shown]] = count
        matrix = ConfusionMatrix(counts)
        hectares = np.array([self._hectares.get(code, 0.0) for code in codes])
        pixels = np.array([self._mapped.get(code, 0) for code in codes], np.float64)
        adjusted = adjusted_areas(matrix, hectares if self._areas is not None else pixels)
        classes: list[dict[str, Any]] = []
        for number, code in enumerate(codes):
            entry: dict[str, Any] = {
                "code": code,
                "name": names.get(code, str(code)),
                "samples": int(counts[number].sum()),
                "mapped": int(pixels[number]),
                "producers": _number(matrix.producers[number]),
                "users": _number(matrix.users[number]),
                "f1": _number(matrix.f1[number]),
                "iou": _number(matrix.iou[number]),
                "hectares": _number(hectares[number]) if self._areas is not None else None,
            }
            if adjusted is not None:
                half_width = Z_95 * float(adjusted.standard_errors[number])
                entry["adjusted_share"] = _number(adjusted.shares[number])
                entry["adjusted_share_half_width"] = half_width
                entry["adjusted_producers"] = _number(adjusted.producers[number])
                if self._areas is not None:
                    entry["adjusted_hectares"] = _number(adjusted.shares[number] * hectares.sum())
                    entry["adjusted_hectares_half_width"] = half_width * float(hectares.sum())
            classes.append(entry)
        return {
            "classes": classes,
            "matrix": counts.tolist(),
            "samples": matrix.total,
            "overall": matrix.overall,
            "kappa": _number(matrix.kappa),
            "mean_iou": _number(matrix.mean_iou),
            "adjusted": None
            if adjusted is None
            else {"overall": adjusted.overall, "overall_half_width": Z_95 * adjusted.overall_standard_error},
        }


def _remarks(result: dict[str, Any], names: dict[int, str]) -> list[str]:
    """Say what a person may take the figures for and should not."""
    classes = result["classes"]
    remarks = []
    # Where one code is none of the map's, the others may mean something else as well.
    strange = [f"{row['code']} ({row['samples']:,})" for row in classes if row["samples"] and row["code"] not in names]
    if names and strange:
        remarks.append(
            f"The reference holds codes that are no class of the map: {', '.join(strange)}. Codes are compared by "
            "number; if they mean other things there, say what with core accuracy --names CODE=CLASS."
        )
    if result["adjusted"] is None:
        shown = zip(classes, zip(*result["matrix"], strict=True), strict=True)
        few = [row["name"] for row, column in shown if row["mapped"] and sum(column) < 2]
        remarks.append(
            f"No area-weighted accuracy: fewer than two samples lie where the map shows {', '.join(few)}. "
            "core sample draws points in every class."
        )
    return remarks


def _number(value: float) -> float | None:
    """Returns a number as JSON can hold it: None for NaN."""
    return None if np.isnan(value) else float(value)
