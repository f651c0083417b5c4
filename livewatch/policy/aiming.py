"""Aim: after every change of view the target is looked for; corrected once, then given up.

What the first frame after a change says of where it landed (`Observation.landing`) is judged here
and becomes a reason. An offset that is found wrong is kept for the session as a trim; a change
that misses again, shows nothing that is known, or stays out of focus is not made again for a while.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite, isnan
from typing import TYPE_CHECKING

from livewatch.policy.refocus import next_look_um
from livewatch.policy.state import GivenUp, Part, Refocus, Trim

if TYPE_CHECKING:
    from livewatch.model import Landing, Missed, Observation, View
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import PolicyState

SOFT_UM = 0.6
"""Edges this much softer than before are out of focus; through a better lens they get sharper."""


def aim_checked(state: PolicyState, seen: Observation, rules: Rules) -> PolicyState:
    """The state after the first frame of a view was looked at: noted, corrected, or given up."""
    landing, view = seen.landing, seen.view
    if landing is None:
        return state
    changed = parts(view, rules.site(view.position).view)
    aim_um, through = rules.experiment.zoom.aim_um, described(changed, view)
    if not changed:
        note = f"Back in the survey's view, {said(landing, view)}"
        return replace(state, corrected="", refocus=None, note=note)
    if Part.OBJECTIVE in changed and (so_far := refocus_of(state, seen)) is not None:
        return refocused(state, seen, so_far, through, rules)
    if landing.misses(aim_um):
        if state.corrected == view.position:
            why = f"the aim missed again {through}, after one correction: {said(landing, view)}"
            return given_up(state, changed[:1], why + hint(changed[0]), rules)
        return corrected(state, seen, changed, through)
    again = "; corrected once" if state.corrected == view.position else ""
    return replace(state, corrected="", note=f"Aim checked {through}: {said(landing, view)}{again}")


def corrected(
    state: PolicyState, seen: Observation, changed: tuple[Part, ...], through: str
) -> PolicyState:
    """The state with the aim corrected: by what it missed, if that is known; else looked again."""
    landing, view = seen.landing, seen.view
    assert landing is not None
    note = f"The aim missed {through}: {said(landing, view)}"
    trims = state.trims
    if Part.OBJECTIVE in changed and landing.found:
        x_um, y_um = view.trim_x_um - landing.dx_um, view.trim_y_um - landing.dy_um
        trims = trimmed(state, Trim(view.objective, x_um, y_um, view.trim_z_um))
        note += "; corrected by that"
    else:
        note += "; looked for once more"
    return replace(state, corrected=view.position, trims=trims, burst=None, note=note)


def trimmed(state: PolicyState, trim: Trim) -> tuple[Trim, ...]:
    """What is known of offsets, with a new trim."""
    return (*(each for each in state.trims if each.objective != trim.objective), trim)


def refocus_of(state: PolicyState, seen: Observation) -> Refocus | None:
    """The search for the focus that a frame belongs to, or that it begins."""
    landing, position = seen.landing, seen.view.position
    assert landing is not None
    if state.refocus is not None and state.refocus.position == position:
        return state.refocus
    if landing.softer_um > SOFT_UM:
        return Refocus(position, landing.before_um + SOFT_UM, ())
    return None


def refocused(
    state: PolicyState, seen: Observation, so_far: Refocus, through: str, rules: Rules
) -> PolicyState:
    """The state after one more look of a search for the focus: found, looked on, or given up."""
    landing, view = seen.landing, seen.view
    assert landing is not None
    lost = landing.misses(rules.experiment.zoom.aim_um) or not isfinite(landing.soft_um)
    soft_um = inf if lost else landing.soft_um
    edges = f"{edged(soft_um - so_far.least_um + SOFT_UM)} at {view.trim_z_um:+.1f} um"
    if soft_um <= so_far.least_um:
        return replace(
            state, refocus=None, corrected="", note=f"Focus corrected {through}: {edges}"
        )
    looks = (*so_far.looks, (view.trim_z_um, soft_um))
    trim_um = next_look_um(looks, view, rules)
    if trim_um is None:
        tried = f"after {len(looks) - 1} other looks " if len(looks) > 1 else ""
        why = f"out of focus {tried}{through}: {edges}; `livewatch calibrate` measures this"
        return given_up(state, (Part.OBJECTIVE,), why, rules)
    trim = Trim(view.objective, view.trim_x_um, view.trim_y_um, trim_um)
    return replace(
        state,
        refocus=replace(so_far, looks=looks),
        trims=trimmed(state, trim),
        burst=None,
        note=f"Out of focus {through}: {edges}; looked for at {trim_um:+.1f} um",
    )


def given_up(state: PolicyState, changed: tuple[Part, ...], why: str, rules: Rules) -> PolicyState:
    """The state in which these parts of a closer look are not tried again for a while."""
    until_s = state.now_s + rules.experiment.zoom.retry_s
    objective = rules.experiment.zoom.objective
    kept = tuple(each for each in state.given_up if each.part not in changed)
    trims = state.trims
    if Part.OBJECTIVE in changed:
        trims = tuple(each for each in trims if each.objective != objective)
    return replace(
        state,
        given_up=(*kept, *(GivenUp(part, until_s, why) for part in changed)),
        trims=trims,
        corrected="",
        refocus=None,
        burst=None,
        note=f"Back from the closer look: {why}",
    )


def out_of_reach(state: PolicyState, news: Missed, rules: Rules) -> tuple[Part, ...]:
    """What was newly changed for a shot that the microscope did not manage, as far as it shows.

    Nothing, if the shot differs in nothing from the one before: then the cause lies elsewhere.
    """
    view, site = news.shot.view, rules.site(news.shot.view.position).view
    before = state.last or site
    new = parts(view, before)
    return tuple(part for part in parts(view, site) if part in new)


def parts(view: View, other: View) -> tuple[Part, ...]:
    """In what a view differs from another, the costliest first."""
    unlike = {
        Part.OBJECTIVE: view.objective != other.objective,
        Part.BINNING: view.binning != other.binning,
        Part.REGION: view.region != other.region,
    }
    return tuple(part for part in Part if unlike[part])


def described(changed: tuple[Part, ...], view: View) -> str:
    """A change of view, in words."""
    words = {
        Part.OBJECTIVE: f"through {view.objective}",
        Part.BINNING: f"at binning {view.binning}",
        Part.REGION: f"in a region of {view.width_um:.0f} x {view.height_um:.0f} um",
    }
    return ", ".join(words[part] for part in changed)


def said(landing: Landing, view: View) -> str:
    """Where a view landed, in words."""
    if not isfinite(landing.miss_um):
        if landing.expected < 2:
            return "too few cells are known there to tell where it landed"
        return f"none of the {landing.expected} cells expected is where it should be"
    found = (
        f"{landing.found} of {landing.expected} cells found, off by "
        f"({landing.dx_um:+.1f}, {landing.dy_um:+.1f}) +- {landing.sd_um:.1f} um"
    )
    if isnan(landing.softer_um) or landing.before_um == inf:
        return found
    focus = "out of focus" if landing.softer_um > SOFT_UM else "in focus"
    return f"{found}, {focus} ({edged(landing.softer_um)})"


def edged(softer_um: float) -> str:
    """How much softer edges are, in words."""
    return f"edges {softer_um:+.1f} um" if isfinite(softer_um) else "no edges"


def hint(part: Part) -> str:
    """What the user may look into."""
    return {
        Part.OBJECTIVE: "; `livewatch calibrate` measures an objective's offsets",
        Part.BINNING: "; see [microscope] pixel_um and the camera's binning",
        Part.REGION: "; see [microscope] mirror_x, mirror_y and swap_xy",
    }[part]
