"""What tracking takes from the cells of one frame: a table, and how surely each place is known."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.motion import MOTION, Motion
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell, View

COLUMNS = ("x_um", "y_um", "area_um2", "perimeter_um", "signal", "at_edge")
read = attrgetter(*COLUMNS)
SEEN = np.dtype([(name, "?" if name == "at_edge" else "f8") for name in COLUMNS], align=True)


@dataclass(frozen=True, slots=True)
class Rules:
    """What tracking needs to know of one kind of cell.

    `divides` False: too rarely to be thought to.
    """

    motion: Motion
    diameter_um: float
    divides: bool = True

    @classmethod
    def of(cls, kind: Kind, diameter_um: float) -> Rules:
        """The rules for a kind of cell of that typical size."""
        return cls(MOTION[kind], diameter_um, kind is not Kind.NK)


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


def table_of(cells: Sequence[Cell]) -> NDArray[np.void]:
    """Cells as a table."""
    table = np.empty(len(cells), SEEN)
    own = np.array(list(map(read, cells)), float).reshape(-1, len(COLUMNS))
    for name, column in zip(COLUMNS, own.T, strict=True):
        table[name] = column
    return table


def variance_um2(seen: NDArray[np.void], rules: Rules) -> NDArray[np.float64]:
    """How uncertain each cell's centre is: more so where the border cuts it."""
    cut_um = np.where(seen["at_edge"], rules.diameter_um / 4, 0.0)
    return rules.motion.centre_sd_um**2 + cut_um**2
