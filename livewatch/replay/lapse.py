"""A time-lapse from a file, with what the file left out told by the user."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.errors import BadInput
from livewatch.model import NAN, Plane, View
from livewatch.replay.roles import named_channels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from livewatch.model import Pixels
    from livewatch.replay.stack import About, Stack

OBJECTIVE, POSITION = "recorded", "recording"
SQUARE = 0.01  # pixels whose sides differ by more than this part are not square
KEPT_IMAGES = 8


class Lapse:
    """A `Recording` of one field of view, out of any file format.

    Without a stage position its top-left corner lies at (0, 0) um.
    """

    experiment: Mapping[str, Any] | None = None

    def __init__(
        self,
        name: str,
        stack: Stack,
        pixel_um: float | None,
        interval_s: float | None,
        nk_channel: int | None,
        tumor_channel: int | None,
    ) -> None:
        about = stack.about
        count, channels, rows, columns = about.shape
        if count < 1 or min(rows, columns) < 1:
            raise BadInput(f"{name}: holds no images")
        if about.dtype not in ("uint8", "uint16"):
            raise BadInput(f"{name}: pixels are {about.dtype}; save it with 8 or 16 bits, unsigned")
        self.name = name
        self.channels = named_channels(about.channels, channels, nk_channel, tumor_channel, name)
        size_um = pixel_um or _pixel_um(about, name)
        self.times_s = _times_s(about, interval_s, name)
        self.pixel_um = {OBJECTIVE: size_um}
        x_um, y_um = about.stage_um or (columns * size_um / 2, rows * size_um / 2)
        self._view = View(
            POSITION, x_um, y_um, None, OBJECTIVE, size_um, 1, sensor_px=(columns, rows)
        )
        self._planes = tuple(Plane(channel, NAN) for channel in self.channels)
        self._read = lru_cache(KEPT_IMAGES)(stack.read)

    def view(self, time: int) -> View:
        """Where the camera looked: always the same."""
        return self._view

    def planes(self, time: int) -> tuple[Plane, ...]:
        """Channels; their exposures are not known."""
        return self._planes

    def read(self, time: int, channel: str) -> Pixels:
        """One image (rows, columns); `BadInput` if it is damaged."""
        if channel not in self.channels:
            raise KeyError(channel)
        return self._read(time, self.channels.index(channel))


def _pixel_um(about: About, name: str) -> float:
    """The pixel size a file states; `BadInput` asks for it if it states none, or no square."""
    if about.pixel_um is None:
        raise BadInput(f"{name}: states no pixel size; say --pixel-um P (um per pixel)")
    x_um, y_um = about.pixel_um
    if not (0 < x_um < 1e4 and 0 < y_um < 1e4):
        raise BadInput(f"{name}: states a pixel size of {x_um} x {y_um} um; say --pixel-um P")
    if abs(x_um - y_um) > SQUARE * x_um:
        raise BadInput(f"{name}: pixels of {x_um} x {y_um} um are not square; say --pixel-um P")
    return x_um


def _times_s(about: About, interval_s: float | None, name: str) -> NDArray[np.float64]:
    """When each time point began, from 0; `BadInput` asks for the interval if it is not stated."""
    count = about.shape[0]
    step_s = interval_s or about.interval_s
    if interval_s is None and about.times_s is not None and len(about.times_s) == count:
        times_s = np.array(about.times_s, np.float64) - about.times_s[0]
        if np.isfinite(times_s).all() and (np.diff(times_s) > 0).all():
            return times_s
    if step_s is None or not 0 < step_s < float("inf"):
        if count == 1:
            return np.zeros(1)
        raise BadInput(f"{name}: states no time interval; say --interval-s S")
    return np.arange(count, dtype=np.float64) * step_s
