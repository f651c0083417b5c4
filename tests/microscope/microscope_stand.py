"""A microscope to test: a specimen whose brightness tells where and in which channel it is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.inbox import Inbox
from livewatch.model import Plane, Purpose, Reply, Shot, View
from livewatch.settings import Channel, Experiment
from livewatch.specimen.specimen import Picture

if TYPE_CHECKING:
    from livewatch.clock import Clock
    from livewatch.microscope.microscope import Microscope

MEAN = 20_000
EXPERIMENT = Experiment(
    channels={
        "nk": Channel(preset="NK", exposure_ms=30),
        "tumor": Channel(preset="Tumor", exposure_ms=40),
    },
    microscope={"timeout_s": 1.0},
)
NK, TUMOR = Plane("nk", 30.0), Plane("tumor", 40.0)


def seen_at(view: View, channel: str) -> np.ndarray[Any, Any]:
    """NK brightness rises along stage x, tumor brightness along stage y: 10 counts per um."""
    rows, columns = view.shape
    x_um = view.left_um + (np.arange(columns) + 0.5) * view.pixel_um
    y_um = view.top_um + (np.arange(rows) + 0.5) * view.pixel_um
    ramp = np.tile(x_um, (rows, 1)) if channel == "nk" else np.tile(y_um[:, None], (1, columns))
    return (MEAN + 10 * ramp).round().astype(np.uint16)


@dataclass
class Ramp:
    """A specimen of two brightness ramps that remembers how it was exposed."""

    exposed: list[tuple[View, str, float, float, float]] = field(default_factory=list)

    def expose(
        self, view: View, channel: str, exposure_ms: float, power: float, time_s: float
    ) -> Picture:
        self.exposed.append((view, channel, exposure_ms, power, time_s))
        if power == 0:
            return Picture(np.zeros(view.shape, np.uint16))
        return Picture(seen_at(view, channel), source=len(self.exposed))


def shows(frame: Any, channel: str = "nk") -> bool:
    """Whether a frame's image is what its own view says."""
    found = frame.plane(channel).astype(int)
    return bool(np.abs(found - seen_at(frame.view, channel)).max() <= 1)


def ask_for(shots: list[Shot], replies: list[Reply]) -> Generator[Shot, Reply, None]:
    """A loop that wants these shots, one after the other, and keeps what came of them."""
    for shot in shots:
        reply = yield shot
        replies.append(reply)


@dataclass
class Stand:
    """A demo microscope under test."""

    core: Any
    microscope: Microscope
    specimen: Ramp
    clock: Clock
    inbox: Inbox = field(default_factory=Inbox)

    @property
    def home(self) -> View:
        return self.microscope.inspect().home

    def view(self, **changes: Any) -> View:
        return replace(self.home, position="A", **changes)

    def shot(self, *planes: Plane, due_s: float = 0.0, count: int = 1, **changes: Any) -> Shot:
        view = self.view(**changes)
        return Shot(view, planes or (NK, TUMOR), due_s, Purpose.SURVEY, count)

    def take(self, *shots: Shot) -> list[Any]:
        """What comes of these shots."""
        replies: list[Reply] = []
        self.microscope.run(ask_for(list(shots), replies), self.inbox)
        return replies


Build = Callable[..., Stand]
