"""Staged encounters: a scene cut down to a few cells, so that watching a meeting is cheap.

The stage is a small tile with the scene's habits, looks and crowding, on which the first meeting
comes within minutes. What is to come is learnt from a specimen that nobody lights.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from livewatch.specimen.scene import SCENES, Scene
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livewatch.settings import OutcomeRules
    from livewatch.specimen.happening import TrueEncounter
    from livewatch.specimen.rule import Rule

SIDE_UM = 170.0
FEWEST_TUMORS, FEWEST_NKS = 2, 3
NOT_BEFORE_S, NOT_AFTER_S = 25.0, 420.0
"""When the meeting to be watched begins: so that some of what was before it is seen."""
LONGEST_S = 600.0
"""Contact is watched for no longer; what is not known by then is censored."""
CUT_SHORT = 8
"""One in so many trials ends early, at any time: its session was over."""
SHOWS_S = 150.0
"""A death that began later than this before the end has not shown by then: it takes about 125 s
until half the dye is gone, and signs must last."""
WELL_BEFORE_S = 10.0
BEFORE_S = 20.0
OVER_S, AFTER_INTERVAL_S = 70.0, 10.0
"""An encounter counts as over so long after its last contact: from then on the surroundings are
watched as well, so often."""


def stage_of(scene: Scene) -> Scene:
    """A tile of the scene with as many cells for its area, but at least a few."""
    share = (SIDE_UM / scene.habits.side_um) ** 2
    return replace(
        scene,
        tumors=max(round(scene.tumors * share), FEWEST_TUMORS),
        nks=max(round(scene.nks * share), FEWEST_NKS),
        debris=max(round(scene.debris * share), 1),
        meetings=1,
        islands=min(scene.islands, 1),
        habits=scene.habits._replace(side_um=SIDE_UM),
    )


def first_meeting(scene: str, seed: int, rule: Rule) -> TrueEncounter | None:
    """The first encounter on the stage that can be watched from before it begins, if any."""
    specimen = SyntheticSpecimen(stage_of(SCENES[scene]), seed)
    specimen.truth(NOT_AFTER_S + LONGEST_S + rule.bridge_s + 1.0)
    return next(
        (
            one
            for one in specimen.encounters(rule)
            if NOT_BEFORE_S < one.start_s < NOT_AFTER_S and "corpse" not in one.tags
        ),
        None,
    )


def end_of(ahead: TrueEncounter, rules: OutcomeRules, seed: int) -> float:
    """When watching ends: the outcome must be known by then, or never will.

    Not while a death has begun that cannot be seen yet: then it ends shortly before.
    """
    last_s = ahead.start_s + LONGEST_S
    if ahead.last_contact_s < last_s:
        end_s = ahead.last_contact_s + 1.15 * rules.viable_s
    else:
        end_s = last_s
    if isfinite(ahead.engulfed_s):
        end_s = min(end_s, ahead.engulfed_s + 150.0)
    if seed % CUT_SHORT == 0:
        share = np.random.default_rng([seed, 0xC07]).uniform(0.15, 0.95)
        end_s = float(ahead.start_s + share * (end_s - ahead.start_s))
    is_hidden = ahead.death_s <= end_s < ahead.death_s + SHOWS_S
    return ahead.death_s - WELL_BEFORE_S if is_hidden else end_s


def is_over(ahead: TrueEncounter, time_s: float) -> bool:
    """Whether a session has left the pair by then, and looks at the whole field."""
    return time_s > ahead.last_contact_s + OVER_S


def times_of(ahead: TrueEncounter, end_s: float, interval_s: float) -> Iterator[float]:
    """When frames are taken: at the encounter's rate until a little after, then slower."""
    time_s = max(ahead.start_s - BEFORE_S, 0.0)
    while time_s <= end_s:
        yield time_s
        time_s += max(interval_s, AFTER_INTERVAL_S) if is_over(ahead, time_s) else interval_s
