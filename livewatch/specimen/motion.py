"""How cells move by themselves: persistent random walks, a nose for prey, room for others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.compiled import compiled
from livewatch.specimen.cells import ALIVE, EMPTY, FREE, NK, TUMOR
from livewatch.specimen.outline import radius_at, wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.scene import Habits


@compiled
def vigor(dose: float, habits: Habits) -> float:
    """How much of its speed a cell has left after `dose`: exactly 1 up to the tolerated one."""
    return 1.0 / (1.0 + max(dose - habits.tolerated_dose, 0.0) / habits.crippling_dose)


@compiled
def near_pairs(cells: NDArray[Any], apart_um: float, side_um: float) -> NDArray[np.int64]:
    """(n, 2) slots of cells whose discs are at most `apart_um` from each other."""
    found = np.empty((len(cells) * 24, 2), np.int64)
    count = 0
    for first in range(len(cells)):
        if cells[first].state == EMPTY:
            continue
        for second in range(first + 1, len(cells)):
            if cells[second].state == EMPTY:
                continue
            reach = 1.35 * (cells[first].size + cells[second].size) + apart_um
            dx = wrapped(cells[second].x - cells[first].x, side_um)
            if abs(dx) > reach:
                continue
            dy = wrapped(cells[second].y - cells[first].y, side_um)
            if dx * dx + dy * dy < reach * reach and count < len(found):
                found[count, 0], found[count, 1] = first, second
                count += 1
    return found[:count]


@compiled
def walk(
    cells: NDArray[Any],
    rng: np.random.Generator,
    habits: Habits,
    time_s: float,
    step_s: float,
) -> None:
    """Move every cell that is not held: one step of a persistent random walk."""
    for slot in range(len(cells)):
        cell = cells[slot]
        if cell.state != ALIVE:
            continue
        strength = vigor(cell.dose, habits)
        keep = math.exp(-step_s / 90.0)
        cell.pace = max(
            1.0
            + (cell.pace - 1.0) * keep
            + 0.5 * math.sqrt(1.0 - keep * keep) * rng.standard_normal(),
            0.1,
        )
        turning = habits.nk_turning_per_s if cell.kind == NK else 0.002
        cell.heading += math.sqrt(2.0 * turning * step_s) * rng.standard_normal()
        wobble = 0.0012 if cell.kind == TUMOR else 0.0
        cell.angle += wobble * math.sqrt(step_s) * rng.standard_normal() * (cell.twist_s < time_s)
        if cell.kind == NK and cell.plan != FREE:
            continue
        speed = cell.speed * cell.pace * strength
        if cell.kind == NK:
            seek(cells, slot, habits, time_s, step_s)
            cell.angle += 0.15 * step_s * math.sin(cell.heading - cell.angle)
            speed *= 1.6 if time_s < cell.flee_s else 1.0
        elif time_s < cell.flee_s:
            speed = max(speed, 0.03 * strength)
        cell.x += speed * step_s * math.cos(cell.heading)
        cell.y += speed * step_s * math.sin(cell.heading)


@compiled
def seek(cells: NDArray[Any], slot: int, habits: Habits, time_s: float, step_s: float) -> None:
    """Turn an NK cell towards the nearest living tumor cell, and away from one it is shy of."""
    cell = cells[slot]
    best, bearing, pull = habits.sense_um, 0.0, 0.0
    for other in range(len(cells)):
        prey = cells[other]
        if prey.kind != TUMOR or prey.state == EMPTY:
            continue
        dx = wrapped(prey.x - cell.x, habits.side_um)
        dy = wrapped(prey.y - cell.y, habits.side_um)
        gap = math.hypot(dx, dy) - prey.size - cell.size
        shy = prey.state != ALIVE or (cell.shy_of == other and time_s < cell.shy_s)
        if shy and gap < 12.0:
            best, bearing, pull = -10.0, math.atan2(dy, dx), -0.06
        elif not shy and gap < best:
            best, bearing, pull = gap, math.atan2(dy, dx), habits.attraction_per_s
    cell.heading += pull * step_s * math.sin(bearing - cell.heading)


@compiled
def make_room(
    cells: NDArray[Any],
    radii: NDArray[np.float64],
    pairs: NDArray[np.int64],
    side_um: float,
    time_s: float,
    step_s: float,
) -> None:
    """Push apart centres that have come too close, the smaller cell the most."""
    for row in range(len(pairs)):
        a, b = cells[pairs[row, 0]], cells[pairs[row, 1]]
        if a.prey == pairs[row, 1] or b.prey == pairs[row, 0]:
            continue
        dx, dy = wrapped(b.x - a.x, side_um), wrapped(b.y - a.y, side_um)
        apart = math.hypot(dx, dy) + 1e-9
        bearing = math.atan2(dy, dx)
        if a.kind == b.kind:
            room = a.size + b.size
        elif a.kind == TUMOR:
            room = radius_at(radii[pairs[row, 0]], bearing - a.angle) + 0.85 * b.size
        else:
            room = radius_at(radii[pairs[row, 1]], bearing + math.pi - b.angle) + 0.85 * a.size
        if (a.shy_of == pairs[row, 1] and time_s < a.shy_s) or (
            b.shy_of == pairs[row, 0] and time_s < b.shy_s
        ):
            room += 4.0
        if apart >= room:
            continue
        push = min(0.06 * step_s * (room - apart), 0.25 * step_s)
        to_a = b.size * b.size / (a.size * a.size + b.size * b.size)
        a.x -= push * to_a * dx / apart
        a.y -= push * to_a * dy / apart
        b.x += push * (1.0 - to_a) * dx / apart
        b.y += push * (1.0 - to_a) * dy / apart
