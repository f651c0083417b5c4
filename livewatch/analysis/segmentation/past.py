"""What a channel has looked like lately, and whether an image still looks like it.

An image is judged against the recent past of its own channel, at the same position and through
the same optics: how sharply cells end, and that there are any. Neither depends on how bright
the dye still is. What stays changed is believed after a while.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livewatch.model import Kind, View

SOFT = 0.6
"""Edges that fall by less than this share of what they used to are out of focus."""
FEWEST = 3
"""Cells needed to tell."""
WEIGHT, SLOW = 0.2, 0.02
"""How fast a good image, and one that was doubted, changes what is expected."""
PATIENCE = 20
"""For so many images in a row cells that have vanished are not believed gone."""
KEPT = 64
"""Places whose past is kept, the latest used."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is judged in one image: how many cells there are, and how sharply they end.

    `sharpness` is the fall across the outline over 3 working pixels, as a share of the cell's
    brightness: the median of the cells.
    """

    cells: int
    sharpness: float


@dataclass(frozen=True, slots=True)
class Past:
    """What was seen of one kind, at one position and through the same optics (`where`)."""

    kind: Kind
    where: str
    cells: int
    sharpness: float = 0.0
    doubted: int = 0

    def doubt(self, now: Glance) -> str | None:
        """What speaks against an image, in a user's words, or None."""
        if now.cells == 0 and self.cells >= FEWEST and self.doubted < PATIENCE:
            return (
                f"no cells, where there were {self.cells}: the lamp is dark, or the sample far "
                "out of focus"
            )
        if now.cells >= FEWEST and now.sharpness < SOFT * self.sharpness:
            share = now.sharpness / self.sharpness
            return f"out of focus: edges are {share:.0%} as sharp as they were"
        return None

    def after(self, now: Glance) -> Past:
        """The past with one more image."""
        doubted = self.doubt(now) is not None
        if doubted and now.cells == 0:
            return replace(self, doubted=self.doubted + 1)
        sharpness = self.sharpness
        if now.cells >= FEWEST:
            weight = SLOW if doubted else WEIGHT if sharpness else 1.0
            sharpness += weight * (now.sharpness - sharpness)
        return replace(self, cells=now.cells, sharpness=sharpness, doubted=0)


def where(view: View) -> str:
    """What must be the same for two images to be compared: place, optics, and how much is read."""
    height, width = view.shape
    return f"{view.position}, {view.objective}, {view.pixel_um:g} um, {width} x {height}"


def known(pasts: tuple[Past, ...], kind: Kind, view: View) -> Past:
    """The past of a kind at a view; nothing, at first."""
    place = where(view)
    same = (past for past in pasts if past.kind is kind and past.where == place)
    return next(same, Past(kind, place, 0))


def added(pasts: tuple[Past, ...], newer: Past) -> tuple[Past, ...]:
    """The pasts with one replaced, and as the latest."""
    others = [p for p in pasts if (p.kind, p.where) != (newer.kind, newer.where)]
    return (*others, newer)[-KEPT:]
