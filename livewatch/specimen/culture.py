"""The cells over time: fixed internal steps, whatever times are asked for.

Between two steps everything is interpolated, so what is seen at a time does not depend on
how often one looks. The sample repeats every `side_um`, so it never ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.specimen.cells import ALIVE, CORNERS, EMPTY, FREE, NK, WAVES, settle
from livewatch.specimen.compiled import compiled
from livewatch.specimen.grip import HOLD_UM, hold, take_hold
from livewatch.specimen.motion import make_room, near_pairs, walk
from livewatch.specimen.outline import (
    corners_of,
    distances_to,
    patch_of,
    wrapped,
)
from livewatch.specimen.shape import give_way, keep_area, relax, ruffle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.scene import Habits, Scene

STEP_S = 1.0
NEAR_UM = 6.0
"""Pairs with a gap up to this are written into the log, once per step."""
TOUCH_UM = 1.0
"""Tumor outline this close to an NK cell counts as sealed by it."""
KEPT_STEPS = 600
"""How far back, in steps that were looked at, a time may be asked for again."""

LOG = np.dtype(
    [
        ("step", "i4"),
        ("nk_id", "i4"),
        ("tumor_id", "i4"),
        ("gap_um", "f4"),
        ("contact_um", "f4"),
        ("perimeter_um", "f4"),
        ("patch", "f4"),  # middle of the patch, angle in the tumor's frame; nan without one
        ("angle", "f4"),  # the tumor body's angle, not wrapped
    ]
)


@compiled
def measure(
    nk_corners: NDArray[np.float64],
    tumor_corners: NDArray[np.float64],
    nk_x: float,
    nk_y: float,
    tumor_x: float,
    tumor_y: float,
    away: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Gap, contact length, and the patch's two ends in corners of the tumor outline."""
    distances_to(nk_corners, tumor_x, tumor_y, tumor_corners, NEAR_UM, away)
    gap = away.min()
    distances_to(tumor_corners, nk_x, nk_y, nk_corners, NEAR_UM, away)
    gap = min(gap, away.min())
    length, first, last = patch_of(tumor_corners, away, TOUCH_UM)
    return gap, length, first, last


@compiled
def advance(
    cells: NDArray[Any],
    waves: NDArray[np.float64],
    radii: NDArray[np.float64],
    rng: np.random.Generator,
    habits: Habits,
    first_step: int,
    steps: int,
    log: NDArray[Any],
) -> tuple[int, int]:
    """Take up to `steps` steps; returns how many were taken, and how many lines were logged.

    Stops early when the log may not hold another step's lines.
    """
    lines = 0
    room = 6 * len(cells)
    one, two = np.empty((CORNERS, 2)), np.empty((CORNERS, 2))
    away = np.empty(CORNERS)
    for taken in range(steps):
        if lines + room > len(log):
            return taken, lines
        step = first_step + taken + 1
        time_s = step * STEP_S
        walk(cells, rng, habits, time_s, STEP_S)
        hold(cells, radii, rng, habits, time_s, STEP_S)
        pairs = near_pairs(cells, NEAR_UM, habits.side_um)
        make_room(cells, radii, pairs, habits.side_um, time_s, STEP_S)
        ruffle(cells, waves, rng, STEP_S)
        relax(cells, waves, radii, time_s, STEP_S)
        give_way(cells, radii, pairs, habits.side_um)
        keep_area(cells, radii, STEP_S)
        for row in range(len(pairs)):
            nk_slot, tumor_slot = pairs[row, 0], pairs[row, 1]
            if cells[nk_slot].kind == cells[tumor_slot].kind:
                continue
            if cells[nk_slot].kind != NK:
                nk_slot, tumor_slot = tumor_slot, nk_slot
            nk, tumor = cells[nk_slot], cells[tumor_slot]
            nk_x = tumor.x + wrapped(nk.x - tumor.x, habits.side_um)
            nk_y = tumor.y + wrapped(nk.y - tumor.y, habits.side_um)
            corners_of(nk_x, nk_y, nk.angle, radii[nk_slot], one)
            corners_of(tumor.x, tumor.y, tumor.angle, radii[tumor_slot], two)
            gap, length, begin, end = measure(one, two, nk_x, nk_y, tumor.x, tumor.y, away)
            shy = nk.shy_of == tumor_slot and time_s < nk.shy_s
            if gap <= HOLD_UM and nk.plan == FREE and tumor.state == ALIVE and not shy:
                take_hold(cells, nk_slot, tumor_slot, rng, habits, time_s)
            if gap > NEAR_UM or lines >= len(log):
                continue
            line = log[lines]
            line.step, line.nk_id, line.tumor_id = step, nk.id, tumor.id
            line.gap_um, line.contact_um = gap, length
            perimeter = 0.0
            for corner in range(CORNERS):
                after = (corner + 1) % CORNERS
                perimeter += math.hypot(
                    two[after, 0] - two[corner, 0], two[after, 1] - two[corner, 1]
                )
            line.perimeter_um = perimeter
            line.patch = 0.5 * (begin + end) * 2.0 * math.pi / CORNERS
            line.angle = tumor.angle
            lines += 1
    return steps, lines


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """The cells at one time: `cells` (n,) of dtype CELL, `radii` (n, CORNERS) um."""

    time_s: float
    cells: NDArray[Any]
    radii: NDArray[np.float64]


class Culture:
    """A scene's cells, at any time from 0 on. One caller at a time."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self._rng = np.random.default_rng([seed, 0x1CE11])
        self._cells = settle(scene, self._rng)
        count = len(self._cells)
        self._waves = self._rng.normal(0.0, 0.03, (count, WAVES))
        self._radii = np.repeat(self._cells["size"][:, None], CORNERS, axis=1)
        self._log = np.zeros(max(40 * count, 20_000), LOG)
        self._lines: list[NDArray[Any]] = []
        self._step = 0
        self._phase = float(self._rng.uniform(-math.pi, math.pi))
        self._kept: dict[int, Moment] = {}
        self._keep()

    @property
    def cells(self) -> NDArray[Any]:
        """The newest step's cells, to be given light."""
        return self._cells

    def at(self, time_s: float) -> Moment:
        """The cells at `time_s`, which may lie a little before the newest step, or after it.

        Raises `ValueError` for a time before 0, or one that is no longer kept.
        """
        if not time_s >= 0.0 or math.isinf(time_s):
            raise ValueError(f"time {time_s} s: the specimen's time begins at 0 and is finite")
        step = math.floor(time_s / STEP_S)
        self._go_to(step)
        part = time_s / STEP_S - step
        if part == 0.0 and step in self._kept:
            return self._kept[step]
        self._go_to(step + 1)
        if step not in self._kept or step + 1 not in self._kept:
            raise ValueError(
                f"time {time_s:.1f} s is past: the specimen is at {self._step * STEP_S:.0f} s, "
                "and keeps only the moments it was last asked for"
            )
        return between(self._kept[step], self._kept[step + 1], part)

    @property
    def newest(self) -> Moment:
        """The newest step reached."""
        return Moment(self._step * STEP_S, self._cells, self._radii)

    def focus_um(self, time_s: float) -> float:
        """Where the cells' plane is along z: it wanders slowly."""
        amount = self.scene.look.focus_drift_um
        return amount * (0.7 * math.sin(time_s / 900.0 + self._phase) - 0.7 * math.sin(self._phase))

    def history(self) -> NDArray[Any]:
        """Every near pair at every step so far, in order of time; dtype LOG."""
        return np.concatenate(self._lines) if self._lines else np.zeros(0, LOG)

    def _go_to(self, step: int) -> None:
        while self._step < step:
            taken, lines = advance(
                self._cells,
                self._waves,
                self._radii,
                self._rng,
                self.scene.habits,
                self._step,
                step - self._step,
                self._log,
            )
            self._step += taken
            self._lines.append(self._log[:lines].copy())
        if step == self._step and step not in self._kept:
            self._keep()

    def _keep(self) -> None:
        self._kept[self._step] = Moment(self._step * STEP_S, self._cells.copy(), self._radii.copy())
        while len(self._kept) > KEPT_STEPS:
            del self._kept[next(iter(self._kept))]


BLENDED = ("x", "y", "angle", "dye", "death_dye", "size")


def between(before: Moment, after: Moment, part: float) -> Moment:
    """The cells a `part` of the way from one step to the next.

    A cell that only one of them has is shown as it is there.
    """
    cells = before.cells.copy()
    radii = before.radii.copy()
    same = (before.cells["id"] == after.cells["id"]) & (after.cells["state"] != EMPTY)
    for name in BLENDED:
        cells[name][same] += part * (after.cells[name][same] - before.cells[name][same])
    radii[same] += part * (after.radii[same] - before.radii[same])
    return Moment(before.time_s + part * STEP_S, cells, radii)
