"""A recording: what a microscope once saw, time point by time point. `open_recording` opens one.

A session folder, an OME-Zarr image or a TIFF time-lapse; formats are told apart by what is
there, not by who made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from livewatch.errors import BadInput
from livewatch.recording.layout import SESSION
from livewatch.replay.lapse import Lapse
from livewatch.replay.ome_zarr import ZarrStack, is_zarr
from livewatch.replay.recorded_session import RecordedSession
from livewatch.replay.tiff import TiffStack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from livewatch.model import Pixels, Plane, View


class Recording(Protocol):
    """Images of two or more channels over time, and where each was taken."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of its channels; 'nk' and 'tumor' are among them."""
        ...

    @property
    def times_s(self) -> NDArray[np.float64]:
        """From when on each time point is shown, ascending; (time points,)."""
        ...

    @property
    def pixel_um(self) -> Mapping[str, float]:
        """Each objective's unbinned pixel size, the first time point's objective first."""
        ...

    @property
    def experiment(self) -> Mapping[str, Any] | None:
        """The experiment it was recorded with, if that is known."""
        ...

    def view(self, time: int) -> View:
        """Where the camera looked at a time point, and how."""
        ...

    def planes(self, time: int) -> tuple[Plane, ...]:
        """Channels and exposures of a time point; exposure NaN where it is not known."""
        ...

    def read(self, time: int, channel: str) -> Pixels:
        """One image (rows, columns) of shape `view(time).shape`.

        Raises `BadInput` if it is damaged, `KeyError` if the time point has no such channel.
        """
        ...


def open_recording(
    path: Path,
    *,
    pixel_um: float | None = None,
    interval_s: float | None = None,
    nk_channel: int | None = None,
    tumor_channel: int | None = None,
) -> Recording:
    """Open a recording. What the user says (um, s, channels from 0) goes before what the file says.

    Raises `BadInput`, in one line, for whatever is missing, unreadable or not told.
    """
    if not path.exists():
        raise BadInput(f"{path}: no such file or folder")
    for option, value in (("--pixel-um", pixel_um), ("--interval-s", interval_s)):
        if value is not None and not 0 < value < float("inf"):
            raise BadInput(f"{option} {value}: must be above 0")
    if (path / SESSION).is_file():
        return RecordedSession(path)
    if path.is_dir() and not is_zarr(path):
        raise BadInput(f"{path}: neither a session folder ({SESSION}) nor an OME-Zarr (zarr.json)")
    told_apart = nk_channel is not None and tumor_channel is not None
    stack = ZarrStack(path) if path.is_dir() else TiffStack(path, 2 if told_apart else 1)
    return Lapse(str(path), stack, pixel_um, interval_s, nk_channel, tumor_channel)
