"""What an NK cell does with the tumor cell it holds, and what the tumor cell does about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from livewatch.specimen.cells import ALIVE, BRIEF, EVADE, FAIL, FREE, KILL, NK, TUMOR
from livewatch.specimen.compiled import compiled
from livewatch.specimen.motion import vigor
from livewatch.specimen.outline import radius_at, wrapped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from livewatch.specimen.scene import Habits

HOLD_UM = 0.4
"""An NK cell whose outline comes this close takes hold."""


@compiled
def take_hold(
    cells: NDArray[Any],
    nk_slot: int,
    tumor_slot: int,
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
) -> None:
    """Begin a contact: what will come of it is drawn now, and only now."""
    nk, tumor = cells[nk_slot], cells[tumor_slot]
    dx = wrapped(nk.x - tumor.x, habits.side_um)
    dy = wrapped(nk.y - tumor.y, habits.side_um)
    nk.prey, nk.grip_s = tumor_slot, time_s
    nk.patch, nk.seal = math.atan2(dy, dx) - tumor.angle, 0.0
    nk.hit_s, nk.slide_s = math.inf, 0.0
    lot, luck = rng.random(), math.exp(0.4 * rng.standard_normal())
    kill = habits.kill_chance if nk.kills_left > 0 else 0.0
    if lot < kill:
        nk.plan, length_s = KILL, habits.kill_contact_s
    elif lot < kill + habits.evade_chance:
        nk.plan, length_s = EVADE, habits.evade_contact_s
    elif lot < kill + habits.evade_chance + habits.fail_chance:
        nk.plan, length_s = FAIL, habits.fail_contact_s
    else:
        nk.plan, length_s = BRIEF, habits.brief_contact_s
    length_s *= habits.tempo * luck
    nk.leave_s = time_s + length_s
    if nk.plan == KILL:
        nk.hit_s = time_s + length_s * (0.55 + 0.2 * rng.random())


@compiled
def let_go(cells: NDArray[Any], nk_slot: int, habits: Habits, time_s: float) -> None:
    """End a contact; the NK cell turns away and leaves that tumor cell alone for a while."""
    nk = cells[nk_slot]
    tumor = cells[nk.prey]
    away = math.atan2(
        wrapped(nk.y - tumor.y, habits.side_um), wrapped(nk.x - tumor.x, habits.side_um)
    )
    nk.heading = away
    nk.shy_of, nk.shy_s = nk.prey, time_s + habits.shy_s * math.sqrt(habits.tempo)
    nk.flee_s = time_s + 60.0
    if nk.plan == EVADE and tumor.state == ALIVE:
        tumor.heading, tumor.flee_s = away + math.pi, time_s + 150.0
    nk.prey, nk.plan = -1, FREE
    nk.leave_s = nk.hit_s = math.inf


@compiled
def wanted_seal(plan: int, time_s: float, grip_s: float, leave_s: float) -> float:
    """How closely an NK cell would lie on, 0 to 1: growing, and given up before the end."""
    top = 0.25
    if plan == KILL:
        top = 0.95
    elif plan == FAIL:
        top = 0.75
    elif plan == EVADE:
        top = 0.6
    length_s = leave_s - grip_s
    rise = 1.0 - math.exp(-(time_s - grip_s) / (0.15 * length_s + 5.0))
    fall = min(max((leave_s - time_s) / (0.08 * length_s + 8.0), 0.0), 1.0)
    return top * rise * fall


@compiled
def hold(
    cells: NDArray[Any],
    radii: NDArray[np.float64],
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
    step_s: float,
) -> None:
    """One step of every grip: twist and slide, the seal, and the NK cell's place on it."""
    for slot in range(len(cells)):
        tumor = cells[slot]
        if tumor.kind == TUMOR and tumor.state == ALIVE and time_s < tumor.twist_s:
            tumor.angle += tumor.twist * step_s * vigor(tumor.dose, habits)
    for slot in range(len(cells)):
        nk = cells[slot]
        if nk.kind != NK or nk.prey < 0:
            continue
        if time_s >= nk.leave_s:
            let_go(cells, slot, habits, time_s)
            continue
        tumor = cells[nk.prey]
        begin_twist(nk, tumor, rng, habits, time_s, step_s)
        if time_s < tumor.twist_s and tumor.state == ALIVE:
            nk.patch -= (1.0 - tumor.carry) * tumor.twist * step_s * vigor(tumor.dose, habits)
        if time_s < nk.slide_s:
            nk.patch += nk.slide * step_s * vigor(nk.dose, habits)
        goal = wanted_seal(nk.plan, time_s, nk.grip_s, nk.leave_s)
        if time_s < nk.slide_s or time_s < tumor.twist_s:
            goal *= 0.6
        nk.seal += (goal - nk.seal) * (1.0 - math.exp(-step_s / 12.0))
        nk.seal = min(max(nk.seal + 0.012 * math.sqrt(step_s) * rng.standard_normal(), 0.0), 1.0)
        draw_near(nk, tumor, radii[nk.prey], habits, step_s)


@compiled
def begin_twist(
    nk: Any,
    tumor: Any,
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
    step_s: float,
) -> None:
    """Now and then the tumor cell twists, or the patch slides along its membrane."""
    eager = 0.0
    if nk.plan == EVADE:
        eager = 1.0 / habits.tempo
    elif nk.plan == FAIL:
        eager = 0.15 / habits.tempo
    lot, size, sign, share, length_s = (
        rng.random(),
        rng.random(),
        1.0 if rng.random() < 0.5 else -1.0,
        rng.random(),
        20.0 + 40.0 * rng.random(),
    )
    if tumor.state != ALIVE or time_s < tumor.twist_s or time_s < nk.slide_s:
        return
    if lot < habits.twist_per_s * eager * step_s:
        tumor.twist = sign * math.radians(25.0 + 35.0 * size) / length_s
        tumor.twist_s = time_s + length_s
        tumor.carry = 1.0 if share < 0.4 else 0.3 * share
    elif lot < (habits.twist_per_s + habits.slip_per_s) * eager * step_s:
        nk.slide = sign * (3.0 + 5.0 * size) / tumor.size / length_s
        nk.slide_s = time_s + length_s


@compiled
def draw_near(
    nk: Any,
    tumor: Any,
    tumor_radii: NDArray[np.float64],
    habits: Habits,
    step_s: float,
) -> None:
    """Move a holding NK cell towards its place on the tumor's outline, and turn it to face it."""
    bearing = tumor.angle + nk.patch
    depth = 0.97 - 0.8 * nk.seal
    reach = radius_at(tumor_radii, nk.patch) + depth * nk.size
    dx = wrapped(tumor.x + reach * math.cos(bearing) - nk.x, habits.side_um)
    dy = wrapped(tumor.y + reach * math.sin(bearing) - nk.y, habits.side_um)
    way = math.hypot(dx, dy) + 1e-9
    pace = min(0.25 * way, 0.7) * step_s / way
    nk.x += dx * pace
    nk.y += dy * pace
    nk.heading = bearing + math.pi
    nk.angle += 0.05 * step_s * math.sin(nk.heading - nk.angle)
