"""What becomes of cells: dying and what is left, dividing, growing, recovering from light."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from livewatch.compiled import compiled
from livewatch.specimen.cells import ALIVE, DEAD, DYING, EMPTY, FREE, NK
from livewatch.specimen.colony import DIED, DIVIDED, DYING_BEGINS, ENGULFED, note
from livewatch.specimen.engulfment import sunk

if TYPE_CHECKING:
    import numpy as np

    from livewatch.specimen.colony import Colony
    from livewatch.specimen.scene import Habits

RECOVERY_S = 3600.0
ROUNDING_S = 900.0
"""A tumor cell rounds up for so long before it divides."""
PINCHING_S = 240.0
"""The last part of that: it stretches and pinches in the middle."""
GROWTH_S = 18_000.0
DYING_S = 420.0
"""Blebbing and loss of dye, before `tempo` quickens it."""
CORPSE_S = 7200.0
DIGESTION_S = 10_800.0


@compiled
def live_on(
    colony: Colony, rng: np.random.Generator, habits: Habits, time_s: float, step_s: float
) -> None:
    """One step of every cell's fate."""
    cells = colony.cells
    forget = math.exp(-step_s / RECOVERY_S)
    for slot in range(len(cells)):
        cell = cells[slot]
        if cell.state == EMPTY:
            continue
        cell.dose *= forget
        if cell.kind == NK:
            within = sunk(cell, time_s)
            wanted = cell.full * (1.0 + 0.22 * cell.seal * (cell.prey >= 0) * (1.0 - within))
            cell.size += (wanted - cell.size) * step_s / 40.0
            if within == 1.0:
                digest(colony, slot, time_s, step_s)
        elif cell.state == ALIVE:
            grow(colony, slot, rng, habits, time_s, step_s)
            if time_s >= cell.doom_s:
                cell.state, cell.stiff, cell.twist_s = DYING, 0.0, 0.0
                note(colony, time_s, DYING_BEGINS, -1, cell.id, 0.0)
        else:
            decay(colony, slot, habits, time_s, step_s)


@compiled
def digest(colony: Colony, slot: int, time_s: float, step_s: float) -> None:
    """An NK cell inside a tumor cell loses its dye bit by bit."""
    nk = colony.cells[slot]
    if nk.leave_s > time_s - step_s:
        note(colony, time_s, ENGULFED, nk.id, colony.cells[nk.prey].id, 0.0)
    nk.bright *= math.exp(-step_s / DIGESTION_S)


@compiled
def decay(colony: Colony, slot: int, habits: Habits, time_s: float, step_s: float) -> None:
    """A dying cell rounds, shrinks, loses its dye and lets the death dye in; a corpse fades."""
    cell = colony.cells[slot]
    length_s = DYING_S * math.sqrt(habits.tempo)
    part = (time_s - cell.doom_s) / length_s
    if cell.state == DYING:
        cell.size += (0.86 * cell.full - cell.size) * step_s / length_s
        if part > 0.25:
            cell.dye += (0.12 - cell.dye) * step_s / (0.3 * length_s)
        if part > 0.4:
            cell.death_dye += (1.0 - cell.death_dye) * step_s / (0.25 * length_s)
        if part >= 1.0:
            cell.state = DEAD
            note(colony, time_s, DIED, -1, cell.id, 0.0)
        return
    cell.size += (0.7 * cell.full - cell.size) * step_s / (3.0 * length_s)
    cell.dye *= math.exp(-step_s / (0.4 * CORPSE_S))
    if time_s > cell.doom_s + 0.5 * CORPSE_S:
        cell.death_dye *= math.exp(-step_s / (0.15 * CORPSE_S))
    if time_s > cell.doom_s + CORPSE_S:
        vanish(colony, slot)


@compiled
def vanish(colony: Colony, slot: int) -> None:
    """Empty a slot, and let nobody remember it."""
    cells = colony.cells
    for other in range(len(cells)):
        if cells[other].shy_of == slot:
            cells[other].shy_of = -1
        if cells[other].prey == slot:
            cells[other].prey, cells[other].plan = -1, FREE
        if cells[other].guest == slot:
            cells[other].guest = -1
    cells[slot].state, cells[slot].guest = EMPTY, -1


@compiled
def grow(
    colony: Colony,
    slot: int,
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
    step_s: float,
) -> None:
    """A living tumor cell grows to its full size, rounds up when its time comes, and divides."""
    cell = colony.cells[slot]
    cell.size += (cell.full - cell.size) * step_s / GROWTH_S
    left_s = cell.split_s - time_s
    if left_s > ROUNDING_S:
        return
    if is_held(colony, slot) or not math.isinf(cell.doom_s):
        cell.split_s, cell.stiff = time_s + 2.0 * ROUNDING_S, cell.own_stiff
        return
    cell.stiff += (1.0 - cell.stiff) * step_s / (0.2 * ROUNDING_S)
    waves = colony.waves[slot]
    if left_s > PINCHING_S:
        for wave in range(len(waves)):
            waves[wave] *= 1.0 - step_s / (0.2 * ROUNDING_S)
    else:
        waves[0] = 0.42 * (1.0 - left_s / PINCHING_S)
    if left_s <= 0.0:
        divide(colony, slot, rng, habits, time_s)


@compiled
def is_held(colony: Colony, slot: int) -> bool:
    """Whether an NK cell holds on to it."""
    holders = 0
    for other in range(len(colony.cells)):
        holders += colony.cells[other].prey == slot
    return holders > 0


@compiled
def divide(
    colony: Colony, slot: int, rng: np.random.Generator, habits: Habits, time_s: float
) -> None:
    """Put two daughters in the mother's place, along her long axis; wait if there is no room."""
    cells = colony.cells
    spare, newest = -1, 0
    for other in range(len(cells)):
        newest = max(newest, cells[other].id)
        if cells[other].state == EMPTY and spare < 0:
            spare = other
    mother = cells[slot]
    if spare < 0:
        mother.split_s = time_s + habits.division_s
        return
    mother_id = mother.id
    note(colony, time_s, DIVIDED, -1, mother_id, 0.0)
    size = mother.size / math.sqrt(2.0)
    across, down = 0.95 * size * math.cos(mother.angle), 0.95 * size * math.sin(mother.angle)
    cells[spare] = cells[slot]
    for daughter, side in ((slot, 1.0), (spare, -1.0)):
        cell = cells[daughter]
        newest += 1
        cell.id, cell.parent = newest, mother_id
        cell.x += side * across
        cell.y += side * down
        cell.size, cell.fill = size, 1.0
        cell.stiff, cell.born_s = cell.own_stiff, time_s
        cell.angle = 2.0 * math.pi * rng.random()
        cell.heading = math.atan2(side * down, side * across)
        cell.flee_s = time_s + 240.0
        cell.pattern = rng.integers(0, 2**31)
        cell.split_s = time_s + habits.division_s * (0.5 + rng.random()) + ROUNDING_S
        for wave in range(colony.waves.shape[1]):
            colony.waves[daughter, wave] = 0.0
        for corner in range(colony.radii.shape[1]):
            colony.radii[daughter, corner] = size
