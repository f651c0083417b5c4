"""The folder of a new session: where it may be made, and whether there is room for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from time import strftime
from typing import TYPE_CHECKING

from livewatch.errors import BadInput
from livewatch.model import Purpose
from livewatch.policy.forecast import forecast

if TYPE_CHECKING:
    from livewatch.model import Instrument
    from livewatch.settings import Experiment


def new_folder(out: Path | None, kind: str) -> Path:
    """The session folder to make; `BadInput` if it exists or its place cannot be written to."""
    folder = out or Path(strftime(f"livewatch_%Y-%m-%d_%H%M%S_{kind}"))
    if folder.exists():
        raise BadInput(f"{folder}: exists already, and is never overwritten; name a new --out")
    if not os.access(existing(folder), os.W_OK):
        raise BadInput(f"{folder}: {existing(folder)} cannot be written to; choose another --out")
    return folder


def existing(folder: Path) -> Path:
    """The nearest folder above that exists already."""
    return next(place for place in folder.absolute().parents if place.exists())


def need_disk(folder: Path, experiment: Experiment, instrument: Instrument) -> None:
    """Refuse to start on a disk without room for the survey and the reserve.

    Raises `BadInput`. The survey runs for `limits.duration_s`, or for an hour at least.
    """
    hours = (experiment.limits.duration_s or 3600.0) / 3600
    survey_bytes = hours * forecast(experiment, instrument).pace(Purpose.SURVEY).bytes_per_h
    reserve_bytes = experiment.limits.disk_reserve_gb * 1e9
    free_bytes = shutil.disk_usage(existing(folder)).free
    if free_bytes < survey_bytes + reserve_bytes:
        raise BadInput(
            f"{folder}: {free_bytes / 1e9:.1f} GB free, but the survey alone needs "
            f"{survey_bytes / 1e9:.1f} GB and limits.disk_reserve_gb is "
            f"{reserve_bytes / 1e9:g}; choose another --out"
        )
