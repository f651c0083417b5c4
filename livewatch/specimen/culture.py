"""The cells over time: fixed internal steps, whatever times are asked for.

Between two steps everything is interpolated, so what is seen at a time does not depend on
how often one looks. The sample repeats every `side_um`, so it never ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.compiled import compiled
from livewatch.specimen.cells import ALIVE, CORNERS, EMPTY, FREE, NK
from livewatch.specimen.colony import LOG, founded, is_full, roomier
from livewatch.specimen.fate import live_on
from livewatch.specimen.grip import HOLD_UM, hold, stay_put, take_hold
from livewatch.specimen.motion import make_room, near_pairs, walk
from livewatch.specimen.outline import (
    STEP,
    corners_of,
    distances_to,
    nearest_corner,
    patch_of,
    perimeter_of,
    share_inside,
    wrapped,
)
from livewatch.specimen.shape import give_way, keep_area, relax, ruffle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.colony import Colony
    from livewatch.specimen.scene import Habits, Scene

STEP_S = 1.0
NEAR_UM = 6.0
"""Pairs with a gap up to this are written into the log, once per step."""
TOUCH_UM = 1.0
"""Tumor outline this close to an NK cell counts as sealed by it."""
KEPT_STEPS = 600
"""How far back, in steps that were looked at, a time may be asked for again."""


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
    gap = nearest_corner(nk_corners, tumor_x, tumor_y, tumor_corners, NEAR_UM)
    distances_to(tumor_corners, nk_x, nk_y, nk_corners, 1.5 * TOUCH_UM, away)
    gap = min(gap, away.min())
    if gap > TOUCH_UM:
        return gap, 0.0, math.nan, math.nan
    length, first, last = patch_of(tumor_corners, away, nk_corners, TOUCH_UM)
    return gap, length, first, last


@compiled
def advance(
    colony: Colony, rng: np.random.Generator, habits: Habits, first_step: int, steps: int
) -> int:
    """Take up to `steps` steps, fewer when there may be no room for notes; returns how many."""
    cells, radii = colony.cells, colony.radii
    for taken in range(steps):
        if is_full(colony):
            return taken
        step = first_step + taken + 1
        time_s = step * STEP_S
        live_on(colony, rng, habits, time_s, STEP_S)
        walk(cells, rng, habits, time_s, STEP_S)
        hold(colony, rng, habits, time_s, STEP_S)
        pairs = near_pairs(cells, NEAR_UM, habits.side_um)
        make_room(cells, radii, pairs, habits.side_um, time_s, STEP_S)
        ruffle(cells, colony.waves, rng, time_s, STEP_S)
        relax(cells, colony.waves, radii, time_s, STEP_S)
        give_way(cells, radii, pairs, habits.side_um, time_s)
        keep_area(cells, radii, time_s, STEP_S)
        meet(colony, pairs, rng, habits, step)
    return steps


@compiled
def meet(
    colony: Colony,
    pairs: NDArray[np.int64],
    rng: np.random.Generator,
    habits: Habits,
    step: int,
) -> None:
    """Measure every near NK-tumor pair, log it, and let those that touch take hold."""
    cells, radii = colony.cells, colony.radii
    one, two = np.empty((CORNERS, 2)), np.empty((CORNERS, 2))
    away = np.empty(CORNERS)
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
        time_s = step * STEP_S
        shy = nk.shy_of == tumor_slot and time_s < nk.shy_s
        if gap <= HOLD_UM and nk.plan == FREE and tumor.state == ALIVE and not shy:
            take_hold(colony, nk_slot, tumor_slot, rng, habits, time_s)
        elif nk.prey == tumor_slot:
            stay_put(nk, 0.5 * (begin + end) * STEP)
        if gap > NEAR_UM or colony.used[0] >= len(colony.log):
            continue
        line = colony.log[colony.used[0]]
        colony.used[0] += 1
        line.step, line.nk_id, line.tumor_id = step, nk.id, tumor.id
        line.x, line.y = 0.5 * (tumor.x + nk_x), 0.5 * (tumor.y + nk_y)
        line.gap_um, line.contact_um, line.perimeter_um = gap, length, perimeter_of(two)
        line.patch = 0.5 * (begin + end) * STEP
        line.angle = tumor.angle
        line.inside = share_inside(one, two) if tumor.guest == nk_slot else 0.0


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
        self._colony = founded(scene, self._rng)
        self._phase = self._rng.uniform(-math.pi, math.pi, 3)
        self._history: dict[tuple[int, int], list[NDArray[Any]]] = {}
        self._step = 0
        self._kept: dict[int, Moment] = {}
        self._keep()

    @property
    def cells(self) -> NDArray[Any]:
        """The newest step's cells, to be given light."""
        return self._colony.cells

    @property
    def newest_s(self) -> float:
        """The time of the newest step reached."""
        return self._step * STEP_S

    @property
    def bites(self) -> NDArray[Any]:
        """Every bite so far, dtype BITE."""
        return self._colony.bites[: self._colony.used[1]]

    @property
    def events(self) -> NDArray[Any]:
        """What has happened so far, dtype EVENT."""
        return self._colony.events[: self._colony.used[2]]

    def at(self, time_s: float) -> Moment:
        """The cells at `time_s`, which may lie a little before the newest step, or after it.

        Raises `ValueError` for a time before 0, or one that is no longer kept.
        """
        if not 0.0 <= time_s < math.inf:
            raise ValueError(f"time {time_s} s: the specimen's time begins at 0 and is finite")
        step = math.floor(time_s / STEP_S)
        for needed in (step, step + 1):
            self._go_to(needed)
            if needed not in self._kept:
                raise ValueError(
                    f"time {time_s:.1f} s is past: the specimen is at {self.newest_s:.0f} s, "
                    "and keeps only the moments it was last asked for"
                )
        moment = between(self._kept[step], self._kept[step + 1], time_s / STEP_S - step)
        across, down = self.drift_um(time_s)
        moment.cells["x"] += across
        moment.cells["y"] += down
        for name in LIT:
            moment.cells[name] = self._colony.cells[name]
        return moment

    def on_tile(self, place_um: float) -> float:
        """A place along x or y, at its copy on the tile about (0, 0)."""
        return float(wrapped(place_um, self.scene.habits.side_um))

    def drift_um(self, time_s: float) -> tuple[float, float]:
        """How far the sample has crept under the stage: steadily, and to and fro."""
        way_um = self.scene.look.drift_um_per_h * time_s / 3600.0
        sway_um = 0.15 * self.scene.look.drift_um_per_h
        turn = time_s / 1100.0
        bearing = self._phase[0]
        return (
            way_um * math.cos(bearing) + sway_um * (math.sin(turn + bearing) - math.sin(bearing)),
            way_um * math.sin(bearing) + sway_um * (math.cos(turn + bearing) - math.cos(bearing)),
        )

    def focus_um(self, time_s: float) -> float:
        """Where the cells' plane is along z: 0 at first, then it wanders slowly."""
        first, second = self._phase[1:]
        wander = math.sin(time_s / 1700.0 + first) - math.sin(first)
        wander += 0.4 * (math.sin(time_s / 410.0 + second) - math.sin(second))
        return 0.6 * self.scene.look.focus_drift_um * wander

    def history(self, nk_id: int, tumor_id: int) -> NDArray[Any]:
        """A pair's lines so far, one per step in which it was near; dtype LOG."""
        parts = self._history.get((nk_id, tumor_id), [])
        if len(parts) > 1:
            parts[:] = [np.concatenate(parts)]
        return parts[0] if parts else np.zeros(0, LOG)

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(nk_id, tumor_id) of every pair that was ever near."""
        return tuple(self._history)

    def _go_to(self, step: int) -> None:
        while self._step < step:
            self._step += advance(
                self._colony, self._rng, self.scene.habits, self._step, step - self._step
            )
            self._file()
            self._colony = roomier(self._colony)
        if step == self._step and step not in self._kept:
            self._keep()

    def _file(self) -> None:
        """Put the log's new lines away, by pair."""
        lines = self._colony.log[: self._colony.used[0]]
        self._colony.used[0] = 0
        order = np.lexsort((lines["step"], lines["tumor_id"], lines["nk_id"]))
        lines = lines[order]
        changes = (np.diff(lines["nk_id"]) != 0) | (np.diff(lines["tumor_id"]) != 0)
        for part in np.split(lines, np.flatnonzero(changes) + 1) if len(lines) else ():
            pair = int(part["nk_id"][0]), int(part["tumor_id"][0])
            self._history.setdefault(pair, []).append(part)

    def _keep(self) -> None:
        self._kept[self._step] = Moment(
            self._step * STEP_S, self._colony.cells.copy(), self._colony.radii.copy()
        )
        while len(self._kept) > KEPT_STEPS:
            del self._kept[next(iter(self._kept))]


LIT = ("dose", "nk_bleach", "tumor_bleach")
"""What light did shows at once, not from the next step on."""
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
