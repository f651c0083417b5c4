"""Put a microscope back as it was, the sample in the dark first.

Each step is tried even if another failed or hung, in an order that is safe: shutters closed, camera
stopped, region and exposure, light path, objective, stage, focus. Focus is not driven back under
an objective that could not be put back. What was found beyond a limit is not put back there: it is
left where it is, and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pymmcore_plus import DeviceType, Keyword

from livewatch.microscope.bench import camera_of, is_value, turret_of
from livewatch.microscope.configuration import lamp_of
from livewatch.microscope.fault import Fault, Refused, asking
from livewatch.microscope.hand import Hand, Hung

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.bench import Setting
    from livewatch.microscope.motors import Motors
    from livewatch.settings import Experiment

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
    moving = {turret, str(core.getXYStageDevice()), str(core.getFocusDevice())}
    x_y = core.getXYPosition() if core.getXYStageDevice() else None
    return Before(
        autoshutter=core.getAutoShutter(),
        settings=tuple(
            (str(device), str(prop), str(value))
            for group in sorted(groups)
            if core.isGroupDefined(group)
            for device, prop, value in core.getConfigGroupState(group)
            if device not in moving
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


def restore(
    core: CMMCorePlus, before: Before, motors: Motors | None, experiment: Experiment
) -> Attempt:
    """Bring a core back to how it was; what failed of it, and what was left, in words.

    Without `motors` nothing was moved.
    """
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
    if motors is not None:
        _put_back(before, motors, attempt)
    attempt.over()
    return attempt


def _put_back(before: Before, motors: Motors, attempt: Attempt) -> None:
    """Objective, stage and focus, as they were."""
    if not attempt("putting the objective back", partial(_turn_back, before, motors)):
        attempt.left.append("stage and focus were left where they are")
        return
    attempt("moving the stage back", partial(_move_back, before, motors))
    if not before.focus_lock:
        attempt("switching the focus lock off", motors.focus.unlock)
    attempt("putting the focus back", partial(_focus_back, before, motors))
    if before.focus_lock:
        attempt("putting the focus lock back", partial(_lock_back, motors))


class Attempt:
    """Tries one step after the other, whatever became of those before, and gives up what hangs.

    `failures` says what went wrong, `left` what was not put back because a limit forbids it.
    """

    def __init__(self, patience_s: float) -> None:
        self.failures: list[str] = []
        self.left: list[str] = []
        self._patience_s = patience_s
        self._hand = Hand("livewatch leaving")

    def __call__(self, what: str, step: Callable[[], object]) -> bool:
        """Try a step; whether it worked."""
        try:
            with asking(what):
                self._hand.do(step, self._patience_s)
        except Refused as refused:
            self.left.append(f"{what}: {refused}")
            return False
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


def _turn_back(before: Before, motors: Motors) -> None:
    """The objective, with the focus out of its way where that is set."""
    if motors.objective() != before.objective:
        motors.turn(before.objective)


def _move_back(before: Before, motors: Motors) -> None:
    if before.stage_um is not None:
        motors.move(*before.stage_um)


def _focus_back(before: Before, motors: Motors) -> None:
    """The focus, unless a lock holds it."""
    if before.z_um is not None and not motors.focus.is_locked_on():
        motors.focus.go(before.z_um)


def _lock_back(motors: Motors) -> None:
    if not motors.focus.is_locked_on() and (why := motors.focus.lock()):
        raise Refused(why)  # as it was before, or switched off: no failure of leaving
