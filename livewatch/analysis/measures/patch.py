"""The contact patch: the stretch of tumor membrane that an NK cell covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.outline import distances_um

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
    distance = distances_um(tumor.points_um, np.asarray(nk_um, dtype=np.float64), within_um)
    covered = _bridged(distance <= within_um, round(BRIDGE_UM / _step_um(tumor)))
    if not covered.any():
        return None
    start, count = _longest(covered)
    n = len(covered)
    fraction = float(covered.mean())
    return Patch(
        length_um=fraction * tumor.perimeter_um,
        fraction=fraction,
        middle_deg=_direction(tumor, start + count // 2) if count < n else float("nan"),
        start_deg=_direction(tumor, start),
        end_deg=_direction(tumor, start + count - 1),
    )


def _step_um(tumor: Outline) -> float:
    return tumor.perimeter_um / len(tumor.points_um)


def _direction(tumor: Outline, index: int) -> float:
    return float(tumor.directions_deg[index % len(tumor.directions_deg)])


def _bridged(covered: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """Close circular breaks of at most `longest` points."""
    if covered.all() or not covered.any():
        return covered
    closed = covered.copy()
    for start, count in _runs(~covered):
        if count <= longest:
            closed[np.arange(start, start + count) % len(covered)] = True
    return closed


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, count) of each circular run of True; not for flags that are all True."""
    before = np.roll(flags, 1)
    starts = np.flatnonzero(flags & ~before)
    ends = np.flatnonzero(~flags & before)
    if len(starts) == 0:
        return []
    following = ends[np.searchsorted(ends, starts) % len(ends)]
    counts = (following - starts) % len(flags)
    return [(int(start), int(count)) for start, count in zip(starts, counts, strict=True)]


def _longest(covered: NDArray[np.bool_]) -> tuple[int, int]:
    if covered.all():
        return 0, len(covered)
    return max(_runs(covered), key=lambda run: run[1])
