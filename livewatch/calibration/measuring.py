"""The measurement itself: a coroutine that yields shots, is sent frames, and returns offsets.

One objective is visited, then the other, then the first again: a sample that drifts or crawls does
so as much before as after, and the mean of both takes it off. At each visit the focus is swept.
Views are in the stage's own coordinates: the experiment has no offsets while they are measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.calibration.focus import sharpest, sharpness
from livewatch.calibration.shift import liveliest, shift_between
from livewatch.model import Frame, Purpose, Shot

if TYPE_CHECKING:
    from collections.abc import Generator

    from livewatch.model import Pixels, Plane, Reply, View

    Asking = Generator[Shot, Reply, "Visit"]

COARSE, FINE = 11, 9
"""Planes of a sweep: over the whole range at first, then around the sharpest one."""
LEAST_LIKENESS = 0.4
"""Images that resemble each other less do not show the same cells."""
FINEST_PX = 0.05
"""A shift is known no better than this part of a pixel, however well the visits agree."""


class Unmeasured(Exception):
    """The offsets could not be measured; the message says why and what may help."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to measure: the views through both objectives, from where to start, and how.

    `range_um` is how far the focus is swept to either side, 0 for a microscope whose focus is not
    to be moved; `z_limits_um` is where it may go.
    """

    base: View
    other: View
    plane: Plane
    range_um: float
    z_limits_um: tuple[float, float]
    moves_xy: bool = True
    visits: int = 3


class Visit(NamedTuple):
    """One look through one objective: the image in focus, where the stage was, and the focus."""

    image: Pixels
    view: View
    z_um: float
    z_sd_um: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The other objective's offsets relative to the base's, with their standard errors."""

    x_um: float
    y_um: float
    z_um: float | None
    x_sd_um: float
    y_sd_um: float
    z_sd_um: float
    likeness: float
    visits: int


def measuring(task: Task) -> Generator[Shot, Reply, Measured]:
    """Measure. Raises `Unmeasured` where the images do not tell."""
    base: Visit = yield from looking(task, task.base, None)
    if task.moves_xy:
        task = moved(task, base)
        base = yield from looking(task, task.base, base)
    bases, others = [base], []
    start = task.other
    if base.view.z_um is not None and start.z_um is not None and task.base.z_um is not None:
        start = replace(start, z_um=start.z_um + base.z_um - task.base.z_um)
    other: Visit | None = None
    for _ in range(task.visits):
        other = yield from looking(task, start, other)
        others.append(other)
        base = yield from looking(task, task.base, base)
        bases.append(base)
    return compared(bases, others, task)


def moved(task: Task, seen: Visit) -> Task:
    """The task at the place, within what is seen, where the smaller field holds most cells."""
    width_um, height_um = (
        min(getattr(task.base, side), getattr(task.other, side))
        for side in ("width_um", "height_um")
    )
    x_um, y_um = liveliest(seen.image, seen.view.pixel_um, width_um, height_um)
    base, other = (
        replace(view, stage_x_um=view.stage_x_um + x_um, stage_y_um=view.stage_y_um + y_um)
        for view in (task.base, task.other)
    )
    return replace(task, base=base, other=other)


def looking(task: Task, view: View, before: Visit | None) -> Asking:
    """One visit: the focus swept, coarsely at first, and an image taken in it."""
    if task.range_um == 0 or view.z_um is None:
        frame = yield from taken(view, task.plane)
        return Visit(frame.planes[0], frame.view, 0.0, 0.0, frame.time_s)
    step_um = 2 * task.range_um / (COARSE - 1)
    z_um = view.z_um if before is None else before.z_um
    if before is None:
        z_um, _, _ = yield from sweep(task, view, z_um, task.range_um, COARSE)
    z_um, z_sd_um, _ = yield from sweep(task, view, z_um, 1.2 * step_um, FINE)
    frame = yield from taken(replace(view, z_um=z_um), task.plane)
    return Visit(frame.planes[0], frame.view, z_um, z_sd_um, frame.time_s)


def sweep(
    task: Task, view: View, middle_um: float, reach_um: float, planes: int
) -> Generator[Shot, Reply, tuple[float, float, float]]:
    """The focus within `reach_um` of a place, its standard error, and its sharpness."""
    low_um, high_um = task.z_limits_um
    places = np.linspace(
        max(middle_um - reach_um, low_um), min(middle_um + reach_um, high_um), planes
    )
    z_um, energies = [], []
    for place in places:
        frame = yield from taken(replace(view, z_um=float(place)), task.plane)
        z_um.append(float(place) if frame.view.z_um is None else frame.view.z_um)
        energies.append(sharpness(frame.planes[0], frame.view.pixel_um))
    focus = sharpest(z_um, energies)
    if focus is None:
        raise Unmeasured(
            f"no focus through {view.objective} between {places[0]:.1f} and {places[-1]:.1f} um: "
            "bring cells into focus first, or widen --range-um"
        )
    return focus.z_um, focus.sd_um, max(energies)


def taken(view: View, plane: Plane) -> Generator[Shot, Reply, Frame]:
    """One frame. Raises `Unmeasured` if it is missed or out of focus by a fault."""
    reply = yield Shot(view, (plane,), 0.0, Purpose.SURVEY)
    if not isinstance(reply, Frame):
        why = getattr(reply, "reason", "") or getattr(reply, "text", "") or "interrupted"
        raise Unmeasured(f"no image through {view.objective}: {why}")
    if reply.remark:
        raise Unmeasured(f"through {view.objective}: {reply.remark}")
    return reply


def compared(bases: list[Visit], others: list[Visit], task: Task) -> Measured:
    """What the visits together tell."""
    found, likeness, pixel_um = [], [], 0.0
    for number, other in enumerate(others):
        pairs = [displaced(bases[number + late], other) for late in (0, 1)]
        found.append(np.mean([place for place, _, _ in pairs], axis=0))
        likeness += [like for _, like, _ in pairs]
        pixel_um = pairs[0][2]
    if min(likeness) < LEAST_LIKENESS:
        raise Unmeasured(
            f"the images through {task.base.objective} and {task.other.objective} do not show the "
            f"same cells (likeness {min(likeness):.2f}): the offset may be larger than the field"
        )
    x_um, y_um, z_um = np.mean(found, axis=0)
    spread = np.std(found, axis=0, ddof=1) if len(found) > 1 else np.zeros(3)
    floor_um = FINEST_PX * pixel_um
    x_sd_um, y_sd_um = (hypot(each, floor_um) / sqrt(len(found)) for each in spread[:2])
    within = float(np.mean([visit.z_sd_um for visit in (*bases, *others)]))
    is_swept = task.range_um > 0
    return Measured(
        float(x_um),
        float(y_um),
        float(z_um) if is_swept else None,
        x_sd_um,
        y_sd_um,
        hypot(float(spread[2]), sqrt(2) * within) / sqrt(len(found)),
        float(min(likeness)),
        len(found),
    )


def displaced(base: Visit, other: Visit) -> tuple[tuple[float, float, float], float, float]:
    """The other's offset (x, y, z) by these two visits, the images' likeness, and their pixel.

    The same cells are seen at stage + offset + place in the image through both.
    """
    shift = shift_between(base.image, base.view.pixel_um, other.image, other.view.pixel_um)
    x_um = base.view.stage_x_um + shift.x_um - other.view.stage_x_um
    y_um = base.view.stage_y_um + shift.y_um - other.view.stage_y_um
    return (x_um, y_um, base.z_um - other.z_um), shift.likeness, shift.pixel_um
