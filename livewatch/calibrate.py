"""Measure the offsets between two objectives on a microscope, and write them down.

Everything goes through the microscope's own gate and is left as it was: limits hold, the focus
retracts before the turret turns, the sample ends in the dark.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from livewatch.calibration.measuring import COARSE, FINE, Measured, Task, Unmeasured, measuring
from livewatch.errors import BadInput
from livewatch.experiment.amending import amend_objective
from livewatch.inbox import Inbox
from livewatch.microscope.microscope import Microscope
from livewatch.model import Plane
from livewatch.settings import Objective, Zoom

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from livewatch.clock import Clock
    from livewatch.microscope.load import Core
    from livewatch.model import Instrument, Reply, Shot, View
    from livewatch.settings import Experiment


def calibrate(
    core: Core,
    clock: Clock,
    experiment: Experiment,
    *,
    base: str = "",
    other: str = "",
    channel: str = "tumor",
    range_um: float = 20.0,
    visits: int = 3,
    announce: Callable[[str], None] = lambda line: None,
) -> tuple[str, Objective, Measured]:
    """The name of the `other` objective, its offsets, and how they were measured.

    `base` and `other` are the survey's objective and the closer look's unless they are named.
    Raises `BadInput` for what is refused beforehand, `Unmeasured` for images that do not tell.
    The core is left, and let go of.
    """
    bare = without_offsets(experiment, base)
    with Microscope(core, bare, clock) as microscope:
        instrument = microscope.inspect()
        base = bare.microscope.objective or instrument.home.objective
        other = other or experiment.zoom.objective
        refuse(base, other, channel, experiment, instrument)
        task = task_of(base, other, channel, experiment, instrument, range_um, visits)
        announce(spoken(task))
        clock.start()
        found: list[Measured] = []
        microscope.run(kept(measuring(task), found), Inbox())
        failures = microscope.leave()
    if failures:
        raise Unmeasured(f"on leaving the microscope: {'; '.join(failures)}")
    if not found:
        raise Unmeasured("the microscope stopped before all was measured")
    return other, offsets(found[0], base, other, experiment), found[0]


def kept(
    measurement: Generator[Shot, Reply, Measured], found: list[Measured]
) -> Generator[Shot, Reply, None]:
    """The measurement, with what it found put aside."""
    found.append((yield from measurement))


def without_offsets(experiment: Experiment, base: str) -> Experiment:
    """The experiment with every objective on its axis: what is measured must not be assumed."""
    microscope = experiment.microscope
    update = {"objective": base or microscope.objective, "binning": 1, "hold_focus": False}
    zoom = Zoom(region=False, settle_ms=experiment.zoom.settle_ms)
    return experiment.model_copy(
        update={
            "objectives": {},
            "positions": (),
            "zoom": zoom,
            "microscope": microscope.model_copy(update=update),
        }
    )


def refuse(
    base: str, other: str, channel: str, experiment: Experiment, instrument: Instrument
) -> None:
    """Raise `BadInput`, in one line, for what cannot be measured."""
    known = ", ".join(sorted(instrument.pixel_um))
    if not other:
        raise BadInput(
            f"which objective is to be measured? Name it: --to, or [zoom] objective ({known})"
        )
    for name in (base, other):
        if name not in instrument.pixel_um:
            raise BadInput(f"no pixel size is known for {name!r}; calibrated are {known}")
        allowed = experiment.limits.objectives
        if allowed and name not in allowed:
            raise BadInput(f"objective {name!r} is not among [limits] objectives = {list(allowed)}")
    if base == other:
        raise BadInput(f"{base!r} cannot be measured against itself; name another with --to")
    if not instrument.moves_objective:
        raise BadInput("this microscope has no motorized turret")
    if channel not in experiment.channels:
        raise BadInput(f"no channel {channel!r}; there is {', '.join(experiment.channels)}")


def task_of(
    base: str,
    other: str,
    channel: str,
    experiment: Experiment,
    instrument: Instrument,
    range_um: float,
    visits: int,
) -> Task:
    """What to measure, from where the microscope stands and what is known of the offsets."""
    home, colour = instrument.home, experiment.channels[channel]
    known, known_other = (experiment.objectives.get(n, Objective()) for n in (base, other))
    view = through(home, base, instrument)
    there = through(home, other, instrument)
    if instrument.moves_xy:
        there = replace(
            there,
            stage_x_um=view.stage_x_um + known.offset_x_um - known_other.offset_x_um,
            stage_y_um=view.stage_y_um + known.offset_y_um - known_other.offset_y_um,
        )
    swept = instrument.moves_z and not experiment.microscope.hold_focus
    if view.z_um is not None and there.z_um is not None:
        there = replace(there, z_um=view.z_um + known.offset_z_um - known_other.offset_z_um)
    return Task(
        view,
        there,
        Plane(channel, colour.exposure_ms, colour.power),
        range_um if swept else 0.0,
        experiment.limits.z_um or (-inf, inf),
        instrument.moves_xy,
        visits,
    )


def through(home: View, objective: str, instrument: Instrument) -> View:
    """The home view through an objective, unbinned."""
    return replace(
        home,
        position="calibration",
        objective=objective,
        pixel_um=instrument.pixel_um[objective],
        binning=1,
        region=None,
    )


def offsets(measured: Measured, base: str, other: str, experiment: Experiment) -> Objective:
    """The other objective's offsets, the base's own added."""
    from_base = experiment.objectives.get(base, Objective())
    before = experiment.objectives.get(other, Objective())
    z_um = before.offset_z_um if measured.z_um is None else from_base.offset_z_um + measured.z_um
    return Objective(
        offset_x_um=from_base.offset_x_um + measured.x_um,
        offset_y_um=from_base.offset_y_um + measured.y_um,
        offset_z_um=z_um,
    )


def spoken(task: Task) -> str:
    """What is about to be done to the sample."""
    exposures = 2 * COARSE + (2 * task.visits + 2) * (FINE + 1)
    exposures = exposures if task.range_um else 2 * task.visits + 2
    swept = f"focus swept by +- {task.range_um:g} um, " if task.range_um else "focus left alone, "
    return (
        f"measuring {task.other.objective} against {task.base.objective} at the present place: "
        f"{swept}{exposures} exposures of {task.plane.exposure_ms:g} ms in {task.plane.channel}"
    )


def write(path: Path, other: str, offset: Objective) -> None:
    """Write an objective's offsets into the experiment file, comments kept."""
    amend_objective(path, other, offset.model_dump())


def report(other: str, offset: Objective, measured: Measured) -> list[str]:
    """What was measured, a line each, with its standard error."""
    lines = [
        f"[objectives.{other}] from {measured.visits} visits, likeness {measured.likeness:.2f}:",
        f"  offset_x_um = {offset.offset_x_um:.2f} +- {measured.x_sd_um:.2f}",
        f"  offset_y_um = {offset.offset_y_um:.2f} +- {measured.y_sd_um:.2f}",
    ]
    if measured.z_um is None:
        return [*lines, "  offset_z_um was not measured: the focus is not livewatch's to move"]
    return [*lines, f"  offset_z_um = {offset.offset_z_um:.2f} +- {measured.z_sd_um:.2f}"]
