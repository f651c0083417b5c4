"""Encounters: contact over time, with hysteresis, bridged gaps and honest endings.

A pair's encounter opens when its gap is at most `enter_um` in `enter_frames` frames in a row,
and is over once the pair has been seen further apart than `exit_um` for `bridge_s`. Only what
is seen counts: frames that did not show both cells say nothing, however many or few there are.
An encounter whose cell was lost, or left the field, closes as censored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.model import Encounter, Outcome
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livewatch.model import Contact
    from livewatch.settings import ContactRules


LOST, LEFT = "a cell was lost from sight", "a cell left the field"
"""Why a cell will not be seen again."""


@dataclass(frozen=True, slots=True)
class Bout:
    """What is remembered of one pair that is, was, or may be about to be in contact.

    `streak` counts frames in a row at `enter_um` or less, from `streak_s` to `streak_end_s`,
    while no encounter is open. `apart_s` is since when an open encounter's pair is seen apart.
    `repeats` counts the encounters this pair had before.
    """

    nk_id: int
    tumor_id: int
    streak: int = 0
    streak_s: float = 0.0
    streak_end_s: float = 0.0
    apart_s: float | None = None
    repeats: int = 0
    encounter: Encounter | None = None

    @property
    def pair(self) -> tuple[int, int]:
        """(nk_id, tumor_id)."""
        return self.nk_id, self.tumor_id


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame, as far as encounters are concerned.

    `seen` are the identities in it. `lost` says of cells that will not be seen again why that
    is so. `known` are all identities that are still tracked.
    """

    position: str
    time_s: float
    contacts: Sequence[Contact]
    seen: frozenset[int]
    lost: Mapping[int, str]
    known: frozenset[int]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one frame did to the encounters of a position."""

    bouts: tuple[Bout, ...]
    encounters: tuple[Encounter, ...]
    opened: tuple[int, ...]
    closed: tuple[int, ...]


def follow(
    bouts: Sequence[Bout], scene: Scene, next_id: int, rules: ContactRules, patience_s: float
) -> Turn:
    """The encounters of one position after one more frame; new ones are numbered from `next_id`.

    Contacts seen longer than `patience_s` ago do not count as just before.
    """
    contacts = {contact.pair: contact for contact in scene.contacts}
    fresh = {pair for pair, contact in contacts.items() if contact.gap_um <= rules.enter_um}
    fresh -= {bout.pair for bout in bouts}
    kept: list[Bout] = []
    current: list[Encounter] = []
    opened: list[int] = []
    closed: list[int] = []
    for bout in sorted([*bouts, *(Bout(*pair) for pair in fresh)], key=lambda bout: bout.pair):
        before = bout.encounter
        contact = contacts.get(bout.pair)
        after = (
            waited(bout, contact, scene, next_id + len(opened), rules, patience_s)
            if before is None
            else continued(bout, contact, scene, rules)
        )
        encounter = after.encounter
        if encounter is not None:
            current.append(encounter)
            if before is None:
                opened.append(encounter.id)
            if not encounter.is_open:
                closed.append(encounter.id)
                after = Bout(*after.pair, repeats=after.repeats + 1)
        if worth_keeping(after, scene):
            kept.append(after)
    return Turn(tuple(kept), tuple(current), tuple(opened), tuple(closed))


def worth_keeping(bout: Bout, scene: Scene) -> bool:
    """Whether a pair can still matter."""
    if bout.encounter is not None:
        return True
    return (bout.streak > 0 or bout.repeats > 0) and scene.known.issuperset(bout.pair)


def both_seen(bout: Bout, scene: Scene) -> bool:
    """Whether the frame showed both cells of a pair."""
    return scene.seen.issuperset(bout.pair)


def waited(
    bout: Bout,
    contact: Contact | None,
    scene: Scene,
    next_id: int,
    rules: ContactRules,
    patience_s: float,
) -> Bout:
    """A pair without an encounter, one frame later; opens one when the streak is long enough."""
    if not both_seen(bout, scene):
        return bout
    if contact is None or contact.gap_um > rules.enter_um:
        return replaced(bout, streak=0)
    if bout.streak == 0 or scene.time_s - bout.streak_end_s > patience_s:
        bout = replaced(bout, streak=0, streak_s=scene.time_s)
    bout = replaced(bout, streak=bout.streak + 1, streak_end_s=scene.time_s)
    if bout.streak < rules.enter_frames:
        return bout
    encounter = Encounter(
        id=next_id,
        position=scene.position,
        nk_id=bout.nk_id,
        tumor_id=bout.tumor_id,
        start_s=bout.streak_s,
        last_contact_s=scene.time_s,
        end_s=None,
        x_um=0.0,
        y_um=0.0,
        frames=bout.streak - 1,
        repeat=bout.repeats,
    )
    return replaced(bout, streak=0, encounter=touched(encounter, contact, scene.time_s))


def continued(bout: Bout, contact: Contact | None, scene: Scene, rules: ContactRules) -> Bout:
    """A pair with an open encounter, one frame later; closes it when it is over."""
    encounter = bout.encounter
    assert encounter is not None
    if not both_seen(bout, scene):
        reasons = [scene.lost[cell] for cell in bout.pair if cell in scene.lost]
        return replaced(bout, encounter=censored(encounter, reasons[0])) if reasons else bout
    if contact is not None and contact.gap_um <= rules.exit_um:
        if bout.apart_s is not None:
            bridged_s = encounter.bridged_s + scene.time_s - encounter.last_contact_s
            encounter = replaced(encounter, bridged_s=bridged_s)
        return replaced(bout, apart_s=None, encounter=touched(encounter, contact, scene.time_s))
    apart_s = scene.time_s if bout.apart_s is None else bout.apart_s
    if contact is not None:
        x_um, y_um = midway(contact)
        encounter = replaced(encounter, x_um=x_um, y_um=y_um)
    # They parted before they were first seen apart, so by now it is longer than this.
    if scene.time_s - apart_s >= rules.bridge_s:
        encounter = replaced(encounter, end_s=encounter.last_contact_s)
    return replaced(bout, apart_s=apart_s, encounter=encounter)


def touched(encounter: Encounter, contact: Contact, time_s: float) -> Encounter:
    """An encounter after one more frame in contact."""
    x_um, y_um = midway(contact)
    return replaced(
        encounter,
        x_um=x_um,
        y_um=y_um,
        last_contact_s=time_s,
        frames=encounter.frames + 1,
        min_gap_um=min(encounter.min_gap_um, contact.gap_um),
        # in this order an unknown seal counts for nothing
        max_seal_fraction=max(encounter.max_seal_fraction, contact.seal_fraction),
    )


def midway(contact: Contact) -> tuple[float, float]:
    """The place midway between the two cells of a pair."""
    return (contact.nk_x_um + contact.tumor_x_um) / 2, (contact.nk_y_um + contact.tumor_y_um) / 2


def censored(encounter: Encounter, reason: str) -> Encounter:
    """An encounter whose end was not seen."""
    return replaced(
        encounter,
        end_s=encounter.last_contact_s,
        outcome=Outcome.CENSORED,
        outcome_reason=reason,
    )
