"""Small bright things: bites inside NK cells, debris, fragments and stained nuclei of the dead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from livewatch.compiled import compiled
from livewatch.specimen.cells import DEAD, DYING
from livewatch.specimen.outline import wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.culture import Moment
    from livewatch.specimen.scene import Scene

SWALLOW_S = 60.0
"""A bite takes so long from the membrane to its place inside the NK cell."""
APPEAR_S = 8.0
DIGEST_S = 14_400.0
FRAGMENTS, FIRST_SHED_S = 4, 75.0
SHED_DYE, SHED_LASTS_S = 0.6, 3600.0
"""The share of its dye that a cell still has when it sheds bodies, and how long they shine."""


class Spots(NamedTuple):
    """Gaussian spots: places and spreads in um, light as um2 of a body of brightness 1."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    spread: NDArray[np.float64]
    light: NDArray[np.float64]


def scattered(scene: Scene, seed: int) -> Spots:
    """The scene's debris; its light is in the ordinary brightness of each channel."""
    rng = np.random.default_rng([seed, 0xDEB])
    half_um, count = scene.habits.side_um / 2, scene.debris
    return Spots(
        rng.uniform(-half_um, half_um, count),
        rng.uniform(-half_um, half_um, count),
        rng.uniform(0.35, 1.1, count),
        rng.lognormal(0.3, 0.8, count),
    )


def jiggled(spots: Spots, time_s: float, drift_um: tuple[float, float]) -> Spots:
    """The same spots a while later: they drift with the sample and tremble about their place."""
    turn = time_s / 70.0 + np.arange(len(spots.x))
    return spots._replace(
        x=spots.x + drift_um[0] + 0.6 * np.sin(turn),
        y=spots.y + drift_um[1] + 0.6 * np.cos(1.3 * turn),
    )


def swallowed(bites: NDArray[Any], moment: Moment) -> Spots:
    """Where bites are at a moment: from the front of the NK cell they sink into its inside."""
    cells = moment.cells
    bites = bites[bites["time_s"] <= moment.time_s]
    bites = bites[cells["id"][bites["nk_slot"]] == bites["nk_id"]]
    nk, age_s = cells[bites["nk_slot"]], moment.time_s - bites["time_s"]
    sunk = np.minimum(age_s / SWALLOW_S, 1.0)
    along = (1 - sunk) * 0.8 + sunk * bites["depth"] * np.cos(bites["bearing"])
    aside = sunk * bites["depth"] * np.sin(bites["bearing"])
    # a holding NK cell lies flat on its prey: nothing of it is far in front of its centre
    front = np.where(along > 0, nk["size"] * (1.0 - 0.75 * nk["seal"] * (nk["prey"] >= 0)), 0.0)
    ahead_um = np.where(along > 0, along * front, along * nk["size"])
    aside_um = aside * nk["size"]
    cos, sin = np.cos(nk["angle"]), np.sin(nk["angle"])
    fresh = np.minimum(age_s / APPEAR_S, 1.0) * np.exp(-age_s / DIGEST_S)
    return Spots(
        nk["x"] + ahead_um * cos - aside_um * sin,
        nk["y"] + ahead_um * sin + aside_um * cos,
        0.3 + 0.3 * np.cbrt(bites["fraction"] / 0.014),
        bites["glow"] * fresh * nk["tumor_bleach"] / bites["bleach"],
    )


def fragments(moment: Moment, light: NDArray[np.float64]) -> Spots:
    """Bodies shed by dying cells, one after the other; `light` is each slot's body light.

    They keep the dye they were closed off with, and drift a few um away.
    """
    cells = moment.cells
    gone = np.flatnonzero((cells["state"] == DYING) | (cells["state"] == DEAD))
    slot = np.repeat(gone, FRAGMENTS)
    which = np.tile(np.arange(FRAGMENTS), len(gone))
    cell = cells[slot]
    lot = (cell["pattern"] // (which + 1)) % 997 / 997.0
    since_s = np.maximum(moment.time_s - cell["doom_s"] - FIRST_SHED_S - 45.0 * which, 0.0)
    bearing = 2.0 * math.pi * (lot + which / FRAGMENTS)
    away = cell["size"] + 4.0 * (0.4 + lot) * (1.0 - np.exp(-since_s / 90.0)) - 0.5
    kept = SHED_DYE * np.exp(-since_s / SHED_LASTS_S) * (1.0 - np.exp(-since_s / 30.0))
    return Spots(
        cell["x"] + away * np.cos(bearing),
        cell["y"] + away * np.sin(bearing),
        0.6 + 0.6 * lot,
        light[slot] / cell["dye"] * kept * (3.0 + 5.0 * lot),
    )


def nuclei(moment: Moment, light: NDArray[np.float64]) -> Spots:
    """Nuclei stained by the death dye, as large as fits a dying cell."""
    cells = moment.cells
    stained = np.flatnonzero(light > 0.0)
    cell = cells[stained]
    spread = 0.33 * cell["size"]
    off = 0.15 * cell["size"]
    bearing = cell["angle"] + cell["pattern"] % 6
    return Spots(
        cell["x"] + off * np.cos(bearing),
        cell["y"] + off * np.sin(bearing),
        spread,
        light[stained] * 2.0 * math.pi * spread**2,
    )


@compiled
def paint_spots(
    canvas: NDArray[np.float32],
    left_um: float,
    top_um: float,
    pixel_um: float,
    spots: Spots,
    side_um: float,
) -> None:
    """Add spots to a canvas of light per um2, every copy that reaches into it."""
    rows, columns = canvas.shape
    width_um, height_um = columns * pixel_um, rows * pixel_um
    middle_x, middle_y = left_um + 0.5 * width_um, top_um + 0.5 * height_um
    for index in range(len(spots.x)):
        spread = math.hypot(spots.spread[index], 0.4 * pixel_um)
        reach = 3.0 * spread
        peak = spots.light[index] / (2.0 * math.pi * spread * spread)
        copies_x = math.ceil((0.5 * width_um + reach) / side_um)
        copies_y = math.ceil((0.5 * height_um + reach) / side_um)
        near_x = middle_x + wrapped(spots.x[index] - middle_x, side_um) - left_um
        near_y = middle_y + wrapped(spots.y[index] - middle_y, side_um) - top_um
        for across in range(-copies_x, copies_x + 1):
            x = near_x + across * side_um
            begin = max(math.ceil((x - reach) / pixel_um - 0.5), 0)
            end = min(math.floor((x + reach) / pixel_um - 0.5) + 1, columns)
            if begin >= end:
                continue
            for down in range(-copies_y, copies_y + 1):
                y = near_y + down * side_um
                low = max(math.ceil((y - reach) / pixel_um - 0.5), 0)
                high = min(math.floor((y + reach) / pixel_um - 0.5) + 1, rows)
                for row in range(low, high):
                    dy = (row + 0.5) * pixel_um - y
                    for column in range(begin, end):
                        dx = (column + 0.5) * pixel_um - x
                        canvas[row, column] += np.float32(
                            peak * math.exp(-0.5 * (dx * dx + dy * dy) / (spread * spread))
                        )
