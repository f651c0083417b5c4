"""The cells of one kind that are known at one position: a table with a row per identity.

A table is never changed once it is in a `Tracks`: tracking copies it, works on the copy, and
seals that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOBODY = -1
SETTLED_FRAMES = 3
"""A cell seen this often is no passing speck."""

COLUMNS = np.dtype(
    [
        ("id", "i8"),
        ("parent", "i8"),  # the mother, after a division
        ("stem", "i8"),  # the cell it lay against when first seen: it may be a piece of that
        ("host", "i8"),  # the cell it is hidden in, while two are seen as one
        ("x_um", "f8"),
        ("y_um", "f8"),
        ("vx", "f8"),  # um/s
        ("vy", "f8"),
        ("pxx", "f8"),  # variances of place and velocity, per axis
        ("pxv", "f8"),
        ("pvv", "f8"),
        ("area_um2", "f8"),  # usual, from frames in which the border does not cut the cell
        ("signal", "f8"),
        ("frames", "i4"),  # seen in so many
        ("missed", "i4"),  # frames in a row in which it should have been seen and was not
        ("missed_s", "f8"),  # and how long that has been
        ("outside_s", "f8"),  # how long unseen and outside, while the whole field was in view
        ("seen_s", "f8"),  # when last seen
        ("cut_s", "f8"),  # for how long, of late, it was seen in pieces
        ("whole_s", "f8"),  # and for how long in all as one
        ("presence", "f8"),  # in what share of recent frames that show its place it was seen
        ("joint_s", "f8"),  # and for how long as one with another
        ("anew_s", "f8"),  # and for how long cut grossly wrong
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Every cell of one kind known at one position, as of `time_s`, sorted by identity."""

    table: NDArray[np.void]
    time_s: float

    def row(self, identity: int) -> int | None:
        """Where an identity stands in the table, or None when it is not known (any more)."""
        ids = self.table["id"]
        at = int(np.searchsorted(ids, identity))
        return at if at < len(ids) and ids[at] == identity else None


def among(values: NDArray[Any], known: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of `values` are among `known`, which are in order."""
    if not len(known):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[at] == values)


def are_held(table: NDArray[np.void], held: frozenset[int]) -> NDArray[np.bool_]:
    """Which tracks of a table have one of the identities `held`."""
    return among(table["id"], np.array(sorted(held)))


def joined(table: NDArray[np.void], born: NDArray[np.void]) -> NDArray[np.void]:
    """The rows of one table and those of another.

    What numpy has for it makes up its mind anew, column by column, of what type they are.
    """
    both = np.empty(len(table) + len(born), COLUMNS)
    both[: len(table)], both[len(table) :] = table, born
    return both


def sealed(table: NDArray[np.void], time_s: float) -> Tracks:
    """Tracks of a finished table, which from now on cannot be written to."""
    table.flags.writeable = False
    return Tracks(table, time_s)


def nobody(time_s: float = 0.0) -> Tracks:
    """No tracks yet."""
    return sealed(np.zeros(0, COLUMNS), time_s)
