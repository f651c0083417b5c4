"""Which channels the next frame of a position exposes, and what is remembered of it.

A channel that need not be in every frame (a death dye, say) waits for its number of frames and
seconds, at each position by itself, and is left out where its light is spent: a sample is not
given up because one dye cannot be shown any more.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from livewatch.model import Purpose, Shot
from livewatch.policy.channels import ALWAYS, wait_s
from livewatch.policy.light import affordable, given
from livewatch.policy.state import Spent

if TYPE_CHECKING:
    from livewatch.model import Plane
    from livewatch.policy.rules import Rules


def due(shot: Shot, spent: tuple[Spent, ...], rules: Rules) -> Shot:
    """A shot of all planes, left with those that are due at its position and time."""
    return replace(
        shot, planes=tuple(each for each in shot.planes if is_due(shot, each, spent, rules))
    )


def is_due(shot: Shot, plane: Plane, spent: tuple[Spent, ...], rules: Rules) -> bool:
    """Whether enough frames and seconds have passed for a channel, and there is light for it."""
    if plane.channel in ALWAYS:
        return True
    had = given(spent, shot.view.position, plane.channel)
    if had.shown_s > -inf:
        passed_s = shot.not_before_s - had.shown_s
        if had.without + 1 < rules.experiment.channels[plane.channel].every_frames:
            return False
        if passed_s < wait_s(rules.light.every_s[plane.channel]):
            return False
    return affordable(rules.light, spent, replace(shot, planes=(plane,))) != 0


def left_out(spent: tuple[Spent, ...], rules: Rules) -> tuple[str, ...]:
    """The channels that are exposed no more, and where."""
    return tuple(
        f"{plane.channel} at {site.name} is exposed no more: its light is spent"
        for site in rules.sites
        for plane in rules.planes
        if plane.channel not in ALWAYS
        and affordable(rules.light, spent, Shot(site.view, (plane,), 0.0, Purpose.SURVEY)) == 0
    )


def shown(spent: tuple[Spent, ...], shot: Shot, time_s: float, rules: Rules) -> tuple[Spent, ...]:
    """The account with the channels that a frame at `time_s` showed, and those it did not."""
    exposed = {plane.channel for plane in shot.planes}
    account = {(each.position, each.channel): each for each in spent}
    for plane in rules.planes:
        if plane.channel not in ALWAYS:
            key = (shot.view.position, plane.channel)
            had, is_shown = account.get(key, Spent(*key)), plane.channel in exposed
            account[key] = replace(
                had,
                shown_s=time_s if is_shown else had.shown_s,
                without=0 if is_shown else had.without + 1,
            )
    return tuple(account.values())
