"""A generator of still images of spread cells with known labels: stem cells, fibroblasts.

A cell is a long bright body, often with a dim flat lobe at an end, and one to three thin dim
processes that bend away from it. Some lie with the tip of a body against another's. Uneven
light, photon and read noise, debris, and a glow along one side of the image on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class SpreadScene:
    """What to draw. Brightness in photons a pixel; sizes in um; shares of a body's brightness."""

    cells: int = 14
    width_um: float = 14.0
    pixel_um: float = 0.325
    shape: tuple[int, int] = (1024, 1024)
    photons: float = 60.0
    spread: float = 0.4
    background: float = 60.0
    process: tuple[float, float] = (0.15, 0.45)
    process_um: float = 2.0
    touching: float = 0.3
    debris: int = 15
    glow: float = 1.0
    blur_um: float = 0.35


def draw_spread(scene: SpreadScene, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image (uint16) and its true labels (int32)."""
    rng = np.random.default_rng(seed)
    height, width = scene.shape
    light = np.zeros(scene.shape, np.float32)
    labels = np.zeros(scene.shape, np.int32)
    tips: list[tuple[float, float, float]] = []
    for _ in range(40 * scene.cells):
        if labels.max() == scene.cells:
            break
        long = scene.width_um * rng.uniform(1.3, 3.0) / scene.pixel_um
        turn = rng.uniform(0, 2 * np.pi)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if tips and rng.random() < scene.touching:
            x, y, turn = tips[rng.integers(len(tips))]
            turn += rng.uniform(-0.9, 0.9)
            x, y = x + 0.5 * long * np.cos(turn), y + 0.5 * long * np.sin(turn)
        own = _cell(rng, scene, (x, y, turn, long))
        taken = (own > 0) & (labels > 0)
        if taken.sum() > 0.03 * (own > 0).sum() or (own > 0).sum() < 800:
            continue
        new = (own > 0) & (labels == 0)
        labels[new] = labels.max() + 1
        light[new] = own[new]
        half = 0.5 * long
        tips += [(x + s * half * np.cos(turn), y + s * half * np.sin(turn), turn + (s < 0) * np.pi)
                 for s in (-1, 1)]  # fmt: skip
    return _exposed(rng, scene, light), labels


def _cell(rng, scene, where):  # type: ignore[no-untyped-def]
    """The light of one cell alone."""
    x, y, turn, long = where
    own = np.zeros(scene.shape, np.float32)
    bright = scene.photons * np.exp(rng.normal(0, scene.spread))
    wide = scene.width_um * rng.uniform(0.6, 1.1) / scene.pixel_um
    ends = [(x + s * 0.4 * long * np.cos(turn), y + s * 0.4 * long * np.sin(turn)) for s in (-1, 1)]
    thick = scene.process_um / scene.pixel_um
    for number in range(rng.integers(1, 4)):
        sx, sy = ends[number % 2]
        away = turn + (number % 2 == 0) * np.pi + rng.uniform(-0.7, 0.7)
        steps = int(scene.width_um * rng.uniform(1.0, 4.0) / scene.pixel_um)
        bend = rng.normal(0, 0.5) / steps
        angle = away + bend * np.arange(steps)
        path = np.stack([sx + np.cumsum(np.cos(angle)), sy + np.cumsum(np.sin(angle))], 1)
        dim = bright * rng.uniform(*scene.process)
        mask = np.zeros(scene.shape, np.uint8)
        cv2.polylines(mask, [np.round(path * 16).astype(np.int32)], False, 1, round(thick), 8, 4)
        own = np.maximum(own, mask * np.float32(dim))
    if rng.random() < 0.5:
        lobe = np.zeros(scene.shape, np.uint8)
        axes = round(0.55 * wide), round(0.45 * wide)
        cv2.ellipse(lobe, [round(v) for v in ends[1]], axes, np.degrees(turn), 0, 360, 1, -1)
        own = np.maximum(own, lobe * np.float32(bright * rng.uniform(0.3, 0.6)))
    body = np.zeros(scene.shape, np.uint8)
    axes = round(long / 2), round(wide / 2)
    cv2.ellipse(body, (round(x), round(y)), axes, np.degrees(turn), 0, 360, 1, -1)
    return np.maximum(own, body * np.float32(bright))


def _exposed(rng, scene, light):  # type: ignore[no-untyped-def]
    height, width = scene.shape
    for _ in range(scene.debris):
        x, y = rng.integers(width), rng.integers(height)
        light[y : y + 3, x : x + 3] += scene.photons * rng.uniform(0.5, 2.0)
    light = cv2.GaussianBlur(light, (0, 0), scene.blur_um / scene.pixel_um)
    light += 0.08 * cv2.GaussianBlur(light, (0, 0), 8 / scene.pixel_um)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    lamp = 1 - 0.15 * ((x - 0.2) ** 2 + (y + 0.1) ** 2)
    rim = scene.glow * 0.4 * scene.background * np.exp(-(y + 1) * height / 2 / 20)
    photons = rng.poisson(np.clip((light + scene.background) * lamp + rim, 0, None))
    counts = 100 + photons + rng.normal(0, 2, scene.shape)
    return np.clip(np.round(counts), 0, 65535).astype(np.uint16)
