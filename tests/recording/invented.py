"""Frames that cost nothing to make and can be made again: pixels follow from the frame's number."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from livewatch.model import (
    Cell,
    Contact,
    Decision,
    Encounter,
    Exposure,
    Frame,
    Kind,
    Observation,
    Plane,
    Purpose,
    Region,
    Shot,
    Step,
    View,
)

SENSOR_PX = (96, 64)
CHANNELS = ("nk", "tumor")


def view(
    region: Region | None = None,
    *,
    position: str = "A",
    stage_x_um: float = 100.0,
    sensor_px: tuple[int, int] = SENSOR_PX,
) -> View:
    return View(position, stage_x_um, 50.0, None, "20x", 0.325, 1, sensor_px, region)


def shot(index: int, at: View | None = None, purpose: Purpose = Purpose.SURVEY) -> Shot:
    planes = tuple(Plane(channel, 30.0) for channel in CHANNELS)
    return Shot(at or view(), planes, float(index), purpose, 1, index)


@lru_cache(32)
def _noise(shape: tuple[int, int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(200, shape).astype(np.uint16)


def pixels(index: int, channel: int, shape: tuple[int, int]) -> np.ndarray:
    """Noise shifted by the frame's number: every frame and channel its own."""
    return np.roll(_noise(shape, channel), index, axis=1) + np.uint16(index % 1000)


def frame(
    index: int, at: View | None = None, purpose: Purpose = Purpose.SURVEY, time_s: float = -1.0
) -> Frame:
    at = at or view()
    begun_s = float(index) if time_s < 0 else time_s
    exposures = tuple(
        Exposure(channel, begun_s + 0.03 * n, begun_s + 0.03 * (n + 1), 30.0)
        for n, channel in enumerate(CHANNELS)
    )
    planes = tuple(pixels(index, n, at.shape) for n in range(len(CHANNELS)))
    return Frame(index, shot(index, at, purpose), at, planes, exposures, begun_s)


def encounter(last_s: float, *, end_s: float | None = None) -> Encounter:
    return Encounter(1, "A", 1, 2, 3.0, last_s, end_s, 101.0, 51.0, frames=int(last_s))


def observation(of: Frame, *encounters: Encounter, **changes: tuple[int, ...]) -> Observation:
    outline = np.zeros((8, 2), np.float32)
    cells = (
        Cell(1, Kind.NK, 100.0, 50.0, 64.0, 30.0, 400.0, False, outline),
        Cell(2, Kind.TUMOR, 103.0, 52.0, 314.0, 63.0, 700.0, True, outline),
    )
    contact = Contact(1, 2, 100.0, 50.0, 103.0, 52.0, 1 / 3, 2.0, 0.1, contact_in_s=0.0)
    return Observation(
        of.index, of.number, of.time_s, of.view, cells, (contact,), encounters, **changes
    )


def step(of: Frame, seen: Observation | None = None) -> Step:
    decision = Decision(shot(of.index + 1), f"after frame {of.index}", refused=("no zoom",))
    return Step(of, seen, decision.numbered(of.index + 1))
