"""What an experiment asks and a microscope cannot do, said before anything moves.

Each check raises `BadInput` in one line that says what there is instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.errors import BadInput
from livewatch.microscope.bench import loaded, objective_in_place
from livewatch.microscope.configuration import lamp_of, listed, uncalibrated
from livewatch.settings import Imaging

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.bench import Bench
    from livewatch.settings import Channel, Experiment, Limits


def refuse_unfit(core: CMMCorePlus, bench: Bench, experiment: Experiment) -> None:
    """Raise `BadInput` for the first thing that this microscope cannot do for this experiment."""
    check_imaging(core, experiment)
    for name, channel in experiment.channels.items():
        check_light(core, name, channel, experiment.limits)
    objective = experiment.microscope.objective or objective_in_place(core, bench)
    check_objective(objective, bench, experiment.limits.objectives)
    for name in experiment.objectives:
        if name not in bench.pixel_um:
            raise BadInput(uncalibrated("[objectives]", name, bench.pixel_um))
    binning = experiment.microscope.binning
    if binning not in bench.binnings:
        raise BadInput(
            f"[microscope] binning = {binning}: {bench.camera} has {listed(bench.binnings)}"
        )
    check_positions(experiment, bench)
    check_focus(core, experiment)


def check_imaging(core: CMMCorePlus, experiment: Experiment) -> None:
    """Refuse channels that one exposure cannot show together."""
    imaging = experiment.microscope.imaging
    if imaging is Imaging.SEQUENTIAL:
        return
    cameras = core.getNumberOfCameraChannels()
    if imaging is Imaging.TWO_CAMERAS and cameras != 2:
        raise BadInput(
            f"[microscope] imaging = 'two-cameras': {core.getCameraDevice()} gives {cameras} "
            "image; make a 'Multi Camera' of two the camera"
        )
    others = sorted(set(experiment.channels) - {"nk", "tumor"})
    if others:
        raise BadInput(
            f"[channels.{others[0]}]: imaging = {imaging.value!r} shows nk and tumor, nothing else"
        )
    nk, tumor = experiment.channels["nk"], experiment.channels["tumor"]
    for key in ("group", "preset", "exposure_ms", "power"):
        if getattr(nk, key) != getattr(tumor, key):
            raise BadInput(
                f"[channels] nk and tumor are taken in one exposure ({imaging.value}), but their "
                f"{key} differ: {getattr(nk, key)!r} and {getattr(tumor, key)!r}"
            )


def check_objective(objective: str, bench: Bench, allowed: tuple[str, ...]) -> None:
    """Refuse an objective that is not there, has no pixel size, or is not allowed."""
    if objective not in bench.pixel_um:
        raise BadInput(uncalibrated("[microscope] objective", objective, bench.pixel_um))
    if allowed and objective not in allowed:
        raise BadInput(
            f"objective {objective!r} is not among [limits] objectives = {list(allowed)}"
        )


def check_focus(core: CMMCorePlus, experiment: Experiment) -> None:
    """Refuse a focus lock that is not there, or positions with a focus of their own beside it."""
    if not experiment.microscope.hold_focus:
        return
    if not core.getAutoFocusDevice():
        raise BadInput(
            f"[microscope] hold_focus: no autofocus device is assigned; {listed(loaded(core))} "
            "are loaded"
        )
    for position in experiment.positions:
        if position.z_um is not None:
            raise BadInput(
                f"position {position.name!r} has z_um, but [microscope] hold_focus keeps the focus "
                "where it is locked: leave one of them out"
            )


def check_positions(experiment: Experiment, bench: Bench) -> None:
    """Refuse positions that cannot be reached, or are out of limits."""
    if not bench.stage and len(experiment.positions) > 1:
        raise BadInput(
            f"{len(experiment.positions)} positions, but this microscope has no motorized stage"
        )
    limits = experiment.limits
    for position in experiment.positions:
        if position.z_um is not None and not bench.focus:
            raise BadInput(f"position {position.name!r} has z_um, but there is no motorized focus")
        for name, place, bounds in (
            ("x_um", position.x_um, limits.x_um),
            ("y_um", position.y_um, limits.y_um),
            ("z_um", position.z_um, limits.z_um),
        ):
            if bounds and place is not None and not bounds[0] <= place <= bounds[1]:
                raise BadInput(
                    f"position {position.name!r}: {name} = {place} is not within [limits] {name} = "
                    f"{list(bounds)}"
                )


def check_light(core: CMMCorePlus, name: str, channel: Channel, limits: Limits) -> None:
    """Refuse exposures above the limits, and a light power that cannot be set."""
    for key, cap in (("exposure_ms", limits.max_exposure_ms), ("power", limits.max_power)):
        if getattr(channel, key) > cap:
            raise BadInput(
                f"[channels.{name}] {key} = {getattr(channel, key):g} is above "
                f"limits.max_{key} = {cap:g}"
            )
    device, prop = lamp_of(channel)
    where = f"[channels.{name}] power_property = {channel.power_property!r}"
    if not device:
        return
    if device not in loaded(core):
        raise BadInput(f"{where}: {device!r} is not loaded; {listed(loaded(core))} are")
    if not prop or not core.hasProperty(device, prop):
        raise BadInput(f"{where}: {device} has {listed(core.getDevicePropertyNames(device))}")
    value = channel.full_power * channel.power
    if core.hasPropertyLimits(device, prop) and not (
        core.getPropertyLowerLimit(device, prop)
        <= value
        <= core.getPropertyUpperLimit(device, prop)
    ):
        raise BadInput(
            f"{where}: full_power x power = {value:g} is not within "
            f"{core.getPropertyLowerLimit(device, prop):g} to "
            f"{core.getPropertyUpperLimit(device, prop):g}"
        )
