"""A culture of outlines without pixels: cells that walk, crowd, touch and divide, with truth.

Speeds are biology's: NK cells persistent walkers at a median of about 5 um/min that differ
from each other, tumor cells ten times slower. What analysis is shown can be spoilt as
segmentation would: jitter, misses, two cells seen as one, ghosts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial import cKDTree

from livewatch.model import Cell, Kind, View

RADIUS_UM = {Kind.NK: 4.5, Kind.TUMOR: 10.0}
STEP_S = 2.0


def view_of(
    side_um: float,
    pixel_um: float = 0.65,
    position: str = "p",
    x_um: float = 0.0,
    y_um: float = 0.0,
) -> View:
    """A square view centred on a place."""
    side = round(side_um / pixel_um)
    return View(position, x_um, y_um, None, "10x", pixel_um, 1, (side, side))


@dataclass
class Spoiling:
    """How segmentation errs: SD of centre and relative SD of size, and odds per cell."""

    centre_um: float = 0.25
    size: float = 0.03
    miss: float = 0.01
    ghost: float = 0.0
    merge: float = 0.5


@dataclass
class Population:
    """The cells of one kind, in arrays."""

    kind: Kind
    place: np.ndarray
    speed: np.ndarray  # um/s, one per cell
    persistence_s: float
    radius: np.ndarray
    shape: np.ndarray  # (n, 4) complex: the outline's ripples, modes 2 to 5
    velocity: np.ndarray
    ids: list[int] = field(default_factory=list)

    def outline(self, k: int, spacing_um: float, scale: float = 1.0) -> np.ndarray:
        """One cell's outline (m, 2)."""
        radius = self.radius[k] * scale
        angle = np.arange(round(2 * np.pi * radius / spacing_um)) * spacing_um / radius
        angle *= 2 * np.pi / (len(angle) * spacing_um / radius)
        ripple = sum((c * np.exp(1j * (m + 2) * angle)).real for m, c in enumerate(self.shape[k]))
        out = radius * (1 + ripple)
        return self.place[k] + np.column_stack((out * np.cos(angle), out * np.sin(angle)))


class Walkers:
    """A culture in a square of `side_um` around (0, 0)."""

    def __init__(self, seed: int, n_nk: int, n_tumor: int, side_um: float) -> None:
        self.rng = np.random.default_rng(seed)
        self.side_um = side_um
        self.time_s = 0.0
        self.nk = self.populate(Kind.NK, n_nk, 5.3 / 60, 0.6, 60.0, 0.10)
        self.tumor = self.populate(Kind.TUMOR, n_tumor, 0.5 / 60, 0.5, 120.0, 0.05)
        self.held = np.full(n_nk, -1)
        for _ in range(200):
            self.crowd()

    def populate(
        self, kind: Kind, n: int, speed: float, spread: float, tau_s: float, ripple: float
    ) -> Population:
        rng = self.rng
        waves = rng.normal(0, ripple, (n, 4)) + 1j * rng.normal(0, ripple, (n, 4))
        return Population(
            kind,
            rng.uniform(-self.side_um / 2, self.side_um / 2, (n, 2)),
            speed * np.exp(rng.normal(0, spread, n)),
            tau_s,
            RADIUS_UM[kind] * np.exp(rng.normal(0, 0.12, n)),
            waves / np.arange(1, 5),
            np.zeros((n, 2)),
            list(range(n)),
        )

    def step(self, dt_s: float) -> None:
        """Let time pass."""
        left_s = dt_s
        while left_s > 1e-9:
            now_s = min(left_s, STEP_S)
            self.walk(now_s)
            left_s -= now_s
        self.time_s += dt_s

    def walk(self, dt_s: float) -> None:
        for cells in (self.nk, self.tumor):
            keep = np.exp(-dt_s / cells.persistence_s)
            stir = cells.speed[:, None] / 1.2533 * np.sqrt(1 - keep**2)
            cells.velocity = keep * cells.velocity + stir * self.rng.normal(size=cells.place.shape)
            fade = np.exp(-dt_s / 120.0)
            noise = self.rng.normal(size=(*cells.shape.shape, 2)) @ (1, 1j)
            ripple = (0.10 if cells.kind is Kind.NK else 0.05) / np.arange(1, 5)
            cells.shape = fade * cells.shape + np.sqrt(1 - fade**2) * ripple * noise
            cells.place = cells.place + cells.velocity * dt_s
        self.hold(dt_s)
        self.crowd()

    def hold(self, dt_s: float) -> None:
        """NK cells stick to a tumor cell they meet, let go after minutes, and look for others."""
        tree = cKDTree(self.tumor.place)
        apart, nearest = tree.query(self.nk.place)
        reach = self.nk.radius + self.tumor.radius[nearest]
        free = self.held < 0
        caught = free & (apart < reach) & (self.rng.random(len(apart)) < dt_s / 20)
        self.held[caught] = nearest[caught]
        let_go = ~free & (self.rng.random(len(apart)) < dt_s / 600)
        self.held[let_go] = -1
        on = self.held >= 0
        self.nk.velocity[on] *= 0.3
        lean = self.tumor.place[self.held[on]] - self.nk.place[on]
        length = np.maximum(np.hypot(*lean.T), 1e-6)
        depth = length - 0.93 * (self.nk.radius[on] + self.tumor.radius[self.held[on]])
        self.nk.place[on] += lean / length[:, None] * np.clip(depth, -0.3, 0.3)[:, None]
        near = free & ~caught & (apart < reach + 25)
        towards = self.tumor.place[nearest[near]] - self.nk.place[near]
        towards /= np.maximum(np.hypot(*towards.T), 1e-6)[:, None]
        self.nk.place[near] += towards * (2 / 60 * dt_s)

    def crowd(self) -> None:
        """Push overlapping cells apart, and let nobody leave."""
        for a, b, squeeze in (
            (self.nk, self.nk, 0.8),
            (self.tumor, self.tumor, 0.95),
            (self.nk, self.tumor, 0.88),
        ):
            reach = 1.4 * (RADIUS_UM[a.kind] + RADIUS_UM[b.kind])
            pairs = cKDTree(a.place).sparse_distance_matrix(
                cKDTree(b.place), reach, output_type="coo_matrix"
            )
            i, j = pairs.row, pairs.col
            other = (i < j) if a is b else np.ones(len(i), bool)
            i, j = i[other], j[other]
            lean = a.place[i] - b.place[j]
            apart = np.maximum(np.hypot(*lean.T), 1e-3)
            over = np.maximum(squeeze * (a.radius[i] + b.radius[j]) - apart, 0)
            push = np.minimum(0.3 * over, 0.5)[:, None] * lean / apart[:, None]
            share = 0.5 if a is b else 0.9
            np.add.at(a.place, i, share * push)
            np.add.at(b.place, j, -(1 - share) * push)
        for cells in (self.nk, self.tumor):
            np.clip(cells.place, -self.side_um / 2, self.side_um / 2, out=cells.place)

    def cells(self, view: View, spoiling: Spoiling | None = None) -> dict[Kind, list[Cell]]:
        """The cells a view shows; `id` is the truth: -1 for ghosts and for two seen as one."""
        return {c.kind: self.shown(c, view, spoiling) for c in (self.nk, self.tumor)}

    def shown(self, cells: Population, view: View, spoiling: Spoiling | None) -> list[Cell]:
        found = []
        spacing = 0.65 if cells.kind is Kind.NK else 1.3
        for k in range(len(cells.place)):
            if not view.holds(*cells.place[k], -2 * cells.radius[k]):
                continue
            shift, scale = np.zeros(2), 1.0
            if spoiling is not None:
                shift = self.rng.normal(0, spoiling.centre_um, 2)
                scale = 1 + self.rng.normal(0, spoiling.size)
                if self.rng.random() < spoiling.miss:
                    continue
            cell = cell_of(cells.ids[k], cells.kind, cells.outline(k, spacing, scale) + shift, view)
            if cell is not None:
                found.append(cell)
        if spoiling is not None:
            found = merged(found, spoiling.merge, self.rng)
            for _ in range(self.rng.poisson(spoiling.ghost)):
                x, y = self.rng.uniform(-0.5, 0.5, 2)
                x, y = view.x_um + x * view.width_um, view.y_um + y * view.height_um
                ghost = circle(x, y, 0.6 * RADIUS_UM[cells.kind])
                found.append(cell_of(-1, cells.kind, ghost, view))
        return found


def circle(x_um: float, y_um: float, radius_um: float, n: int = 48) -> np.ndarray:
    """A round outline."""
    angle = np.arange(n) * 2 * np.pi / n
    return np.column_stack((x_um + radius_um * np.cos(angle), y_um + radius_um * np.sin(angle)))


def cell_of(
    identity: int, kind: Kind, outline: np.ndarray, view: View | None = None
) -> Cell | None:
    """A cell of an outline, cut off at the border of a view; None if nothing of it is left."""
    at_edge = False
    if view is not None:
        low = np.array((view.left_um, view.top_um))
        high = low + np.array((view.width_um, view.height_um))
        clipped = np.clip(outline, low, high)
        at_edge = bool((clipped != outline).any())
        outline = clipped
    x, y = outline.T
    nx, ny = np.roll(outline, -1, 0).T
    cross = x * ny - nx * y
    area = cross.sum() / 2
    if abs(area) < 8:
        return None
    cx, cy = ((x + nx) * cross).sum() / (6 * area), ((y + ny) * cross).sum() / (6 * area)
    length = np.hypot(nx - x, ny - y).sum()
    return Cell(
        identity, kind, float(cx), float(cy), float(abs(area)), float(length), 500.0, at_edge,
        outline.astype(np.float32),
    )  # fmt: skip


def merged(cells: list[Cell], odds: float, rng: np.random.Generator) -> list[Cell]:
    """Some of the cells that lie half over each other become one, without identity."""
    left = list(cells)
    for a in cells:
        for b in cells:
            if not 0 <= a.id < b.id or a not in left or b not in left:
                continue
            reach = 0.75 * (np.sqrt(a.area_um2 / np.pi) + np.sqrt(b.area_um2 / np.pi))
            apart = np.hypot(a.x_um - b.x_um, a.y_um - b.y_um)
            if apart < reach and rng.random() < odds:
                left.remove(a)
                left.remove(b)
                total = a.area_um2 + b.area_um2
                share = a.area_um2 / total
                left.append(
                    replace(
                        a,
                        id=-1,
                        x_um=share * a.x_um + (1 - share) * b.x_um,
                        y_um=share * a.y_um + (1 - share) * b.y_um,
                        area_um2=total,
                        outline_um=np.concatenate((a.outline_um, b.outline_um)),
                    )
                )
    return left
