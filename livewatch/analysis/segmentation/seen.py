"""What segmentation gives: the cells of one channel, and of one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livewatch.model import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from livewatch.model import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One channel of one frame.

    Cell k bears label k in `labels` (h, w), from 1 on; 0 is nothing. A label pixel
    is `pixel_um` wide, and the labels' top-left corner is at stage `left_um`, `top_um`, the
    chromatic shift taken off. `signal` (h, w) is the image minus background and bleed-through,
    in counts; `noise` the SD of it, blurred by 3 x 3, where there is no cell. Outlines stand one
    after the other in `outline_um` (m, 2), stage x and y; cell k's is
    `outline_um[outline_start[k - 1]:outline_start[k]]`. `shapes` (n, 4) are area, perimeter, x and
    y of the outlines in um, `signals` (n) the cells' mean brightness, `at_edge` (n) says which of
    them the image border cuts. `bleed` is the share of the other channel's signal that was taken
    off. With a `problem` there are no cells.
    """

    kind: Kind
    labels: NDArray[np.int32] = field(repr=False)
    pixel_um: float
    left_um: float
    top_um: float
    signal: NDArray[np.float32] = field(repr=False)
    noise: float
    outline_um: NDArray[np.float32] = field(repr=False)
    outline_start: NDArray[np.int32] = field(repr=False)
    shapes: NDArray[np.float64] = field(repr=False)
    signals: NDArray[np.float32] = field(repr=False)
    at_edge: NDArray[np.bool_] = field(repr=False)
    bleed: float = 0.0
    problem: str | None = None

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells as segmentation outlines them, numbered as their labels."""
        return self.cells_with(self.outline_um, self.shapes)

    def cells_with(
        self, outline_um: NDArray[np.float32], shapes: NDArray[np.float64]
    ) -> tuple[Cell, ...]:
        """The cells with other outlines, of as many points each, and the `shapes` of these."""
        bounds = self.outline_start.tolist()
        return tuple(
            Cell(
                id=number + 1,
                kind=self.kind,
                x_um=x_um,
                y_um=y_um,
                area_um2=area_um2,
                perimeter_um=perimeter_um,
                signal=signal,
                at_edge=cut,
                outline_um=outline_um[bounds[number] : bounds[number + 1]],
            )
            for number, ((area_um2, perimeter_um, x_um, y_um), signal, cut) in enumerate(
                zip(shapes.tolist(), self.signals.tolist(), self.at_edge.tolist(), strict=True)
            )
        )


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
