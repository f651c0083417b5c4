"""Refocusing: a closer look that is out of focus is looked for once, in few steps.

A single image says how far it is out of focus, not to which side. So the focus is moved a step to
one side, then further on, or to the other side if it got softer; from three looks follows where the
edges are sharpest, or to which side they get sharper. Whichever look is sharp enough ends it.
"""

from __future__ import annotations

from math import copysign, isfinite
from typing import TYPE_CHECKING

import numpy as np

from livewatch.settings import Objective

if TYPE_CHECKING:
    from livewatch.model import View
    from livewatch.policy.rules import Rules

    Looks = tuple[tuple[float, float], ...]

LOOKS = 4
FARTHEST = 4
"""The focus is not sought further than so many steps from where it was first."""
FINE = 241
"""So many places are tried for it."""


def next_look_um(looks: Looks, view: View, rules: Rules) -> float | None:
    """The trim of the focus to look at next, after `looks` at `view`; None: there is none."""
    if view.z_um is None or not rules.instrument.moves_z or len(looks) >= LOOKS:
        return None
    if rules.experiment.microscope.hold_focus:  # the lock would take it back
        return None
    trim_um = sought_um(looks, rules.experiment.zoom.refocus_um)
    if trim_um is None or not within_limits(view, trim_um, rules):
        return None
    return trim_um


def sought_um(looks: Looks, step_um: float) -> float | None:
    """Where to look next; None where the looks so far do not tell."""
    first_um, first_soft_um = looks[0]
    if len(looks) == 1:
        return first_um + step_um
    gets_sharper = looks[1][1] < first_soft_um
    if len(looks) == 2:
        return first_um + (2 * step_um if gets_sharper else -step_um)
    if not all(isfinite(soft_um) for _, soft_um in looks):  # one was lost: on to the other side
        return first_um + (3 * step_um if gets_sharper else -2 * step_um)
    lowest_um, highest_um = first_um - FARTHEST * step_um, first_um + FARTHEST * step_um
    best_um = sharpest_um(looks, lowest_um, highest_um)
    if lowest_um < best_um < highest_um:
        return best_um
    so_far_um = min(looks, key=lambda look: look[1])[0]  # all is about as soft: a step beyond
    return None if so_far_um == first_um else so_far_um + copysign(step_um, so_far_um - first_um)


def sharpest_um(looks: Looks, lowest_um: float, highest_um: float) -> float:
    """The focus, from one limit to the other, that looks tell: by least squares.

    Away from the focus softness grows in proportion to how far it is (a cone of light), to both
    sides alike. A parabola through three looks on one side would be bent by their errors alone.
    """
    z_um, soft_um = np.array(looks).T
    focus_um = np.linspace(lowest_um, highest_um, FINE)
    away_um = np.abs(z_um - focus_um[:, None])
    growth = (away_um @ soft_um) / (away_um**2).sum(1)
    misfit = ((soft_um - growth[:, None] * away_um) ** 2).sum(1)
    return float(focus_um[misfit.argmin()])


def within_limits(view: View, trim_um: float, rules: Rules) -> bool:
    """Whether the focus drive may go to where a trim leads it."""
    bounds = rules.experiment.limits.z_um
    off = rules.experiment.objectives.get(view.objective, Objective())
    z_um = (view.z_um or 0.0) - off.offset_z_um - trim_um
    return bounds is None or bounds[0] <= z_um <= bounds[1]
