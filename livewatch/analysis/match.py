"""Who is who: cells seen in a frame are given to the tracks that best explain them.

The cost of a pair is its negative log likelihood: distance from the predicted place under a
Student t distribution (cells do jump now and then), and how unlike the two are in area and
brightness. A track may also stay unseen, at a price. The assignment with the least total
cost is found by sparse bipartite matching over pairs within a gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from livewatch.analysis.tracks import among
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 8
"""Cells a track is compared with at most."""
FREEDOM = 3.0
"""Degrees of freedom of the t distribution: the fewer, the more readily a jump is believed."""
UNSEEN_COST = 13.8
"""-log of (new cells per um^2, 2e-5, times the odds of missing one, 1:19)."""
SPECK_COST, TRUSTED_FRAMES = 2.0, 5
"""A track seen once is more readily left unseen by this much: it may be a speck. Trust grows until
it has been seen in so many frames."""
PIECE_COST, TRUSTED_PIECE_FRAMES = 4.0, 20
"""The same of a track that lay against another when first seen: it may be a piece of that."""
LEAST = 1e-6
"""Sizes are compared as if none were less."""
AREA_SD, SIGNAL_SD, UNLIKE_FREEDOM, UNLIKE_AT_MOST = 0.2, 0.1, 3.0, 8.0
"""How much log area and log brightness of one cell vary between frames, under a t distribution."""


def likely_pairs(
    table: NDArray[np.void],
    seen: NDArray[np.void],
    var_um2: NDArray[np.float64],
    reach_um: NDArray[np.float64],
    alone: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """(track rows, seen rows, costs) of the pairs within `reach_um`, and cheaper than unseen.

    `var_um2` is the variance of place of each cell; `alone` is what it costs to leave each track
    unseen.
    """
    rows, cells, apart_um = neighbours(table, seen, reach_um)
    var = table["pxx"][rows] + var_um2[cells]
    cost = (FREEDOM + 2) / 2 * np.log1p(apart_um**2 / (FREEDOM * var)) + np.log(2 * np.pi * var)
    cost += unlikeness(table["area_um2"][rows], seen["area_um2"][cells], AREA_SD)
    cost += unlikeness(table["signal"][rows], seen["signal"][cells], SIGNAL_SD)
    good = cost < alone[rows]
    return rows[good], cells[good], cost[good]


@compiled
def neighbours(
    table: NDArray[np.void], seen: NDArray[np.void], reach_um: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """(track rows, seen rows, distances) of pairs within each track's reach, the nearest first."""
    order = np.argsort(seen["x_um"], kind="mergesort")
    along = seen["x_um"][order]
    rows, cells = np.empty((2, NEIGHBOURS * len(table)), np.intp)
    apart_um = np.empty(len(rows))
    first = stop = 0
    for row in range(len(table)):
        x, y, reach = table[row]["x_um"], table[row]["y_um"], reach_um[row]
        for nth in range(np.searchsorted(along, x - reach), len(along)):
            if along[nth] > x + reach:
                break
            dx, dy = along[nth] - x, seen[order[nth]]["y_um"] - y
            far = np.sqrt(dx * dx + dy * dy)
            if far > reach:
                continue
            if stop - first < NEIGHBOURS:
                stop += 1
            elif far >= apart_um[stop - 1]:
                continue
            at = stop - 1
            while at > first and apart_um[at - 1] > far:
                cells[at], apart_um[at] = cells[at - 1], apart_um[at - 1]
                at -= 1
            rows[stop - 1], cells[at], apart_um[at] = row, order[nth], far
        first = stop
    return rows[:stop], cells[:stop], apart_um[:stop]


def unseen_cost(table: NDArray[np.void]) -> NDArray[np.float64]:
    """What it costs to leave each track unseen."""
    piece = among(table["stem"], table["id"])
    trusted = np.where(piece, TRUSTED_PIECE_FRAMES, TRUSTED_FRAMES)
    price = np.where(piece, PIECE_COST, SPECK_COST)
    doubt = np.maximum(1 - (table["frames"] - 1) / (trusted - 1), 0.0)
    return np.asarray(UNSEEN_COST - price * doubt)


def unlikeness(a: NDArray[np.float64], b: NDArray[np.float64], sd: float) -> NDArray[np.float64]:
    """How much two sizes speak against being of one cell; never a veto."""
    cost = (UNLIKE_FREEDOM + 1) / 2 * np.log1p(log_ratio(a, b) ** 2 / (UNLIKE_FREEDOM * sd**2))
    return np.minimum(cost, UNLIKE_AT_MOST)


def log_ratio(a: NDArray[np.float64] | float, b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log of a ratio of two sizes; of brightness, which may be nothing or less, as well."""
    return np.asarray(np.log(np.maximum(a, LEAST) / np.maximum(b, LEAST)))


def assign(
    rows: NDArray[np.intp],
    cells: NDArray[np.intp],
    cost: NDArray[np.float64],
    alone: NDArray[np.float64],
    n_seen: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs (track rows, seen rows) of the cheapest assignment.

    `alone` is what it costs to leave each track unseen, which is more than each pair of it costs.
    """
    rivals = np.bincount(rows, minlength=len(alone))[rows] > 1
    rivals |= np.bincount(cells, minlength=n_seen)[cells] > 1
    if not rivals.any():
        return rows, cells
    some, own = np.unique(rows[rivals], return_inverse=True)
    track, cell = cheapest(own, cells[rivals], cost[rivals], alone[some], n_seen)
    rows = np.concatenate((rows[~rivals], some[track]))
    order = np.argsort(rows)
    return rows[order], np.concatenate((cells[~rivals], cell))[order]


def cheapest(
    rows: NDArray[np.intp],
    cells: NDArray[np.intp],
    cost: NDArray[np.float64],
    alone: NDArray[np.float64],
    n_seen: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The same, of tracks that have rivals, each with a row of its own."""
    # Each track has a stand-in cell of its own, which means unseen. All costs are raised by
    # the same amount, which changes nothing but keeps them from zero, an absent edge.
    own = np.arange(len(alone))
    base = 1.0 - min(float(cost.min()), 0.0)
    weight = np.concatenate((cost, alone)) + base
    row, column = np.concatenate((rows, own)), np.concatenate((cells, n_seen + own))
    order = np.lexsort((column, row))
    begins = np.searchsorted(row[order], np.arange(len(alone) + 1))
    graph = csr_array(
        (weight[order], column[order], begins), shape=(len(alone), n_seen + len(alone))
    )
    track, cell = min_weight_full_bipartite_matching(graph)
    real = cell < n_seen
    return track[real].astype(np.intp), cell[real].astype(np.intp)
