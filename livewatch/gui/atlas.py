"""Small maps of the positions: what the last wide frame of each showed.

While the microscope looks closer, the map says where. Pure: no Qt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livewatch.model import Frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.model import Pixels, Reply, View

SIDE_PX = 256
CLOSER = 0.8
"""A frame narrower than this part of the map is a closer look."""


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """A wide frame, thinned to at most `SIDE_PX` a side: {channel: pixels}."""

    view: View
    planes: Mapping[str, Pixels]


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """One map per position."""

    maps: Mapping[str, Map] = field(default_factory=dict)

    def after(self, reply: Reply) -> Atlas:
        """The atlas with a new map, if the reply is a wide frame."""
        if not isinstance(reply, Frame) or self.map_around(reply.view) is not None:
            return self
        return Atlas({**self.maps, reply.view.position: map_of(reply)})

    def map_around(self, view: View) -> Map | None:
        """The map in which `view` is a closer look, or None."""
        found = self.maps.get(view.position)
        if found is None or view.width_um > CLOSER * found.view.width_um:
            return None
        return found


def map_of(frame: Frame) -> Map:
    """Every n-th pixel of a frame, copied, so that the frame itself can be let go."""
    step = -(-max(frame.view.shape) // SIDE_PX)
    channels = (plane.channel for plane in frame.shot.planes)
    return Map(
        frame.view,
        {
            channel: pixels[::step, ::step].copy()
            for channel, pixels in zip(channels, frame.planes, strict=True)
        },
    )
