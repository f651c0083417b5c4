"""What a run would be: what it uses, what it costs, and every reason why it would be refused.

Read from the files alone unless the devices are asked for: Micro-Manager initializes devices
when it loads them, and some stages home themselves then.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.alarm import Alarm, Trouble
from livewatch.analysis.segmentation.segmenter import plug_ins, segmenter
from livewatch.clock import RealClock
from livewatch.errors import BadInput
from livewatch.microscope.configuration import read_configuration
from livewatch.microscope.load import load_core
from livewatch.microscope.microscope import Microscope
from livewatch.model import Instrument, View
from livewatch.policy.forecast import forecast
from livewatch.watchdog.hook import HookFailed, hooks_of
from livewatch.watchdog.throttle import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from livewatch.microscope.configuration import Configuration
    from livewatch.settings import Channel, Experiment
    from livewatch.watchdog.hook import Hook


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a run would be, a line each, and the reasons why it would be refused."""

    lines: tuple[str, ...]
    refusals: tuple[str, ...]


def prospect(
    experiment: Experiment, file: Path, sensor_px: tuple[int, int], *, devices: bool
) -> Prospect:
    """Look ahead at a run of `experiment`, read from `file`.

    `sensor_px` (width, height) stands in for the camera's, which the files do not tell. With
    `devices` the microscope is loaded and asked instead; nothing of it is moved by livewatch.
    Raises `BadInput` for files that cannot be read.
    """
    if not experiment.microscope.config:
        raise BadInput(f"{file}: [microscope] config is not set: name a Micro-Manager .cfg file")
    configuration = read_configuration(file.parent / experiment.microscope.config)
    refusals = configuration.objections(experiment)
    lines = list(uses(experiment, configuration))
    refusals += [why for name in plug_ins(experiment) if (why := unfit(name))]
    try:
        lines.append(told_by(hooks_of(experiment)))
    except BadInput as mistake:
        refusals.append(str(mistake))
    instrument = None
    if devices:
        try:
            instrument = asked(experiment, configuration.path)
        except BadInput as mistake:  # the file may have told it already
            if str(mistake) not in refusals:
                refusals.append(str(mistake))
    elif not refusals:
        instrument = supposed(experiment, configuration, sensor_px)
        width, height = sensor_px
        lines.append(f"a camera of {width} x {height} pixels is assumed (see --sensor, --devices)")
    if instrument is not None:
        try:
            lines += expected(experiment, instrument, file)
        except BadInput as mistake:
            refusals.append(str(mistake))
    return Prospect(tuple(lines), tuple(refusals))


def uses(experiment: Experiment, configuration: Configuration) -> list[str]:
    """Every device role, preset, objective and position the run makes use of."""
    roles = ", ".join(f"{role} {label}" for role, label in configuration.roles.items())
    lines = [f"{configuration.path.name}: {len(configuration.devices)} devices; {roles}"]
    for name, channel in experiment.channels.items():
        preset = f"preset {channel.preset} of {channel.group}" if channel.preset else "no preset"
        lines.append(f"channel {name}: {preset}, {channel.exposure_ms:g} ms{seldom(channel)}")
    pixels = ", ".join(
        f"{name or 'no turret'} {um:g} um" for name, um in configuration.pixel_um.items()
    )
    objective = experiment.microscope.objective or "the objective in place"
    lines.append(f"objective: {objective} (pixel sizes: {pixels or 'none'})")
    places = [
        f"{p.name} ({p.x_um:g}, {p.y_um:g}{'' if p.z_um is None else f', focus {p.z_um:g}'})"
        for p in experiment.positions
    ]
    lines.append(f"positions: {', '.join(places) or 'where the stage stands'}")
    return lines


def seldom(channel: Channel) -> str:
    """How often a channel is exposed, where it is not in every frame."""
    frames = f", in one of {channel.every_frames} frames" if channel.every_frames > 1 else ""
    return frames + (f", no sooner than every {channel.every_s:g} s" if channel.every_s else "")


def unfit(name: str) -> str:
    """Why a plug-in segmenter cannot be used; '' if it can."""
    try:
        segmenter(name)
    except BadInput as mistake:
        return str(mistake)
    return ""


def told_by(hooks: Sequence[Hook]) -> str:
    """Who hears of an alarm."""
    return f"alarms: {', '.join(['window', 'terminal', *(hook.name for hook in hooks)])}"


def try_alarm(experiment: Experiment, file: Path) -> Iterator[tuple[str, str]]:
    """Send a trial alarm by every hook: its name, and why it failed or ''."""
    alarm = Alarm(0, Trouble.TRIAL, "this is a trial: all is well", 0.0)
    for hook in hooks_of(experiment):
        try:
            hook.tell(Message(alarm, alarm.text), str(file.absolute().parent))
        except HookFailed as failed:
            yield hook.name, str(failed)
        else:
            yield hook.name, ""


def supposed(
    experiment: Experiment, configuration: Configuration, sensor_px: tuple[int, int]
) -> Instrument:
    """The microscope as far as its configuration file tells."""
    wanted = experiment.microscope
    objective = wanted.objective or next(iter(configuration.pixel_um), "")
    pixel_um = dict(configuration.pixel_um)
    if wanted.pixel_um is not None:
        pixel_um[objective] = wanted.pixel_um
    home = View(
        "home",
        0.0,
        0.0,
        0.0 if "Focus" in configuration.roles else None,
        objective,
        pixel_um[objective] * wanted.binning,
        wanted.binning,
        sensor_px,
    )
    return Instrument(
        home,
        pixel_um,
        moves_xy="XYStage" in configuration.roles,
        moves_z="Focus" in configuration.roles,
        moves_objective=len(configuration.pixel_um) > 1,
    )


def asked(experiment: Experiment, config: Path) -> Instrument:
    """The microscope as its loaded devices tell. Raises `BadInput` for why it cannot run."""
    with Microscope(load_core(config), experiment, RealClock()) as microscope:
        return microscope.inspect()


def expected(experiment: Experiment, instrument: Instrument, file: Path) -> tuple[str, ...]:
    """What each mode costs, and how long disk and light last."""
    free_bytes = shutil.disk_usage(file.absolute().parent).free
    return forecast(experiment, instrument, free_bytes=free_bytes).lines()
