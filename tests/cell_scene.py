"""A generator of still images with known labels, independent of the synthetic specimen.

Cells are smooth blobs of one dye: flat, domed or with a bright rim, scattered, in islands or
cut by the border; uneven light, offset, photon and read noise, hot pixels and debris on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Scene:
    """What to draw. Brightness in photons a working pixel of 0.65 um; sizes in um."""

    cells: int = 100
    diameter_um: float = 20.0
    pixel_um: float = 0.65
    shape: tuple[int, int] = (1024, 1024)
    photons: float = 200.0
    spread: float = 0.4
    background: float = 40.0
    unevenness: float = 0.3
    wobble: float = 0.12
    stretch: float = 1.25
    touching: float = 0.3
    overlap: float = 0.1
    debris: int = 20
    hot: int = 20
    blur_um: float = 0.45
    offset: float = 100.0


def blob(rng, scene, x, y, radius, turn=None):  # type: ignore[no-untyped-def]
    """The outline of one cell (n, 2) in px: an ellipse with a wobble."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    wave = sum(
        rng.normal(0, scene.wobble / order) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
        for order in (2, 3, 4)
    )
    stretch = rng.uniform(1, scene.stretch)
    turn = rng.uniform(0, np.pi) if turn is None else turn
    across, along = radius / np.sqrt(stretch), radius * np.sqrt(stretch)
    px, py = along * np.cos(angle) * (1 + wave), across * np.sin(angle) * (1 + wave)
    return np.stack(
        [x + px * np.cos(turn) - py * np.sin(turn), y + px * np.sin(turn) + py * np.cos(turn)], 1
    )


def draw(scene: Scene, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image (uint16) and its true labels (int32) of one scene."""
    rng = np.random.default_rng(seed)
    height, width = scene.shape
    radius = scene.diameter_um / 2 / scene.pixel_um
    labels = np.zeros(scene.shape, np.int32)
    light = np.zeros(scene.shape, np.float32)
    noise = rng.normal(0, 1, scene.shape).astype(np.float32)
    grain = cv2.GaussianBlur(noise, (0, 0), radius / 4)
    grain /= grain.std()
    placed: list[tuple[float, float, float]] = []
    tries = 0
    while len(placed) < scene.cells and tries < 200 * scene.cells:
        tries += 1
        own = radius * np.exp(rng.normal(0, 0.12))
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if placed and rng.random() < scene.touching:
            nx, ny, nr = placed[rng.integers(len(placed))]
            away, turn = (
                (nr + own) * rng.uniform(1 - scene.overlap, 1.02),
                rng.uniform(0, 2 * np.pi),
            )
            x, y = nx + away * np.cos(turn), ny + away * np.sin(turn)
        if not (0 <= x < width and 0 <= y < height):
            continue
        near = (np.hypot(x - px, y - py) / (own + pr) for px, py, pr in placed)
        if any(ratio < 1 - scene.overlap for ratio in near):
            continue
        placed.append((x, y, own))
        _paint(rng, scene, labels, light, grain, (x, y, own), len(placed))
    return _exposed(rng, scene, light), labels


def _paint(rng, scene, labels, light, grain, where, label):  # type: ignore[no-untyped-def]
    outline = blob(rng, scene, *where)
    mask = np.zeros(scene.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16 - 8).astype(np.int32)], 1, cv2.LINE_8, 4)
    own = (mask > 0) & (labels == 0)
    labels[own] = label
    x, y, radius = where
    rows, columns = np.nonzero(own)
    away = np.hypot(columns - x, rows - y) / radius
    style = rng.integers(3)
    profile = [
        np.ones_like(away),
        np.sqrt(np.clip(1.3 - away**2, 0.15, None)),
        0.8 + 0.5 * (away > 0.85),
    ][style]
    bright = scene.photons * np.exp(rng.normal(0, scene.spread))
    light[own] = bright * profile * np.clip(1 + 0.15 * grain[own], 0.3, None)


def _exposed(rng, scene, light):  # type: ignore[no-untyped-def]
    height, width = scene.shape
    for _ in range(scene.debris):
        x, y = rng.integers(width), rng.integers(height)
        light[y : y + 2, x : x + 2] += scene.photons * rng.uniform(0.3, 1.5)
    light = cv2.GaussianBlur(light, (0, 0), scene.blur_um / scene.pixel_um)
    haze = cv2.GaussianBlur(light, (0, 0), 12 / scene.pixel_um)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    lamp = 1 - scene.unevenness / 2 * ((x - 0.2) ** 2 + (y + 0.1) ** 2)
    photons = rng.poisson(np.clip((light + 0.1 * haze + scene.background) * lamp, 0, None))
    counts = scene.offset + photons + rng.normal(0, 2, scene.shape)
    hot = rng.integers(0, height, scene.hot), rng.integers(0, width, scene.hot)
    counts[hot] += rng.uniform(500, 5000, scene.hot)
    return np.clip(np.round(counts), 0, 65535).astype(np.uint16)
