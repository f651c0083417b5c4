"""Several cells: what segmentation took for one is parted, what it parted wrongly is parted anew.

Tracks know where each cell should be, and how large it was. A cell that is as large as itself and
its missing neighbours together, and lies over where all of them should be, is all of them. Two
that touch, together as large as ever but shared out otherwise than before, were cut at the wrong
place, if a neck between them suits them better. Neither is believed for long: what stays so is
so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.neck import CENTRE_SD_UM, Two, against, neck
from livewatch.analysis.pieces import SEAM_UM, touching, union
from livewatch.analysis.reshaped import reshaped
from livewatch.analysis.seam import halves, parts
from livewatch.analysis.tracks import NOBODY, SETTLED_FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

    Rows = NDArray[np.intp]
    Table = NDArray[np.void]
    Cut = tuple[int, int, float]

JOINT_S = 300.0
"""Two cells are thought to be seen as one for no longer than this."""
KNOWN_FRAMES = 20
"""A cell seen this often has its size."""
OTHERWISE, AS_LARGE = np.log(1.25), np.log(1.2)
"""How much the areas of two must have changed against each other, and how little their sum, to say
that they were cut at the wrong place."""
BETTER = 0.5
"""By so much, in log odds, another cut must be better than the one that was made."""
NO_CUT = 0, 0, np.inf


def part(cells: list[Cell | None], table: Table, owner: Rows, hosts: Rows) -> Rows:
    """Part, in place, cells that are several; the rows of all tracks that are seen so."""
    joint: list[int] = []
    for host in sorted(set(hosts[hosts != NOBODY].tolist())):
        at = int(np.flatnonzero(owner == host)[0])
        blob = cells[at]
        if blob is None or blob.at_edge:
            continue
        members = inside(blob, table, host, np.flatnonzero(hosts == host))
        if len(members) > 1:
            tracks = table[members]
            cells[at], *others = shares(blob, tracks, best_cut(blob, tracks))
            cells.extend(others)
            joint += members
    return np.array(sorted(joint), np.intp)


def inside(blob: Cell, table: Table, host: int, hidden: Rows) -> list[int]:
    """The rows that a cell's size says it is made up of: the host and none, some or all hidden."""
    own = table[host]
    known = table["frames"][hidden] >= SETTLED_FRAMES
    known &= table["joint_s"][hidden] < JOINT_S
    known &= (table["stem"][hidden] != own["id"]) & (own["stem"] != table["id"][hidden])
    hidden = hidden[known]
    apart_um = np.hypot(table["x_um"][hidden] - blob.x_um, table["y_um"][hidden] - blob.y_um)
    hidden = hidden[np.argsort(apart_um, kind="stable")]
    sums = own["area_um2"] + np.concatenate(([0.0], np.cumsum(table["area_um2"][hidden])))
    count = int(np.abs(np.log(blob.area_um2 / sums)).argmin())
    return [host, *hidden[:count].tolist()]


def shares(blob: Cell, members: Table, cut: Cut) -> list[Cell]:
    """A cell as the several that it is, in order of `members`: by a cut, or else straight."""
    first, last, _ = cut
    if first != last:
        rings, shapes = halves(blob.outline_um, first, last)
    else:
        places = np.column_stack((members["x_um"], members["y_um"]))
        rings, shapes = parts(blob.outline_um, places, members["area_um2"])
    return [reshaped(blob, ring, shape) for ring, shape in zip(rings, shapes, strict=True)]


def two_of(members: Table) -> Two:
    """Two tracks, as they should be."""
    way_um = np.array([members[place][1] - members[place][0] for place in ("x_um", "y_um")])
    var_um2 = float(members["pxx"].sum()) + CENTRE_SD_UM**2
    return Two(way_um, var_um2, np.ascontiguousarray(members["area_um2"]))


def best_cut(blob: Cell, members: Table) -> Cut:
    """How a cell is best cut in two; no cut where it is more than two."""
    if len(members) > 2:
        return NO_CUT
    ring = np.asarray(blob.outline_um, np.float64)
    return neck(ring - ring[0], two_of(members))


# --- cut at the wrong place -----------------------------------------------------------


def part_anew(cells: list[Cell | None], table: Table, owner: Rows) -> Rows:
    """Part anew, in place, neighbours that were cut at the wrong place; the rows of those."""
    anew: set[int] = set()
    for one, other in wrongly_cut(cells, table, owner):
        rows = owner[[one, other]]
        if not anew.isdisjoint(rows.tolist()):
            continue
        members = [one, other, *pieces_beside(one, other, cells, owner)]
        pieces = [cell for cell in (cells[at] for at in members) if cell is not None]
        area_um2 = sum(cell.area_um2 for cell in pieces)
        if abs(np.log(area_um2 / table["area_um2"][rows].sum())) > AS_LARGE:
            continue
        whole = joined(pieces)
        cut = best_cut(whole, table[rows])
        if (
            len(pieces) > 2
            or against_seam(whole, pieces[0], pieces[1], table[rows]) - cut[2] > BETTER
        ):
            for at in members:
                cells[at] = None
            cells[one], cells[other] = shares(whole, table[rows], cut)
            anew.update(rows.tolist())
    return np.array(sorted(anew), np.intp)


def against_seam(whole: Cell, one: Cell, other: Cell, members: Table) -> float:
    """What speaks, in log odds, against the seam between two cells."""
    seam_um = (one.perimeter_um + other.perimeter_um - whole.perimeter_um) / 2
    x_um, y_um = other.x_um - one.x_um, other.y_um - one.y_um
    ratio = float(np.log(one.area_um2 / other.area_um2))
    return against(two_of(members), seam_um, x_um, y_um, ratio)


def wrongly_cut(
    cells: Sequence[Cell | None], table: Table, owner: Rows
) -> Iterator[tuple[int, int]]:
    """Pairs of known cells that touch and whose areas changed against each other, worst first."""
    area_um2 = np.array(
        [cell.area_um2 if cell is not None and not cell.at_edge else np.nan for cell in cells]
    )
    known = np.flatnonzero((owner != NOBODY) & np.isfinite(area_um2))
    tracks = table[owner[known]]
    good = (tracks["frames"] >= KNOWN_FRAMES) & (
        tracks["joint_s"] < np.maximum(JOINT_S, tracks["whole_s"])
    )
    known, tracks = known[good], tracks[good]
    change = np.log(area_um2[known] / tracks["area_um2"])
    shrunk = np.flatnonzero(change <= -OTHERWISE / 2)
    if not len(shrunk):
        return
    wide_um = np.sqrt(np.maximum(tracks["area_um2"], area_um2[known]))
    for nth in shrunk[np.argsort(change[shrunk], kind="stable")]:
        reach_um = wide_um + wide_um[nth] + SEAM_UM
        apart_um = np.hypot(*(tracks[place] - tracks[place][nth] for place in ("x_um", "y_um")))
        grown = (apart_um < reach_um) & (change - change[nth] > OTHERWISE) & (change > 0)
        for other in known[grown].tolist():
            if touch(cells[known[nth]], cells[other]):
                yield int(known[nth]), other


def pieces_beside(one: int, other: int, cells: Sequence[Cell | None], owner: Rows) -> list[int]:
    """Cells that nobody claims and that touch one of two: pieces of them, if the sum is right."""
    loose = [at for at in np.flatnonzero(owner == NOBODY).tolist() if cells[at] is not None]
    return [at for at in loose if touch(cells[at], cells[one]) or touch(cells[at], cells[other])]


def touch(one: Cell | None, other: Cell | None) -> bool:
    """Whether both are there and lie against each other."""
    return one is not None and other is not None and touching(one, other)


def joined(cells: Sequence[Cell]) -> Cell:
    """Cells as one, the nearest united first, so that outlines do not cross."""
    whole, *rest = cells
    while rest:
        at = next((at for at, cell in enumerate(rest) if touching(whole, cell)), 0)
        whole = union(whole, rest.pop(at))
    return whole
