"""Cells as their tracks expect them: what was cut in two is united, what is two is parted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.pieces import unite
from livewatch.analysis.several import part, part_anew
from livewatch.analysis.tracks import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

    Rows = NDArray[np.intp]
    Table = NDArray[np.void]


def regrouped(
    cells: Sequence[Cell], table: Table, rows: Rows, found: Rows, hosts: Rows
) -> tuple[list[Cell], Rows, Rows]:
    """The cells after uniting and parting; the track rows that were seen cut, and seen jointly.

    `table` are the tracks at their predicted places, of which `rows` were given the cells
    `found`; `hosts` says which row hides each track that is not seen, or nobody.
    """
    owner = np.full(len(cells), NOBODY, np.intp)
    owner[found] = rows
    now: list[Cell | None] = list(cells)
    cut = unite(now, table, owner)
    anew = part_anew(now, table, owner)
    joint = {*anew.tolist(), *part(now, table, owner, hosts).tolist()}
    return [cell for cell in now if cell is not None], cut, np.array(sorted(joint), np.intp)
