"""Tumor-colored material inside an NK cell, in one frame, as a share of the tumor's dye.

Light in the tumor channel within an NK cell is of four kinds: bleed-through (goes with the NK
dye), stray light of the tumor cells beside it (falls off with the distance to them), background,
and what was bitten off. The first three are fitted together, leaving out what stands above them;
that is the fourth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, erfc, nan, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.blur import bell, blurred
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop

    Image = NDArray[np.float32]
    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

CLEAR_UM = 0.75
"""This close to a tumor cell, its own light outshines any bite."""
STRAY_UM = (0.6, 1.8)
SPOT_UM = 0.4
SPOT_REACH_UM = 0.65
FEWEST_PIXELS = 30
OUTSTANDING = 3.5
SIGNIFICANT = 6.0
FARTHEST, STEPS = 6, 100
TAIL = np.array(
    [0.5 * erfc((i / STEPS - FARTHEST) / sqrt(2.0)) for i in range(2 * FARTHEST * STEPS + 1)]
)
"""What lies beyond so many SDs, from -FARTHEST on, STEPS to one: right to 1e-5."""
FITS = 3
CAUSES = 3
LEAST_CAUSE = (5.0, 0.05, 0.05)
"""Causes (NK counts, stray shares) weaker than this explain nothing."""
LOOSE, STIFF = 1e-3, 0.3
"""How strongly leaks are held to nothing, and to what is known of them."""


@dataclass(frozen=True, slots=True)
class Uptake:
    """What one NK cell holds.

    `fraction` of the tumor's dye is inside the NK cell now; `noise` is the SD of one spot's share.
    `leaks` are the shares of the NK dye's light (bleed-through) and of the tumor cells' stray
    light that reach the NK cell's pixels.
    """

    fraction: float
    noise: float
    leaks: tuple[float, ...]


def uptake_of(crop: Crop, nk_id: int, tumor_dye: float, leaks: tuple[float, ...]) -> Uptake | None:
    """What an NK cell holds of a tumor with `tumor_dye` (counts times um2).

    `leaks` are those known from before, () if none: once much was bitten off they cannot be seen
    any more. None when too little of the NK cell lies clear of tumor cells and of other NK
    cells, or a channel is missing.
    """
    if crop.tumor is None or crop.nk is None or not tumor_dye > 0 or nk_id not in crop.nk_ids:
        return None
    found = np.empty(CAUSES)
    light = held(
        crop.tumor,
        crop.nk,
        crop.nks,
        crop.nk_ids.index(nk_id) + 1,
        crop.from_tumors_um,
        crop.pixel_um,
        crop.tumor_background,
        crop.nk_background,
        crop.tumor_noise,
        np.array(leaks or (nan,) * CAUSES),
        found,
    )
    if light != light:
        return None
    share = crop.pixel_um**2 / tumor_dye
    pixels = max((SPOT_REACH_UM / crop.pixel_um) ** 2 * pi, 9.0)
    noise = crop.tumor_noise * sqrt(pixels) * share
    return Uptake(max(light * share, 0.0), noise, tuple(found.tolist()))


@compiled
def held(
    tumor: Image,
    nk: Image,
    nks: NDArray[np.int16],
    number: int,
    from_tumors_um: Image,
    pixel_um: float,
    background: float,
    nk_background: float,
    noise: float,
    known: Floats,
    leaks: Floats,
) -> float:
    """Light (counts) of what NK cell `number` holds, NaN if it cannot be seen; fills in `leaks`."""
    rows, columns = clear_pixels(nks, number, from_tumors_um)
    count = len(rows)
    if count < FEWEST_PIXELS:
        return nan
    seen, causes = np.empty(count), strayed(rows, columns, from_tumors_um, pixel_um)
    for i in range(count):
        row, column = rows[i], columns[i]
        seen[i] = tumor[row, column] - background
        causes[0, i] = nk[row, column] - nk_background
    rest = left_over(seen, causes, known, noise, leaks)
    return spots_light(rest, rows, columns, noise, pixel_um)


@compiled
def clear_pixels(
    nks: NDArray[np.int16], number: int, from_tumors_um: Image
) -> tuple[Places, Places]:
    """Rows and columns of an NK cell's pixels that no tumor cell outshines."""
    rows, columns = np.empty(nks.size, np.int64), np.empty(nks.size, np.int64)
    count = 0
    for row in range(nks.shape[0]):
        for column in range(nks.shape[1]):
            if nks[row, column] == number and from_tumors_um[row, column] > CLEAR_UM:
                rows[count], columns[count] = row, column
                count += 1
    return rows[:count], columns[:count]


@compiled
def strayed(rows: Places, columns: Places, from_tumors_um: Image, pixel_um: float) -> Floats:
    """The causes (CAUSES, n) of light at some pixels: stray light, the first left 0."""
    causes = np.zeros((CAUSES, len(rows)))
    for i in range(len(rows)):
        away = from_tumors_um[rows[i], columns[i]] - 0.5 * pixel_um
        for k in range(CAUSES - 1):
            causes[k + 1, i] = beyond(away / STRAY_UM[k])
    return causes


@compiled
def beyond(sds: float) -> float:
    """The share of a normal distribution that lies further than so many SDs to one side."""
    place = min(max((sds + FARTHEST) * STEPS, 0.0), len(TAIL) - 1.001)
    before = int(place)
    return float(TAIL[before] + (place - before) * (TAIL[before + 1] - TAIL[before]))


@compiled
def left_over(seen: Floats, causes: Floats, known: Floats, noise: float, leaks: Floats) -> Floats:
    """What is seen, without what its causes explain; their shares go into `leaks`.

    `known` shares (NaN: none) are departed from with reluctance.
    """
    is_new = np.isnan(known[0])
    start = np.zeros(CAUSES) if is_new else known
    stiff = LOOSE if is_new else STIFF
    scale, scaled = np.empty(CAUSES), np.empty_like(causes)
    for k in range(CAUSES):
        scale[k] = max(sqrt((causes[k] ** 2).mean()), LEAST_CAUSE[k])
        scaled[k] = causes[k] / scale[k]
    leaks[:] = start
    before = seen - mixed(start, causes)
    rest = before.copy()
    for _ in range(FITS):
        limit = OUTSTANDING * (spread(rest) if is_new else noise)
        square, toward, kept = normal(scaled, before, rest, limit)
        if kept >= FEWEST_PIXELS:
            for k in range(CAUSES):
                square[k, k] += stiff * kept
            leaks[:] = start + np.linalg.solve(square, toward) / scale
        rest = seen - mixed(leaks, causes)
    return rest


@compiled
def normal(causes: Floats, seen: Floats, rest: Floats, limit: float) -> tuple[Floats, Floats, int]:
    """(matrix, right side, number) of the normal equations of three causes of what is seen.

    In them are the pixels of which less than the limit is left over.
    """
    aa, ab, ac, bb, bc, cc = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    at, bt, ct, kept = 0.0, 0.0, 0.0, 0
    for i in range(len(seen)):
        if rest[i] < limit:
            a, b, c, t = causes[0, i], causes[1, i], causes[2, i], seen[i]
            aa, ab, ac, at = aa + a * a, ab + a * b, ac + a * c, at + a * t
            bb, bc, bt = bb + b * b, bc + b * c, bt + b * t
            cc, ct = cc + c * c, ct + c * t
            kept += 1
    square = np.array([[aa, ab, ac], [ab, bb, bc], [ac, bc, cc]])
    return square, np.array([at, bt, ct]), kept


@compiled
def mixed(shares: Floats, causes: Floats) -> Floats:
    """The sum of all causes, each by its share."""
    total = np.zeros(causes.shape[1])
    for k in range(CAUSES):
        total += shares[k] * causes[k]
    return total


@compiled
def spread(values: Floats) -> float:
    """SD of the noise, from the quarter of values below the median: bites are above it."""
    quarter, half = len(values) // 4, len(values) // 2
    ordered = np.partition(values, half)
    lower = np.partition(ordered[: half + 1], quarter)[quarter]
    return float(1.4826 * (ordered[half] - lower) + 1e-6)


@compiled
def spots_light(
    rest: Floats, rows: Places, columns: Places, noise: float, pixel_um: float
) -> float:
    """All light (counts) in and around the spots that stand out of the noise once smoothed."""
    sigma = SPOT_UM / pixel_um
    top, left = rows.min(), columns.min()
    shape = rows.max() - top + 1, columns.max() - left + 1
    light, zone = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for i in range(len(rows)):
        light[rows[i] - top, columns[i] - left] = rest[i]
        zone[rows[i] - top, columns[i] - left] = 1.0
    weights = bell(sigma, ceil(2.5 * sigma))
    smooth, cover = blurred(light, weights), blurred(zone, weights)
    # what is left of the noise after smoothing
    limit = SIGNIFICANT * noise / max(2.0 * sqrt(pi) * sigma, 1.0)
    near, total = int(SPOT_REACH_UM / pixel_um), 0.0
    spots = np.zeros(shape, np.uint8)
    for i in range(len(rows)):
        row, column = rows[i] - top, columns[i] - left
        if smooth[row, column] > limit * max(cover[row, column], 0.2):
            mark(spots, row, column, near)
    for i in range(len(rows)):
        if spots[rows[i] - top, columns[i] - left] > 0:
            total += rest[i]
    return total


@compiled
def mark(spots: NDArray[np.uint8], row: int, column: int, near: int) -> None:
    """Mark a pixel, and those within `near` pixels of it."""
    for r in range(max(row - near, 0), min(row + near + 1, spots.shape[0])):
        for c in range(max(column - near, 0), min(column + near + 1, spots.shape[1])):
            if (r - row) ** 2 + (c - column) ** 2 <= near * near:
                spots[r, c] = 1
