"""The lowest gate: what livewatch will not do to the sample, whoever asks.

Every shot passes here right before the devices move, and every single move again in `motors.py`.
The gate fails closed: what it cannot compare (not a number, an unknown channel or objective) it
refuses. Pure.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, TypeAlias

from livewatch.settings import Objective

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from livewatch.model import Instrument, Plane, Shot, View
    from livewatch.settings import Experiment, Limits

Bounds: TypeAlias = tuple[float, float] | None
"""How far an axis may go, in um; None: anywhere."""


def refusal(
    shot: Shot, experiment: Experiment, instrument: Instrument, now_s: float = 0.0
) -> str | None:
    """Why this shot is not taken at `now_s`, or None if nothing speaks against it."""
    return next(_objections(shot, experiment, instrument, now_s), None)


def over_s(limits: Limits) -> float:
    """Session time from which on nothing is exposed."""
    return inf if limits.duration_s is None else limits.duration_s


def beyond(axis: str, place_um: float, bounds: Bounds, slack_um: float = 0.0) -> str | None:
    """Why an axis may not be at a place, by more than `slack_um`; or None."""
    if not isfinite(place_um):
        return f"{axis} {place_um} um is no place"
    if bounds is None or bounds[0] - slack_um <= place_um <= bounds[1] + slack_um:
        return None
    return f"{axis} {place_um:g} um is outside the limits {bounds[0]:g} to {bounds[1]:g} um"


def barred(objective: str, limits: Limits, known: Collection[str]) -> str | None:
    """Why an objective may not be turned in, of those whose pixel size is `known`; or None."""
    if objective not in known:
        return f"objective {objective!r} has no pixel size"
    if limits.objectives and objective not in limits.objectives:
        return f"objective {objective!r} is not among those allowed"
    return None


def _objections(
    shot: Shot, experiment: Experiment, instrument: Instrument, now_s: float
) -> Iterator[str]:
    if not now_s < over_s(experiment.limits):
        yield f"the planned {over_s(experiment.limits):g} s are over"
    yield from out_of_place(shot.view, experiment, instrument)
    yield from _of_objective(shot.view, experiment.limits, instrument)
    yield from _of_readout(shot.view, instrument)
    if not shot.planes:
        yield "the shot has no planes"
    for plane in shot.planes:
        yield from _of_light(plane, experiment)
    if shot.count < 1:
        yield f"a burst of {shot.count} frames"


def out_of_place(view: View, experiment: Experiment, instrument: Instrument) -> Iterator[str]:
    """Stage box and focus range, and axes that are not there.

    The limits are those of the stage; where it stands depends on the objective's offset.
    """
    home, limits = instrument.home, experiment.limits
    offset = experiment.objectives.get(view.objective, Objective())
    moves, focuses = instrument.moves_xy, instrument.moves_z
    off_x_um, off_y_um = offset.offset_x_um + view.trim_x_um, offset.offset_y_um + view.trim_y_um
    off_z_um = offset.offset_z_um + view.trim_z_um
    for axis, place, off_um, bounds, has_motor, here in (
        ("stage x", view.stage_x_um, off_x_um, limits.x_um, moves, home.stage_x_um),
        ("stage y", view.stage_y_um, off_y_um, limits.y_um, moves, home.stage_y_um),
        ("focus", view.z_um, off_z_um, limits.z_um, focuses, home.z_um),
    ):
        if place is None:
            continue
        if isfinite(place) and not has_motor and place != here:
            yield f"{axis} {place:g} um: this microscope has no motor for it"
        elif why := beyond(axis, place - off_um, bounds):
            yield why


def _of_objective(view: View, limits: Limits, instrument: Instrument) -> Iterator[str]:
    """Only calibrated objectives, and of those the allowed ones."""
    if why := barred(view.objective, limits, instrument.pixel_um):
        yield why
    elif not instrument.moves_objective and view.objective != instrument.home.objective:
        yield f"objective {view.objective!r}: this microscope has no motorized turret"
    else:
        unbinned_um = view.pixel_um / view.binning if view.binning >= 1 else float("nan")
        if not abs(unbinned_um / instrument.pixel_um[view.objective] - 1) < 0.01:
            yield (
                f"objective {view.objective!r} has {instrument.pixel_um[view.objective]:g} um per "
                f"pixel, the shot was planned with {unbinned_um:g}"
            )


def _of_readout(view: View, instrument: Instrument) -> Iterator[str]:
    """The region lies on the sensor, which is the one this microscope has."""
    if view.sensor_px != instrument.home.sensor_px:
        yield f"a sensor of {view.sensor_px} pixels, not {instrument.home.sensor_px}"
    if view.region is None:
        return
    window, (width, height) = view.region, view.sensor_px
    if not instrument.has_region:
        yield "this camera reads out no regions"
    elif not (
        0 <= window.x_px < window.x_px + window.width_px <= width
        and 0 <= window.y_px < window.y_px + window.height_px <= height
    ):
        yield f"region {window} is not on the sensor of {width} x {height} pixels"


def _of_light(plane: Plane, experiment: Experiment) -> Iterator[str]:
    """Known channels, and caps on exposure and power."""
    limits, channels = experiment.limits, experiment.channels
    if plane.channel not in channels:
        yield f"channel {plane.channel!r} is not in the experiment"
    elif (
        not channels[plane.channel].power_property and plane.power != channels[plane.channel].power
    ):
        yield (
            f"light power {plane.power:g} for {plane.channel}: it cannot be set, it is "
            f"{channels[plane.channel].power:g}"
        )
    if not 0 < plane.exposure_ms <= limits.max_exposure_ms:
        yield f"an exposure of {plane.exposure_ms:g} ms, at most {limits.max_exposure_ms:g} allowed"
    if not 0 < plane.power <= limits.max_power:
        yield f"light power {plane.power:g}, at most {limits.max_power:g} allowed"
