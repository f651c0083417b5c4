"""A small stage for tests of measures: one tumor cell, one NK cell, every angle known.

Kept apart from the synthetic specimen on purpose: different texture, different contact, so that
what passes on both is not fitted to either.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from livewatch.model import Cell, Kind, View

OVERSAMPLING = 3
WIDTH_UM = 60.0


@dataclass
class Stage:
    """Renders frames of a pair; all angles in degrees, growing from +x to +y."""

    seed: int = 0
    pixel_um: float = 0.325
    radius_um: float = 9.5
    long_axis: float = 1.0
    texture: float = 0.25
    membrane: float = 0.6
    photons: float = 250.0
    read_noise: float = 2.5
    background: float = 100.0
    bleed: float = 0.0
    nk_radius_um: float = 4.5
    psf_um: float = 0.28
    spots: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        count = 60
        reach = self.radius_um * np.sqrt(rng.uniform(0, 1, count)) * 0.95
        turn = rng.uniform(0, 2 * np.pi, count)
        self._at = np.column_stack((reach * np.cos(turn), reach * np.sin(turn)))
        self._size = rng.uniform(0.5, 1.4, count)
        self._height = rng.normal(0, 1, count)
        self._ripple = rng.normal(0, 0.012, 5), rng.uniform(0, 2 * np.pi, 5)
        self._noise = np.random.default_rng(self.seed + 1000)

    @property
    def view(self) -> View:
        side = int(WIDTH_UM / self.pixel_um)
        return View("a", 0.0, 0.0, None, "20x", self.pixel_um, 1, (side, side))

    def tumor_outline(self, twist_deg: float, centre=(0.0, 0.0)) -> np.ndarray:
        body = np.linspace(0, 2 * np.pi, 240, endpoint=False)
        stretch = np.sqrt(self.long_axis)
        x, y = self.radius_um * stretch * np.cos(body), self.radius_um / stretch * np.sin(body)
        height, phase = self._ripple
        swell = 1 + sum(
            h * np.cos((k + 3) * body + p)
            for k, (h, p) in enumerate(zip(height, phase, strict=True))
        )
        turn = np.radians(twist_deg)
        x, y = x * swell, y * swell
        return np.column_stack(
            (
                centre[0] + x * np.cos(turn) - y * np.sin(turn),
                centre[1] + x * np.sin(turn) + y * np.cos(turn),
            )
        )

    def nk_outline(self, patch_deg: float, seal: float, twist_deg: float, centre=(0.0, 0.0)):
        """A disc beside the tumor with a lip that covers `seal` of its outline."""
        fine = 0.1
        side = int(WIDTH_UM / fine)
        mask = np.zeros((side, side), np.uint8)
        tumor = self.tumor_outline(twist_deg, centre)

        def to_px(p):
            return np.round((p + WIDTH_UM / 2) / fine).astype(np.int32)

        around = tumor - centre
        angle = np.degrees(np.arctan2(around[:, 1], around[:, 0]))
        along = np.concatenate(([0], np.cumsum(np.hypot(*np.diff(tumor, axis=0).T))))
        perimeter = along[-1] + np.hypot(*(tumor[0] - tumor[-1]))
        middle = int(np.abs((angle - patch_deg + 180) % 360 - 180).argmin())
        offset = (along - along[middle] + perimeter / 2) % perimeter - perimeter / 2
        covered = np.abs(offset) <= seal * perimeter / 2
        for point in tumor[covered]:
            outward = (point - centre) / np.hypot(*(point - centre))
            cv2.circle(mask, tuple(to_px(point + outward * 0.9)), round(0.85 / fine), 1, -1)
        out = np.array([np.cos(np.radians(patch_deg)), np.sin(np.radians(patch_deg))])
        reach = np.hypot(*around[middle])
        body = np.asarray(centre) + out * (reach + self.nk_radius_um + 0.1)
        cv2.circle(mask, tuple(to_px(body)), round(self.nk_radius_um / fine), 1, -1)
        cv2.fillPoly(inside := np.zeros_like(mask), [to_px(tumor)], 1)
        mask &= 1 - inside
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        biggest = max(contours, key=cv2.contourArea)[::3, 0]
        return biggest * fine - WIDTH_UM / 2, body

    def images(self, tumor, nk, body, twist_deg, centre=(0.0, 0.0)):
        """(tumor, nk) camera images, uint16, of outlines in um."""
        fine = self.pixel_um / OVERSAMPLING
        side = int(WIDTH_UM / self.pixel_um) * OVERSAMPLING
        half = side * fine / 2
        grid = (np.arange(side) + 0.5) * fine - half
        x, y = np.meshgrid(grid, grid)
        mask = self._filled(tumor, side, fine, half)
        turn = np.radians(twist_deg)
        bx = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        by = -(x - centre[0]) * np.sin(turn) + (y - centre[1]) * np.cos(turn)
        inside = mask > 0
        pattern = np.zeros(inside.sum())
        px, py = bx[inside], by[inside]
        if self.texture > 0:
            for (cx, cy), s, h in zip(self._at, self._size, self._height, strict=True):
                pattern += h * np.exp(-((px - cx) ** 2 + (py - cy) ** 2) / (2 * s * s))
            pattern *= self.texture / pattern.std()
        dye = np.zeros((side, side), np.float32)
        dye[inside] = np.maximum(1 + pattern, 0.1)
        rim = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
        dye += self.membrane * (rim > 0) * inside
        for sx, sy, amount in self.spots:
            spot = np.exp(-((x - body[0] - sx) ** 2 + (y - body[1] - sy) ** 2) / (2 * 0.35**2))
            dye += (amount * inside.sum() / spot.sum() * spot).astype(np.float32)
        nk_dye = self._filled(nk, side, fine, half).astype(np.float32)
        return self._camera(dye + self.bleed * nk_dye), self._camera(nk_dye)

    def _filled(self, outline, side, fine, half):
        mask = np.zeros((side, side), np.uint8)
        cv2.fillPoly(mask, [np.round((outline + half) / fine - 0.5).astype(np.int32)], 1)
        return mask

    def _camera(self, dye):
        sharp = self.psf_um / self.pixel_um * OVERSAMPLING
        light = cv2.GaussianBlur(dye.astype(np.float32), (0, 0), sharp)
        side = light.shape[0] // OVERSAMPLING
        light = cv2.resize(light, (side, side), interpolation=cv2.INTER_AREA) * self.photons
        counts = self._noise.poisson(light) + self._noise.normal(
            self.background, self.read_noise, light.shape
        )
        return np.clip(np.round(counts), 0, 65535).astype(np.uint16)


def cell(cell_id: int, kind: Kind, outline, jitter_um=0.0, grow_um=0.0, rng=None) -> Cell:
    """A cell as segmentation might give it: grown by `grow_um`, wavering by `jitter_um`."""
    outline = np.asarray(outline, float)
    centre = outline.mean(axis=0)
    away = outline - centre
    unit = away / np.hypot(*away.T)[:, None]
    waver = np.zeros(len(outline))
    if rng is not None and jitter_um:
        turn = np.linspace(0, 2 * np.pi, len(outline), endpoint=False)
        for k in range(1, 9):
            waver += rng.normal(0, 1) * np.cos(k * turn + rng.uniform(0, 6.3))
        waver *= jitter_um / 2
    outline = outline + unit * (grow_um + waver)[:, None]
    x, y = outline.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    length = np.hypot(*np.diff(outline, axis=0, append=outline[:1]).T).sum()
    return Cell(
        cell_id,
        kind,
        *outline.mean(axis=0),
        abs(cross.sum()) / 2,
        length,
        200.0,
        False,
        outline.astype(np.float32),
    )
