"""Where the camera looks after a change of view."""

from __future__ import annotations

from dataclasses import dataclass

from livewatch.model.nan import NAN


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the camera looks after a change of view, as the cells known there tell.

    Of `expected` cells that the image should show whole, `found` are seen, all of them displaced
    by about `dx_um`, `dy_um`, with the standard deviation `sd_um` on each axis (NaN: too few to
    tell). `soft_um` is how soft the edges of the pairs in it are (infinite: none stand out of
    the noise), and `before_um` how soft they were before.
    """

    expected: int
    found: int
    dx_um: float = NAN
    dy_um: float = NAN
    sd_um: float = NAN
    soft_um: float = NAN
    before_um: float = NAN

    @property
    def softer_um(self) -> float:
        """By how much softer edges have become; NaN where that is not known."""
        return self.soft_um - self.before_um

    @property
    def miss_um(self) -> float:
        """By how much the camera looks elsewhere than it says; NaN where that is not known."""
        return float((self.dx_um**2 + self.dy_um**2) ** 0.5)

    def misses(self, aim_um: float) -> bool:
        """Whether the cells are surely further than `aim_um` from where they should be.

        Where only one cell is expected, nothing is sure.
        """
        if self.found == 0:
            return self.expected > 1
        return self.miss_um > aim_um + 2 * self.sd_um
