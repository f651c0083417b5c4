"""A time-lapse as a file holds it, whatever the format: numbered channels, maybe no sizes.

One small protocol is all that a further format needs (see `tiff.py`, `ome_zarr.py`); what the
file does not say stays None, and `lapse.py` asks the user for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from livewatch.model import Pixels


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself.

    `shape` is (time points, channels, rows, columns). `times_s` has one time per time point,
    `interval_s` a constant step; `stage_um` is where the middle of the image lies on the stage.
    """

    shape: tuple[int, int, int, int]
    dtype: str
    channels: tuple[str, ...] = ()
    pixel_um: tuple[float, float] | None = None
    times_s: tuple[float, ...] | None = None
    interval_s: float | None = None
    stage_um: tuple[float, float] | None = None


class Stack(Protocol):
    """An open file: what it says of itself, and its images, one at a time."""

    @property
    def about(self) -> About:
        """What the file says of itself."""
        ...

    def read(self, time: int, channel: int) -> Pixels:
        """One image (rows, columns)."""
        ...
