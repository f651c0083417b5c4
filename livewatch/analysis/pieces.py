"""Pieces of one cell: what segmentation cut in two is united.

Segmentation sees one frame; tracks know how large each cell was. A piece that lies against a cell
and makes up with it what that cell used to be belongs to it. Not for long: what stays so is so.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.match import log_ratio
from livewatch.analysis.membrane import shape_of
from livewatch.analysis.middle import median
from livewatch.analysis.neck import CENTRE_SD_UM
from livewatch.analysis.seam import nearest_points, round_both
from livewatch.analysis.tracks import NOBODY, SETTLED_FRAMES, among
from livewatch.model import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Cell

    Rows = NDArray[np.intp]
    Table = NDArray[np.void]

TRUSTED_PIECE_FRAMES = 20
"""A cell that began as a piece is none when it was seen this often."""
TRUSTED_FRAMES = 15
"""So many frames in which a cell was one outweigh a factor of e by which two pieces, each by
itself, are more like a usual cell than both together."""
SEAM_UM = 2.0
"""Pieces of one cell lie no further apart than this."""
SIZE_SD, KIND_SD = 0.2, 0.35
"""How much the log area of one cell varies between frames, and among the cells of a kind."""
LIGHT_SD = 0.35
"""How much the log brightness of a piece differs from the whole cell's."""
NOWHERE = 3.0
"""-log odds that a new cell appears beside a known one to that one's being cut, in the midst of
an image: cells come in over its border."""
LOSS = np.log(1.2)
"""How much a cell must lack, in log area, where the other could be one that was lost before."""
CUT_S = 300.0
"""A cell is thought to be cut in two for no longer than this, or than it was seen whole."""
DIVIDING_S = 40.0
"""What has looked like two daughters for this long is two daughters."""
ROUND_PAIR, ROUND = 0.92, 0.82
"""Two round daughters fill less of their hull than this, and each is rounder than that; the halves
of a cut cell are not."""


def unite(cells: list[Cell | None], table: Table, owner: Rows) -> Rows:
    """Unite, in place, pieces with the cells they were cut from; the rows of those."""
    cut: set[int] = set()
    loose = loose_pieces(table, owner)
    if not len(loose):
        return np.zeros(0, np.intp)
    places = np.array([(cell.x_um, cell.y_um, cell.area_um2) for cell in cells if cell])
    usual_um2 = usual_area_um2(table)
    for piece in loose[np.argsort(places[loose, 2], kind="stable")].tolist():  # smallest first
        main, own = whole_of(piece, cells, places, table, owner, usual_um2), cells[piece]
        other = None if main is None else cells[main]
        if main is None or other is None or own is None:
            continue
        whole = union(other, own)
        cells[main], cells[piece] = whole, None
        places[main] = whole.x_um, whole.y_um, whole.area_um2
        places[piece] = np.inf
        cut.add(int(owner[main]))
    return np.array(sorted(cut), np.intp)


def loose_pieces(table: Table, owner: Rows) -> Rows:
    """The cells that may be a piece of another.

    Nobody claims them, or one that is hardly known, began as a piece, or was unseen before.
    """
    loose = owner == NOBODY
    claimed = np.flatnonzero(~loose)
    loose[claimed] = doubtful(table)[owner[claimed]]
    return np.flatnonzero(loose)


def doubtful(table: Table) -> NDArray[np.bool_]:
    """Which tracks may have been given a piece of another cell."""
    young = among(table["stem"], table["id"]) & (table["frames"] < TRUSTED_PIECE_FRAMES)
    absent = (table["seen_s"] < table["seen_s"].max(initial=-inf)) & (table["host"] == NOBODY)
    return np.asarray((table["frames"] < SETTLED_FRAMES) | young | absent)


def whole_of(
    piece: int,
    cells: list[Cell | None],
    places: NDArray[np.float64],
    table: Table,
    owner: Rows,
    usual_um2: float,
) -> int | None:
    """The cell that `piece` was cut from, if there is one: the best fit that touches."""
    own = cells[piece]
    assert own is not None
    x_um, y_um, area_um2 = places[piece]
    reach_um = np.sqrt(area_um2) + np.sqrt(places[:, 2]) + SEAM_UM
    near = np.hypot(places[:, 0] - x_um, places[:, 1] - y_um) < reach_um
    near[piece] = False
    others = np.flatnonzero(near & (owner != NOBODY))
    if not len(others):
        return None
    tracks, size = table[owner[others]], places[others, 2]
    misfit = np.log((size + area_um2) / tracks["area_um2"])
    loss = -np.log(size / tracks["area_um2"])
    unlike = log_ratio(own.signal, tracks["signal"])
    one = misfit**2 / (2 * SIZE_SD**2) + unlike**2 / (2 * LIGHT_SD**2)
    two = loss**2 / (2 * SIZE_SD**2)
    if owner[piece] == NOBODY and not own.at_edge:
        two += NOWHERE + np.log(area_um2 / usual_um2) ** 2 / (2 * KIND_SD**2)
    fits = (tracks["frames"] >= SETTLED_FRAMES) & (one < two) & ~taken_for_two(tracks)
    fits &= is_rather_one(size, area_um2, usual_um2, tracks)
    if owner[piece] != NOBODY:
        claim = table[owner[piece]]
        fits &= (tracks["id"] == claim["stem"]) | (loss > LOSS)
        fits &= tracks["id"] != claim["parent"]
    # a cell cut for a while is expected where its larger piece was: that speaks against no union,
    # but tells which of several it is
    gain = two - one + brought_home(places[piece], places[others], tracks)
    for nth in np.flatnonzero(fits)[np.argsort(-gain[fits], kind="stable")]:
        other = cells[others[nth]]
        if other is None or not touching(own, other):
            continue
        if tracks["cut_s"][nth] < DIVIDING_S or not is_division(own, other):
            return int(others[nth])
    return None


def brought_home(
    piece: NDArray[np.float64], others: NDArray[np.float64], tracks: Table
) -> NDArray[np.float64]:
    """How much better, in log odds, cells lie where they should with a piece than without it.

    The piece (3,) and the cells (n, 3): x, y, area.
    """
    var_um2 = tracks["pxx"] + CENTRE_SD_UM**2
    odds = np.zeros(len(others))
    for nth, axis in enumerate(("x_um", "y_um")):
        off_um = others[:, nth] - tracks[axis]
        pull_um = piece[2] / (others[:, 2] + piece[2]) * (piece[nth] - others[:, nth])
        odds += (off_um**2 - (off_um + pull_um) ** 2) / (2 * var_um2)
    return odds


def taken_for_two(tracks: Table) -> NDArray[np.bool_]:
    """Which tracks' cells have been in pieces for so long that they are two by now."""
    return np.asarray(tracks["cut_s"] >= np.maximum(CUT_S, tracks["whole_s"]))


def usual_area_um2(table: Table) -> float:
    """The median area of the cells known by now; NaN while none is."""
    settled = table["area_um2"][table["frames"] >= SETTLED_FRAMES]
    return median(settled) if len(settled) else np.nan


def is_rather_one(
    one_um2: NDArray[np.float64] | float, two_um2: float, usual_um2: float, tracks: Table
) -> NDArray[np.bool_]:
    """Whether two pieces are a usual cell together rather than each by itself.

    The longer the first one's track was one, the less usual the whole may be.
    """
    apart = np.abs(np.log(one_um2 / usual_um2)) + abs(np.log(two_um2 / usual_um2))
    whole = np.abs(np.log((one_um2 + two_um2) / usual_um2))
    trust = np.where(tracks["joint_s"] == 0, tracks["frames"] / TRUSTED_FRAMES, 0.0)
    return np.asarray(whole < apart + trust)


def touching(one: Cell, two: Cell) -> bool:
    """Whether two cells of a kind lie against each other."""
    return nearest_points(one.outline_um, two.outline_um)[2] <= SEAM_UM


def is_division(one: Cell, two: Cell) -> bool:
    """Whether two that touch are daughters: of like size, and round each by itself.

    NK cells divide too rarely to be thought to.
    """
    if one.kind is not Kind.TUMOR:
        return False
    hull = cv2.convexHull(np.concatenate((one.outline_um, two.outline_um)))
    filled = (one.area_um2 + two.area_um2) / max(cv2.contourArea(hull), 1e-9)
    alike = abs(np.log(one.area_um2 / two.area_um2)) <= np.log(1.8)
    return bool(alike and filled < ROUND_PAIR and min(one.roundness, two.roundness) > ROUND)


def union(one: Cell, two: Cell) -> Cell:
    """Two pieces that lie against each other as one cell, with the outline round both."""
    outline_um = round_both(one.outline_um, two.outline_um)
    total = one.area_um2 + two.area_um2
    share = one.area_um2 / total
    return replace(
        one,
        x_um=share * one.x_um + (1 - share) * two.x_um,
        y_um=share * one.y_um + (1 - share) * two.y_um,
        area_um2=total,
        perimeter_um=float(shape_of(np.asarray(outline_um, np.float64))[1]),
        signal=share * one.signal + (1 - share) * two.signal,
        at_edge=one.at_edge or two.at_edge,
        outline_um=outline_um,
    )
