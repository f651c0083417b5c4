"""Read a Micro-Manager configuration without touching hardware.

Loading a configuration initializes its devices, and some stages home themselves then. What a run
would need of it can be said from the file alone.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pymmcore_plus import CFGCommand
from pymmcore_plus.model import Microscope

from livewatch.errors import BadInput
from livewatch.microscope.contradictions import contradictions
from livewatch.microscope.fault import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from pymmcore_plus.model import Setting

    from livewatch.settings import Channel, Experiment

PYTHON_LINE = "#py "
TURRET = re.compile(r"obj|nosepiece|turret|revolver", re.IGNORECASE)
COMMANDS = {str(command.value) for command in CFGCommand}
WHEEL = ("Label", "State")
"""Properties by which a wheel or turret is set."""
ROLES = ("Camera", "XYStage", "Focus", "Shutter", "AutoFocus")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a configuration file says.

    `devices` maps labels to (library, adapter); `presets` maps groups to their presets, and those
    to the devices that they set; `labels` maps wheels and turrets to the names of their places, and
    `turret` is the one with the objectives ('' without); `pixel_um` maps objectives to unbinned
    pixel sizes ('' for a microscope without a turret); `roles` maps Camera, XYStage, Focus, Shutter
    and AutoFocus to device labels, as far as the file assigns them.
    """

    path: Path
    devices: Mapping[str, tuple[str, str]]
    presets: Mapping[str, Mapping[str, tuple[str, ...]]]
    turret: str
    labels: Mapping[str, tuple[str, ...]]
    pixel_um: Mapping[str, float]
    roles: Mapping[str, str]

    def objections(self, experiment: Experiment) -> list[str]:
        """Every reason, found in the file, why `experiment` could not run on this microscope."""
        found = [
            reason
            for name, channel in experiment.channels.items()
            if (reason := missing_preset(name, channel, self.presets))
        ]
        for where, objective in (
            ("[microscope] objective", experiment.microscope.objective),
            ("[zoom] objective", experiment.zoom.objective),
        ):
            if objective and objective not in self.pixel_um:
                found.append(uncalibrated(where, objective, self.pixel_um))
        found += [
            f"{where}: no autofocus device is assigned in the configuration"
            for where, wanted in (
                ("[microscope] hold_focus", experiment.microscope.hold_focus),
                ("[zoom] autofocus", experiment.zoom.autofocus),
            )
            if wanted and "AutoFocus" not in self.roles
        ]
        found += [
            uncalibrated("[limits] objectives", allowed, self.pixel_um)
            for allowed in experiment.limits.objectives
            if allowed not in self.pixel_um
        ]
        found += [
            uncalibrated("[objectives]", known, self.pixel_um)
            for known in experiment.objectives
            if known not in self.pixel_um
        ]
        found += motorless(experiment, stage="XYStage" in self.roles, focus="Focus" in self.roles)
        if not self.pixel_um and experiment.microscope.pixel_um is None:
            found.append("no pixel size is calibrated, and [microscope] pixel_um is not set")
        found += [
            f"[channels.{name}] power_property: device {lamp!r} is not in the configuration, which "
            f"has {listed(self.devices)}"
            for name, channel in experiment.channels.items()
            if (lamp := lamp_of(channel)[0]) and lamp not in self.devices
        ]
        return [*found, *self._moved(experiment), *contradictions(experiment)]

    def _moved(self, experiment: Experiment) -> Iterator[str]:
        """Channels that would move what the limits are for."""
        limited = {self.turret, self.roles.get("XYStage", ""), self.roles.get("Focus", "")} - {""}
        for name, channel in experiment.channels.items():
            devices = self.presets.get(channel.group, {}).get(channel.preset, ())
            yield from moved(name, channel, devices, limited)


def read_configuration(path: Path) -> Configuration:
    """What the file at `path` says. Raises `BadInput` if it is none, or names what is not there."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # no name of a file, as a session folder may hold
        raise BadInput(f"{str(path)!r}: cannot be read ({error})") from error
    scope = Microscope()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the model does not know, the core will tell
        try:
            scope.load_config("\n".join(["", *_lines(text)]))
        except ValueError as error:
            raise BadInput(f"{path}: {one_line(error)}") from error
    if not scope.devices:
        raise BadInput(f"{path}: names no devices; a Micro-Manager configuration (.cfg) is needed")
    return Configuration(
        path=path,
        devices={device.name: (device.library, device.adapter_name) for device in scope.devices},
        presets={
            group.name: {
                preset.name: tuple({setting.device_name: None for setting in preset.settings})
                for preset in group.presets.values()
            }
            for group in scope.config_groups.values()
        },
        turret=_turret(scope),
        labels={device.name: device.labels for device in scope.devices if device.labels},
        pixel_um=_pixel_sizes(scope),
        roles={
            prop.name: prop.value
            for prop in scope.core_device.properties
            if prop.name in ROLES and prop.value
        },
    )


def _lines(text: str) -> Iterable[str]:
    """The file's commands, those for Python devices (`#py pyDevice,...`) included.

    Other lines are passed over, as the core does.
    """
    for line in text.splitlines():
        command = re.sub(r"^pyDevice,", "Device,", line.removeprefix(PYTHON_LINE).strip())
        if command.partition(",")[0] in COMMANDS:
            yield command


def _turret(scope: Microscope) -> str:
    """The wheel that the calibrations name, best one that is named like a turret; '' if none."""
    wheels = {
        setting.device_name
        for preset in scope.pixel_size_group.presets.values()
        for setting in preset.settings
        if setting.property_name in WHEEL
    }
    turrets = sorted(wheel for wheel in wheels if TURRET.search(wheel)) or sorted(wheels)
    return turrets[0] if turrets else ""


def _pixel_sizes(scope: Microscope) -> dict[str, float]:
    """Unbinned pixel size by objective: by the turret that the calibrations name."""
    turret, labels = _turret(scope), {device.name: device.labels for device in scope.devices}
    sizes: dict[str, float] = {}
    for preset in scope.pixel_size_group.presets.values():
        places = [one for one in preset.settings if turret and one.device_name == turret]
        for name in [_label(one, labels) for one in places] or [""]:
            sizes.setdefault(name, preset.pixel_size_um)
    return sizes


def _label(setting: Setting, labels: Mapping[str, tuple[str, ...]]) -> str:
    """The name of the place that a setting of a wheel means; its number if it has no name."""
    value = str(setting.property_value)
    places = labels.get(setting.device_name, ())
    by_number = setting.property_name == "State" and value.isdecimal()
    return places[int(value)] if by_number and int(value) < len(places) else value


def missing_preset(name: str, channel: Channel, presets: Mapping[str, Iterable[str]]) -> str | None:
    """Why a channel cannot be shown with these presets, by group."""
    if not channel.preset:
        return None
    if channel.group not in presets:
        return (
            f"[channels.{name}] group = {channel.group!r} is not in the configuration, which has "
            f"{listed(presets)}"
        )
    if channel.preset not in presets[channel.group]:
        return (
            f"[channels.{name}] preset = {channel.preset!r} is not in group {channel.group!r}, "
            f"which has {listed(sorted(presets[channel.group]))}"
        )
    return None


def moved(
    name: str, channel: Channel, devices: Iterable[str], limited: Collection[str]
) -> Iterator[str]:
    """Why a channel, whose preset sets these `devices`, would go past the limits of some."""
    lamp, _ = lamp_of(channel)
    for device, where in (*((each, "preset") for each in devices), (lamp, "power_property")):
        if device in limited:
            yield (
                f"[channels.{name}] {where} = {getattr(channel, where)!r} would move {device} past "
                "[limits]: take it out"
            )


def lamp_of(channel: Channel) -> tuple[str, str]:
    """Device and property that set a channel's light power; '' and '' if none do."""
    device, _, prop = channel.power_property.partition(".")
    return device, prop


def motorless(experiment: Experiment, *, stage: bool, focus: bool) -> Iterator[str]:
    """Why positions cannot be gone to without a motorized stage, or without a focus."""
    if not stage and len(experiment.positions) > 1:
        yield (f"{len(experiment.positions)} positions, but this microscope has no motorized stage")
    for position in experiment.positions:
        if position.z_um is not None and not focus:
            yield f"position {position.name!r} has z_um, but there is no motorized focus"


def uncalibrated(where: str, objective: str, pixel_um: Mapping[str, float]) -> str:
    """Why an objective cannot be used."""
    return (
        f"{where}: no pixel size is known for {objective or 'the one in place'!r}; "
        f"calibrated are {listed(pixel_um)}"
    )


def listed(names: Iterable[object]) -> str:
    """Names for a message."""
    return ", ".join(str(name) or "''" for name in names) or "none"
