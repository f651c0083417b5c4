"""Put a microscope back as it was, the sample in the dark first.

Each step is tried even if another failed, in an order that is safe: camera stopped, shutters
closed, region and exposure, light path, objective, stage, focus. Focus is not driven back under
an objective that could not be put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from pymmcore_plus import DeviceType, Keyword

from livewatch.microscope.bench import camera_of, is_value, turret_of
from livewatch.microscope.configuration import lamp_of
from livewatch.microscope.fault import Fault, asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.bench import Setting
    from livewatch.settings import Experiment

Step: TypeAlias = "tuple[str, Callable[[], object]]"
"""What is tried, in words, and the trying of it."""


@dataclass(frozen=True, slots=True)
class Before:
    """How the microscope was: None where it has no such device."""

    autoshutter: bool
    settings: tuple[Setting, ...]
    exposure_ms: float
    binning: str | None
    roi: tuple[int, ...]
    turret: str
    objective: str
    stage_um: tuple[float, float] | None
    z_um: float | None


def before_of(core: CMMCorePlus, experiment: Experiment) -> Before:
    """The state of a core now, as far as `experiment` may change it."""
    camera, turret = camera_of(core), turret_of(core)
    channels = experiment.channels.values()
    groups = {channel.group for channel in channels}
    lamps = {lamp_of(channel) for channel in channels if channel.power_property}
    binned = core.hasProperty(camera, Keyword.Binning)
    x_y = core.getXYPosition() if core.getXYStageDevice() else None
    return Before(
        autoshutter=core.getAutoShutter(),
        settings=tuple(
            (str(device), str(prop), str(value))
            for group in sorted(groups)
            if core.isGroupDefined(group)
            for device, prop, value in core.getConfigGroupState(group)
        )
        + tuple(
            (device, prop, str(core.getProperty(device, prop)))
            for device, prop in sorted(lamps)
            if device in core.getLoadedDevices() and core.hasProperty(device, prop)
        ),
        exposure_ms=core.getExposure(),
        binning=str(core.getProperty(camera, Keyword.Binning)) if binned else None,
        roi=tuple(core.getROI(camera)),
        turret=turret,
        objective=str(core.getStateLabel(turret)) if turret else "",
        stage_um=None if x_y is None else (x_y[0], x_y[1]),
        z_um=core.getPosition() if core.getFocusDevice() else None,
    )


def restore(core: CMMCorePlus, before: Before, experiment: Experiment) -> list[str]:
    """Bring a core back to how it was; what failed of it, in words."""
    failures = _tried(
        ("stopping the camera", lambda: _stop(core)),
        *[
            (f"closing shutter {shutter}", partial(_close, core, str(shutter)))
            for shutter in core.getLoadedDevicesOfType(DeviceType.ShutterDevice)
        ],
        ("emptying the image buffer", core.clearCircularBuffer),
        ("clearing the region", lambda: _clear_region(core, before)),
        ("putting the binning back", lambda: _bin_back(core, before)),
        ("putting the region back", lambda: _set_region(core, before)),
        ("putting the exposure back", lambda: core.setExposure(before.exposure_ms)),
        *[
            (f"putting {device} {prop} back to {value}", partial(_set, core, device, prop, value))
            for device, prop, value in before.settings
        ],
        ("putting the autoshutter back", lambda: core.setAutoShutter(before.autoshutter)),
    )
    turning = _tried(("putting the objective back", lambda: _turn_back(core, before, experiment)))
    if turning:
        return [*failures, f"{turning[0]}; stage and focus were left where they are"]
    return failures + _tried(
        ("moving the stage back", lambda: _move_back(core, before)),
        ("putting the focus back", lambda: _focus_back(core, before)),
    )


def _tried(*steps: Step) -> list[str]:
    """Try every step, whatever happens to the others; what failed."""
    failures = []
    for what, step in steps:
        try:
            with asking(what):
                step()
        except Fault as fault:
            failures.append(str(fault))
    return failures


def _stop(core: CMMCorePlus) -> None:
    if core.isSequenceRunning():
        core.stopSequenceAcquisition(core.getCameraDevice())


def _close(core: CMMCorePlus, shutter: str) -> None:
    core.setShutterOpen(shutter, False)
    core.waitForDevice(shutter)
    if core.getShutterOpen(shutter):
        raise Fault(f"shutter {shutter} is still open")


def _clear_region(core: CMMCorePlus, before: Before) -> None:
    if tuple(core.getROI(core.getCameraDevice())) != before.roi:
        core.clearROI()


def _bin_back(core: CMMCorePlus, before: Before) -> None:
    camera, binning = core.getCameraDevice(), before.binning
    if binning is not None and str(core.getProperty(camera, Keyword.Binning)) != binning:
        core.setProperty(camera, Keyword.Binning, binning)


def _set_region(core: CMMCorePlus, before: Before) -> None:
    camera = core.getCameraDevice()
    if tuple(core.getROI(camera)) != before.roi:
        core.setROI(camera, *before.roi)


def _set(core: CMMCorePlus, device: str, prop: str, value: str) -> None:
    """Set what a channel's preset had changed."""
    if not core.isPropertyReadOnly(device, prop) and not is_value(core, device, prop, value):
        core.setProperty(device, prop, value)


def _turn_back(core: CMMCorePlus, before: Before, experiment: Experiment) -> None:
    """The objective, with the focus out of its way where that is set."""
    if not before.turret or core.getStateLabel(before.turret) == before.objective:
        return
    if experiment.limits.turret_z_um is not None and before.z_um is not None:
        core.setPosition(experiment.limits.turret_z_um)
        core.waitForDevice(core.getFocusDevice())
    core.setStateLabel(before.turret, before.objective)
    core.waitForDevice(before.turret)
    if core.getStateLabel(before.turret) != before.objective:
        raise Fault(f"the turret is at {core.getStateLabel(before.turret)!r}")


def _move_back(core: CMMCorePlus, before: Before) -> None:
    if before.stage_um is not None and tuple(core.getXYPosition()) != before.stage_um:
        core.setXYPosition(core.getXYStageDevice(), *before.stage_um)
        core.waitForDevice(core.getXYStageDevice())


def _focus_back(core: CMMCorePlus, before: Before) -> None:
    if before.z_um is not None and core.getPosition() != before.z_um:
        core.setPosition(core.getFocusDevice(), before.z_um)
        core.waitForDevice(core.getFocusDevice())
