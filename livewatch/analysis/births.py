"""Cells nobody knew: new tracks, their mothers, and of what they may be pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.motion import PLANE
from livewatch.analysis.pieces import (
    ROUND,
    TRUSTED_PIECE_FRAMES,
    is_rather_one,
    touching,
    usual_area_um2,
)
from livewatch.analysis.sightings import variance_um2
from livewatch.analysis.tracks import COLUMNS, NOBODY, SETTLED_FRAMES, among, are_held
from livewatch.roundness import roundness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.analysis.sightings import Rules
    from livewatch.model import Cell


def unclaimed(count: int, found: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which of `count` cells are not among those `found`."""
    free = np.ones(count, bool)
    free[found] = False
    return np.flatnonzero(free)


def newborn(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    time_s: float,
    next_id: int,
    rules: Rules,
) -> NDArray[np.void]:
    """New tracks for the cells nobody claimed; mothers get, in place, their new size."""
    new = unclaimed(len(seen), found)
    born = np.zeros(len(new), COLUMNS)
    if not len(new):
        return born
    born["id"] = next_id + np.arange(len(new))
    for name in ("x_um", "y_um", "area_um2", "signal"):
        born[name] = seen[name][new]
    born["pxx"] = variance_um2(seen[new], rules)
    born["pvv"] = rules.motion.speed_um_per_s**2
    born["host"] = born["parent"] = born["stem"] = NOBODY
    born["frames"] = born["presence"] = 1
    born["seen_s"] = time_s
    for one, cell in zip(born, seen[new], strict=True):
        nth = mother(table, seen, rows, found, cell, rules)
        if nth is not None:
            one["parent"] = table["id"][rows[nth]]
            table["area_um2"][rows[nth]] = seen["area_um2"][found[nth]]
    return born


def stems(
    born: NDArray[np.void],
    cells: Sequence[Cell],
    table: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
) -> None:
    """Write into new tracks, in place, of which larger, known cell they may be a piece.

    They lay against it, and are not both of usual size.
    """
    if not len(born):
        return
    new = unclaimed(len(cells), found)
    known = table["frames"][rows] >= SETTLED_FRAMES
    rows, found = rows[known], found[known]
    where = np.array([(cells[at].x_um, cells[at].y_um) for at in found]).reshape(-1, 2)
    wide_um, size_um2 = np.sqrt(table["area_um2"][rows]), [cells[at].area_um2 for at in found]
    usual_um2 = usual_area_um2(table)
    for one, at in zip(born, new.tolist(), strict=True):
        if one["parent"] != NOBODY:
            continue
        apart_um = np.hypot(where[:, 0] - one["x_um"], where[:, 1] - one["y_um"])
        near = (apart_um < wide_um + np.sqrt(one["area_um2"]) + 1.0) & (
            table["area_um2"][rows] > one["area_um2"]
        )
        for nth in np.flatnonzero(near)[np.argsort(apart_um[near], kind="stable")]:
            if not is_rather_one(size_um2[nth], one["area_um2"], usual_um2, table[rows[nth]]):
                continue
            if touching(cells[at], cells[found[nth]]):
                one["stem"] = table["id"][rows[nth]]
                break


def mother(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    cell: np.void,
    rules: Rules,
) -> int | None:
    """Which of `rows` divided into `cell` and another, if one did.

    Two round cells of like size lie side by side where one of their joint size was.
    """
    if not rules.divides or len(rows) == 0 or cell["at_edge"] or roundness_of(cell) < ROUND:
        return None
    sister = seen[found]
    was = table["area_um2"][rows]
    apart_um = np.hypot(sister["x_um"] - cell["x_um"], sister["y_um"] - cell["y_um"])
    ratio = sister["area_um2"] / cell["area_um2"]
    sum_um2 = sister["area_um2"] + cell["area_um2"]
    fits = (
        (apart_um <= 1.5 * rules.diameter_um)
        & (np.abs(np.log(ratio)) <= np.log(1.8))
        & (np.abs(np.log(sum_um2 / was)) <= np.log(1.4))
        & (sister["area_um2"] < 0.75 * was)
        & (table["frames"][rows] > 3)
        & (roundness_of(sister) > ROUND)
        & ~sister["at_edge"]
    )
    if not fits.any():
        return None
    return int(np.where(fits, apart_um, np.inf).argmin())


def roundness_of(seen: NDArray[np.void] | np.void) -> NDArray[np.float64]:
    """How near to discs cells are."""
    return roundness(seen["area_um2"], seen["perimeter_um"])


def absorbed(
    table: NDArray[np.void], rows: NDArray[np.intp], held: frozenset[int]
) -> NDArray[np.bool_]:
    """Which unseen tracks were pieces of a cell that is there again where they should be."""
    gone = among(table["stem"], table["id"][rows]) & (table["frames"] < TRUSTED_PIECE_FRAMES)
    gone[rows] = False
    if not gone.any():
        return gone
    for row in np.flatnonzero(gone):
        stem = int(np.searchsorted(table["id"], table["stem"][row]))
        apart_um = np.hypot(*(table[name][row] - table[name][stem] for name, _ in PLANE))
        gone[row] = apart_um <= np.sqrt(table["area_um2"][stem] + table["pxx"][row])
    return np.asarray(gone & ~are_held(table, held))
