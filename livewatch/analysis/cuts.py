"""Cuts: what is several known cells is cut apart, one cell after the other.

Each time the cell goes first that comes off best, at its neck (neck.py). How cells were parted
before is judged the same way, so that both can be compared.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.neck import CENTRE_SD_UM, Two, against, inward, neck
from livewatch.analysis.pieces import touching, union
from livewatch.analysis.reshaped import reshaped
from livewatch.analysis.seam import halves, parts, run_of_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

    Table = NDArray[np.void]


def cut_apart(blob: Cell, members: Table) -> tuple[list[Cell], float]:
    """A cell as the several that it is, in order of `members`, and what speaks against that.

    Where there is no cut it is infinite, and the cells are cut straight.
    """
    if len(members) == 1:
        return [blob], 0.0
    ring = np.asarray(blob.outline_um, np.float64)
    ring = ring - ring[0]
    cuts = [(at, *neck(ring, one_and_rest(members, at))) for at in firsts(members)]
    at, first, last, against = min(cuts, key=itemgetter(-1))
    if first == last:
        return cut_straight(blob, members), np.inf
    rings, shapes = halves(blob.outline_um, first, last)
    one, rest = (reshaped(blob, *half) for half in zip(rings, shapes, strict=True))
    others, more = cut_apart(rest, np.delete(members, at))
    return [*others[:at], one, *others[at:]], against + more


def cut_straight(blob: Cell, members: Table) -> list[Cell]:
    """A cell cut straight into as many as there are `members`, each with its share of the area."""
    places = np.column_stack((members["x_um"], members["y_um"]))
    rings, shapes = parts(blob.outline_um, places, members["area_um2"])
    return [reshaped(blob, *part) for part in zip(rings, shapes, strict=True)]


def against_cells(cells: Sequence[Cell], members: Table) -> float:
    """What speaks, in log odds, against cells that were told apart as they are.

    Nothing does (minus infinity) where they do not hang together.
    """
    if len(cells) == 1:
        return 0.0
    judged = []
    for at in firsts(members):
        others = [*cells[:at], *cells[at + 1 :]]
        if rest := joined(others):
            seam = against_seam(cells[at], rest, one_and_rest(members, at))
            judged.append((seam, at, others))
    if not judged:
        return -np.inf
    against, at, others = min(judged, key=itemgetter(0))
    return against + against_cells(others, np.delete(members, at))


def against_seam(one: Cell, rest: Cell, two: Two) -> float:
    """What speaks, in log odds, against the seam of one cell with the rest.

    Near where it ends, the outline round both is told from either side of it.
    """
    whole = union(one, rest)
    ring = np.asarray(whole.outline_um, np.float64)
    turn = inward(ring - ring[0])
    ends = 0, run_of_first(one.outline_um, rest.outline_um)
    turned = sum(max(turn[at - 1], turn[at % len(turn)]) for at in ends)
    seam_um = (one.perimeter_um + rest.perimeter_um - whole.perimeter_um) / 2
    ratio = float(np.log(one.area_um2 / rest.area_um2))
    return against(two, seam_um, turned, rest.x_um - one.x_um, rest.y_um - one.y_um, ratio)


def firsts(members: Table) -> range:
    """Which of them may come off first: of two, either does."""
    return range(1 if len(members) == 2 else len(members))


def one_and_rest(members: Table, at: int) -> Two:
    """One track and all others together, as they should be."""
    one, rest = members[at], np.delete(members, at)
    areas = np.array([one["area_um2"], rest["area_um2"].sum()])
    share = rest["area_um2"] / areas[1]
    way_um = np.array([share @ rest[place] - one[place] for place in ("x_um", "y_um")])
    var_um2 = float(one["pxx"] + share**2 @ rest["pxx"]) + CENTRE_SD_UM**2
    return Two(way_um, var_um2, areas)


def joined(cells: Sequence[Cell]) -> Cell | None:
    """Cells as one, if they all lie against each other."""
    whole, *rest = cells
    while rest:
        at = next((at for at, cell in enumerate(rest) if touching(whole, cell)), None)
        if at is None:
            return None
        whole = union(whole, rest.pop(at))
    return whole
