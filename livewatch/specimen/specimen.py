"""What the Python camera looks at: a protocol that synthetic and recorded specimens share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from livewatch.model import Pixels, View


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One exposure's image (rows, columns), and the recorded time point it is from, if any."""

    pixels: Pixels
    source: int | None = None


class Specimen(Protocol):
    """Given a view, a channel, an exposure and a time: the picture a camera would take."""

    def expose(
        self, view: View, channel: str, exposure_ms: float, power: float, time_s: float
    ) -> Picture:
        """The picture of `view` in `channel`; shape `view.shape`, camera counts.

        Exposing costs the specimen light (it may bleach, and suffer): `exposure_ms * power`
        over the view's area. `power` 0 is a closed shutter: a dark image, and no light spent.
        """
        ...
