"""Tracking, one frame at a time: the cells seen are given the identities they had.

Places are stage um and times seconds, so identities survive zooms, gaps and other positions
in between. A cell outside the view is not missed: it waits, ever less certain of its place,
until the view shows where it should be. A cell that vanishes into another of its kind rides
along with that one until they are seen apart again. Before that, cells that segmentation cut in
two, or took two for one, are put right (regroup.py).
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.births import absorbed, newborn, stems, unclaimed
from livewatch.analysis.match import assign, likely_pairs, unseen_cost
from livewatch.analysis.motion import predict
from livewatch.analysis.regroup import regrouped
from livewatch.analysis.sightings import table_of, variance_um2
from livewatch.analysis.tracks import NOBODY, SETTLED_FRAMES, Tracks, are_held, joined, sealed
from livewatch.analysis.upkeep import LOST_UM, doubt, kept, meet, miss
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.analysis.sightings import Look, Rules
    from livewatch.model import Cell


def track(
    tracks: Tracks, cells: Sequence[Cell], look: Look, next_id: int, rules: Rules
) -> tuple[Tracks, tuple[Cell, ...]]:
    """Tracks after one more frame, and its cells under their identities, from top to bottom.

    They are the cells given, but for those that were cut in two or two seen as one. New ones are
    numbered from `next_id` on.
    """
    cells = from_top(cells)
    seen = table_of(cells)
    dt_s = max(look.time_s - tracks.time_s, 0.0)
    table = tracks.table.copy()
    predict(table, rules.motion, dt_s)
    rows, found = matched(table, seen, look, rules)
    hosts = hiding(table, seen, rows, found)
    cells, cut, joint, anew, gross = regrouped(cells, table, rows, found, hosts)
    if len(cut) or len(joint) or len(anew):
        cells = from_top(cells)
        seen = table_of(cells)
        rows, found = matched(table, seen, look, rules)
        hosts = hiding(table, seen, rows, found)
    ids = np.empty(len(seen), np.int64)
    ids[found] = table["id"][rows]
    wrong = {"cut_s": cut, "joint_s": joint, "anew_s": gross}
    doubt(table, seen, rows, found, wrong, dt_s)
    meet(table, seen, rows, found, hosts, joint, look, rules)
    miss(table, rows, look, dt_s, rules)
    born = newborn(table, seen, rows, found, look.time_s, next_id, rules)
    stems(born, cells, table, rows, found)
    table = joined(table[~absorbed(table, rows, look.held)], born)
    ids[unclaimed(len(seen), found)] = born["id"]
    return sealed(kept(table, look, rules), look.time_s), named(cells, ids, table)


def from_top(cells: Sequence[Cell]) -> list[Cell]:
    """Cells from top to bottom, so that nothing depends on how they were listed."""
    return sorted(cells, key=attrgetter("y_um", "x_um"))


def named(
    cells: Sequence[Cell], ids: NDArray[np.int64], table: NDArray[np.void]
) -> tuple[Cell, ...]:
    """Cells under their identities, and with their mothers."""
    parents = table["parent"][np.searchsorted(table["id"], ids)].tolist()
    return tuple(
        replaced(cell, id=identity, parent_id=None if parent == NOBODY else parent)
        for cell, identity, parent in zip(cells, ids.tolist(), parents, strict=True)
    )


def matched(
    table: NDArray[np.void], seen: NDArray[np.void], look: Look, rules: Rules
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which track (row) is which cell (row), in order of tracks."""
    if len(table) == 0 or len(seen) == 0:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    unseen_s = look.time_s - table["seen_s"]
    reach_um = 0.6 * rules.diameter_um + rules.motion.top_um_per_s * unseen_s
    reach_um = np.minimum(reach_um, 3 * LOST_UM)
    alone = unseen_cost(table)
    rows, cells, cost = likely_pairs(table, seen, variance_um2(seen, rules), reach_um, alone)
    rows, cells = assign(rows, cells, cost, alone, len(seen))
    return mended(table, seen, rows, cells, look, rules)


def mended(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    cells: NDArray[np.intp],
    look: Look,
    rules: Rules,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The same pairs, and those of tracks that found no cell like themselves.

    A cell that was cut in two, or swallowed another, is where it should be but not as it was. And
    a cell in contact is pulled, squeezed and half hidden; when it is unseen where it should be
    and an unknown cell appears within a cell's width, that is it.
    """
    held = are_held(table, look.held)
    torn = (table["frames"] >= SETTLED_FRAMES) & (table["missed"] == 0)
    left = held | torn
    left[rows] = False
    if not left.any():
        return rows, cells
    free = np.ones(len(seen), bool)
    free[cells] = False
    for row in np.flatnonzero(left):
        apart_um = np.hypot(seen["x_um"] - table["x_um"][row], seen["y_um"] - table["y_um"][row])
        apart_um[~free] = np.inf
        nearest = int(apart_um.argmin())
        size_um2 = max(seen["area_um2"][nearest], table["area_um2"][row])
        reach_um = rules.diameter_um if held[row] else np.sqrt(size_um2 / np.pi)
        if apart_um[nearest] <= reach_um + 2 * np.sqrt(table["pxx"][row]):
            free[nearest] = False
            rows, cells = np.append(rows, row), np.append(cells, nearest)
    order = np.argsort(rows)
    return rows[order], cells[order]


def hiding(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Which row of `rows` hides each track: -1 for most, for whom nobody does.

    Two cells are seen as one when a cell is about as large as both together and the unseen one
    should be inside it.
    """
    hosts = np.full(len(table), NOBODY, np.intp)
    unseen = np.ones(len(table), bool)
    unseen[rows] = False
    unseen &= table["frames"] >= SETTLED_FRAMES
    if len(rows) == 0:
        return hosts
    size = seen["area_um2"][found]
    for row in np.flatnonzero(unseen):
        inside_um = np.sqrt(size / np.pi) * 1.2 + 2.5 * np.sqrt(table["pxx"][row])
        apart_um = np.hypot(
            seen["x_um"][found] - table["x_um"][row], seen["y_um"][found] - table["y_um"][row]
        )
        both = table["area_um2"][row] + table["area_um2"][rows]
        # who may be anywhere may be inside anything: that is no reason to think so
        placed = np.sqrt(table["pxx"][row]) <= 2 * np.sqrt(size / np.pi)
        fits = placed & (apart_um <= inside_um) & (size >= 0.7 * both) & (rows != row)
        if fits.any():
            hosts[row] = rows[np.where(fits, apart_um, np.inf).argmin()]
    return hosts
