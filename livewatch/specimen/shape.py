"""How an outline changes: its own waves, room taken by neighbours, area kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.compiled import compiled
from livewatch.specimen.cells import ALIVE, CORNERS, DEAD, DYING, EMPTY, FREE, NK, WAVES
from livewatch.specimen.engulfment import make_cup, room_for, sunk
from livewatch.specimen.outline import STEP, area_of, farthest_of, inside, wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANGLES = np.arange(CORNERS) * STEP
WAVE_TABLE = np.stack(
    [turn(order * ANGLES) for order in range(2, 2 + WAVES // 2) for turn in (np.cos, np.sin)]
)
"""(WAVES, CORNERS): cosine and sine of 2 to 5 waves round the outline."""

FINE_WAVES = np.stack([np.cos(order * ANGLES + order) for order in (7, 9, 11)])


@compiled
def ruffle(
    cells: NDArray[Any],
    waves: NDArray[np.float64],
    rng: np.random.Generator,
    time_s: float,
    step_s: float,
) -> None:
    """Let the amplitudes of every outline's waves wander about their mean.

    A walking NK cell is long and drawn out behind; a holding one spreads across its front.
    """
    for slot in range(len(cells)):
        cell = cells[slot]
        if cell.state != ALIVE:
            continue
        is_nk = cell.kind == NK
        memory_s, spread = (35.0, 0.16) if is_nk else (240.0, 0.13)
        lively = 1.5 if not is_nk and time_s < cell.flee_s else 1.0
        keep = math.exp(-step_s / memory_s)
        stir = math.sqrt(1.0 - keep * keep) * (1.0 - cell.stiff) * lively
        stretch, tail = 0.0, 0.0
        if is_nk and cell.plan == FREE:
            stretch, tail = 0.17, -0.06
        elif not is_nk:
            stretch = cell.long
        else:
            stretch = -0.28 * cell.seal * (1.0 - sunk(cell, time_s))
        for wave in range(WAVES):
            mean = stretch if wave == 0 else tail if wave == 2 else 0.0
            away = waves[slot, wave] - mean
            scale = spread / (2 + wave // 2)
            waves[slot, wave] = mean + away * keep + stir * scale * rng.standard_normal()


@compiled
def relax(
    cells: NDArray[Any],
    waves: NDArray[np.float64],
    radii: NDArray[np.float64],
    time_s: float,
    step_s: float,
) -> None:
    """Draw every outline towards the one it would have with nobody near."""
    for slot in range(len(cells)):
        cell = cells[slot]
        if cell.state == EMPTY:
            continue
        follow = 1.0 - math.exp(-step_s / (3.0 if cell.kind == NK else 6.0))
        blebs = bleb_height(cell.state, time_s - cell.doom_s)
        for corner in range(CORNERS):
            bulge = 0.0
            if cell.state != DEAD:
                for wave in range(WAVES):
                    bulge += waves[slot, wave] * WAVE_TABLE[wave, corner]
            if blebs > 0.0:
                beat = 0.0
                for fine in range(3):
                    beat += FINE_WAVES[fine, corner] * math.sin(
                        time_s / (9.0 + 4.0 * fine) + cell.pattern % 7 + fine
                    )
                bulge = bulge * (1.0 - min(blebs * 6.0, 1.0)) + blebs * math.sqrt(max(beat, 0.0))
            free_um = cell.size * cell.fill * (1.0 + bulge)
            radii[slot, corner] += follow * (free_um - radii[slot, corner])


@compiled
def bleb_height(state: int, dying_s: float) -> float:
    """How far blebs stand out, relative to the cell's radius."""
    if state == DYING:
        return 0.11 * min(dying_s / 60.0, 1.0)
    if state == DEAD:
        return 0.05
    return 0.0


@compiled
def give_way(
    cells: NDArray[Any],
    radii: NDArray[np.float64],
    pairs: NDArray[np.int64],
    side_um: float,
    time_s: float,
) -> None:
    """Where two outlines overlap, one or both draw back.

    An NK cell takes the tumor cell's form, unless the tumor cell takes it in; cells of one kind
    share the overlap.
    """
    for row in range(len(pairs)):
        first, second = pairs[row, 0], pairs[row, 1]
        if cells[first].guest == second and sunk(cells[second], time_s) > 0.0:
            take_in(cells, radii, second, first, side_um, time_s)
        elif cells[second].guest == first and sunk(cells[first], time_s) > 0.0:
            take_in(cells, radii, first, second, side_um, time_s)
        elif cells[first].kind == cells[second].kind:
            draw_back(cells, radii, first, second, 0.5, side_um)
            draw_back(cells, radii, second, first, 0.5, side_um)
        elif cells[first].kind == NK:
            draw_back(cells, radii, first, second, 1.0, side_um)
        else:
            draw_back(cells, radii, second, first, 1.0, side_um)


@compiled
def take_in(
    cells: NDArray[Any],
    radii: NDArray[np.float64],
    nk_slot: int,
    tumor_slot: int,
    side_um: float,
    time_s: float,
) -> None:
    """The NK cell gives way less and less, and the tumor's outline forms a cup round it."""
    nk, tumor = cells[nk_slot], cells[tumor_slot]
    soft = 1.0 - 5.0 * sunk(nk, time_s)
    if soft > 0.0:
        draw_back(cells, radii, nk_slot, tumor_slot, soft, side_um)
    make_cup(nk, tumor, radii[nk_slot], radii[tumor_slot], side_um, time_s)


@compiled
def draw_back(
    cells: NDArray[Any],
    radii: NDArray[np.float64],
    soft: int,
    hard: int,
    share: float,
    side_um: float,
) -> None:
    """Shorten the radii of `soft` that end inside `hard`, by `share` of what is too long."""
    cell, other = cells[soft], cells[hard]
    dx = wrapped(cell.x - other.x, side_um)
    dy = wrapped(cell.y - other.y, side_um)
    reach, far = farthest_of(radii[soft]), farthest_of(radii[hard])
    if math.hypot(dx, dy) > reach + far:
        return
    bearing = math.atan2(-dy, -dx)
    for corner in range(CORNERS):
        turn = cell.angle + corner * STEP
        length = radii[soft, corner]
        if math.hypot(dx, dy) > far and math.cos(turn - bearing) < 0.0:
            continue  # it points away from the other cell, whose outline ends before this centre
        ux, uy = math.cos(turn), math.sin(turn)
        if math.hypot(dx + length * ux, dy + length * uy) > far:
            continue
        if not inside(dx + length * ux, dy + length * uy, other.angle, radii[hard]):
            continue
        low, high = 0.2 * cell.size, length
        for _ in range(9):
            middle = 0.5 * (low + high)
            if inside(dx + middle * ux, dy + middle * uy, other.angle, radii[hard]):
                high = middle
            else:
                low = middle
        radii[soft, corner] = length - share * (length - low)


@compiled
def keep_area(
    cells: NDArray[Any], radii: NDArray[np.float64], time_s: float, step_s: float
) -> None:
    """Let a squeezed cell bulge elsewhere until it has its area again, and that of its guest."""
    for slot in range(len(cells)):
        cell = cells[slot]
        if cell.state == EMPTY:
            continue
        wanted = math.pi * cell.size * cell.size
        if cell.guest >= 0:
            wanted += math.pi * room_for(cells[cell.guest], time_s)
        lack = wanted / area_of(radii[slot]) - 1.0
        cell.fill = min(max(cell.fill * (1.0 + 0.12 * step_s * lack), 0.7), 1.9)
