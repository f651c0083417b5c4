"""The contact patch: the stretch of tumor membrane that an NK cell covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.outline import distances_um
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.outline import Outline

BRIDGE_UM = 1.5
"""Breaks in the patch up to this long are noise of the outlines, and are bridged."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Where an NK cell covers the tumor's membrane, seen from the tumor's centre.

    `length_um` and `fraction` count all covered membrane; `middle_deg`, `start_deg` and `end_deg`
    are of the longest stretch, start to end in growing direction.
    """

    length_um: float
    fraction: float
    middle_deg: float
    start_deg: float
    end_deg: float


def patch_of(tumor: Outline, nk_um: NDArray[np.floating], within_um: float) -> Patch | None:
    """The membrane within `within_um` of the NK outline `nk_um` (m, 2), None if there is none."""
    points = len(tumor.points_um)
    covered, start, count = covered_by(
        tumor.points_um,
        np.asarray(nk_um, np.float64),
        within_um,
        round(BRIDGE_UM * points / tumor.perimeter_um),
    )
    if covered == 0:
        return None
    return Patch(
        length_um=covered / points * tumor.perimeter_um,
        fraction=covered / points,
        middle_deg=_direction(tumor, start + count // 2) if count < points else float("nan"),
        start_deg=_direction(tumor, start),
        end_deg=_direction(tumor, start + count - 1),
    )


def _direction(tumor: Outline, index: int) -> float:
    return float(tumor.directions_deg[index % len(tumor.directions_deg)])


@compiled
def covered_by(
    points: NDArray[np.float64], nk: NDArray[np.float64], within_um: float, bridge: int
) -> tuple[int, int, int]:
    """How many points of an outline are covered; the longest stretch's first one, and its length.

    Breaks of at most `bridge` points are closed first.
    """
    size = len(points)
    covered = distances_um(points, nk, within_um) <= within_um
    close_breaks(covered, bridge)
    total = covered.sum()
    if total == 0 or total == size:
        return total, 0, total
    first, longest, run = 0, 0, 0
    begin = np.flatnonzero(~covered)[0]  # not in the middle of a stretch
    for step in range(1, size + 1):
        at = (begin + step) % size
        run = run + 1 if covered[at] else 0
        if run > longest:
            longest, first = run, (at - run + 1) % size
    return total, first, longest


@compiled
def close_breaks(covered: NDArray[np.bool_], longest: int) -> None:
    """Close circular breaks of at most `longest` points."""
    if not covered.any():
        return
    size = len(covered)
    begin = np.flatnonzero(covered)[0]
    run = 0
    for step in range(1, size + 1):
        at = (begin + step) % size
        if not covered[at]:
            run += 1
            continue
        if run <= longest:
            for back in range(1, run + 1):
                covered[(at - back) % size] = True
        run = 0
