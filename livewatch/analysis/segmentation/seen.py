"""What segmentation gives: the cells of one channel, and of one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from livewatch.model import Cell, Kind


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One channel of one frame.

    Cell k of `cells` bears label k in `labels` (h, w), from 1 on; 0 is nothing. A label pixel
    is `pixel_um` wide, and the labels' top-left corner is at stage `left_um`, `top_um`, the
    chromatic shift taken off. `signal` (h, w) is the image minus background and bleed-through,
    in counts; `noise` the SD of it, blurred by 3 x 3, where there is no cell. `bleed` is the share
    of the other channel's signal that was taken off. With a `problem` there are no cells.
    """

    kind: Kind
    labels: NDArray[np.int32] = field(repr=False)
    pixel_um: float
    left_um: float
    top_um: float
    signal: NDArray[np.float32] = field(repr=False)
    noise: float
    cells: tuple[Cell, ...] = field(repr=False)
    bleed: float = 0.0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Both channels of one frame; None where the frame has no image of that channel."""

    nk: Seen | None = None
    tumor: Seen | None = None

    @property
    def seen(self) -> tuple[Seen, ...]:
        """The channels that there are."""
        return tuple(one for one in (self.nk, self.tumor) if one is not None)

    @property
    def problem(self) -> str | None:
        """Why the frame cannot be used, if so."""
        return "; ".join(one.problem for one in self.seen if one.problem) or None
