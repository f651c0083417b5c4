"""Which pairs to follow: what an observation changes about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING

from livewatch.policy.rates import chance, stage_of
from livewatch.policy.state import Bar, Followed, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livewatch.model import Contact, Encounter, Observation
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import PolicyState

MOST_FOLLOWED = 64
MOST_BARS = 256


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
    position = seen.view.position
    kept: list[Followed] = []
    bars = [bar for bar in state.bars if bar.until_s > state.now_s]
    false_light, encounter_light = state.false_light, state.encounter_light
    for pair in state.followed:
        if pair.position != position or pair.stage is Stage.LOOK:
            kept.append(pair)
            continue
        sight = shown.pop((pair.nk_id, pair.tumor_id), None)
        after = updated(pair, sight, seen, state, rules)
        if after is not None and after.stage is Stage.TOUCHING:
            encounter_light += after.light
            after = replace(after, light=0.0)
        if after is None or gave_up(after, state.now_s, rules):
            false_light += pair.light
            bars += barred(pair, after, state.now_s, rules)
        else:
            kept.append(after)
    for sight in shown.values():
        new = begun(sight, seen, state, rules)
        if new is not None and not is_barred(new, bars):
            kept.append(new)
    return replace(
        state,
        followed=tuple(sorted(kept, key=importance)[:MOST_FOLLOWED]),
        bars=tuple(bars[-MOST_BARS:]),
        false_light=false_light,
        encounter_light=encounter_light,
    )


def importance(pair: Followed) -> tuple[int, float]:
    """The order in which pairs are dropped when there are too many: last one first."""
    order = (Stage.LOOK, Stage.TOUCHING, Stage.CLOSING, Stage.OVER, Stage.NEAR)
    return order.index(pair.stage), pair.since_s


def is_barred(pair: Followed, bars: Iterable[Bar]) -> bool:
    """Whether a pair, or this encounter of it, is to be left alone."""
    return any(
        (bar.position, bar.nk_id, bar.tumor_id) == pair.pair
        and (pair.encounter is None or bar.encounter == pair.encounter)
        for bar in bars
    )


def gave_up(pair: Followed, now_s: float, rules: Rules) -> bool:
    """Whether a pair has had all the time it may have."""
    if pair.stage is Stage.TOUCHING:
        return now_s - pair.since_s > rules.experiment.reaction.max_dwell_s
    if pair.stage is Stage.LOOK:
        return now_s - pair.since_s >= rules.experiment.reaction.look_s
    if pair.stage is Stage.OVER:
        return now_s - pair.since_s >= rules.experiment.reaction.cooldown_s
    return pair.stage is Stage.CLOSING and now_s - pair.since_s > rules.experiment.watch.patience_s


def barred(before: Followed, after: Followed | None, now_s: float, rules: Rules) -> tuple[Bar, ...]:
    """The bar that goes with leaving a pair, if any."""
    refractory_s = rules.experiment.watch.refractory_s
    if after is not None and after.stage is Stage.TOUCHING:
        why = f"followed for its {rules.experiment.reaction.max_dwell_s:.0f} s"
        return (Bar(*before.pair, after.encounter or 0, float("inf"), why),)
    if before.stage in (Stage.NEAR, Stage.LOOK):
        return ()
    why = "its encounter is over" if before.stage is Stage.OVER else "it came close, and no nearer"
    return (Bar(*before.pair, -1, now_s + refractory_s, why),)


def begun(sight: Sight, seen: Observation, state: PolicyState, rules: Rules) -> Followed | None:
    """A pair that is worth following from now on, or None."""
    if sight.encounter is not None:
        base = blank(sight, seen, state.now_s, Stage.TOUCHING)
        return refreshed(base, sight, seen, rules)
    if not rules.experiment.watch.anticipate:
        return None
    base = refreshed(blank(sight, seen, state.now_s, Stage.NEAR), sight, seen, rules)
    stage = stage_of(base.soon, later(sight, rules.survey_s), None, 0.0, rules)
    return None if stage is None else replace(base, stage=stage)


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


def refreshed(pair: Followed, sight: Sight, seen: Observation, rules: Rules) -> Followed:
    """The pair with what this observation says of it."""
    if sight.encounter is not None:
        pair = replace(
            pair,
            seen_s=seen.time_s,
            blind=0,
            encounter=sight.encounter.id,
            x_um=sight.encounter.x_um,
            y_um=sight.encounter.y_um,
            tags=sight.encounter.tags,
            bites=max(pair.bites, len(sight.encounter.bites)),
        )
    contact = sight.contact
    if contact is None:
        return pair
    dx_um, dy_um = contact.nk_x_um - contact.tumor_x_um, contact.nk_y_um - contact.tumor_y_um
    stirred = (
        hypot(dx_um - pair.still_dx_um, dy_um - pair.still_dy_um)
        > rules.experiment.reaction.still_um
    )
    pair = replace(
        pair,
        seen_s=seen.time_s,
        blind=0,
        x_um=(contact.nk_x_um + contact.tumor_x_um) / 2,
        y_um=(contact.nk_y_um + contact.tumor_y_um) / 2,
        span_um=hypot(dx_um, dy_um),
        gap_um=contact.gap_um,
        approach_um_per_s=contact.approach_um_per_s,
        contact_in_s=contact.contact_in_s,
        contact_in_sd_s=contact.contact_in_sd_s,
        soon=chance(contact.contact_in_s, contact.contact_in_sd_s, rules.watch_s),
        seal_fraction=contact.seal_fraction,
        bites=max(pair.bites, contact.bites),
    )
    if stirred:
        pair = replace(pair, still_dx_um=dx_um, still_dy_um=dy_um, still_s=seen.time_s)
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
    return replace(
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
    if sight is not None and sight.encounter is not None:
        return Stage.TOUCHING
    if pair.stage in (Stage.TOUCHING, Stage.OVER):
        return Stage.OVER
    if sight is None:
        unseen_s = now_s - pair.seen_s
        return pair.stage if unseen_s < rules.experiment.reaction.min_dwell_s else None
    kept_s = now_s - pair.since_s
    return stage_of(pair.soon, later(sight, rules.survey_s), pair.stage, kept_s, rules)
