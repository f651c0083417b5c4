"""Upkeep: what one frame teaches the tracks, and which of them are kept.

Who is who was settled before (tracking.py). A track seen learns where its cell is, how large and
how bright; one that is hidden rides along; one unseen is missed, and given up in the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.motion import PLANE, correct
from livewatch.analysis.pieces import LOSS
from livewatch.analysis.sightings import variance_um2
from livewatch.analysis.tracks import NOBODY, SETTLED_FRAMES, among, are_held
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from livewatch.analysis.sightings import Look, Rules

FORGET_S, FORGET_FRAMES = 45.0, 3
"""A cell missing where it should be seen is given up after this long and this many frames."""
HIDDEN_S = 1200.0
"""A cell hidden in another is given up after this long."""
LOST_UM = 100.0
"""Uncertainty of place at which a cell could not be told from any other."""
MOST = 4000
"""Tracks kept at most; those unseen for longest go first."""
RECENT, YOUNG = 0.15, 0.4
"""The weight of one frame in how often a cell is seen; and of a miss while it is hardly known."""
PACE = 0.2
"""How fast a track's usual area and brightness follow what is seen."""


def doubt(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    wrong: Mapping[str, NDArray[np.intp]],
    dt_s: float,
) -> None:
    """Count, in place, for how long each track's cell has been put right; less when it is well.

    `wrong` are the rows of those put right now, by the column in which that is counted.
    """
    well = np.zeros(len(table), bool)
    well[rows] = -np.log(seen["area_um2"][found] / table["area_um2"][rows]) <= LOSS
    for now in wrong.values():
        well[now] = False
    for name, now in wrong.items():
        table[name][well] = np.maximum(table[name][well] - dt_s, 0.0)
        table[name][now] += dt_s
    table["whole_s"][well] += dt_s


def meet(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    hosts: NDArray[np.intp],
    joint: NDArray[np.intp],
    look: Look,
    rules: Rules,
) -> None:
    """Write into the tracks, in place, where and how their cells were seen."""
    hidden = np.flatnonzero(hosts != NOBODY)
    double = among(rows, np.sort(hosts[hidden]))
    variance = variance_um2(seen[found], rules) + np.where(double, seen["area_um2"][found] / 8, 0)
    before = {place: table[place][hosts[hidden]] for place, _ in PLANE}
    correct(table, rows, (seen["x_um"][found], seen["y_um"][found]), variance)
    # two that were parted may have changed places within what was seen of them
    parted = among(rows, joint)
    table["pxx"][rows[parted]] = np.maximum(
        table["pxx"][rows[parted]], seen["area_um2"][found[parted]] / 8
    )
    table["host"] = NOBODY
    if len(hidden):
        blob = seen[found[np.searchsorted(rows, hosts[hidden])]]
        ride(table, hidden, hosts[hidden], before, blob)
        table["host"][hidden] = table["id"][hosts[hidden]]
    learn(table, seen, rows, found, double, parted, look.time_s)


@compiled
def learn(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    rows: NDArray[np.intp],
    found: NDArray[np.intp],
    double: NDArray[np.bool_],
    parted: NDArray[np.bool_],
    time_s: float,
) -> None:
    """Write into the tracks, in place, how their cells look, and that they were seen.

    Little can be learnt of a cell that hides another (`double`), that was parted, or that the
    border cuts.
    """
    for nth in range(len(rows)):
        track, cell = table[rows[nth]], seen[found[nth]]
        if not double[nth] and not parted[nth]:
            if cell["at_edge"]:  # the border hides the rest of it
                track["area_um2"] = max(track["area_um2"], cell["area_um2"])
            else:
                pace = max(PACE, 1 / (1.0 + track["frames"]))
                track["area_um2"] += pace * (cell["area_um2"] - track["area_um2"])
                track["signal"] += pace * (cell["signal"] - track["signal"])
        track["frames"] += 1
        track["presence"] += RECENT * (1 - track["presence"])
        track["seen_s"] = time_s
        track["missed"], track["missed_s"], track["outside_s"] = 0, 0.0, 0.0


def ride(
    table: NDArray[np.void],
    hidden: NDArray[np.intp],
    hosts: NDArray[np.intp],
    before: Mapping[str, NDArray[np.float64]],
    blob: NDArray[np.void],
) -> None:
    """Carry hidden tracks along, in place, with the ones that hide them, within what is seen.

    `before` are the places of those before this frame was taken into account.
    """
    reach_um = 0.8 * np.sqrt(blob["area_um2"] / np.pi)
    off = {place: table[place][hidden] - before[place] for place, _ in PLANE}
    for place, speed in PLANE:
        moved_um = table[place][hosts] + off[place] - blob[place]
        table[place][hidden] = blob[place] + np.clip(moved_um, -reach_um, reach_um)
        table[speed][hidden] = 0.0
    # Its place is known within what hides it; of its speed nothing was learnt, so that the two
    # no longer vary together. (Kept as they were, they would say more than can be known.)
    table["pxx"][hidden] = np.minimum(table["pxx"][hidden], blob["area_um2"] / 4)
    table["pxv"][hidden] = 0.0


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
    young = table["frames"] < SETTLED_FRAMES
    table["presence"] *= np.where(unseen & inside, 1 - np.where(young, YOUNG, RECENT), 1.0)
    table["missed"][unseen & inside] += 1
    table["missed_s"][unseen & inside] += dt_s
    if look.whole:
        table["outside_s"][unseen & ~inside] += dt_s


def kept(table: NDArray[np.void], look: Look, rules: Rules) -> NDArray[np.void]:
    """The table without those that are gone for good."""
    held = are_held(table, look.held)
    passing = (table["frames"] == 1) & (table["missed"] >= 2)
    # who hardly moves is still where it was
    strayed = table["pxx"] > (rules.diameter_um / 4) ** 2
    gone = given_up(table, FORGET_S) & strayed | passing | (table["pxx"] > LOST_UM**2)
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
