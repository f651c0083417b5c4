"""Tracking, one frame at a time: the cells seen are given the identities they had.

Places are stage um and times seconds, so identities survive zooms, gaps and other positions
in between. A cell outside the view is not missed: it waits, ever less certain of its place,
until the view shows where it should be. A cell that vanishes into another of its kind rides
along with that one until they are seen apart again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.match import assign, likely_pairs, unseen_cost
from livewatch.analysis.motion import MOTION, PLANE, Motion, correct, predict
from livewatch.analysis.tracks import COLUMNS, NOBODY, Tracks, sealed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell, Kind, View

SEEN = np.dtype(
    [("x_um", "f8"), ("y_um", "f8"), ("area_um2", "f8"), ("signal", "f8"), ("at_edge", "?")]
)
FORGET_S, FORGET_FRAMES = 45.0, 3
"""A cell missing where it should be seen is given up after this long and this many frames."""
HIDDEN_S = 1200.0
"""A cell hidden in another is given up after this long."""
SETTLED_FRAMES = 3
"""A cell seen this often is no passing speck."""
LOST_UM = 100.0
"""Uncertainty of place at which a cell could not be told from any other."""
MOST = 4000
"""Tracks kept at most; those unseen for longest go first."""
PACE = 0.2
"""How fast a track's usual area and brightness follow what is seen."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What tracking needs to know of one kind of cell."""

    motion: Motion
    diameter_um: float

    @classmethod
    def of(cls, kind: Kind, diameter_um: float) -> Rules:
        """The rules for a kind of cell of that typical size."""
        return cls(MOTION[kind], diameter_um)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One frame's look at one kind of cell: from where, when, and whether all of it.

    `whole` says that the view shows all that was ever seen of this position; `held` names the
    identities that must not be given up (they are in an open encounter).
    """

    view: View
    time_s: float
    whole: bool = True
    held: frozenset[int] = frozenset()


def track(
    tracks: Tracks, cells: Sequence[Cell], look: Look, next_id: int, rules: Rules
) -> tuple[Tracks, NDArray[np.int64]]:
    """Tracks after one more frame, and the identities of `cells`, in their order.

    New cells are numbered from `next_id` on, from top to bottom whatever their order.
    """
    seen = table_of(cells)
    order = np.lexsort((seen["x_um"], seen["y_um"]))
    seen = seen[order]
    dt_s = max(look.time_s - tracks.time_s, 0.0)
    table = tracks.table.copy()
    predict(table, rules.motion, dt_s)
    rows, found = matched(table, seen, look, rules)
    hosts = hiding(table, seen, rows, found)
    meet(table, seen, rows, found, hosts, look, rules)
    miss(table, rows, look, dt_s, rules)
    born = newborn(table, seen, rows, found, look, next_id, rules)
    ids = np.empty(len(seen), np.int64)
    ids[order[found]] = table["id"][rows]
    ids[order[np.setdiff1d(np.arange(len(seen)), found)]] = born["id"]
    return sealed(kept(np.concatenate((table, born)), look), look.time_s), ids


def table_of(cells: Sequence[Cell]) -> NDArray[np.void]:
    """Cells as a table."""
    rows = [(cell.x_um, cell.y_um, cell.area_um2, cell.signal, cell.at_edge) for cell in cells]
    return np.array(rows, SEEN)


def variance_um2(seen: NDArray[np.void], rules: Rules) -> NDArray[np.float64]:
    """How uncertain each cell's centre is: more so where the border cuts it."""
    cut_um = np.where(seen["at_edge"], rules.diameter_um / 4, 0.0)
    return rules.motion.centre_sd_um**2 + cut_um**2


def matched(
    table: NDArray[np.void], seen: NDArray[np.void], look: Look, rules: Rules
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which track (row) is which cell (row), in order of tracks."""
    if len(table) == 0 or len(seen) == 0:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    unseen_s = look.time_s - table["seen_s"]
    reach_um = 0.6 * rules.diameter_um + rules.motion.top_um_per_s * unseen_s
    reach_um = np.minimum(reach_um, 3 * LOST_UM)
    variance = table["pxx"][:, None] + variance_um2(seen, rules)
    rows, cells, cost = likely_pairs(table, seen, variance, reach_um)
    rows, cells = assign(rows, cells, cost, unseen_cost(table), len(seen))
    return mended(table, seen, rows, cells, look, rules)


def mended(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    cells: NDArray[np.intp],
    look: Look,
    rules: Rules,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The same pairs, with broken tracks of held cells mended.

    A cell in contact is pulled, squeezed and half hidden; when it is unseen where it should be
    and an unknown cell appears within a cell's width, that is it.
    """
    if not look.held:
        return rows, cells
    held = np.isin(table["id"], sorted(look.held))
    held[rows] = False
    free = np.ones(len(seen), bool)
    free[cells] = False
    for row in np.flatnonzero(held):
        apart_um = np.hypot(seen["x_um"] - table["x_um"][row], seen["y_um"] - table["y_um"][row])
        apart_um[~free] = np.inf
        nearest = int(apart_um.argmin())
        if apart_um[nearest] <= rules.diameter_um + 2 * np.sqrt(table["pxx"][row]):
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
        inside_um = np.sqrt(size / np.pi) * 1.2 + np.sqrt(table["pxx"][row])
        apart_um = np.hypot(
            seen["x_um"][found] - table["x_um"][row], seen["y_um"][found] - table["y_um"][row]
        )
        both = table["area_um2"][row] + table["area_um2"][rows]
        fits = (apart_um <= inside_um) & (size >= 0.7 * both) & (rows != row)
        if fits.any():
            hosts[row] = rows[np.where(fits, apart_um, np.inf).argmin()]
    return hosts


def meet(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    hosts: NDArray[np.intp],
    look: Look,
    rules: Rules,
) -> None:
    """Write into the tracks, in place, where and how their cells were seen."""
    hidden = np.flatnonzero(hosts != NOBODY)
    double = np.isin(rows, hosts[hidden])
    variance = variance_um2(seen[found], rules) + np.where(double, seen["area_um2"][found] / 8, 0)
    before = table[["x_um", "y_um"]].copy()
    correct(table, rows, (seen["x_um"][found], seen["y_um"][found]), variance)
    ride(table, hidden, hosts[hidden], before, seen[found[np.searchsorted(rows, hosts[hidden])]])
    table["host"] = NOBODY
    table["host"][hidden] = table["id"][hosts[hidden]]
    own = ~double & ~seen["at_edge"][found]
    pace = np.maximum(PACE, 1 / (1.0 + table["frames"][rows[own]]))
    for name in ("area_um2", "signal"):
        table[name][rows[own]] += pace * (seen[name][found[own]] - table[name][rows[own]])
    table["frames"][rows] += 1
    table["seen_s"][rows] = look.time_s
    for name in ("missed", "missed_s", "outside_s"):
        table[name][rows] = 0


def ride(
    table: NDArray[np.void],
    hidden: NDArray[np.intp],
    hosts: NDArray[np.intp],
    before: NDArray[np.void],
    blob: NDArray[np.void],
) -> None:
    """Carry hidden tracks along, in place, with the ones that hide them, within what is seen.

    `before` are the places of all tracks before this frame was taken into account.
    """
    reach_um = 0.8 * np.sqrt(blob["area_um2"] / np.pi)
    off = {place: table[place][hidden] - before[place][hosts] for place, _ in PLANE}
    for place, speed in PLANE:
        moved_um = table[place][hosts] + off[place] - blob[place]
        table[place][hidden] = blob[place] + np.clip(moved_um, -reach_um, reach_um)
        table[speed][hidden] = 0.0
    table["pxx"][hidden] = np.minimum(table["pxx"][hidden], blob["area_um2"] / 4)


def miss(
    table: NDArray[np.void], rows: NDArray[np.intp], look: Look, dt_s: float, rules: Rules
) -> None:
    """Count, in place, for the tracks not seen, how long they should have been."""
    unseen = np.ones(len(table), bool)
    unseen[rows] = False
    view, margin_um = look.view, rules.diameter_um / 4
    inside = (np.abs(table["x_um"] - view.x_um) <= view.width_um / 2 - margin_um) & (
        np.abs(table["y_um"] - view.y_um) <= view.height_um / 2 - margin_um
    )
    table["missed"][unseen & inside] += 1
    table["missed_s"][unseen & inside] += dt_s
    if look.whole:
        table["outside_s"][unseen & ~inside] += dt_s


def newborn(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    look: Look,
    next_id: int,
    rules: Rules,
) -> NDArray[np.void]:
    """New tracks for the cells nobody claimed."""
    new = np.setdiff1d(np.arange(len(seen)), found)
    born = np.zeros(len(new), COLUMNS)
    born["id"] = next_id + np.arange(len(new))
    for name in ("x_um", "y_um", "area_um2", "signal"):
        born[name] = seen[name][new]
    born["pxx"] = variance_um2(seen[new], rules)
    born["pvv"] = rules.motion.speed_um_per_s**2
    born["host"] = born["parent"] = NOBODY
    born["frames"] = 1
    born["seen_s"] = look.time_s
    for one, cell in zip(born, seen[new], strict=True):
        one["parent"] = mother(table, seen, rows, found, cell, rules)
    return born


def mother(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    cell: np.void,
    rules: Rules,
) -> int:
    """The identity of the cell that divided into `cell` and another, or nobody.

    Two cells of like size lie side by side where one of their joint size was.
    """
    if len(rows) == 0 or cell["at_edge"]:
        return NOBODY
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
        & ~sister["at_edge"]
    )
    if not fits.any():
        return NOBODY
    return int(table["id"][rows[np.where(fits, apart_um, np.inf).argmin()]])


def kept(table: NDArray[np.void], look: Look) -> NDArray[np.void]:
    """The table without those that are gone for good."""
    held = np.isin(table["id"], sorted(look.held))
    passing = (table["frames"] == 1) & (table["missed"] >= 2)
    gone = given_up(table, FORGET_S) | passing | (table["pxx"] > LOST_UM**2)
    table = table[held | ~gone]
    if len(table) > MOST:
        last = np.argsort(table["seen_s"], kind="stable")[-MOST:]
        table = table[np.sort(last)]
    return table


def given_up(table: NDArray[np.void], after_s: float) -> NDArray[np.bool_]:
    """Which tracks have been missing, where they should be seen, for longer than `after_s`."""
    hidden = table["host"] != NOBODY
    missing = (table["missed"] >= FORGET_FRAMES) & (table["missed_s"] > after_s)
    return np.where(hidden, table["missed_s"] > HIDDEN_S, missing)
