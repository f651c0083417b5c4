"""Cells that lie against each other, and were cut at the wrong place, are parted anew.

Tracks know how large each cell was and where it should be. Neighbours that are together as large
as ever, but shared out otherwise than before, were cut wrongly if another cut suits them better
(cuts.py). It may be that a third has a share in it: so those beside them are tried as well. That
they were cut grossly wrong is not believed for long: what stays so is so.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.cuts import against_cells, cut_apart, joined
from livewatch.analysis.pieces import SEAM_UM, touching
from livewatch.analysis.tracks import NOBODY
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

    Rows = NDArray[np.intp]
    Table = NDArray[np.void]

KNOWN_FRAMES = 6
"""A cell seen this often has its size."""
OTHERWISE, AS_LARGE = np.log(1.08), np.log(1.35)
"""How much the areas of two must have changed against each other, and how little their sum, to say
that they were cut at the wrong place."""
GROSS = np.log(1.25)
"""Changed by more than this against each other, they were cut grossly wrong."""
ANEW_S = 300.0
"""Cells are thought to be cut grossly wrong for no longer than this, or than they were well."""
BETTER = 0.5
"""By so much, in log odds, another cut must be better than the one that was made."""
MOST_BESIDE = 2
"""So many neighbours of two cells are tried with them."""


class Anew(NamedTuple):
    """Cells as they are better told apart: by how much, in log odds, which ones, and how.

    `gross` says that they were cut grossly wrong.
    """

    gain: float
    group: list[int]
    cells: list[Cell]
    gross: bool


def part_anew(cells: list[Cell | None], table: Table, owner: Rows) -> tuple[Rows, Rows]:
    """Part anew, in place, neighbours that were cut at the wrong place.

    The rows of those, and of those among them that were cut grossly wrong.
    """
    done: set[int] = set()
    gross: set[int] = set()
    known = np.flatnonzero(are_known(cells, table, owner))
    nobodys = np.flatnonzero(owner == NOBODY)
    places = places_of(cells)
    for two in wrongly_cut(known, cells, table, owner):
        if not done.isdisjoint(two):
            continue
        loose = beside(two, nobodys, cells, places)  # pieces of them, if the sum is right
        others = [at for at in beside(two, known, cells, places) if at not in (*two, *done)]
        groups = [two, two + others[:MOST_BESIDE]] if others else [two]
        tried = [better(cells, group, loose, table[owner[group]]) for group in groups]
        found = [anew for anew in tried if anew is not None]
        if not found:
            continue
        best = max(found, key=lambda anew: anew.gain)
        for at in loose:
            cells[at] = None
        for at, cell in zip(best.group, best.cells, strict=True):
            cells[at] = cell
        done.update(best.group)
        gross.update(best.group if best.gross else ())
    return owner[np.array(sorted(done), np.intp)], owner[np.array(sorted(gross), np.intp)]


def better(
    cells: Sequence[Cell | None], group: list[int], loose: list[int], members: Table
) -> Anew | None:
    """A better cut between the cells of a group, of which `loose` ones are pieces, if there is."""
    own, pieces = ([cell for at in some if (cell := cells[at])] for some in (group, loose))
    area_um2 = sum(cell.area_um2 for cell in own + pieces)
    if abs(np.log(area_um2 / members["area_um2"].sum())) > AS_LARGE:
        return None
    whole = joined(own + pieces)
    if whole is None:
        return None
    parted, against = cut_apart(whole, members)
    gain = np.inf if pieces else against_cells(own, members) - against
    if gain <= BETTER:
        return None
    change = np.log(np.array([cell.area_um2 for cell in own]) / members["area_um2"])
    lit = [replaced(cell, signal=was.signal) for cell, was in zip(parted, own, strict=True)]
    return Anew(gain, group, lit, bool(np.ptp(change) > GROSS))


def wrongly_cut(
    known: Rows, cells: Sequence[Cell | None], table: Table, owner: Rows
) -> Iterator[list[int]]:
    """Pairs of `known` cells that touch and whose areas changed against each other, worst first."""
    area_um2 = np.array([cell.area_um2 if cell else np.nan for cell in cells])
    tracks = table[owner[known]]
    tracks, known = (
        some[tracks["anew_s"] < np.maximum(ANEW_S, tracks["whole_s"])] for some in (tracks, known)
    )
    change = np.log(area_um2[known] / tracks["area_um2"])
    shrunk = np.flatnonzero(change <= -OTHERWISE / 2)
    wide_um = np.sqrt(np.maximum(tracks["area_um2"], area_um2[known]))
    for nth in shrunk[np.argsort(change[shrunk], kind="stable")].tolist():
        reach_um = wide_um + wide_um[nth] + SEAM_UM
        apart_um = np.hypot(*(tracks[place] - tracks[place][nth] for place in ("x_um", "y_um")))
        grown = (apart_um < reach_um) & (change - change[nth] > OTHERWISE) & (change > 0)
        for other in known[grown].tolist():
            if touch(cells[known[nth]], cells[other]):
                yield [int(known[nth]), other]


def are_known(cells: Sequence[Cell | None], table: Table, owner: Rows) -> NDArray[np.bool_]:
    """Which cells are whole, and somebody's whose size is known."""
    whole = np.array([cell is not None and not cell.at_edge for cell in cells], bool)
    known: NDArray[np.bool_] = (owner != NOBODY) & whole
    known[known] = table["frames"][owner[known]] >= KNOWN_FRAMES
    return known


def places_of(cells: Sequence[Cell | None]) -> NDArray[np.float64]:
    """(n, 3): x, y and how wide each cell is at most; NaN where there is none."""
    nowhere = (np.nan, np.nan, np.nan)
    rows = [(one.x_um, one.y_um, sqrt(one.area_um2)) if one else nowhere for one in cells]
    return np.array(rows, np.float64).reshape(-1, 3)


def beside(
    two: list[int], others: Rows, cells: Sequence[Cell | None], places: NDArray[np.float64]
) -> list[int]:
    """Which of the others touch one of two: most are too far off to ask for long."""
    near = np.zeros(len(others), bool)
    for one in two:
        off_um = np.abs(places[others, :2] - places[one, :2]).max(1, initial=0.0)
        near |= off_um < places[others, 2] + places[one, 2] + SEAM_UM
    return [at for at in others[near].tolist() if any(touch(cells[at], cells[one]) for one in two)]


def touch(one: Cell | None, other: Cell | None) -> bool:
    """Whether both are there and lie against each other."""
    return one is not None and other is not None and touching(one, other)
