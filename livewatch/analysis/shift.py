"""The shift that puts the most of the cells expected where one of their kind and size is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.known import is_inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.known import Known
    from livewatch.model import View

    Floats = NDArray[np.float64]

REACH_UM = 80.0
"""A displacement larger than this is not sought: something else is wrong then."""
USUAL_UM = 15.0
"""Displacements are about this large: of two that fit alike, the smaller one is believed."""
FAR_SD = 3.0
"""A cell seen further off than this many standard deviations is not the one expected."""
ALIKE = float(np.log(6))
"""Cells whose areas differ by more than this (in log) are not the same."""
OUTGROWN = 0.25
"""A cell that looks larger or smaller by a factor e has its centre off by this part of its width:
other optics may show whole what was seen in part, or the other way round."""
MOST_VOTES = 12
"""Shifts are tried that put one of so many cells, the most surely known, where one is seen."""


def doubts_um(known: Known, seen: Known) -> Floats:
    """(known, seen): how far apart each two may be if they are one; inf for unlike ones."""
    outgrown = np.abs(np.log(known.area[:, None] / seen.area[None]))
    sd_um = np.hypot(known.sd_um[:, None], seen.sd_um[None])
    sd_um = np.hypot(sd_um, OUTGROWN * outgrown * known.wide_um[:, None])
    unlike = (known.kind[:, None] != seen.kind[None]) | (outgrown > ALIKE)
    return np.where(unlike, np.inf, sd_um)


def misfits(known: Known, seen: Known, shift: Floats) -> Floats:
    """(known, seen): how many standard deviations apart each two are; inf for unlike ones."""
    apart = np.hypot(*(seen.place[None] - known.place[:, None] - shift).transpose(2, 0, 1))
    sd_um = doubts_um(known, seen)
    return np.where(np.isfinite(sd_um), apart / sd_um, np.inf)


def paired(known: Known, seen: Known, view: View, shift: Floats) -> NDArray[np.intp]:
    """(n, 2): the cells expected in the image, and those seen that they are; each once."""
    if not len(seen.place) or not len(known.place):
        return np.zeros((0, 2), np.intp)
    far = np.where(is_inside(known, view, shift)[:, None], misfits(known, seen, shift), np.inf)
    mine, theirs = far.argmin(axis=1), far.argmin(axis=0)
    ours = np.flatnonzero(theirs[mine] == np.arange(len(mine)))
    ours = ours[far[ours, mine[ours]] <= FAR_SD]
    return np.stack((ours, mine[ours]), axis=1)


def best_shift(known: Known, seen: Known, view: View) -> Floats:
    """The displacement that explains best what is seen (the largest posterior probability)."""
    votes = np.argsort(known.sd_um, kind="stable")[:MOST_VOTES]
    same = known.kind[votes][:, None] == seen.kind[None]
    shifts = (seen.place[None] - known.place[votes][:, None])[same]
    shifts = shifts[np.hypot(*shifts.T) <= REACH_UM]
    candidates = [np.zeros(2), *shifts]
    return max(candidates, key=lambda shift: plausible(known, seen, view, shift))


def plausible(known: Known, seen: Known, view: View, shift: Floats) -> float:
    """How well a displacement explains what is seen: a log probability, up to a constant."""
    here = is_inside(known, view, shift)
    if not len(seen.place) or not here.any():
        return -np.inf
    far = np.minimum(misfits(known, seen, shift)[here].min(axis=1), FAR_SD)
    # a cell that is found is worth what it costs not to find it, once more
    return float((FAR_SD**2 - far**2).sum() - FAR_SD**2 / 2 * here.sum()) / 2 - 0.5 * float(
        (shift @ shift) / USUAL_UM**2
    )
