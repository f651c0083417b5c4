"""Which pairs to follow: what an observation changes about them."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, inf
from typing import TYPE_CHECKING

from livewatch.model import Outcome
from livewatch.policy.leave import bar_of, gave_up, importance, left, refusal
from livewatch.policy.rates import chance, stage_of
from livewatch.policy.state import Followed, Stage
from livewatch.policy.words import who
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from livewatch.model import Contact, Encounter, Observation
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import PolicyState

DYING = 0.5
"""A tumor cell of less viability than this is on its way to death."""
MOST_FOLLOWED = 64
"""More pairs than this are never followed at once; the least important are dropped."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One pair in one observation: its contact, its open encounter, or both."""

    contact: Contact | None
    encounter: Encounter | None


def sights(seen: Observation) -> dict[tuple[int, int], Sight]:
    """Every near or touching pair of the observed position."""
    contacts = {each.pair: each for each in seen.contacts}
    touching = {
        each.pair: each
        for each in seen.encounters
        if each.is_open and each.position == seen.view.position
    }
    pairs = [*touching, *(pair for pair in contacts if pair not in touching)]
    return {pair: Sight(contacts.get(pair), touching.get(pair)) for pair in pairs}


def followed_after(state: PolicyState, seen: Observation, rules: Rules) -> PolicyState:
    """The state with the pairs that are worth frames after this observation."""
    shown = sights(seen)
    state = replaced(
        state,
        bars=tuple(bar for bar in state.bars if bar.until_s > state.now_s),
        outcomes=counted(state.outcomes, seen),
        declined=(),
    )
    for pair in state.followed:
        if pair.position == seen.view.position and pair.stage is not Stage.LOOK:
            sight = shown.pop((pair.nk_id, pair.tumor_id), None)
            state = changed(state, pair, updated(pair, sight, seen, state, rules), rules)
    for sight in shown.values():
        state = joined(state, begun(sight, seen, state, rules), rules)
    followed = sorted(state.followed, key=importance)
    return replaced(state, followed=tuple(followed[:MOST_FOLLOWED]))


def changed(
    state: PolicyState, pair: Followed, after: Followed | None, rules: Rules
) -> PolicyState:
    """The state with a pair as it is now, or without it."""
    if after is None:
        return left(state, pair, bar_of(pair, state.now_s, rules))
    if gave_up(after, state.now_s, rules):
        return left(state, pair, bar_of(after, state.now_s, rules))
    why = refusal(after, state, rules)
    if why is not None:
        return declined(left(state, pair, bar_of(after, state.now_s, rules)), after, why)
    if after.stage is Stage.TOUCHING and after.light:
        after = replaced(after, light=0.0)
    return replaced(state, followed=tuple(after if p is pair else p for p in state.followed))


def joined(state: PolicyState, new: Followed | None, rules: Rules) -> PolicyState:
    """The state with a pair that was not followed before, or with the reason why it is not."""
    if new is None:
        return state
    dwell_s = rules.experiment.reaction.min_dwell_s
    why = refusal(new, state, rules, max(dwell_s / rules.pace_s(new.stage), 1))
    if why is not None:
        return declined(state, new, why)
    return replaced(state, followed=(*state.followed, new))


def counted(
    outcomes: tuple[tuple[str, int], ...], seen: Observation
) -> tuple[tuple[str, int], ...]:
    """How often each outcome was seen, with those that became known just now."""
    counts = dict(outcomes)
    for encounter in seen.encounters:
        if encounter.id in seen.settled:
            counts[str(encounter.outcome)] = counts.get(str(encounter.outcome), 0) + 1
    return tuple(sorted(counts.items()))


def leaning(encounter: Encounter) -> str:
    """The outcome that an open encounter looks like having."""
    if encounter.viability < DYING:
        return str(Outcome.KILLED)
    evading = {"twisted", "slipped"} & set(encounter.tags)
    return str(Outcome.EVADED) if evading else str(Outcome.RELEASED)


def declined(state: PolicyState, pair: Followed, why: str) -> PolicyState:
    """The state with the reason why a pair is not followed."""
    return replaced(state, declined=(*state.declined, f"{who(pair)} not followed: {why}"))


def begun(sight: Sight, seen: Observation, state: PolicyState, rules: Rules) -> Followed | None:
    """A pair that is worth following from now on, or None."""
    if sight.encounter is not None:  # it may be open still though nobody sees its cells any more
        base = blank(sight, seen, state.now_s, Stage.TOUCHING)
        return refreshed(base, sight, seen, rules) if is_shown(sight, rules) else None
    if not rules.experiment.watch.anticipate:
        return None
    base = refreshed(blank(sight, seen, state.now_s, Stage.NEAR), sight, seen, rules)
    stage = stage_of(base.soon, later(sight, rules.survey_s), None, 0.0, rules)
    return None if stage is None else replaced(base, stage=stage)


def blank(sight: Sight, seen: Observation, now_s: float, stage: Stage) -> Followed:
    """A pair just met, before its figures are filled in."""
    source = sight.contact or sight.encounter
    assert source is not None
    return Followed(
        seen.view.position,
        source.nk_id,
        source.tumor_id,
        stage,
        now_s,
        now_s,
        seen.time_s,
        0.0,
        0.0,
        still_s=now_s,
    )


def is_shown(sight: Sight, rules: Rules) -> bool:
    """Whether a frame shows a pair in contact."""
    return sight.contact is not None and sight.contact.gap_um <= rules.experiment.contact.exit_um


def apart_since_s(pair: Followed, sight: Sight, seen: Observation, rules: Rules) -> float:
    """Since when a pair has not been shown in contact where it should be; inf if it is."""
    if is_shown(sight, rules):
        return inf
    margin_um = rules.experiment.cells.tumor_diameter_um
    looked = sight.contact is not None or seen.view.holds(pair.x_um, pair.y_um, margin_um)
    return min(pair.apart_s, seen.time_s) if looked else pair.apart_s


def placed(pair: Followed, contact: Contact, seen: Observation, rules: Rules) -> Followed:
    """The pair where a frame shows it; where it was, if the border cuts it now but did not then.

    Of a cell that the border cuts a part is seen, whose middle is not the cell's.
    """
    cut = any(cell.at_edge and cell.id in contact.pair for cell in seen.cells)
    if cut and seen.time_s - pair.whole_s <= rules.watch_s:
        return pair
    return replaced(
        pair,
        x_um=(contact.nk_x_um + contact.tumor_x_um) / 2,
        y_um=(contact.nk_y_um + contact.tumor_y_um) / 2,
        span_um=hypot(contact.nk_x_um - contact.tumor_x_um, contact.nk_y_um - contact.tumor_y_um),
        whole_s=pair.whole_s if cut else seen.time_s,
    )


def refreshed(pair: Followed, sight: Sight, seen: Observation, rules: Rules) -> Followed:
    """The pair with what this observation says of it."""
    pair = replaced(pair, seen_s=seen.time_s, blind=0)
    if sight.encounter is not None:
        pair = replaced(
            pair,
            encounter=sight.encounter.id,
            start_s=sight.encounter.start_s,
            leaning=leaning(sight.encounter),
            bites=max(pair.bites, len(sight.encounter.bites)),
            apart_s=apart_since_s(pair, sight, seen, rules),
        )
    contact = sight.contact
    if contact is None:
        return pair
    dx_um, dy_um = contact.nk_x_um - contact.tumor_x_um, contact.nk_y_um - contact.tumor_y_um
    stirred = (
        hypot(dx_um - pair.still_dx_um, dy_um - pair.still_dy_um)
        > rules.experiment.reaction.still_um
    )
    pair = replaced(
        placed(pair, contact, seen, rules),
        gap_um=contact.gap_um,
        approach_um_per_s=contact.approach_um_per_s,
        contact_in_s=contact.contact_in_s,
        contact_in_sd_s=contact.contact_in_sd_s,
        soon=chance(contact.contact_in_s, contact.contact_in_sd_s, rules.watch_s),
        seal_fraction=contact.seal_fraction,
        bites=max(pair.bites, contact.bites),
    )
    if stirred:
        pair = replaced(pair, still_dx_um=dx_um, still_dy_um=dy_um, still_s=seen.time_s)
    return pair


def later(sight: Sight, survey_s: float) -> float:
    """Chance of contact before the next survey frame."""
    if sight.contact is None:
        return 0.0
    return chance(sight.contact.contact_in_s, sight.contact.contact_in_sd_s, survey_s)


def updated(
    pair: Followed,
    sight: Sight | None,
    seen: Observation,
    state: PolicyState,
    rules: Rules,
) -> Followed | None:
    """The pair after this observation; None when it is no longer worth following."""
    if sight is not None:
        pair = refreshed(pair, sight, seen, rules)
    stage = next_stage(pair, sight, seen, state.now_s, rules)
    if stage is None or stage is pair.stage:
        return None if stage is None else pair
    raised = stage in (Stage.CLOSING, Stage.TOUCHING) and not pair.is_fast
    return replaced(
        pair,
        stage=stage,
        since_s=state.now_s,
        still_s=state.now_s if stage is Stage.TOUCHING else pair.still_s,
        answered=pair.answered and not raised,
    )


def next_stage(
    pair: Followed,
    sight: Sight | None,
    seen: Observation,
    now_s: float,
    rules: Rules,
) -> Stage | None:
    """Where a followed pair stands now; None: nowhere that needs frames."""
    parted = now_s - pair.apart_s >= rules.experiment.contact.bridge_s
    if sight is not None and sight.encounter is not None and not parted:
        return Stage.TOUCHING
    if pair.stage is Stage.OVER:
        return Stage.OVER
    if pair.stage is Stage.TOUCHING:
        ended = any(pair.encounter == each.id for each in seen.encounters if not each.is_open)
        waited_for = sight is None and not ended and may_return(pair, seen, now_s, rules)
        return Stage.TOUCHING if waited_for else Stage.OVER
    if sight is None:
        return pair.stage if may_return(pair, seen, now_s, rules) else None
    kept_s = now_s - pair.since_s
    return stage_of(pair.soon, later(sight, rules.survey_s), pair.stage, kept_s, rules)


def may_return(pair: Followed, seen: Observation, now_s: float, rules: Rules) -> bool:
    """Whether a pair that this frame did not show may still be there.

    One outside the frame is waited for until the next frame of the whole sensor.
    """
    outside = not seen.view.holds(pair.x_um, pair.y_um)
    dwell_s = rules.experiment.reaction.min_dwell_s
    return now_s - pair.seen_s < (2 * rules.survey_s if outside else dwell_s)
