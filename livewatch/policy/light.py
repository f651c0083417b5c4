"""Light as a budget: what each position has had, may still have, and what that allows.

Counted as exposure in ms times relative power, for each position and channel. A shot that
would pass the budget is not taken, whatever it is for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING

from livewatch.model import Purpose
from livewatch.policy.channels import ALWAYS, interval_for_s, one_in
from livewatch.policy.state import Spent

if TYPE_CHECKING:
    from livewatch.model import Plane, Shot
    from livewatch.settings import Experiment


def charged(spent: tuple[Spent, ...], shot: Shot, frames: int = 1) -> tuple[Spent, ...]:
    """The account after so many frames of `shot`."""
    account = {(each.position, each.channel): each for each in spent}
    for plane in shot.planes:
        key = (shot.view.position, plane.channel)
        had = account.get(key, Spent(*key))
        dose = frames * plane.dose
        reacting = 0.0 if shot.purpose is Purpose.SURVEY else dose
        account[key] = replace(had, dose=had.dose + dose, reacting=had.reacting + reacting)
    return tuple(account.values())


def given(spent: tuple[Spent, ...], position: str, channel: str) -> Spent:
    """What a position has had in a channel."""
    found = (each for each in spent if each.position == position and each.channel == channel)
    return next(found, Spent(position, channel))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a position's light is shared out between the survey and reactions.

    `survey_s` is the survey interval that the budget allows: the experiment's own, or longer;
    `every_s`, for each channel, the least time between two of its exposures, likewise. `whole`
    and `kept` are for each channel the budget and the part kept for the survey.
    """

    survey_s: float
    whole: dict[str, float]
    kept: dict[str, float]
    every_s: dict[str, float]

    @property
    def free(self) -> dict[str, float]:
        """For each channel, what reactions may use."""
        return {channel: self.whole[channel] - self.kept[channel] for channel in self.whole}


def plan(experiment: Experiment, planes: tuple[Plane, ...]) -> Plan:
    """The light plan for every position over the whole session.

    With a planned duration the survey gets what it needs, up to its share; if the share does
    not last, its interval grows until it does, or only that of a channel which need not be in
    every frame. Without one it simply keeps its share.
    """
    budget, survey_s = experiment.light.budget, experiment.survey.interval_s
    share, duration_s = experiment.light.survey_share, experiment.limits.duration_s
    kept = {channel: share * most for channel, most in budget.items()}
    every_s = {name: channel.every_s for name, channel in experiment.channels.items()}
    if duration_s is None:
        return Plan(survey_s, dict(budget), kept, every_s)
    doses = {plane.channel: plane.dose for plane in planes}
    lasts_s = {
        channel: duration_s / max(floor((share or 1.0) * most / doses[channel] + 1e-9), 1)
        for channel, most in budget.items()
    }
    survey_s = max(survey_s, *(lasts_s.get(channel, 0.0) for channel in ALWAYS))
    slots = floor(duration_s / survey_s + 1e-9) + 1
    for name, most in budget.items():
        channel = experiment.channels[name]
        if one_in(channel, every_s[name], survey_s) * survey_s < lasts_s[name]:
            every_s[name] = interval_for_s(lasts_s[name])
        frames = ceil(slots / one_in(channel, every_s[name], survey_s))
        kept[name] = min(share * most, frames * doses[name])
    return Plan(survey_s, dict(budget), kept, every_s)


def affordable(plan: Plan, spent: tuple[Spent, ...], shot: Shot) -> int | None:
    """How many frames of `shot` its position may still have; None for any number.

    A reaction leaves the survey what is kept for it.
    """
    frames: int | None = None
    for plane in shot.planes:
        if plane.channel in plan.whole:
            had = given(spent, shot.view.position, plane.channel)
            left = plan.whole[plane.channel] - had.dose
            if shot.purpose is not Purpose.SURVEY:
                left = min(left, plan.free[plane.channel] - had.reacting)
            more = max(floor(left / plane.dose + 1e-9), 0)
            frames = more if frames is None else min(frames, more)
    return frames


def left_share(plan: Plan, spent: tuple[Spent, ...], position: str) -> float:
    """Which share of its light for reactions a position still has, in its scarcest channel.

    One that need not be in every frame does not count: it is left out when its light is spent.
    """
    return min(
        (
            max(1 - given(spent, position, channel).reacting / free, 0.0) if free > 0 else 0.0
            for channel, free in plan.free.items()
            if channel in ALWAYS
        ),
        default=1.0,
    )
