"""Put a microscope back as it was, the sample in the dark first.

Each step is tried even if another failed or hung, in an order that is safe: shutters closed, camera
stopped, region and exposure, light path, objective, stage, focus. Focus is not driven back under
an objective that could not be put back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pymmcore_plus import DeviceType, Keyword

from livewatch.microscope.bench import camera_of, is_value, turret_of
from livewatch.microscope.configuration import lamp_of
from livewatch.microscope.fault import Fault, asking
from livewatch.microscope.hand import Hand, Hung

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.bench import Setting
    from livewatch.settings import Experiment, Limits

HASTE_S = 1.0
"""Once one step has hung, the others get no longer than this."""


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
    focus_lock: bool | None


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
        focus_lock=core.isContinuousFocusEnabled() if core.getAutoFocusDevice() else None,
    )


def restore(core: CMMCorePlus, before: Before, experiment: Experiment) -> list[str]:
    """Bring a core back to how it was; what failed of it, in words."""
    attempt = Attempt(experiment.microscope.timeout_s * 2)
    shutters = core.getLoadedDevicesOfType(DeviceType.ShutterDevice)
    for shutter in shutters:
        attempt(f"closing shutter {shutter}", partial(_close, core, str(shutter)))
    attempt("stopping the camera", partial(_stop, core))
    attempt("emptying the image buffer", core.clearCircularBuffer)
    attempt("clearing the region", partial(_clear_region, core, before))
    attempt("putting the binning back", partial(_bin_back, core, before))
    attempt("putting the region back", partial(_set_region, core, before))
    attempt("putting the exposure back", partial(core.setExposure, before.exposure_ms))
    for device, prop, value in before.settings:
        attempt(f"putting {device} {prop} back", partial(_set, core, device, prop, value))
    attempt("putting the autoshutter back", partial(core.setAutoShutter, before.autoshutter))
    if attempt("putting the objective back", partial(_turn_back, core, before, experiment)):
        attempt("moving the stage back", partial(_move_back, core, before, experiment.limits))
        if not before.focus_lock:  # else the lock holds the focus
            attempt("putting the focus back", partial(_focus_back, core, before))
        attempt("putting the focus lock back", partial(_lock_back, core, before))
    else:
        attempt.failures.append("stage and focus were left where they are")
    attempt.over()
    return attempt.failures


class Attempt:
    """Tries one step after the other, whatever became of those before, and gives up what hangs."""

    def __init__(self, patience_s: float) -> None:
        self.failures: list[str] = []
        self._patience_s = patience_s
        self._hand = Hand("livewatch leaving")

    def __call__(self, what: str, step: Callable[[], object]) -> bool:
        """Try a step; whether it worked."""
        try:
            with asking(what):
                self._hand.do(step, self._patience_s)
        except Fault as fault:
            said = str(fault)
            self.failures.append(said if said.startswith(what) else f"{what}: {said}")
            if isinstance(fault, Hung):
                self._hand, self._patience_s = Hand("livewatch leaving"), HASTE_S
            return False
        return True

    def over(self) -> None:
        """Let the thread go that did the work."""
        self._hand.rest()


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
    _retract(core, before, experiment.limits)
    core.setStateLabel(before.turret, before.objective)
    core.waitForDevice(before.turret)
    if core.getStateLabel(before.turret) != before.objective:
        raise Fault(f"the turret is at {core.getStateLabel(before.turret)!r}")


def _retract(core: CMMCorePlus, before: Before, limits: Limits) -> None:
    if limits.retract_z_um is not None and before.z_um is not None:
        core.setPosition(core.getFocusDevice(), limits.retract_z_um)
        core.waitForDevice(core.getFocusDevice())


def _move_back(core: CMMCorePlus, before: Before, limits: Limits) -> None:
    if before.stage_um is None or tuple(core.getXYPosition()) == before.stage_um:
        return
    if (
        limits.far_um is not None
        and math.dist(core.getXYPosition(), before.stage_um) > limits.far_um
    ):
        _retract(core, before, limits)
    core.setXYPosition(core.getXYStageDevice(), *before.stage_um)
    core.waitForDevice(core.getXYStageDevice())


def _focus_back(core: CMMCorePlus, before: Before) -> None:
    if before.z_um is not None and core.getPosition() != before.z_um:
        core.setPosition(core.getFocusDevice(), before.z_um)
        core.waitForDevice(core.getFocusDevice())


def _lock_back(core: CMMCorePlus, before: Before) -> None:
    if before.focus_lock is not None and core.isContinuousFocusEnabled() != before.focus_lock:
        core.enableContinuousFocus(before.focus_lock)
