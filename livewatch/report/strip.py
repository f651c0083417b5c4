"""A strip of pictures of one pair, cut out of the frames of its encounter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from livewatch.model import Pixels
    from livewatch.recording.folder import SessionFolder
    from livewatch.report.course import Course

    Series = NDArray[np.float64]

PICTURE_UM = 44.0
SCALE_UM = 10.0


def draw_strip(panels: Sequence[Axes], folder: SessionFolder, course: Course) -> None:
    """Fill the panels with pictures from first to last, NK green and tumor magenta.

    Where a frame's pixels are damaged the panel says so.
    """
    chosen = spread(np.isfinite(course.of("seal_fraction")), len(panels))
    x_um, y_um = course.of("tumor_x_um"), course.of("tumor_y_um")
    cut = [cut_out(folder, course.frames[at], x_um[at], y_um[at]) for at in chosen]
    limits = [limits_of([pair[channel] for pair in cut if pair]) for channel in (0, 1)]
    for axes, at, pair in zip(panels, chosen, cut, strict=True):
        half = PICTURE_UM / 2
        extent = (-half, half, half, -half)
        picture = merged(pair, limits) if pair else np.zeros((1, 1, 3))
        axes.imshow(picture, extent=extent, interpolation="nearest")
        if not pair:
            axes.text(0.0, 0.0, "damaged", color="w", ha="center", va="center")
        axes.set_title(f"{course.of('time_s')[at] - course.encounter.start_s:.0f} s", fontsize=9)
        axes.set_axis_off()
    left, low = -half + 3.0, half - 3.5
    panels[0].plot([left, left + SCALE_UM], [low, low], color="w", lw=2.5)
    panels[0].text(
        left + SCALE_UM / 2, low - 1.2, f"{SCALE_UM:.0f} um", color="w", fontsize=7, ha="center"
    )


def spread(whole: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """`count` frames from first to last, of those in which no cell is cut as far as there are."""
    usable = np.flatnonzero(whole)
    if len(usable) < count:
        usable = np.arange(len(whole))
    chosen = np.linspace(0, len(usable) - 1, count).round().astype(int)
    return np.asarray(usable[chosen])


def cut_out(
    folder: SessionFolder, index: int, x_um: float, y_um: float
) -> tuple[Series, Series] | None:
    """(NK, tumor) images of PICTURE_UM around a place in a frame; None if that is damaged."""
    try:
        frame = folder.frame(index)
    except BadInput:
        return None
    view = frame.view
    side = round(PICTURE_UM / view.pixel_um)
    left = round((x_um - view.left_um) / view.pixel_um - side / 2)
    top = round((y_um - view.top_um) / view.pixel_um - side / 2)
    nk, tumor = (around(frame.plane(channel), left, top, side) for channel in ("nk", "tumor"))
    return nk, tumor


def around(plane: Pixels | None, left: int, top: int, side: int) -> Series:
    """A square of an image (side, side), NaN beyond it."""
    picture = np.full((side, side), np.nan)
    if plane is not None:
        rows, columns = plane.shape
        low, high = max(top, 0), min(top + side, rows)
        begin, end = max(left, 0), min(left + side, columns)
        if low < high and begin < end:
            picture[low - top : high - top, begin - left : end - left] = plane[low:high, begin:end]
    return picture


def limits_of(pictures: Sequence[Series]) -> tuple[float, float]:
    """The counts shown black and full, the same for all pictures of a channel."""
    shown = np.concatenate([np.zeros(0), *(one[np.isfinite(one)] for one in pictures)])
    if not len(shown):
        return 0.0, 1.0
    low, high = np.percentile(shown, (5, 99.7))
    return float(low), float(max(high, low + 1))


def merged(pair: tuple[Series, Series], limits: Sequence[tuple[float, float]]) -> Series:
    """NK green, tumor magenta as in the window, as (rows, columns, 3) of 0..1."""
    nk, tumor = (
        np.clip((np.nan_to_num(picture, nan=low) - low) / (high - low), 0, 1) ** 0.7
        for picture, (low, high) in zip(pair, limits, strict=True)
    )
    return np.asarray(np.dstack((tumor, nk, tumor)))
