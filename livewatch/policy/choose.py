"""The choice: of everything that could be imaged next, what, when and why.

A pure reading of the state: nothing is remembered here. The state changes with news only, so
the same state always leads to the same decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from livewatch.model import Decision, Purpose, Shot, View
from livewatch.policy.closer import closer_look, stage_limits, turned_for_first
from livewatch.policy.due import due, left_out
from livewatch.policy.light import affordable, left_share
from livewatch.policy.priority import holder, rank, ranked
from livewatch.policy.rates import FASTEST_QUIET_S, interval_s
from livewatch.policy.region import Box, aimed, hull
from livewatch.policy.state import Stage
from livewatch.policy.words import waits, who, why
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from livewatch.policy.rules import Rules
    from livewatch.policy.sites import Site
    from livewatch.policy.state import Followed, PolicyState, Visit

ROOM = 1.5
"""Cells' middles are seen; they reach beyond by half of so many typical tumor diameters."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that could be imaged next. `due_s` -inf in the order means: before all else."""

    shot: Shot
    order_s: float
    rank: int
    reason: str
    target: int | None = None
    refused: tuple[str, ...] = ()


def choose(state: PolicyState, rules: Rules) -> Decision:
    """What to image next. Without anything left to image, the session ends with the reason."""
    if state.ended:
        return Decision(None, state.ended, failed=state.failed)
    if state.burst is not None:
        rest = f"{state.burst.count} frames of the burst at {state.burst.view.position} are left"
        return decided(Option(state.burst, -inf, 0, rest), state, rules, state.declined)
    payable, refused = paid_for(state, rules)
    wanted = reactions(payable, rules)
    if rules.experiment.reaction.validate_only:
        refused += tuple(f"Not done, only validating: {option.reason}" for option in wanted)
        payable, wanted = replaced(payable, followed=()), []
    options = wanted + [o for o in surveys(payable, rules) if frames_left(o.shot, state, rules)]
    refused += waiting(payable, rules)
    if not options:
        return Decision(None, "The light budget of every position is spent", refused=refused)
    best = min(options, key=lambda option: (option.order_s, option.rank))
    return decided(best, state, rules, refused + best.refused)


def paid_for(state: PolicyState, rules: Rules) -> tuple[PolicyState, tuple[str, ...]]:
    """The state with those followed pairs only that there is light for; and the refusals."""
    dark: set[str] = set()
    for site in rules.sites:
        shot = Shot(site.view, rules.always, state.now_s, Purpose.ENCOUNTER)
        if not frames_left(shot, state, rules):
            dark.add(site.name)
    lit = tuple(pair for pair in state.followed if pair.position not in dark)
    refused = tuple(
        f"{who(pair)} at {pair.position} not followed: its light for reactions is spent"
        for pair in state.followed
        if pair.position in dark
    )
    return replaced(state, followed=lit), (*state.declined, *left_out(state.spent, rules), *refused)


def frames_left(shot: Shot, state: PolicyState, rules: Rules) -> int:
    """How many frames of a shot the light budget allows, at most as many as it asks for."""
    frames = affordable(rules.light, state.spent, shot)
    return shot.count if frames is None else min(frames, shot.count)


def decided(option: Option, state: PolicyState, rules: Rules, refused: tuple[str, ...]) -> Decision:
    """The decision for an option, within the session's time, and after any enforced wait."""
    due_s = max(option.shot.not_before_s, state.wait_s)
    duration_s = rules.experiment.limits.duration_s
    if duration_s is not None and max(due_s, state.now_s) >= state.begun_s + duration_s:
        return Decision(None, f"The planned {duration_s:g} s are over", refused=refused)
    reason = f"{state.note}; {option.reason}" if state.note else option.reason
    if state.held:
        due_s, reason = inf, "Held by the operator, until told to go on"
    return Decision(replaced(option.shot, not_before_s=due_s), reason, option.target, refused)


def surveys(state: PolicyState, rules: Rules) -> list[Option]:
    """The next survey frame of every site that has no frames of its own coming anyway.

    While something is followed elsewhere at the fast rate, each is seen once in every
    `unseen_rounds` of its slots.
    """
    busy = holder(state, rules)
    rounds = rules.experiment.survey.unseen_rounds if busy else 1
    near = {busy} if busy else {pair.position for pair in state.followed}
    return [
        survey(site, state.visit(site.name), rounds, state, rules)
        for site in rules.sites
        if site.name not in near
    ]


def survey(site: Site, visit: Visit, rounds: int, state: PolicyState, rules: Rules) -> Option:
    """One site's next survey frame, on its own time grid."""
    first = visit.slot == 0
    slot = visit.slot + (0 if first else rounds - 1)
    due_s = max(slot_s(site, slot, state, rules), visit.start_s + rules.fast_s)
    shot = due(Shot(site.view, rules.planes, due_s, Purpose.SURVEY), state.spent, rules)
    count = sum(pair.position == site.name for pair in state.followed)
    seen = f"{count} pair{'s' * (count > 1)} near" if count else "nothing near contact"
    pace = f"one frame every {rules.survey_s * rounds:g} s"
    return Option(shot, due_s, 9, f"Survey of {site.name}, {seen}: {pace}")


def slot_s(site: Site, slot: int, state: PolicyState, rules: Rules) -> float:
    """When a site's survey slot is due."""
    return state.begun_s + site.phase_s + slot * rules.survey_s


def reactions(state: PolicyState, rules: Rules) -> list[Option]:
    """Frames for followed pairs: of the position that has its turn, else of all that are near."""
    busy = holder(state, rules)
    positions = (busy,) if busy else tuple(dict.fromkeys(p.position for p in state.followed))
    return [reaction(position, state, rules) for position in positions]


def waiting(state: PolicyState, rules: Rules) -> tuple[str, ...]:
    """The pairs that must wait for another position's turn to end."""
    busy = holder(state, rules)
    left_s = state.turn_s + rules.experiment.reaction.turn_s - state.now_s
    left_s = left_s if busy == state.turn else rules.experiment.reaction.turn_s
    return tuple(
        waits(pair, busy, left_s)
        for pair in state.followed
        if busy and pair.position != busy and pair.stage is not Stage.NEAR
    )


def reaction(position: str, state: PolicyState, rules: Rules) -> Option:
    """The next frame for a position's pairs: one view that holds as many as it can."""
    here = tuple(pair for pair in state.followed if pair.position == position)
    pairs = ranked(here, state, rules.experiment.reaction.turn_s)
    pairs = turned_for_first(pairs, state, rules)
    lead, visit, site = pairs[0], state.visit(position), rules.site(position)
    pace_s = min(interval_s(pair, state.now_s, rules) for pair in pairs)
    share = left_share(rules.light, state.spent, position)
    thinned = share < rules.experiment.light.thin_below
    pace_s = min(max(2 * pace_s, FASTEST_QUIET_S), rules.watch_s) if thinned else pace_s
    can_hurry = rules.fast_s < rules.survey_s and not visit.fast
    at_once = can_hurry and any(pair.is_fast and not pair.answered for pair in pairs)
    due_s = state.now_s if at_once else max(visit.start_s + pace_s, state.begun_s)
    view, refused = framed(pairs, visit, site, state, rules)
    count, purpose = 1, purpose_of(lead)
    if lead.stage is Stage.TOUCHING and not lead.bursted and rules.experiment.reaction.burst:
        count, purpose = rules.experiment.reaction.burst, Purpose.BURST
        at_once, due_s = True, state.now_s
    elif looks_around(view, visit, site, due_s, state, rules):
        view = site.view
        purpose = purpose if view.holds(lead.x_um, lead.y_um) else Purpose.SURVEY
    reason = why(lead, state.now_s, rules, pace_s)
    if len(pairs) > 1:
        reason += f"; {len(pairs) - 1} more at {position}"
    if thinned:
        reason += f"; half as often, for {share:.0%} of its light is left"
    if purpose is Purpose.BURST:
        shot = Shot(view, rules.always, due_s, purpose, count)
    else:
        shot = due(Shot(view, rules.planes, due_s, purpose), state.spent, rules)
    shot = replaced(shot, count=frames_left(shot, state, rules))
    order_s = -inf if at_once else due_s
    return Option(shot, order_s, rank(lead, state), reason, lead.encounter, refused)


def looks_around(
    view: View, visit: Visit, site: Site, due_s: float, state: PolicyState, rules: Rules
) -> bool:
    """Whether it is time to read the whole sensor, close look or not.

    The lamp lights the whole field anyway: seeing what else is coming costs data, no light. Where
    the turret has to turn for it, the field is seen as seldom as other positions are.
    """
    if view.objective != site.view.objective:
        unseen_s = rules.experiment.survey.unseen_rounds * rules.survey_s
        return due_s - visit.whole_s >= unseen_s
    around_s = rules.experiment.reaction.look_around_s
    return slot_s(site, visit.slot, state, rules) <= due_s or due_s - visit.whole_s >= around_s


def purpose_of(pair: Followed) -> Purpose:
    """The mode that a pair's stage asks for."""
    if pair.stage is Stage.OVER:
        return Purpose.COOLDOWN
    return Purpose.ENCOUNTER if pair.is_fast else Purpose.WATCH


def framed(
    pairs: tuple[Followed, ...], visit: Visit, site: Site, state: PolicyState, rules: Rules
) -> tuple[View, tuple[str, ...]]:
    """The view for a position's pairs, which of them it cannot hold, and what it cannot be.

    Light falls on the whole field whatever part of it is read out: so one region that holds
    several pairs costs the sample no more than one pair does, and one that only comes near is
    taken in as well. Only where an objective has just been turned in the stage stands for the
    first pair alone: in the middle it is seen even if the objective's offset is not quite right.
    """
    if all(pair.stage is Stage.NEAR for pair in pairs):
        return site.view, ()
    look = closer_look(pairs, core(pairs[0], rules), visit, site, state, rules)
    site, visit = look.site, look.visit
    together = pairs[:1] if look.turning else pairs
    lead, stands = standing_for(together, visit, site, rules)
    field = Box.of(stands.whole)
    held = tuple(pair for pair in pairs if field.holds(core(pair, rules)) or pair is pairs[0])
    left = tuple(
        f"{who(pair)} does not fit beside {who(pairs[0])}" for pair in pairs if pair not in held
    )
    view = aimed_at(held, lead, visit, site, rules)
    return view if look.region else view.whole, (*left, *look.refused)


def standing_for(
    pairs: tuple[Followed, ...], visit: Visit, site: Site, rules: Rules
) -> tuple[Box, View]:
    """What the stage stands for, and a view from there: the first pair and all that fit beside it.

    The stage moves for pairs that ask for the fast rate; what else is in the field then is shown
    as well.
    """
    together, lead = pairs[:1], core(pairs[0], rules)
    stands = aimed_at(together, lead, visit, site, rules)
    for pair in pairs[1:]:
        both = hull((lead, core(pair, rules)))
        if not pair.is_fast or not is_within(both, site.view):
            continue
        view = aimed_at((*together, pair), both, visit, site, rules)
        if Box.of(view.whole).holds(both):
            together, lead, stands = (*together, pair), both, view
    return lead, stands


def is_within(box: Box, view: View) -> bool:
    """Whether the whole sensor is large enough for a box."""
    field = Box.of(view.whole)
    width_um, height_um = field.right_um - field.left_um, field.bottom_um - field.top_um
    return box.right_um - box.left_um <= width_um and box.bottom_um - box.top_um <= height_um


def aimed_at(
    pairs: tuple[Followed, ...], lead: Box, visit: Visit, site: Site, rules: Rules
) -> View:
    """The view around some pairs, the stage standing so that it shows the `lead` core."""
    wish = hull(Box.around(pair.x_um, pair.y_um, side_um(pair, rules)) for pair in pairs)
    inner = hull(core(pair, rules) for pair in pairs)
    recenter_um = rules.experiment.zoom.recenter_um
    movable, limits = rules.instrument.moves_xy, stage_limits(site.view, rules.experiment)
    return aimed(site.view, visit.aim, wish, inner, lead, recenter_um, movable, limits)


def core(pair: Followed, rules: Rules) -> Box:
    """What must be seen of a pair: both cells, and a little around them."""
    return Box.around(pair.x_um, pair.y_um, least_um(pair, rules))


def least_um(pair: Followed, rules: Rules) -> float:
    """The side of the smallest square that surely shows both cells of a pair."""
    return pair.span_um + ROOM * rules.experiment.cells.tumor_diameter_um


def side_um(pair: Followed, rules: Rules) -> float:
    """The side of a pair's own region: as asked for, or more if the cells need it."""
    zoom = rules.experiment.zoom
    return max(zoom.region_um, least_um(pair, rules) + 2 * zoom.recenter_um)
