"""Landing: where the camera looks after its view was changed, told from the cells themselves.

A new objective, binning or region shows the sample from where the microscope says; if an offset
is wrong, every cell is displaced by the same amount. The cells known at the position say by how
much: that shift is sought which puts the most of them where one of their kind and size is seen.
They also say how much brighter or darker cells are through other optics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.known import expected, in_sight, inside, nearest
from livewatch.analysis.shift import best_shift, doubts_um, paired
from livewatch.model import Kind, Landing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from livewatch.analysis.known import Known
    from livewatch.analysis.tracks import Tracks
    from livewatch.model import Cell, View
    from livewatch.settings import Cells as CellSizes

CREDIBLE = 0.6
"""A displacement is believed when it finds this share of the cells expected, two at least."""
MOST_MISSED = 2
"""After so many frames that missed in a row, what is seen is taken for what it is."""


@dataclass(frozen=True, slots=True)
class Gain:
    """How bright cells are through one objective at one binning, relative to the first ones."""

    objective: str
    binning: int
    nk: float = 1.0
    tumor: float = 1.0

    def of(self, kind: Kind) -> float:
        """The gain of one kind's channel."""
        return self.nk if kind is Kind.NK else self.tumor


@dataclass(frozen=True, slots=True)
class Last:
    """How a position was last looked at: with what view, and how soft its near pairs were.

    `missed` counts the frames since that landed elsewhere. `gains` are those of the optics used so
    far, the first one's being 1.
    """

    view: View | None = None
    softness: tuple[tuple[int, int, float], ...] = ()
    missed: int = 0
    gains: tuple[Gain, ...] = ()

    def gain(self, view: View) -> Gain:
        """How bright cells are at a view; as far as known, else by the size of its pixels."""
        for each in self.gains:
            if (each.objective, each.binning) == (view.objective, view.binning):
                return each
        assert self.view is not None
        bright = (view.pixel_um / self.view.pixel_um) ** 2
        here = self.gain(self.view)
        return Gain(view.objective, view.binning, bright * here.nk, bright * here.tumor)


NEVER = Last()
"""The last look at a position that was not looked at yet."""


class Arrival(NamedTuple):
    """A frame's cells as bright as through the first optics, and how its view landed.

    With a `problem` the frame shows something else, and is not to be tracked.
    """

    last: Last
    cells: dict[Kind, tuple[Cell, ...]]
    landing: Landing | None = None
    problem: str | None = None


def is_changed(last: Last, view: View) -> bool:
    """Whether a view differs from the last one in what a wrong setting would displace."""
    before = last.view
    return before is not None and settings_of(before) != settings_of(view)


def settings_of(view: View) -> tuple[object, ...]:
    """What of a view displaces the cells if it is wrong."""
    trims = view.trim_x_um, view.trim_y_um, view.trim_z_um
    return view.objective, view.binning, view.region, *trims


def arrived(
    last: Last,
    tracks: Mapping[Kind, Tracks],
    cells: dict[Kind, tuple[Cell, ...]],
    view: View,
    time_s: float,
    cell_sizes: CellSizes,
    aim_um: float,
) -> Arrival:
    """What a frame's `cells` at `view` say of where it looks, `tracks` being those known there."""
    if last.view is None:
        return Arrival(Last(view, gains=(Gain(view.objective, view.binning),)), cells)
    diameters_um = {Kind.NK: cell_sizes.nk_diameter_um, Kind.TUMOR: cell_sizes.tumor_diameter_um}
    landing, gain = None, last.gain(view)
    if is_changed(last, view):
        known = nearest(expected(tracks, time_s, diameters_um), view)
        seen = in_sight(cells, diameters_um)
        landing, pairs = landed(known, seen, view)
        problem = problem_of(landing, last, aim_um)
        if problem is not None:
            return Arrival(replace(last, missed=last.missed + 1), cells, landing, problem)
        if gain != last.gains[0]:
            gain = brightened(gain, known, seen, pairs)
    others = tuple(
        each
        for each in last.gains
        if (each.objective, each.binning) != (gain.objective, gain.binning)
    )
    gains = last.gains if gain in last.gains else (*others, gain)
    even = {kind: dimmed(found, gain.of(kind)) for kind, found in cells.items()}
    return Arrival(replace(last, view=view, missed=0, gains=gains), even, landing)


def brightened(gain: Gain, known: Known, seen: Known, pairs: NDArray[np.intp]) -> Gain:
    """The gain as the cells seen again tell it, where there are any."""
    ours, theirs = pairs.T
    ratio = seen.signal[theirs] / np.maximum(known.signal[ours], 1e-6)
    found = {
        kind: float(np.median(of_kind))
        for kind in Kind
        if (of_kind := ratio[known.kind[ours] == (kind is Kind.NK)]).size
    }
    if not found:
        return gain
    nk = found.get(Kind.NK) or gain.nk * found[Kind.TUMOR] / gain.tumor
    return replace(gain, nk=nk, tumor=found.get(Kind.TUMOR) or gain.tumor * nk / gain.nk)


def dimmed(cells: tuple[Cell, ...], gain: float) -> tuple[Cell, ...]:
    """Cells as bright as they are at a gain of 1."""
    if gain == 1.0:
        return cells
    return tuple(replace(cell, signal=cell.signal / gain) for cell in cells)


def landed(known: Known, seen: Known, view: View) -> tuple[Landing, NDArray[np.intp]]:
    """Where a frame at `view` shows the cells `known`; which of them, and of those `seen`."""
    none = np.zeros(2)
    here = inside(known, view, none)
    pairs = paired(known, seen, view, none)
    shift = none
    if len(pairs) < max(2, 0.8 * here):
        shift = best_shift(known, seen, view)
        here, pairs = inside(known, view, shift), paired(known, seen, view, shift)
    if len(pairs) < 2 or len(pairs) < CREDIBLE * here:
        return Landing(inside(known, view, none), 0), paired(known, seen, view, none)
    ours, theirs = pairs.T
    weight = doubts_um(known, seen)[ours, theirs] ** -2
    off_um = weight @ (seen.place[theirs] - known.place[ours]) / weight.sum()
    sd_um = float(weight.sum() ** -0.5)
    return Landing(here, len(pairs), float(off_um[0]), float(off_um[1]), sd_um), pairs


def problem_of(landing: Landing, last: Last, aim_um: float) -> str | None:
    """Why a frame that landed so is not to be tracked; None where it is."""
    if last.missed >= MOST_MISSED or not landing.misses(aim_um):
        return None
    if landing.found == 0:
        return f"aim missed: none of the {landing.expected} cells expected here is seen"
    miss_um = hypot(landing.dx_um, landing.dy_um)
    return f"aim missed: the cells are {miss_um:.1f} um from where they were"


def compared(landing: Landing, before: Last, softness: Sequence[tuple[int, int, float]]) -> Landing:
    """The landing with how soft the edges of the same pairs are, and were."""
    was = {(nk, tumor): soft_um for nk, tumor, soft_um in before.softness}
    both = [(soft_um, was[nk, tumor]) for nk, tumor, soft_um in softness if (nk, tumor) in was]
    if not both:
        return landing
    soft_um, before_um = np.median(both, axis=0).tolist()
    return replace(landing, soft_um=soft_um, before_um=before_um)
