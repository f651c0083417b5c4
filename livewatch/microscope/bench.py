"""What stands on the table: the devices livewatch drives, read from the core and checked.

Reading moves nothing; to learn whether the camera reads out regions, one is set and cleared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pymmcore_plus import DeviceType, Keyword

from livewatch.errors import BadInput
from livewatch.microscope.configuration import lamp_of, listed, missing_preset
from livewatch.microscope.fault import one_line
from livewatch.microscope.orientation import Orientation
from livewatch.model import Instrument, View
from livewatch.settings import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymmcore_plus import CMMCorePlus

    from livewatch.settings import Channel, Experiment

Setting = tuple[str, str, str]
"""A device, one of its properties, and the value it has to have."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The devices by their labels, '' where the microscope has none.

    `binnings` gives the camera's own word for each binning. `presets` are the settings that show
    each channel. `pixel_um` maps objectives to their unbinned pixel size.
    """

    camera: str
    stage: str
    focus: str
    turret: str
    binnings: Mapping[int, str]
    orientation: Orientation
    pixel_um: Mapping[str, float]
    presets: Mapping[str, tuple[Setting, ...]]
    has_region: bool


def survey_bench(core: CMMCorePlus, experiment: Experiment) -> Bench:
    """The devices of a core, and what `experiment` asks of them.

    Raises `BadInput` in one line when something it needs is not there, saying what is.
    """
    camera, turret = camera_of(core), turret_of(core)
    binnings = binnings_of(core, camera)
    camera_px, has_region = sensor_of(core, camera)
    return Bench(
        camera=camera,
        stage=str(core.getXYStageDevice()),
        focus=str(core.getFocusDevice()),
        turret=turret,
        binnings=binnings,
        orientation=Orientation.of(experiment.microscope, camera_px),
        pixel_um=pixel_sizes(core, turret, experiment),
        presets={
            name: preset_of(core, name, channel) for name, channel in experiment.channels.items()
        },
        has_region=has_region,
    )


def instrument_of(core: CMMCorePlus, bench: Bench, experiment: Experiment) -> Instrument:
    """What the microscope can do, and where it stands, for the policy."""
    objective = objective_in_place(core, bench)
    x, y = core.getXYPosition() if bench.stage else (0.0, 0.0)
    binning = binning_in_use(core, bench)
    offset = experiment.objectives.get(objective, Objective())
    home = View(
        position="home",
        stage_x_um=x + offset.offset_x_um,
        stage_y_um=y + offset.offset_y_um,
        z_um=core.getPosition() + offset.offset_z_um if bench.focus else None,
        objective=objective,
        pixel_um=bench.pixel_um.get(objective, float("nan")) * binning,
        binning=binning,
        sensor_px=bench.orientation.sensor_px,
    )
    return Instrument(
        home=home,
        pixel_um=bench.pixel_um,
        moves_xy=bool(bench.stage),
        moves_z=bool(bench.focus),
        moves_objective=bool(bench.turret),
        has_region=bench.has_region,
    )


def objective_in_place(core: CMMCorePlus, bench: Bench) -> str:
    """The objective that is turned in, '' without a turret."""
    return str(core.getStateLabel(bench.turret)) if bench.turret else ""


# --- the parts ------------------------------------------------------------------------


def camera_of(core: CMMCorePlus) -> str:
    """The camera in use. Raises `BadInput` if there is none."""
    camera = str(core.getCameraDevice())
    if not camera:
        raise BadInput(f"no camera: make one Core-Camera; loaded are {listed(loaded(core))}")
    return camera


def turret_of(core: CMMCorePlus) -> str:
    """The state device that pixel sizes depend on and that is named like a turret, or ''."""
    named = [str(device) for device in core.guessObjectiveDevices()]
    used = {
        setting[0]
        for calibration in core.getAvailablePixelSizeConfigs()
        for setting in core.getPixelSizeConfigData(calibration)
        if core.getDeviceType(setting[0]) == DeviceType.StateDevice
    }
    candidates = [device for device in named if device in used] or sorted(used) or named
    return candidates[0] if candidates else ""


def pixel_sizes(core: CMMCorePlus, turret: str, experiment: Experiment) -> dict[str, float]:
    """Unbinned um per pixel for each objective with a calibration; '' without a turret."""
    sizes: dict[str, float] = {}
    for calibration in core.getAvailablePixelSizeConfigs():
        size_um = core.getPixelSizeUmByID(calibration) / core.getMagnificationFactor()
        settings = [tuple(setting)[:3] for setting in core.getPixelSizeConfigData(calibration)]
        here = [setting for setting in settings if setting[0] == turret]
        others = [setting for setting in settings if setting[0] != turret]
        if size_um > 0 and all(is_value(core, *setting) for setting in others):
            for label in {label_of(core, *setting) for setting in here} or {""}:
                sizes.setdefault(label, size_um)
    if not turret:
        sizes = {label: size for label, size in sizes.items() if not label}
    stated_um = experiment.microscope.pixel_um
    if stated_um is not None:
        sizes[str(core.getStateLabel(turret)) if turret else ""] = stated_um
    if not sizes:
        raise BadInput(
            "no pixel size: calibrate one in Micro-Manager, or set [microscope] pixel_um"
        )
    return sizes


def label_of(core: CMMCorePlus, turret: str, prop: str, value: str) -> str:
    """The objective's label that a calibration's setting of the turret means."""
    if prop == Keyword.Label:
        return value
    return str(core.getStateLabels(turret)[int(float(value))])


def binnings_of(core: CMMCorePlus, camera: str) -> dict[int, str]:
    """The camera's binnings and its own words for them ('2', '2x2')."""
    if not core.hasProperty(camera, Keyword.Binning):
        return {1: ""}
    words = [str(word) for word in core.getAllowedPropertyValues(camera, Keyword.Binning)]
    words = words or [str(core.getProperty(camera, Keyword.Binning))]
    return {int(found.group()): word for word in words if (found := re.match(r"\d+", word))}


def binning_in_use(core: CMMCorePlus, bench: Bench) -> int:
    """Sensor pixels along each side of an image pixel, as the camera says."""
    if bench.binnings == {1: ""}:
        return 1
    found = re.match(r"\d+", str(core.getProperty(bench.camera, Keyword.Binning)))
    return int(found.group()) if found else 1


def sensor_of(core: CMMCorePlus, camera: str) -> tuple[tuple[int, int], bool]:
    """(width, height) of the sensor in unbinned pixels, and whether regions are read out."""
    before = list(core.getROI(camera))
    try:
        core.clearROI()
        _, _, width, height = core.getROI(camera)
        quarter = [width // 4 // 16 * 16, height // 4 // 16 * 16, width // 2, height // 2]
        has_region = reads_region(core, camera, quarter)
    except RuntimeError as error:
        raise BadInput(f"{camera} does not give its image size: {one_line(error)}") from error
    if has_region and before != [0, 0, width, height]:
        core.setROI(camera, *before)
    word = (
        str(core.getProperty(camera, Keyword.Binning))
        if core.hasProperty(camera, Keyword.Binning)
        else "1"
    )
    found = re.match(r"\d+", word)
    binning = int(found.group()) if found else 1
    return (width * binning, height * binning), has_region


def reads_region(core: CMMCorePlus, camera: str, region: list[int]) -> bool:
    """Whether the camera takes a region and says so; left without one."""
    try:
        core.setROI(camera, *region)
        taken = list(core.getROI(camera))
        core.clearROI()
    except (RuntimeError, NotImplementedError, ValueError):
        return False
    return taken[2] < region[2] * 2 and taken[3] < region[3] * 2


def preset_of(core: CMMCorePlus, name: str, channel: Channel) -> tuple[Setting, ...]:
    """The settings that show a channel, none if it changes nothing."""
    if not channel.preset:
        return ()
    presets = {
        str(group): core.getAvailableConfigs(group) for group in core.getAvailableConfigGroups()
    }
    if reason := missing_preset(name, channel, presets):
        raise BadInput(reason)
    settings = tuple(
        (str(device), str(prop), str(value))
        for device, prop, value in core.getConfigData(channel.group, channel.preset)
        if (device, prop) != lamp_of(channel)  # power is set for each exposure
    )
    for device, _, _ in settings:
        if device not in loaded(core):
            raise BadInput(
                f"[channels.{name}] preset {channel.preset!r} sets device {device!r}, which is not "
                f"loaded: {listed(loaded(core))}"
            )
    return settings


# --- small answers ------------------------------------------------------------------------


def loaded(core: CMMCorePlus) -> list[str]:
    """Labels of the loaded devices."""
    return [str(device) for device in core.getLoadedDevices()]


def is_value(core: CMMCorePlus, device: str, prop: str, value: str) -> bool:
    """Whether a property has a value, read from the device; numbers compare as numbers.

    A property of type Float may be off by 2 %: devices round to their own steps.
    """
    real = str(core.getProperty(device, prop))
    if real == value:
        return True
    try:
        found, wanted = float(real), float(value)
    except ValueError:
        return False
    slack = 0.02 * abs(wanted) if core.getPropertyType(device, prop).name == "Float" else 0.0
    return abs(found - wanted) <= slack
