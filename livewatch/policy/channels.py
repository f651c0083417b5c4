"""How often a channel is exposed: those that show the cells in every frame, others less often."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from livewatch.model import Kind, Plane

if TYPE_CHECKING:
    from livewatch.settings import Channel, Experiment

ALWAYS = frozenset(kind.value for kind in Kind)
"""Nothing can be said of a contact without both cells: these are in every frame."""
SLACK, SLACK_S = 0.1, 1.0
"""An interval is over so much sooner (whichever is less): frames do not come to the millisecond."""


def planes(experiment: Experiment) -> tuple[Plane, ...]:
    """One exposure of every channel, in the experiment's order."""
    return tuple(
        Plane(name, channel.exposure_ms, channel.power)
        for name, channel in experiment.channels.items()
    )


def always(planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
    """The planes of every frame."""
    return tuple(plane for plane in planes if plane.channel in ALWAYS)


def wait_s(every_s: float) -> float:
    """How long after an exposure the next is due where `every_s` is to lie between them."""
    return every_s - min(SLACK * every_s, SLACK_S)


def interval_for_s(wait: float) -> float:
    """The interval of which `wait_s` is that."""
    return min(wait / (1 - SLACK), wait + SLACK_S)


def one_in(channel: Channel, every_s: float, interval_s: float) -> int:
    """Of so many frames that come every `interval_s`, one exposes a channel.

    `every_s` is the least time between two of its exposures.
    """
    frames = ceil(wait_s(every_s) / interval_s - 1e-9) if interval_s > 0 else 1
    return max(channel.every_frames, frames, 1)
