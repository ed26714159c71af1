"""Kernels compiled by numba: int8 codes to scores, and scores of cells to scores of pixels.

Each passes over its input once and keeps intermediate values in the processor's cache, where torch's operations pass
over whole arrays one after the other; none holds Python's global lock. Importing this module compiles them, which takes
seconds, or loads what an earlier process compiled; other modules use ``core.dense.compiled``.

Numba gives the sum of two int32 as int64, and that of an int32 and a float32 as float64: hence the many conversions.
Types given as ``Any`` are numba's or LLVM's, or arrays whose types are in the kernel's signature.
"""

# ruff: noqa: ANN401

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import boolean, config, float32, int8, int16, intp, njit, types, uint16, void
from numba.core import cgutils
from numba.extending import intrinsic

CELLS = 256
"""Cells whose sums are held at a time: with the texts of a prompt they fit into the L1 cache."""
LANES = 16
"""Codes multiplied at a time."""
AT_ONCE = 8
"""Cells whose sums are completed together."""

ROUND = np.float32(1.5 * 2**23)
"""Added to a number and subtracted again, it rounds to the nearest whole number."""
HALF_BIAS = np.float32(2.0**112)
"""Factor between the exponent biases of float16 and float32."""
LOG2_E = np.float32(np.log2(np.e))
ROOT_HALF_BITS = np.int32(np.float32(0.5**0.5).view(np.int32))


def _given(element: Any, dimensions: int) -> types.Array:
    """Return the type of a read-only, contiguous array."""
    return types.Array(element, dimensions, "C", readonly=True)


def _sums_of_eight_cells(typing: Any, codes: Any, cell: Any, parts: Any, text: Any, sums: Any, place: Any) -> Any:
    """Do ``sums[text, place : place + 8] = codes[cell : cell + 8] @ parts[text]``.

    Written in LLVM IR because its vectoriser would multiply in 32 bits; the pattern below is recognised as 16-bit
    products with pairwise sums (PMADDWD, VPDPWSSD).
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def array(position: int) -> Any:
            return context.make_array(signature.args[position])(context, builder, arguments[position])

        def lanes(pointer: Any, element: ir.IntType) -> Any:
            vector = ir.VectorType(element, LANES)
            loaded = builder.load(builder.bitcast(pointer, vector.as_pointer()), align=element.width // 8)
            return builder.sext(loaded, ir.VectorType(ir.IntType(32), LANES))

        def pairs(left: Any, right: Any) -> Any:
            even, odd = (ir.Constant(kept, [2 * lane + side for lane in range(LANES // 2)]) for side in (0, 1))
            return builder.add(builder.shuffle_vector(left, right, even), builder.shuffle_vector(left, right, odd))

        kept = ir.VectorType(ir.IntType(32), LANES // 2)
        code_rows, part_rows, sum_rows = array(0), array(2), array(4)
        channels = cgutils.unpack_tuple(builder, code_rows.shape)[1]
        width = cgutils.unpack_tuple(builder, sum_rows.shape)[1]
        cells = [builder.gep(code_rows.data, [builder.mul(arguments[1], channels)])]
        for _ in range(AT_ONCE - 1):
            cells.append(builder.gep(cells[-1], [channels]))
        factors = builder.gep(part_rows.data, [builder.mul(arguments[3], channels)])
        totals = [cgutils.alloca_once_value(builder, ir.Constant(kept, None)) for _ in cells]
        first, step = (ir.Constant(channels.type, number) for number in (0, LANES))
        with cgutils.for_range_slice(builder, first, channels, step) as (channel, _):
            factor = lanes(builder.gep(factors, [channel]), ir.IntType(16))
            for pointer, total in zip(cells, totals, strict=True):
                products = builder.mul(lanes(builder.gep(pointer, [channel]), ir.IntType(8)), factor)
                builder.store(builder.add(builder.load(total), pairs(products, products)), total)
        rows = [builder.load(total) for total in totals]
        while len(rows) > 1:
            rows = [pairs(one, other) for one, other in zip(rows[::2], rows[1::2], strict=True)]
        target = builder.gep(sum_rows.data, [builder.add(builder.mul(arguments[3], width), arguments[5])])
        builder.store(rows[0], builder.bitcast(target, kept.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(codes, types.intp, parts, types.intp, sums, types.intp), generate


_sums_of_eight: Any = intrinsic(_sums_of_eight_cells)


compiled = njit(nogil=True, error_model="numpy", fastmath={"contract"})
"""Decorator of functions that kernels call."""


def kernel(*arguments: Any) -> Any:
    """Compile for these types now, and cache the result on disk where there is a folder for it."""
    kept = bool(getattr(config, "CACHE_DIR", ""))
    return njit(void(*arguments), nogil=True, error_model="numpy", fastmath={"contract"}, cache=kept)


@compiled
def _exp2(x: Any) -> Any:
    """Returns 2 to a power from -126 to 126, to two in ten million."""
    whole = np.float32(np.float32(x + ROUND) - ROUND)
    rest = np.float32(x - whole)
    power = np.float32(1.5403530e-4)
    power = np.float32(power * rest + np.float32(1.3333558e-3))
    power = np.float32(power * rest + np.float32(9.6181291e-3))
    power = np.float32(power * rest + np.float32(5.5504109e-2))
    power = np.float32(power * rest + np.float32(2.4022651e-1))
    power = np.float32(power * rest + np.float32(6.9314718e-1))
    power = np.float32(power * rest + np.float32(1.0))
    return np.float32(power * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32))


@compiled
def _log2(x: Any) -> Any:
    """Returns the logarithm to base 2 of a positive, normal number, to two in ten million."""
    bits = np.float32(x).view(np.int32)
    exponent = np.int32((bits - ROOT_HALF_BITS) >> np.int32(23))
    mantissa = np.int32(bits - np.int32(exponent << np.int32(23))).view(np.float32)
    ratio = np.float32((mantissa - np.float32(1)) / (mantissa + np.float32(1)))
    square = np.float32(ratio * ratio)
    series = np.float32(0.41198585)
    series = np.float32(series * square + np.float32(0.57707802))
    series = np.float32(series * square + np.float32(0.96179669))
    series = np.float32(series * square + np.float32(2.8853901))
    return np.float32(series * ratio + np.float32(exponent))


@compiled
def _half(bits: Any) -> Any:
    """Returns the value of a float16, not negative, by its bits."""
    return np.float32(np.uint32(np.uint32(bits) << np.uint32(13)).view(np.float32) * HALF_BIAS)


@compiled
def _cosines(
    codes: Any, gain: Any, share: Any, parts: Any, steps: Any, constants: Any,
    first: int, count: int, sums: Any, found: Any,
) -> None:  # fmt: skip
    """Fill ``found`` (T, CELLS) with the cosines of some cells; ``sums`` (T, CELLS) int32 is scratch."""
    channels = codes.shape[1]
    # Slices, because a sum of indexes might be negative for all the compiler knows, which would cost a test each.
    gains, shares, rows = gain[first : first + count], share[first : first + count], codes[first : first + count]
    together = count // AT_ONCE * AT_ONCE if channels % LANES == 0 else 0
    for text in range(len(parts)):
        for cell in range(0, together, AT_ONCE):
            _sums_of_eight(codes, first + cell, parts, text, sums, cell)
        for cell in range(together, count):
            total: Any = 0
            for channel in range(channels):
                total += np.int32(rows[cell, channel]) * np.int32(parts[text, channel])
            sums[text, cell] = total
        step, constant = steps[text], constants[text]
        for cell in range(count):
            own = np.float32(np.float32(sums[text, cell]) * step)
            found[text, cell] = np.float32(own * _half(gains[cell]) + constant * _half(shares[cell]))


CHUNK = _given(int8, 2), _given(uint16, 1), _given(uint16, 1)
"""Codes (n, K), and the bits of gains and inverse norms (n,)."""
TEXTS = _given(int16, 2), _given(float32, 1), _given(float32, 1)
"""Parts (T, K), steps (T,) and constants (T,), see ``TextFactors``."""


@kernel(*CHUNK, *TEXTS, float32[:, ::1])
def cosines(codes: Any, gain: Any, share: Any, parts: Any, steps: Any, constants: Any, out: Any) -> None:
    """Fill ``out`` (T, n) float32 with the cosines of cells and texts."""
    sums, found = np.empty((len(parts), CELLS), np.int32), np.empty((len(parts), CELLS), np.float32)
    for first in range(0, len(codes), CELLS):
        count = min(CELLS, len(codes) - first)
        _cosines(codes, gain, share, parts, steps, constants, first, count, sums, found)
        for text in range(len(parts)):
            row = out[text, first : first + count]
            for cell in range(count):
                row[cell] = found[text, cell]


@kernel(*CHUNK, *TEXTS, _given(float32, 1), float32, float32, float32,
        _given(intp, 1), _given(intp, 1), _given(float32, 2), float32,
        float32, float32, float32, float32[:, ::1])  # fmt: skip
def log_odds(
    codes: Any, gain: Any, share: Any, parts: Any, steps: Any, constants: Any, background: Any, temperature: float,
    scale: float, offset: float, starts: Any, places: Any, weights: Any, smallest: float,
    norm: float, slope: float, shift: float, out: Any,
) -> None:  # fmt: skip
    """Score prompts against the background, see ``OddsAgainstBackground``; all in powers of two.

    Args:
        codes: (n, K), with gain and share a chunk's, see ``CHUNK``.
        gain: see ``CHUNK``.
        share: see ``CHUNK``.
        parts: (T, K), with steps and constants of T texts, see ``TEXTS``.
        steps: see ``TEXTS``.
        constants: see ``TEXTS``.
        background: (n,), stored with the cells; prompts are compared with ``background · scale + offset``.
        temperature: from cosines to powers of two.
        scale: see above.
        offset: see above.
        starts: (P + 1,), where each prompt's own texts begin in ``places``.
        places: texts by number.
        weights: (P, T), of texts in the others' odds.
        smallest: lower limit of the others' odds.
        norm: by which odds are added.
        slope: from powers of two to calibrated log-odds.
        shift: added to calibrated log-odds.
        out: (P, n) float32, to be filled.
    """
    texts, prompts = len(parts), len(weights)
    sums, over = np.empty((texts, CELLS), np.int32), np.empty((texts, CELLS), np.float32)
    own, others = np.empty(CELLS, np.float32), np.empty(CELLS, np.float32)
    weighed = np.zeros(texts, np.bool_)
    for prompt in range(prompts):
        for text in range(texts):
            weighed[text] |= weights[prompt, text] != 0
    raised = np.empty((texts, CELLS), np.float32)
    for first in range(0, len(codes), CELLS):
        count = min(CELLS, len(codes) - first)
        _cosines(codes, gain, share, parts, steps, constants, first, count, sums, over)
        odds = background[first : first + count]
        for text in range(texts):
            for cell in range(count):
                rest = np.float32(odds[cell] * scale + offset)
                over[text, cell] = np.float32(over[text, cell] * temperature - rest)
            if weighed[text]:
                for cell in range(count):
                    power = np.float32(over[text, cell] * norm)
                    raised[text, cell] = _exp2(min(max(power, np.float32(-126)), np.float32(126)))
        for prompt in range(prompts):
            for cell in range(count):
                own[cell] = over[places[starts[prompt]], cell]
                others[cell] = np.float32(1)
            for place in range(starts[prompt] + 1, starts[prompt + 1]):
                text = places[place]
                for cell in range(count):
                    own[cell] = max(own[cell], over[text, cell])
            for text in range(texts):
                weight = weights[prompt, text]
                if weight != 0:
                    for cell in range(count):
                        others[cell] += np.float32(weight * raised[text, cell])
            row = out[prompt, first : first + count]
            for cell in range(count):
                lost = np.float32(_log2(max(others[cell], smallest)) / norm)
                row[cell] = np.float32((own[cell] - lost) * slope + shift)


@kernel(*CHUNK, *TEXTS, float32, _given(float32, 2), float32[:, ::1])
def log_sums(
    codes: Any, gain: Any, share: Any, parts: Any, steps: Any, constants: Any,
    temperature: float, weights: Any, out: Any,
) -> None:  # fmt: skip
    """Fill ``out`` (S, n) with ``log Σ weight · 2^(temperature · cosine)``, see ``log_weighted_sums``.

    Args:
        codes: (n, K), with gain and share a chunk's, see ``CHUNK``.
        gain: see ``CHUNK``.
        share: see ``CHUNK``.
        parts: (T, K), with steps and constants of T texts, see ``TEXTS``.
        steps: see ``TEXTS``.
        constants: see ``TEXTS``.
        temperature: from cosines to powers of two.
        weights: (S, T), not negative.
        out: (S, n) float32, to be filled.
    """
    texts = len(parts)
    sums, raised = np.empty((texts, CELLS), np.int32), np.empty((texts, CELLS), np.float32)
    largest, total = np.empty(CELLS, np.float32), np.empty(CELLS, np.float32)
    for first in range(0, len(codes), CELLS):
        count = min(CELLS, len(codes) - first)
        _cosines(codes, gain, share, parts, steps, constants, first, count, sums, raised)
        for cell in range(count):
            largest[cell] = raised[0, cell]
        for text in range(1, texts):
            for cell in range(count):
                largest[cell] = max(largest[cell], raised[text, cell])
        for text in range(texts):
            for cell in range(count):
                less = np.float32(np.float32(raised[text, cell] - largest[cell]) * temperature)
                raised[text, cell] = _exp2(max(less, np.float32(-126)))
        for group in range(len(weights)):
            for cell in range(count):
                total[cell] = np.float32(0)
            for text in range(texts):
                weight = weights[group, text]
                if weight != 0:
                    for cell in range(count):
                        total[cell] += np.float32(weight * raised[text, cell])
            row = out[group, first : first + count]
            for cell in range(count):
                power = _log2(max(total[cell], np.float32(2.0**-126)))
                row[cell] = np.float32((power + largest[cell] * temperature) / LOG2_E)


@compiled
def _cell_means(guide: Any, pixel_valid: Any, cell_valid: Any, stride: int, means: Any, usable: Any) -> None:
    """Fill ``means`` (G, h, w) with the mean of each cell's valid pixels, ``usable`` (h, w) with 1 where there is one.

    Row by row and then column by column: loops of only ``stride`` steps are dominated by their overhead.
    """
    channels, height, width = means.shape
    sums, known = np.empty((channels, width * stride), np.float32), np.empty(width * stride, np.float32)
    of_cell = np.empty(width, np.float32)
    for row in range(height):
        for x in range(width * stride):
            known[x] = np.float32(0)
        for channel in range(channels):
            for x in range(width * stride):
                sums[channel, x] = np.float32(0)
        for y in range(row * stride, row * stride + stride):
            valid = pixel_valid[y]
            for x in range(width * stride):
                known[x] += np.float32(valid[x])
            for channel in range(channels):
                pixels = guide[channel, y]
                for x in range(width * stride):
                    sums[channel, x] += pixels[x] if valid[x] else np.float32(0)
        _across(known, stride, of_cell)
        for column in range(width):
            usable[row, column] = np.float32(cell_valid[row, column] and of_cell[column] > 0)
        for channel in range(channels):
            _across(sums[channel], stride, means[channel, row])
            for column in range(width):
                mean = np.float32(means[channel, row, column] / max(of_cell[column], np.float32(1)))
                finite = abs(mean) < np.float32(np.inf)
                means[channel, row, column] = mean if finite else np.float32(0)
                usable[row, column] = usable[row, column] if finite else np.float32(0)


@compiled
def _across(pixels: Any, stride: int, cells: Any) -> None:
    """Fill a row of ``cells`` with the sums of ``stride`` pixels each."""
    for column in range(len(cells)):
        cells[column] = pixels[column * stride]
    for x in range(1, stride):
        side = pixels[x:]
        for column in range(len(cells)):
            cells[column] += side[column * stride]


@compiled
def _spread(cells: Any, stride: int, margin: int, pixels: Any) -> None:
    """Fill a row of ``pixels`` from ``margin`` on with a row of cells, ``stride`` pixels a cell."""
    for x in range(stride):
        side = pixels[margin + x :]
        for column in range(len(cells)):
            side[column * stride] = cells[column]


@kernel(_given(float32, 3), _given(boolean, 2), _given(float32, 3), _given(boolean, 2), intp,
        _given(float32, 2), float32, float32[:, :, ::1])  # fmt: skip
def upsampled(
    scores: Any, cell_valid: Any, guide: Any, pixel_valid: Any, stride: int, nearness: Any, likeness: float, out: Any
) -> None:  # fmt: skip
    """Bring scores to pixels, see ``core.dense.upsample.upsample_scores``; row by row of pixels.

    Args:
        scores: (N, h, w), finite.
        cell_valid: (h, w) bool.
        guide: (G, h · stride, w · stride).
        pixel_valid: (h · stride, w · stride) bool.
        stride: pixels a cell.
        nearness: (2 · radius + 1, stride), along one axis.
        likeness: factor of the guide's differences before they are squared.
        out: (N, h · stride, w · stride) float32, to be filled.
    """
    count, height, width = scores.shape
    channels, around = len(guide), len(nearness)
    radius = around // 2
    means, usable = np.empty((channels, height, width), np.float32), np.empty((height, width), np.float32)
    _cell_means(guide, pixel_valid, cell_valid, stride, means, usable)
    pixels = width * stride
    # The rows of cells around a row, spread to pixels; a column of cells to the side is ``stride`` pixels further on.
    wide_guide = np.zeros((around, channels, pixels + 2 * radius * stride), np.float32)
    wide_scores = np.zeros((around, count, pixels + 2 * radius * stride), np.float32)
    wide_usable = np.zeros((around, pixels + 2 * radius * stride), np.float32)
    near = np.empty((around, pixels), np.float32)
    for across in range(around):
        for x in range(pixels):
            near[across, x] = nearness[across, x % stride]
    own, distance = np.empty((channels, pixels), np.float32), np.empty(pixels, np.float32)
    weight, total = np.empty(pixels, np.float32), np.empty(pixels, np.float32)
    for ahead in range(-radius, height):
        entering = ahead + radius
        slot = entering % around
        if entering < height:
            for channel in range(channels):
                _spread(means[channel, entering], stride, radius * stride, wide_guide[slot, channel])
            for score in range(count):
                _spread(scores[score, entering], stride, radius * stride, wide_scores[slot, score])
            _spread(usable[entering], stride, radius * stride, wide_usable[slot])
        else:
            for x in range(len(wide_usable[slot])):
                wide_usable[slot, x] = np.float32(0)
        if ahead < 0:
            continue
        for y in range(ahead * stride, ahead * stride + stride):
            for channel in range(channels):
                for x in range(pixels):
                    own[channel, x] = guide[channel, y, x]
            for x in range(pixels):
                total[x] = np.float32(1e-12)
            for score in range(count):
                for x in range(pixels):
                    out[score, y, x] = np.float32(0)
            for down in range(max(0, radius - ahead), around):
                slot = (ahead - radius + down) % around
                near_row = nearness[down, y % stride]
                for across in range(around):
                    shift = across * stride
                    for x in range(pixels):
                        distance[x] = np.float32(0)
                    for channel in range(channels):
                        cells = wide_guide[slot, channel, shift : shift + pixels]
                        for x in range(pixels):
                            difference = np.float32(np.float32(own[channel, x] - cells[x]) * likeness)
                            distance[x] += np.float32(difference * difference)
                    use = wide_usable[slot, shift : shift + pixels]
                    for x in range(pixels):
                        # The floor keeps a pixel unlike all its neighbours at their plain average instead of at 0/0.
                        like = _exp2(max(np.float32(-LOG2_E * distance[x]), np.float32(-126))) + np.float32(1e-4)
                        weight[x] = np.float32(like * np.float32(np.float32(near_row * near[across, x]) * use[x]))
                        total[x] += weight[x]
                    for score in range(count):
                        cells = wide_scores[slot, score, shift : shift + pixels]
                        for x in range(pixels):
                            out[score, y, x] += np.float32(weight[x] * cells[x])
            for score in range(count):
                for x in range(pixels):
                    reached = total[x] >= np.float32(1e-9)
                    out[score, y, x] = np.float32(out[score, y, x] / total[x]) if reached else np.float32(np.nan)
