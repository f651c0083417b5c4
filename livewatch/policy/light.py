"""Light as a budget: what each position has had, may still have, and what that allows.

Counted as exposure in ms times relative power, for each position and channel. A shot that
would pass the budget is not taken, whatever it is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

from livewatch.model import Purpose
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
        account[key] = Spent(*key, had.dose + dose, had.reacting + reacting)
    return tuple(account.values())


def given(spent: tuple[Spent, ...], position: str, channel: str) -> Spent:
    """What a position has had in a channel."""
    found = (each for each in spent if each.position == position and each.channel == channel)
    return next(found, Spent(position, channel))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a position's light is shared out between the survey and reactions.

    `survey_s` is the survey interval that the budget allows: the experiment's own, or longer.
    `whole` and `kept` are for each channel the budget and the part kept for the survey.
    """

    survey_s: float
    whole: dict[str, float]
    kept: dict[str, float]

    @property
    def free(self) -> dict[str, float]:
        """For each channel, what reactions may use."""
        return {channel: self.whole[channel] - self.kept[channel] for channel in self.whole}


def plan(experiment: Experiment, planes: tuple[Plane, ...]) -> Plan:
    """The light plan for every position over the whole session.

    With a planned duration the survey gets what it needs, up to its share; if the share does
    not last, its interval grows until it does. Without one it simply keeps its share.
    """
    budget, survey_s = experiment.light.budget, experiment.survey.interval_s
    share, duration_s = experiment.light.survey_share, experiment.limits.duration_s
    kept = {channel: share * most for channel, most in budget.items()}
    if duration_s is None:
        return Plan(survey_s, dict(budget), kept)
    doses = {plane.channel: plane.dose for plane in planes}
    for channel, most in budget.items():
        frames = floor((share or 1.0) * most / doses[channel] + 1e-9)
        survey_s = max(survey_s, duration_s / max(frames, 1))
    slots = floor(duration_s / survey_s + 1e-9) + 1
    kept = {channel: min(share * most, slots * doses[channel]) for channel, most in budget.items()}
    return Plan(survey_s, dict(budget), kept)


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
    """Which share of its light for reactions a position still has, in its scarcest channel."""
    return min(
        (
            max(1 - given(spent, position, channel).reacting / free, 0.0) if free > 0 else 0.0
            for channel, free in plan.free.items()
        ),
        default=1.0,
    )
