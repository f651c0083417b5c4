"""The cells as the compiled mechanics see them: one record each, and their first places.

A cell is a centre, a body angle and a star-shaped outline: `CORNERS` radii at equal angles
in the body's own frame, so that a membrane mark keeps its place while the body turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.scene import Scene

CORNERS = 64
WAVES = 8  # cosine and sine amplitudes of the outline's waves 2 to 5

NK, TUMOR = 0, 1
EMPTY, ALIVE, DYING, DEAD = 0, 1, 2, 3
FREE, BRIEF, KILL, EVADE, FAIL, ENGULF = 0, 1, 2, 3, 4, 5

CELL = np.dtype(
    [
        ("id", "i8"),
        ("kind", "i8"),
        ("state", "i8"),
        ("x", "f8"),
        ("y", "f8"),
        ("angle", "f8"),
        ("size", "f8"),  # radius of the disc of the same area, um
        ("full", "f8"),  # the size it grows back to
        ("fill", "f8"),  # how much a squeezed outline bulges elsewhere to keep its area
        ("stiff", "f8"),  # 0: membrane waves as usual; 1: none
        ("own_stiff", "f8"),  # what it is when not dividing
        ("long", "f8"),  # how long its outline is by nature: amplitude of its first wave
        ("heading", "f8"),
        ("speed", "f8"),
        ("pace", "f8"),
        ("bright", "f8"),
        ("texture", "f8"),  # contrast of the texture
        ("pattern", "i8"),  # which texture
        ("dye", "f8"),  # tumor: dye left after bites and death; not bleaching
        ("death_dye", "f8"),
        ("doom_s", "f8"),  # when dying begins
        ("born_s", "f8"),
        ("split_s", "f8"),  # when it divides
        ("kills_left", "i8"),
        # an NK cell's grip
        ("prey", "i8"),  # slot of the tumor cell it holds, or -1
        ("plan", "i8"),
        ("grip_s", "f8"),
        ("leave_s", "f8"),
        ("hit_s", "f8"),
        ("bite_s", "f8"),  # no bite before this
        ("first_dye", "f8"),  # the prey's dye when it was taken hold of
        ("patch", "f8"),  # where on the tumor it holds: angle in the tumor's frame
        ("anchor", "f8"),  # where the middle of the patch belongs; nan before there is one
        ("seal", "f8"),  # how closely it lies on: 0 to 1
        ("shy_of", "i8"),
        ("shy_s", "f8"),
        ("slide", "f8"),  # patch's speed along the membrane, rad/s
        ("slide_s", "f8"),
        # a tumor cell's twist
        ("twist", "f8"),  # rad/s
        ("twist_s", "f8"),
        ("carry", "f8"),  # fraction of the twist that takes the NK cell along
        ("flee_s", "f8"),
        ("guest", "i8"),  # slot of the NK cell it takes in, or -1
        ("parent", "i8"),  # id of the cell it came from by division, or 0
        # light
        ("dose", "f8"),  # ms at full power, recovered from over time
        ("nk_bleach", "f8"),
        ("tumor_bleach", "f8"),
    ]
)


def empty_cells(slots: int) -> NDArray[Any]:
    """Room for `slots` cells, all empty."""
    cells = np.zeros(slots, CELL)
    cells["prey"] = cells["shy_of"] = cells["guest"] = -1
    cells["fill"] = cells["pace"] = cells["dye"] = 1.0
    cells["doom_s"] = cells["split_s"] = cells["leave_s"] = cells["hit_s"] = np.inf
    cells["nk_bleach"] = cells["tumor_bleach"] = 1.0
    return cells


def settle(scene: Scene, rng: np.random.Generator) -> NDArray[Any]:
    """The cells of a scene at time 0, apart from each other."""
    cells = empty_cells(2 * scene.tumors + scene.nks + 8)
    count = scene.tumors + scene.nks
    tumors, nks = cells[: scene.tumors], cells[scene.tumors : count]
    cells["id"][:count] = np.arange(1, count + 1)
    cells["state"][:count] = ALIVE
    cells["angle"][:count] = rng.uniform(-np.pi, np.pi, count)
    cells["heading"][:count] = cells["angle"][:count]
    cells["bright"][:count] = rng.lognormal(0.0, 0.22, count)
    cells["pattern"][:count] = rng.integers(0, 2**31, count)
    _give_tumor_traits(tumors, scene, rng)
    _give_nk_traits(nks, scene, rng)
    places = _tumor_places(tumors["size"], scene, rng)
    tumors["x"], tumors["y"] = places.T
    _place_nks(nks, tumors, scene, rng)
    return cells


def _give_tumor_traits(tumors: NDArray[Any], scene: Scene, rng: np.random.Generator) -> None:
    count = len(tumors)
    uniform = rng.random(count) < scene.uniform_share
    tumors["kind"] = TUMOR
    tumors["size"] = tumors["full"] = np.clip(rng.normal(11.5, 1.1, count), 9.5, 14.0)
    tumors["stiff"] = tumors["own_stiff"] = np.where(uniform, 0.85, 0.0)
    tumors["texture"] = np.where(uniform, 0.0, rng.uniform(0.7, 1.1, count))
    if scene.long_share:
        is_long = rng.random(count) < scene.long_share
        tumors["long"] = np.where(is_long, rng.uniform(0.12, 0.2, count), 0.0)
    tumors["speed"] = scene.habits.tumor_speed_um_per_s * rng.lognormal(0.0, 0.4, count)
    tumors["split_s"] = rng.exponential(scene.habits.division_s, count) + 600.0


def _give_nk_traits(nks: NDArray[Any], scene: Scene, rng: np.random.Generator) -> None:
    count = len(nks)
    nks["kind"] = NK
    nks["size"] = nks["full"] = np.clip(rng.normal(4.6, 0.35, count), 3.8, 5.6)
    nks["speed"] = scene.habits.nk_speed_um_per_s * rng.lognormal(0.0, 0.45, count)
    nks["texture"] = 0.4
    can_kill = rng.random(count) < scene.killer_share
    nks["kills_left"] = np.where(can_kill, rng.integers(1, scene.most_kills + 1, count), 0)


def _tumor_places(
    sizes: NDArray[np.float64], scene: Scene, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(n, 2) places on the repeating tile; the first `meetings` near its middle."""
    side_um = scene.habits.side_um
    places = np.empty((len(sizes), 2))
    islands = rng.uniform(-side_um / 2, side_um / 2, (scene.islands, 2))
    for index, size in enumerate(sizes):
        apart_um, spread_um = (2.0, 45.0) if scene.islands else (8.0, side_um / 2)
        while True:
            if index < scene.meetings:
                place = rng.uniform(-110.0, 110.0, 2)
            elif scene.islands:
                place = islands[index % scene.islands] + rng.normal(0.0, spread_um, 2)
            else:
                place = rng.uniform(-spread_um, spread_um, 2)
            away = places[:index] - place
            away -= side_um * np.round(away / side_um)
            if np.all(np.hypot(*away.T) > sizes[:index] + size + apart_um):
                break
            apart_um = max(apart_um * 0.97, 0.5)
            spread_um *= 1.005 if scene.islands else 1.0
        places[index] = place
    return places


def _place_nks(
    nks: NDArray[Any], tumors: NDArray[Any], scene: Scene, rng: np.random.Generator
) -> None:
    """Scatter the NK cells clear of tumor cells; the first few close to one, facing it."""
    side_um = scene.habits.side_um
    for index, nk in enumerate(nks):
        for _ in range(2000):
            if index < scene.meetings:
                bearing, gap_um = rng.uniform(-np.pi, np.pi), 6.0 + 7.0 * index
                reach_um = tumors[index]["size"] + nk["size"] + gap_um
                x = tumors[index]["x"] + reach_um * np.cos(bearing)
                y = tumors[index]["y"] + reach_um * np.sin(bearing)
                nk["heading"] = nk["angle"] = bearing + np.pi
            else:
                x, y = rng.uniform(-side_um / 2, side_um / 2, 2)
            if _is_clear(x, y, nk["size"], tumors, nks[:index], side_um):
                break
        nk["x"], nk["y"] = x, y


def _is_clear(
    x: float,
    y: float,
    size: float,
    tumors: NDArray[Any],
    nks: NDArray[Any],
    side_um: float,
) -> bool:
    for others, apart_um in ((tumors, 4.0), (nks, 2.0)):
        dx: Any = others["x"] - x
        dy: Any = others["y"] - y
        dx = dx - side_um * np.round(dx / side_um)
        dy = dy - side_um * np.round(dy / side_um)
        if np.any(np.hypot(dx, dy) < others["size"] + size + apart_um):
            return False
    return True
