"""Several cells: what segmentation took for one is parted.

Tracks know where each cell should be, and how large it was. A cell that is as large as itself and
its missing neighbours together, and lies over where all of them should be, is all of them. Not
for long: what stays so is so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.cuts import cut_apart
from livewatch.analysis.tracks import NOBODY, SETTLED_FRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Cell

    Rows = NDArray[np.intp]
    Table = NDArray[np.void]

JOINT_S = 300.0
"""Two cells are thought to be seen as one for no longer than this."""


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
            (cells[at], *others), _ = cut_apart(blob, table[members])
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
