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
from livewatch.microscope.fault import Fault, asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    groups = {channel.group for channel in experiment.channels.values()}
    binned = core.hasProperty(camera, Keyword.Binning)
    x_y = core.getXYPosition() if core.getXYStageDevice() else None
    return Before(
        autoshutter=core.getAutoShutter(),
        settings=tuple(
            (str(device), str(prop), str(value))
            for group in sorted(groups)
            if core.isGroupDefined(group)
            for device, prop, value in core.getConfigGroupState(group)
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
    failures = [failure for step in _dark(core) if (failure := _tried(*step))]
    failures += [failure for step in _camera(core, before) if (failure := _tried(*step))]
    failures += [failure for step in _light_path(core, before) if (failure := _tried(*step))]
    objective = _tried("putting the objective back", lambda: _turn_back(core, before, experiment))
    if objective is not None:
        return [*failures, f"{objective}; stage and focus were left where they are"]
    return failures + [failure for step in _place(core, before) if (failure := _tried(*step))]


def _tried(what: str, step: Callable[[], object]) -> str | None:
    try:
        with asking(what):
            step()
    except Fault as fault:
        return str(fault)
    return None


def _dark(core: CMMCorePlus) -> Iterator[Step]:
    """Camera stopped, every shutter closed."""
    if core.isSequenceRunning():
        yield "stopping the camera", lambda: core.stopSequenceAcquisition(core.getCameraDevice())
    for shutter in core.getLoadedDevicesOfType(DeviceType.ShutterDevice):
        yield f"closing shutter {shutter}", partial(_close, core, str(shutter))
    yield "emptying the image buffer", core.clearCircularBuffer


def _close(core: CMMCorePlus, shutter: str) -> None:
    core.setShutterOpen(shutter, False)
    core.waitForDevice(shutter)
    if core.getShutterOpen(shutter):
        raise Fault(f"shutter {shutter} is still open")


def _camera(core: CMMCorePlus, before: Before) -> Iterator[Step]:
    """Binning, region, exposure."""
    camera = core.getCameraDevice()
    if tuple(core.getROI(camera)) != before.roi:
        yield "clearing the region", core.clearROI
    binning = before.binning
    if binning is not None and core.getProperty(camera, Keyword.Binning) != binning:
        yield (
            "putting the binning back",
            lambda: core.setProperty(camera, Keyword.Binning, binning),
        )
    yield "putting the region back", lambda: _set_region(core, camera, before.roi)
    yield "putting the exposure back", lambda: core.setExposure(before.exposure_ms)


def _set_region(core: CMMCorePlus, camera: str, roi: tuple[int, ...]) -> None:
    if tuple(core.getROI(camera)) != roi:
        core.setROI(camera, *roi)


def _light_path(core: CMMCorePlus, before: Before) -> Iterator[Step]:
    """What the channels' presets had changed, and the autoshutter."""
    for device, prop, value in before.settings:
        if not core.isPropertyReadOnly(device, prop) and not is_value(core, device, prop, value):
            yield (
                f"putting {device} {prop} back to {value}",
                partial(core.setProperty, device, prop, value),
            )
    yield "putting the autoshutter back", lambda: core.setAutoShutter(before.autoshutter)


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


def _place(core: CMMCorePlus, before: Before) -> Iterator[Step]:
    """Stage, then focus."""
    stage_um, z_um = before.stage_um, before.z_um
    if stage_um is not None:
        yield "moving the stage back", lambda: _move_back(core, stage_um)
    if z_um is not None:
        yield "putting the focus back", lambda: _focus_back(core, z_um)


def _move_back(core: CMMCorePlus, stage_um: tuple[float, float]) -> None:
    if tuple(core.getXYPosition()) != stage_um:
        core.setXYPosition(core.getXYStageDevice(), *stage_um)
        core.waitForDevice(core.getXYStageDevice())


def _focus_back(core: CMMCorePlus, z_um: float) -> None:
    if core.getPosition() != z_um:
        core.setPosition(core.getFocusDevice(), z_um)
        core.waitForDevice(core.getFocusDevice())
