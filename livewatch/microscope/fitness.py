"""What an experiment asks and a microscope cannot do, said before anything moves.

Each check raises `BadInput` in one line that says what there is instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.errors import BadInput
from livewatch.microscope.bench import loaded, objective_in_place
from livewatch.microscope.configuration import lamp_of, listed, motorless, moved, uncalibrated
from livewatch.microscope.contradictions import contradictions
from livewatch.microscope.gate import out_of_place
from livewatch.policy.sites import sites
from livewatch.settings import Imaging

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.bench import Bench
    from livewatch.model import Instrument
    from livewatch.settings import Channel, Experiment


def refuse_unfit(core: CMMCorePlus, bench: Bench, experiment: Experiment) -> None:
    """Raise `BadInput` for the first thing that this microscope cannot do for this experiment."""
    for reason in contradictions(experiment):
        raise BadInput(reason)
    check_cameras(core, experiment)
    for name, channel in experiment.channels.items():
        check_lamp(core, name, channel)
    objective = experiment.microscope.objective or objective_in_place(core, bench)
    check_objective(objective, bench, experiment.limits.objectives)
    for name in experiment.objectives:
        if name not in bench.pixel_um:
            raise BadInput(uncalibrated("[objectives]", name, bench.pixel_um))
    for section, binning in (
        ("microscope", experiment.microscope.binning),
        ("zoom", experiment.zoom.binning),
    ):
        if binning is not None and binning not in bench.binnings:
            raise BadInput(
                f"[{section}] binning = {binning}: {bench.camera} has {listed(bench.binnings)}"
            )
    check_zoom(objective, bench, experiment)
    for reason in motorless(experiment, stage=bool(bench.stage), focus=bool(bench.focus)):
        raise BadInput(reason)
    check_focus(core, experiment)
    check_presets(bench, experiment)


def check_cameras(core: CMMCorePlus, experiment: Experiment) -> None:
    """Refuse two cameras where there is one."""
    cameras = core.getNumberOfCameraChannels()
    if experiment.microscope.imaging is Imaging.TWO_CAMERAS and cameras != 2:
        raise BadInput(
            f"[microscope] imaging = 'two-cameras': {core.getCameraDevice()} gives {cameras} "
            "image; make a 'Multi Camera' of two the camera"
        )


def check_objective(objective: str, bench: Bench, allowed: tuple[str, ...]) -> None:
    """Refuse an objective that is not there, has no pixel size, or is not allowed."""
    if objective not in bench.pixel_um:
        raise BadInput(uncalibrated("[microscope] objective", objective, bench.pixel_um))
    if allowed and objective not in allowed:
        raise BadInput(
            f"objective {objective!r} is not among [limits] objectives = {list(allowed)}"
        )


def check_zoom(survey: str, bench: Bench, experiment: Experiment) -> None:
    """Refuse a closer look through an objective that cannot be turned in, or tells nothing new."""
    objective = experiment.zoom.objective
    if not objective:
        return
    if not bench.turret:
        raise BadInput(f"[zoom] objective = {objective!r}: this microscope has no motorized turret")
    if objective not in bench.pixel_um:
        raise BadInput(uncalibrated("[zoom] objective", objective, bench.pixel_um))
    if objective == survey:
        raise BadInput(f"[zoom] objective = {objective!r} is the one in place: choose another")


def check_focus(core: CMMCorePlus, experiment: Experiment) -> None:
    """Refuse to hold a focus lock, or to use an autofocus, that is not there."""
    for where, wanted in (
        ("[microscope] hold_focus", experiment.microscope.hold_focus),
        ("[zoom] autofocus", experiment.zoom.autofocus),
    ):
        if wanted and not core.getAutoFocusDevice():
            raise BadInput(
                f"{where}: no autofocus device is assigned; {listed(loaded(core))} are loaded"
            )


def check_start(experiment: Experiment, instrument: Instrument) -> None:
    """Refuse a survey where a limit forbids to be: it may be where the microscope stands now."""
    for site in sites(experiment, instrument, experiment.survey.interval_s):
        for why in out_of_place(site.view, experiment, instrument):
            where = site.name if experiment.positions else "where the microscope stands"
            raise BadInput(f"{where}: {why}; bring it there, or change [limits] or [[positions]]")


def check_presets(bench: Bench, experiment: Experiment) -> None:
    """Refuse a channel that moves what is limited: that would go past the gate."""
    limited = {bench.stage, bench.focus, bench.turret} - {""}
    for name, channel in experiment.channels.items():
        devices = [device for device, _, _ in bench.presets[name]]
        for reason in moved(name, channel, devices, limited):
            raise BadInput(reason)


def check_lamp(core: CMMCorePlus, name: str, channel: Channel) -> None:
    """Refuse a light power that cannot be set."""
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
