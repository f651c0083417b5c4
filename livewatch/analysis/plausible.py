"""Which of the cells found are to be believed in, where contact is concerned.

An encounter between a cell and a speck is none. A cell is as large as others of its kind, within
reason; it is there in most frames that show its place; and an NK cell that lies in a tumor cell
shines by itself, and not with what little of the tumor cell's light leaks into its channel.
Brightness alone doubts nobody: dim cells are cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.middle import median
from livewatch.analysis.morsel import holds
from livewatch.analysis.tracks import SETTLED_FRAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from livewatch.analysis.tracks import Tracks
    from livewatch.model import Cell, Contact

SMALLEST = 0.25
"""A cell has at least this share of the usual area of its kind."""
ENOUGH = 5
"""From so many cells on, their own median says what is usual."""
PRESENT = 0.5
"""A cell is seen in at least this share of recent frames that show its place."""
LEAKED = 0.15
"""What shines in a tumor cell with less than this share of its brightness is its leaked light."""


def doubted(tracks: Tracks, diameter_um: float) -> frozenset[int]:
    """The identities of one kind that are too small, or too seldom seen, to be cells."""
    table = tracks.table
    settled = table["area_um2"][table["frames"] >= SETTLED_FRAMES]
    typical_um2 = np.pi / 4 * diameter_um**2
    usual_um2 = min(typical_um2, median(settled)) if len(settled) >= ENOUGH else typical_um2
    poor = (table["area_um2"] < SMALLEST * usual_um2) | (table["presence"] < PRESENT)
    return frozenset(table["id"][poor].tolist())


def believed(
    contacts: Sequence[Contact],
    cells: Iterable[Cell],
    doubts: frozenset[int],
    trusted: frozenset[tuple[int, int]],
) -> tuple[Contact, ...]:
    """The contacts of two cells, those of `trusted` pairs in any case.

    `doubts` are the identities that `doubted` names.
    """
    if not contacts:
        return ()
    of = {cell.id: cell for cell in cells}
    return tuple(
        contact
        for contact in contacts
        if contact.pair in trusted
        or not (
            doubts.intersection(contact.pair) or is_leaked(of[contact.nk_id], of[contact.tumor_id])
        )
    )


def is_leaked(nk: Cell, tumor: Cell) -> bool:
    """Whether an NK cell is nothing but light of the tumor cell in which it lies."""
    return nk.signal < LEAKED * tumor.signal and holds(tumor, nk)
