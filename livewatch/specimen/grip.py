"""What an NK cell does with the tumor cell it holds, and what the tumor cell does about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from livewatch.compiled import compiled
from livewatch.specimen.cells import ALIVE, BRIEF, ENGULF, EVADE, FAIL, FREE, KILL, NK, TUMOR
from livewatch.specimen.colony import HELD, HIT, LEFT, SLIDE_BEGINS, TWIST_BEGINS, note
from livewatch.specimen.engulfment import depth_of, sunk
from livewatch.specimen.motion import vigor
from livewatch.specimen.outline import radius_at, wrapped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from livewatch.specimen.colony import Colony
    from livewatch.specimen.scene import Habits

HOLD_UM = 0.4
"""An NK cell whose outline comes this close takes hold."""


@compiled
def take_hold(
    colony: Colony,
    nk_slot: int,
    tumor_slot: int,
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
) -> None:
    """Begin a contact: what will come of it is drawn now, and only now."""
    nk, tumor = colony.cells[nk_slot], colony.cells[tumor_slot]
    dx = wrapped(nk.x - tumor.x, habits.side_um)
    dy = wrapped(nk.y - tumor.y, habits.side_um)
    nk.prey, nk.grip_s, nk.first_dye = tumor_slot, time_s, tumor.dye
    nk.patch, nk.seal = math.atan2(dy, dx) - tumor.angle, 0.0
    nk.hit_s, nk.slide_s, nk.bite_s = math.inf, 0.0, time_s
    nk.anchor = math.nan
    lot, luck = rng.random(), math.exp(0.4 * rng.standard_normal())
    kill = habits.kill_chance if nk.kills_left > 0 else 0.0
    if lot < kill:
        nk.plan, length_s = KILL, habits.kill_contact_s
    elif lot < kill + habits.evade_chance:
        nk.plan, length_s = EVADE, habits.evade_contact_s
    elif lot < kill + habits.evade_chance + habits.fail_chance:
        nk.plan, length_s = FAIL, habits.fail_contact_s
    elif tumor.guest < 0 and lot < (
        kill + habits.evade_chance + habits.fail_chance + habits.engulf_chance
    ):
        nk.plan, length_s = ENGULF, habits.engulf_contact_s
        tumor.guest = nk_slot
    else:
        nk.plan, length_s = BRIEF, habits.brief_contact_s
    length_s *= habits.tempo * luck
    nk.leave_s = time_s + length_s
    if nk.plan == KILL:
        nk.hit_s = time_s + length_s * (0.4 + 0.15 * rng.random())
    note(colony, time_s, HELD, nk.id, tumor.id, nk.plan)


@compiled
def let_go(colony: Colony, nk_slot: int, habits: Habits, time_s: float) -> None:
    """End a contact; the NK cell turns away and leaves that tumor cell alone for a while."""
    nk = colony.cells[nk_slot]
    tumor = colony.cells[nk.prey]
    away = math.atan2(
        wrapped(nk.y - tumor.y, habits.side_um), wrapped(nk.x - tumor.x, habits.side_um)
    )
    note(colony, time_s, LEFT, nk.id, tumor.id, nk.plan)
    nk.heading = away
    nk.shy_of, nk.shy_s = nk.prey, time_s + habits.shy_s * math.sqrt(habits.tempo)
    nk.flee_s = time_s + 60.0
    if tumor.guest == nk_slot:
        tumor.guest = -1
    if nk.plan == EVADE and tumor.state == ALIVE:
        tumor.heading, tumor.flee_s = away + math.pi, time_s + 150.0
    nk.prey, nk.plan = -1, FREE
    nk.leave_s = nk.hit_s = math.inf


@compiled
def wanted_seal(plan: int, time_s: float, grip_s: float, leave_s: float) -> float:
    """How closely an NK cell would lie on, 0 to 1: growing, and given up before the end."""
    top = 0.25
    if plan in (KILL, ENGULF):
        top = 1.0
    elif plan == FAIL:
        top = 0.8
    elif plan == EVADE:
        top = 0.7
    length_s = leave_s - grip_s
    rise = 1.0 - math.exp(-(time_s - grip_s) / (0.15 * length_s + 5.0))
    fall = min(max((leave_s - time_s) / (0.08 * length_s + 8.0), 0.0), 1.0)
    return top * rise * (1.0 if plan == ENGULF else fall)


@compiled
def hold(
    colony: Colony, rng: np.random.Generator, habits: Habits, time_s: float, step_s: float
) -> None:
    """One step of every grip: twist and slide, the seal, bites, the lethal hit, letting go."""
    cells = colony.cells
    for slot in range(len(cells)):
        tumor = cells[slot]
        if tumor.kind == TUMOR and tumor.state == ALIVE and time_s < tumor.twist_s:
            tumor.angle += tumor.twist * step_s * vigor(tumor.dose, habits)
    for slot in range(len(cells)):
        nk = cells[slot]
        if nk.kind != NK or nk.prey < 0:
            continue
        tumor = cells[nk.prey]
        if tumor.state != ALIVE and nk.plan == ENGULF and sunk(nk, time_s) < 1.0:
            nk.plan = BRIEF
        if tumor.state != ALIVE and nk.plan != KILL:
            nk.leave_s = min(nk.leave_s, tumor.doom_s + 40.0 + 10.0 * (nk.id % 7))
        if time_s >= nk.leave_s and nk.plan != ENGULF:
            let_go(colony, slot, habits, time_s)
            continue
        struggle(colony, slot, rng, habits, time_s, step_s)
        if time_s < tumor.twist_s and tumor.state == ALIVE and sunk(nk, time_s) == 0.0:
            creep(nk, -(1.0 - tumor.carry) * tumor.twist * step_s * vigor(tumor.dose, habits))
        if time_s < nk.slide_s:
            creep(nk, nk.slide * step_s * vigor(nk.dose, habits))
        lie_on(nk, tumor, rng, time_s, step_s)
        bite(colony, slot, rng, habits, time_s, step_s)
        if time_s >= nk.hit_s:
            hit(colony, slot, rng, time_s)
        draw_near(nk, tumor, colony.radii[nk.prey], habits, time_s, step_s)


@compiled
def creep(nk: Any, turn: float) -> None:
    """Move the patch along the membrane."""
    nk.patch += turn
    nk.anchor += turn


@compiled
def stay_put(nk: Any, middle: float) -> None:
    """Correct a grip whose patch is not where it belongs, because the outline is not round."""
    if math.isnan(middle):
        return
    if math.isnan(nk.anchor):
        nk.anchor = middle
    off = wrapped(middle - nk.anchor, 2.0 * math.pi)
    nk.patch -= 0.2 * min(max(off, -0.3), 0.3)


@compiled
def lie_on(nk: Any, tumor: Any, rng: np.random.Generator, time_s: float, step_s: float) -> None:
    """Let the seal grow or shrink towards what is wanted; a patch that moves is a weaker one."""
    goal = wanted_seal(nk.plan, time_s, nk.grip_s, nk.leave_s)
    if time_s < nk.slide_s or time_s < tumor.twist_s:
        goal *= 0.6
    nk.seal += (goal - nk.seal) * (1.0 - math.exp(-step_s / 12.0))
    nk.seal = min(max(nk.seal + 0.012 * math.sqrt(step_s) * rng.standard_normal(), 0.0), 1.0)


@compiled
def struggle(
    colony: Colony,
    nk_slot: int,
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
    step_s: float,
) -> None:
    """Now and then the tumor cell twists, or the patch slides along its membrane.

    A tumor cell that gets away always twists itself out of the patch in the end.
    """
    nk = colony.cells[nk_slot]
    tumor = colony.cells[nk.prey]
    if tumor.state != ALIVE or not math.isinf(tumor.doom_s):
        return
    if time_s < tumor.twist_s or time_s < nk.slide_s:
        return
    left_s = nk.leave_s - time_s
    eager = 1.0 / habits.tempo if nk.plan == EVADE else 0.0
    lot = rng.random()
    length_s = 20.0 + 40.0 * rng.random()
    if nk.plan == EVADE and left_s < 50.0:
        twist(colony, nk_slot, rng, max(left_s, 15.0), 0.0, time_s)
    elif left_s < 70.0:
        return
    elif lot < habits.twist_per_s * eager * step_s:
        share = rng.random()
        carry = 1.0 if share < 0.5 else 0.5 * share
        twist(colony, nk_slot, rng, length_s, carry, time_s)
    elif lot < (habits.twist_per_s + habits.slip_per_s) * eager * step_s:
        way_um = (3.5 + 5.0 * rng.random()) * (1.0 if rng.random() < 0.5 else -1.0)
        nk.slide, nk.slide_s = way_um / tumor.size / length_s, time_s + length_s
        note(colony, time_s, SLIDE_BEGINS, nk.id, tumor.id, way_um)


@compiled
def twist(
    colony: Colony,
    nk_slot: int,
    rng: np.random.Generator,
    length_s: float,
    carry: float,
    time_s: float,
) -> None:
    """Begin to turn the tumor cell; `carry` is the share of it that takes the NK cell along."""
    nk = colony.cells[nk_slot]
    tumor = colony.cells[nk.prey]
    sign = 1.0 if rng.random() < 0.5 else -1.0
    turn = sign * math.radians(28.0 + 34.0 * rng.random())
    tumor.twist, tumor.twist_s, tumor.carry = turn / length_s, time_s + length_s, carry
    tumor.flee_s, tumor.heading = time_s + length_s, tumor.heading + 0.5 * turn
    note(colony, time_s, TWIST_BEGINS, nk.id, tumor.id, math.degrees(turn))


@compiled
def bite(
    colony: Colony,
    nk_slot: int,
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
    step_s: float,
) -> None:
    """Now and then a piece of the tumor cell's membrane and dye goes into the NK cell."""
    nk = colony.cells[nk_slot]
    tumor = colony.cells[nk.prey]
    lot, size = rng.random(), math.exp(0.55 * rng.standard_normal())
    bearing, depth = rng.random(), rng.random()
    eager = 0.3
    if nk.plan == EVADE:
        eager = 1.0
    elif nk.plan == KILL:
        eager = 0.5
    if tumor.state != ALIVE or nk.seal < 0.2 or time_s < nk.bite_s or sunk(nk, time_s) > 0.0:
        return
    if lot >= habits.bite_per_s * eager / habits.tempo * step_s:
        return
    fraction = min(max(0.014 * size, 0.005), 0.05)
    taken = colony.bites[colony.used[1]]
    taken.time_s, taken.nk_slot, taken.nk_id = time_s, nk_slot, nk.id
    taken.tumor_id, taken.fraction = tumor.id, fraction
    taken.glow = fraction * nk.first_dye * tumor.bright * math.pi * tumor.full * tumor.full
    taken.bleach = nk.tumor_bleach / tumor.tumor_bleach
    taken.bearing, taken.depth = 2.0 * math.pi * bearing, 0.15 + 0.35 * depth
    colony.used[1] += 1
    tumor.dye = max(tumor.dye - fraction * nk.first_dye, 0.1)
    nk.bite_s = time_s + 30.0


@compiled
def hit(colony: Colony, nk_slot: int, rng: np.random.Generator, time_s: float) -> None:
    """Deliver the lethal hit; dying shows some time later, before the NK cell leaves."""
    nk = colony.cells[nk_slot]
    tumor = colony.cells[nk.prey]
    nk.hit_s = math.inf
    if tumor.state != ALIVE or not math.isinf(tumor.doom_s):
        return
    nk.kills_left -= 1
    tumor.doom_s = time_s + (nk.leave_s - time_s) * (0.4 + 0.35 * rng.random())
    note(colony, time_s, HIT, nk.id, tumor.id, 0.0)


@compiled
def draw_near(
    nk: Any,
    tumor: Any,
    tumor_radii: NDArray[np.float64],
    habits: Habits,
    time_s: float,
    step_s: float,
) -> None:
    """Move a holding NK cell towards its place on the tumor's outline, and turn it to face it."""
    bearing = tumor.angle + nk.patch
    depth = 0.97 - 0.85 * nk.seal
    reach = radius_at(tumor_radii, nk.patch) + depth * nk.size
    if sunk(nk, time_s) > 0.0:
        reach = depth_of(nk, tumor, time_s)
    dx = wrapped(tumor.x + reach * math.cos(bearing) - nk.x, habits.side_um)
    dy = wrapped(tumor.y + reach * math.sin(bearing) - nk.y, habits.side_um)
    way = math.hypot(dx, dy) + 1e-9
    pace = min(0.25 * way, 0.7) * step_s / way
    nk.x += dx * pace
    nk.y += dy * pace
    nk.heading = bearing + math.pi
    nk.angle += 0.08 * step_s * math.sin(nk.heading - nk.angle)
