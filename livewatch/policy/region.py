"""Framing: which part of the sensor shows the pairs, and when the stage has to help."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, lcm
from typing import TYPE_CHECKING

from livewatch.model import Region, View
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livewatch.settings import Limits

STEP_PX = 16
"""Cameras read out whole groups of pixels: a region starts and ends on multiples of this."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the sample, in stage um."""

    left_um: float
    top_um: float
    right_um: float
    bottom_um: float

    @classmethod
    def around(cls, x_um: float, y_um: float, side_um: float) -> Box:
        """The square of that side around a place."""
        half = side_um / 2
        return cls(x_um - half, y_um - half, x_um + half, y_um + half)

    @classmethod
    def of(cls, view: View) -> Box:
        """What a view shows."""
        left_um, top_um = view.left_um, view.top_um
        return cls(left_um, top_um, left_um + view.width_um, top_um + view.height_um)

    @property
    def x_um(self) -> float:
        """The middle's x."""
        return (self.left_um + self.right_um) / 2

    @property
    def y_um(self) -> float:
        """The middle's y."""
        return (self.top_um + self.bottom_um) / 2

    @property
    def area_um2(self) -> float:
        """How much it covers."""
        return (self.right_um - self.left_um) * (self.bottom_um - self.top_um)

    def holds(self, other: Box) -> bool:
        """Whether `other` lies within it."""
        return (
            self.left_um <= other.left_um
            and self.top_um <= other.top_um
            and other.right_um <= self.right_um
            and other.bottom_um <= self.bottom_um
        )

    def grown(self, by_um: float) -> Box:
        """The same with `by_um` more on every side."""
        return Box(
            self.left_um - by_um, self.top_um - by_um, self.right_um + by_um, self.bottom_um + by_um
        )

    def shrunk(self, by_um: float) -> Box:
        """The same with `by_um` less on every side, down to its middle."""
        x_by = min(by_um, (self.right_um - self.left_um) / 2)
        y_by = min(by_um, (self.bottom_um - self.top_um) / 2)
        return Box(
            self.left_um + x_by, self.top_um + y_by, self.right_um - x_by, self.bottom_um - y_by
        )


def hull(boxes: Iterable[Box]) -> Box:
    """The smallest box around several."""
    sides = [(box.left_um, box.top_um, box.right_um, box.bottom_um) for box in boxes]
    lefts, tops, rights, bottoms = zip(*sides, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def cropped(view: View, box: Box) -> View:
    """`view` with the region that shows `box`, snapped outward and pushed into the sensor.

    Where the box is about as large as the sensor, the whole sensor is read.
    """
    whole = view.whole
    unbinned_um = view.pixel_um / view.binning
    step = lcm(STEP_PX, view.binning)
    x_px, width_px = span_px(
        (box.left_um - whole.left_um) / unbinned_um,
        (box.right_um - whole.left_um) / unbinned_um,
        view.sensor_px[0],
        step,
    )
    y_px, height_px = span_px(
        (box.top_um - whole.top_um) / unbinned_um,
        (box.bottom_um - whole.top_um) / unbinned_um,
        view.sensor_px[1],
        step,
    )
    if width_px > view.sensor_px[0] - step and height_px > view.sensor_px[1] - step:
        return whole
    return replaced(view, region=Region(x_px, y_px, width_px, height_px))


def span_px(first_px: float, last_px: float, sensor_px: int, step: int) -> tuple[int, int]:
    """(start, length) of a stretch of the sensor: its length whole steps, its place kept.

    The length depends on the wish's length alone, not on its place: an image does not change
    its shape as the pair moves.
    """
    most = sensor_px // step * step
    if most == 0:
        return 0, sensor_px
    length = min(ceil(round((last_px - first_px) / step, 6)) * step, most)
    middle = (first_px + last_px) / 2
    start = floor((middle - length / 2) / step + 0.5) * step
    return max(0, min(start, most - length)), length


def aimed(
    site: View,
    before: View | None,
    wish: Box,
    core: Box,
    lead: Box,
    recenter_um: float,
    movable: bool,
    limits: Limits,
) -> View:
    """The view that shows `wish`, and surely the `core` in it: the cells themselves.

    `before`, the last close look at this position, is kept while the wish has moved by less than
    `recenter_um` and it is not much larger than need be. The stage stays where it is while the
    sensor holds the `lead` pair; it moves only when that comes to the sensor's border.
    """
    if before is not None and still_good(before, wish, recenter_um, core):
        return before
    stands = before.whole if before is not None else site
    for view in (site, stands):
        if Box.of(view).holds(lead) or not movable:
            return cropped(view, wish)
    return cropped(moved(site, lead, 2 * recenter_um, limits), wish)


def still_good(before: View, wish: Box, recenter_um: float, core: Box) -> bool:
    """Whether the last close look still shows what is wished for, well enough."""
    shown = Box.of(before)
    cut = wish.shrunk(recenter_um)
    whole = Box.of(before.whole)
    reachable = Box(
        max(cut.left_um, whole.left_um),
        max(cut.top_um, whole.top_um),
        min(cut.right_um, whole.right_um),
        min(cut.bottom_um, whole.bottom_um),
    )
    fits = shown.holds(core) and shown.holds(reachable)
    return fits and shown.area_um2 <= 1.5 * max(wish.area_um2, core.area_um2)


def moved(site: View, core: Box, slack_um: float, limits: Limits) -> View:
    """The site's view, the stage moved just so far that the core is well inside the sensor.

    No further: what else is in the field should stay in it, and fresh cells in the dark.
    """
    field, room = Box.of(site), core.grown(slack_um)
    x_um = shift_um(room.left_um, room.right_um, field.left_um, field.right_um)
    y_um = shift_um(room.top_um, room.bottom_um, field.top_um, field.bottom_um)
    return replaced(
        site,
        stage_x_um=within(site.stage_x_um + x_um, limits.x_um),
        stage_y_um=within(site.stage_y_um + y_um, limits.y_um),
    )


def shift_um(low: float, high: float, field_low: float, field_high: float) -> float:
    """How far a field must move to hold a stretch; to its middle if it is too small for it."""
    if high - low > field_high - field_low:
        return (low + high - field_low - field_high) / 2
    return min(low - field_low, 0.0) + max(high - field_high, 0.0)


def within(value: float, bounds: tuple[float, float] | None) -> float:
    """The value, or the bound it passes."""
    return value if bounds is None else min(max(value, bounds[0]), bounds[1])
