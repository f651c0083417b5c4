"""What an experiment asks against itself, whatever the microscope. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.settings import Imaging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livewatch.settings import Experiment

SHARED = ("group", "preset", "exposure_ms", "power", "power_property", "full_power")
"""What two channels have in common that are taken in one exposure."""


def contradictions(experiment: Experiment) -> Iterator[str]:
    """Every reason, each in one line, why the experiment cannot be what the user means."""
    yield from _of_light(experiment)
    yield from _of_places(experiment)
    yield from _of_objectives(experiment)
    yield from _of_zoom(experiment)
    if experiment.microscope.imaging is not Imaging.SEQUENTIAL:
        yield from _of_one_exposure(experiment)


def _of_light(experiment: Experiment) -> Iterator[str]:
    limits = experiment.limits
    for name, channel in experiment.channels.items():
        for key, cap in (("exposure_ms", limits.max_exposure_ms), ("power", limits.max_power)):
            if getattr(channel, key) > cap:
                yield (
                    f"[channels.{name}] {key} = {getattr(channel, key):g} is above "
                    f"limits.max_{key} = {cap:g}"
                )


def _of_places(experiment: Experiment) -> Iterator[str]:
    for position in experiment.positions:
        for key in ("x_um", "y_um", "z_um"):
            place, bounds = getattr(position, key), getattr(experiment.limits, key)
            if bounds and place is not None and not bounds[0] <= place <= bounds[1]:
                yield (
                    f"position {position.name!r}: {key} = {place} is not within [limits] {key} = "
                    f"{list(bounds)}"
                )
        if position.z_um is not None and experiment.microscope.hold_focus:
            yield (
                f"position {position.name!r} has z_um, but [microscope] hold_focus keeps the focus "
                "where it is locked: leave one of them out"
            )


def _of_objectives(experiment: Experiment) -> Iterator[str]:
    """Objectives that are not allowed."""
    allowed = experiment.limits.objectives
    for where, objective in (
        ("microscope", experiment.microscope.objective),
        ("zoom", experiment.zoom.objective),
    ):
        if objective and allowed and objective not in allowed:
            yield (
                f"[{where}] objective = {objective!r} is not among [limits] objectives = "
                f"{list(allowed)}"
            )


def _of_zoom(experiment: Experiment) -> Iterator[str]:
    """A closer look that is none."""
    zoom, limits, bounds = experiment.zoom, experiment.limits, experiment.limits.z_um
    if zoom.objective:
        if zoom.objective == experiment.microscope.objective:
            yield (
                f"[zoom] objective = {zoom.objective!r} is the survey's own: leave it out, or "
                "choose another"
            )
    elif zoom.autofocus:
        yield "[zoom] autofocus: it focuses after the objective was changed, but none is set"
    if zoom.autofocus and experiment.microscope.hold_focus:
        yield "[zoom] autofocus: [microscope] hold_focus keeps the focus already"
    retract_um = limits.retract_z_um
    if retract_um is not None and bounds and not bounds[0] <= retract_um <= bounds[1]:
        yield f"[limits] retract_z_um = {retract_um:g} is not within z_um = {list(bounds)}"


def _of_one_exposure(experiment: Experiment) -> Iterator[str]:
    """What one exposure cannot show together."""
    imaging = experiment.microscope.imaging.value
    for other in sorted(set(experiment.channels) - {"nk", "tumor"}):
        yield f"[channels.{other}]: imaging = {imaging!r} shows nk and tumor, nothing else"
    nk, tumor = experiment.channels["nk"], experiment.channels["tumor"]
    for key in SHARED:
        if getattr(nk, key) != getattr(tumor, key):
            yield (
                f"[channels] nk and tumor are taken in one exposure ({imaging}), but their "
                f"{key} differ: {getattr(nk, key)!r} and {getattr(tumor, key)!r}"
            )
