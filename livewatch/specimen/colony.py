"""All arrays of the mechanics in one bundle, and what happened: bites and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from livewatch.compiled import compiled
from livewatch.specimen.cells import CORNERS, WAVES, settle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.scene import Scene

HIT, DYING_BEGINS, DIED, DIVIDED, TWIST_BEGINS, SLIDE_BEGINS, HELD, LEFT, ENGULFED = range(9)
EVENT_NAMES = ("hit", "dying", "died", "divided", "twist", "slide", "held", "left", "engulfed")

LINES_PER_STEP, EVENTS_PER_STEP = 6, 4
"""The most that one cell can have written down in one step (of bites: one)."""

BITE = np.dtype(
    [
        ("time_s", "f8"),
        ("nk_slot", "i8"),
        ("nk_id", "i8"),
        ("tumor_id", "i8"),
        ("fraction", "f8"),  # of the dye the tumor cell had when the contact began
        ("glow", "f8"),  # light it gives, as area (um2) of an unbitten cell of brightness 1
        ("bleach", "f8"),  # the NK cell's bleaching of tumor dye when it was taken
        ("bearing", "f8"),  # where it lies in the NK cell: angle in its frame, share of its radius
        ("depth", "f8"),
    ]
)

EVENT = np.dtype(
    [("time_s", "f8"), ("what", "i8"), ("nk_id", "i8"), ("tumor_id", "i8"), ("amount", "f8")]
)

LOG = np.dtype(
    [
        ("step", "i4"),
        ("nk_id", "i4"),
        ("tumor_id", "i4"),
        ("x", "f4"),  # midway between the two cells, before drift
        ("y", "f4"),
        ("gap_um", "f4"),
        ("contact_um", "f4"),
        ("perimeter_um", "f4"),
        ("patch", "f4"),  # middle of the patch, angle in the tumor's frame; nan without one
        ("angle", "f4"),  # the tumor body's angle, not wrapped
        ("inside", "f4"),  # share of the NK cell's corners inside the tumor cell
    ]
)


class Colony(NamedTuple):
    """The state of all cells, and what was written down while it changed.

    `used` counts the entries of `log`, `bites` and `events`.
    """

    cells: NDArray[Any]
    waves: NDArray[np.float64]
    radii: NDArray[np.float64]
    log: NDArray[Any]
    bites: NDArray[Any]
    events: NDArray[Any]
    used: NDArray[np.int64]


def founded(scene: Scene, rng: np.random.Generator) -> Colony:
    """The colony at time 0."""
    cells = settle(scene, rng)
    count = len(cells)
    waves = rng.normal(0.0, 0.03, (count, WAVES)) * (1.0 - cells["stiff"])[:, None]
    waves[:, 0] += cells["long"]
    return Colony(
        cells,
        waves,
        np.repeat(np.maximum(cells["size"], 1.0)[:, None], CORNERS, axis=1),
        np.zeros(100 * LINES_PER_STEP * count, LOG),
        np.zeros(10 * count, BITE),
        np.zeros(10 * EVENTS_PER_STEP * count, EVENT),
        np.zeros(3, np.int64),
    )


def roomier(colony: Colony) -> Colony:
    """The same colony, with room for more bites and events where half of it is used."""
    bites, events = colony.bites, colony.events
    if colony.used[1] > len(bites) // 2:
        bites = np.concatenate([bites, np.zeros(len(bites), BITE)])
    if colony.used[2] > len(events) // 2:
        events = np.concatenate([events, np.zeros(len(events), EVENT)])
    return colony._replace(bites=bites, events=events)


@compiled
def is_full(colony: Colony) -> bool:
    """Whether another step might find no room to write down what happens in it."""
    count = len(colony.cells)
    return bool(
        colony.used[0] + LINES_PER_STEP * count > len(colony.log)
        or colony.used[1] + count > len(colony.bites)
        or colony.used[2] + EVENTS_PER_STEP * count > len(colony.events)
    )


@compiled
def note(
    colony: Colony, time_s: float, what: int, nk_id: int, tumor_id: int, amount: float
) -> None:
    """Write down that something happened."""
    event = colony.events[colony.used[2]]
    event.time_s, event.what = time_s, what
    event.nk_id, event.tumor_id, event.amount = nk_id, tumor_id, amount
    colony.used[2] += 1
