"""What to do with a recording: as the user says, else as it was made, else the plain thing."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from livewatch.analysis.segmentation.width import usual_diameter_um
from livewatch.errors import BadInput
from livewatch.settings import Cells, Channel, Experiment, Limits, Microscope, Position, Zoom

if TYPE_CHECKING:
    from livewatch.replay.recording import Recording

LOOKED_AT = 5  # time points from which a recording's cells are measured
EXPOSURE_MS = 20.0  # where it is not known how long the recorded images were exposed


def plan_for(recording: Recording, chosen: Experiment | None = None) -> Experiment:
    """The experiment to replay a recording with, fitted to what was recorded.

    `chosen` is what the user asks for. Without it a session is replayed by its own experiment; a
    plain time-lapse is looked at whole, frame by frame, for cells as large as are found in it.
    Nothing is looked for more often than it was recorded, and the replay ends where the recording
    does. Raises `BadInput` if the experiment in a session is not one.
    """
    plan = chosen or own_experiment(recording) or Experiment(cells=cells_of(recording))
    if recording.experiment is None:
        plan = paced(plan, recording, is_chosen=chosen is not None)
    return plan.model_copy(
        update={
            "microscope": microscope_of(recording),
            "channels": channels_of(recording, plan),
            "objectives": {},  # a recording's places are the sample's: no lens is off its axis
            "zoom": zoom_of(recording, plan),
            "positions": plan.positions or (position_of(recording),),
            "limits": limits_of(recording, plan),
        }
    )


def own_experiment(recording: Recording) -> Experiment | None:
    """The experiment that a session was run with, None for a plain time-lapse."""
    if recording.experiment is None:
        return None
    try:
        return Experiment.model_validate(recording.experiment)
    except ValidationError as error:
        where = ".".join(str(key) for key in error.errors()[0]["loc"])
        raise BadInput(f"{recording.name}: its experiment is damaged at {where}") from error


def cells_of(recording: Recording) -> Cells:
    """Cells of the sizes that are usual in the recording."""
    times = np.unique(np.linspace(0, len(recording.times_s) - 1, LOOKED_AT).round()).astype(int)
    pixel_um, usual = recording.view(0).pixel_um, Cells()

    def diameter_um(channel: str, guess_um: float) -> float:
        images = []
        for time in times.tolist():
            with suppress(BadInput):  # a damaged image is a miss once its time comes
                images.append(recording.read(time, channel))
        return round(usual_diameter_um(images, pixel_um, guess_um), 1)

    return Cells(
        nk_diameter_um=diameter_um("nk", usual.nk_diameter_um),
        tumor_diameter_um=diameter_um("tumor", usual.tumor_diameter_um),
    )


def paced(plan: Experiment, recording: Recording, *, is_chosen: bool) -> Experiment:
    """The plan, at no faster rate than the recording's, and without a zoom nobody asked for."""
    step_s = interval_s(recording)
    survey_s = max(plan.survey.interval_s, step_s) if is_chosen else step_s
    zoom = plan.zoom if is_chosen else Zoom(region=False)
    reaction_s = max(plan.reaction.interval_s, step_s)
    return plan.model_copy(
        update={
            "survey": plan.survey.model_copy(update={"interval_s": survey_s}),
            "watch": plan.watch.model_copy(
                update={"interval_s": max(plan.watch.interval_s, step_s)}
            ),
            "reaction": plan.reaction.model_copy(update={"interval_s": reaction_s, "burst": 0}),
            "zoom": zoom,
        }
    )


def zoom_of(recording: Recording, plan: Experiment) -> Zoom:
    """The plan's closer look, with an objective only if the recording was made with it, too."""
    known = plan.zoom.objective in recording.pixel_um
    update = {"objective": plan.zoom.objective if known else "", "autofocus": False}
    return plan.zoom.model_copy(update=update)


def interval_s(recording: Recording) -> float:
    """The usual time between two recorded frames."""
    times_s = recording.times_s
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0


def microscope_of(recording: Recording) -> Microscope:
    """The recorded objective and binning, on the demo's devices."""
    view = recording.view(0)
    return Microscope(objective=view.objective, binning=view.binning)


def channels_of(recording: Recording, plan: Experiment) -> dict[str, Channel]:
    """The recorded channels, each with a preset of its own name."""
    longest_ms = 1e3 * interval_s(recording) / (2 * len(recording.channels))
    exposures_ms = {plane.channel: plane.exposure_ms for plane in recording.planes(0)}
    channels = {}
    for name in recording.channels:
        known = plan.channels.get(name, Channel())
        exposure_ms = exposures_ms.get(name, known.exposure_ms)
        if not exposure_ms > 0:  # NaN: not known
            exposure_ms = min(EXPOSURE_MS, longest_ms)
        channels[name] = Channel(
            preset=name,
            exposure_ms=exposure_ms,
            power=known.power,
            every_frames=known.every_frames,
            every_s=known.every_s,
        )
    return channels


def position_of(recording: Recording) -> Position:
    """Where the recording was made, for one made at one place."""
    view = recording.view(0)
    return Position(
        name=view.position or "recording",
        x_um=view.stage_x_um,
        y_um=view.stage_y_um,
        z_um=view.z_um,
    )


def limits_of(recording: Recording, plan: Experiment) -> Limits:
    """The plan's limits of time and disk; those of another microscope's stage mean nothing here."""
    last_s = float(recording.times_s[-1]) + interval_s(recording) / 2
    duration_s = min(last_s, plan.limits.duration_s or last_s)
    brightest = max((channel.power for channel in plan.channels.values()), default=1.0)
    planes = recording.planes(0)
    longest_ms = max((p.exposure_ms for p in planes if p.exposure_ms > 0), default=EXPOSURE_MS)
    usual = Limits()
    return Limits(
        duration_s=duration_s,
        disk_reserve_gb=plan.limits.disk_reserve_gb,
        max_exposure_ms=max(longest_ms, usual.max_exposure_ms),
        max_power=max(brightest, usual.max_power),
    )
