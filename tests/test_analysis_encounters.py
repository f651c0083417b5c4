"""Encounters: what a pair's gaps over time amount to."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livewatch.analysis.encounters import Bout, Scene, follow
from livewatch.model import Contact, Encounter, Outcome
from livewatch.settings import ContactRules

RULES = ContactRules(enter_um=1.3, enter_frames=2, exit_um=2.5, bridge_s=60, near_um=8)
FAR = 99.0
UNSEEN = None
LOST = "lost"
PATIENCE_S = 180.0


@dataclass
class Story:
    """What came of a sequence of gaps of one pair."""

    bouts: tuple[Bout, ...] = ()
    last: dict[int, Encounter] = field(default_factory=dict)
    opened: list[tuple[float, int]] = field(default_factory=list)
    closed: list[tuple[float, int]] = field(default_factory=list)

    def tell(self, time_s: float, gap: float | str | None, rules: ContactRules = RULES) -> None:
        near = isinstance(gap, float) and gap <= rules.near_um
        contacts = (Contact(1, 2, 0, 0, 10, 0, gap, 2.0, 0.1),) if near else ()
        seen = frozenset({2} if gap in (UNSEEN, LOST) else {1, 2})
        lost = {1: "a cell left the field"} if gap == LOST else {}
        scene = Scene("p", time_s, contacts, seen, lost, frozenset({1, 2}))
        turn = follow(self.bouts, scene, 1 + len(self.opened), rules, PATIENCE_S)
        self.bouts = turn.bouts
        self.last |= {encounter.id: encounter for encounter in turn.encounters}
        self.opened += [(time_s, number) for number in turn.opened]
        self.closed += [(time_s, number) for number in turn.closed]


def story(
    *gaps: float | str | None, interval_s: float = 10.0, rules: ContactRules = RULES
) -> Story:
    told = Story()
    for index, gap in enumerate(gaps):
        told.tell(index * interval_s, gap, rules)
    return told


def test_it_opens_after_enough_frames_in_a_row_and_starts_with_the_first() -> None:
    told = story(5.0, 1.2, 0.0)
    assert told.opened == [(20.0, 1)]
    assert told.last[1].start_s == 10.0
    assert told.last[1].frames == 2
    assert told.last[1].is_open


@pytest.mark.parametrize(
    "gaps",
    [
        pytest.param((5.0, 1.2, 2.0, 1.2, 2.0), id="never two frames in a row"),
        pytest.param((1.4, 1.4, 2.4, 1.31), id="near but not in contact"),
        pytest.param((1.0, UNSEEN, UNSEEN, UNSEEN), id="one frame, then unseen"),
        pytest.param((1.0, FAR, 1.0), id="a touch, gone, a touch"),
    ],
)
def test_it_does_not_open(gaps: tuple[float | None, ...]) -> None:
    assert story(*gaps).opened == []


def test_a_frame_that_shows_only_one_of_them_does_not_interrupt_the_row() -> None:
    assert story(1.0, UNSEEN, 1.0).last[1].start_s == 0.0


def test_touches_with_a_long_time_between_are_not_a_row() -> None:
    told = Story()
    told.tell(0.0, 1.0)
    told.tell(1000.0, 1.0)
    assert told.opened == []
    told.tell(1010.0, 1.0)
    assert told.last[1].start_s == 1000.0


def test_between_enter_and_exit_it_stays_as_it_is() -> None:
    told = story(1.0, 1.0, *[2.4] * 30)
    assert told.closed == []
    assert told.last[1].last_contact_s == 310.0


def test_it_closes_once_they_are_apart_for_longer_than_is_bridged() -> None:
    told = story(0.0, 0.0, *[FAR] * 6)
    assert told.closed == []
    told.tell(80.0, FAR)
    assert told.closed == [(80.0, 1)]
    assert told.last[1].end_s == told.last[1].last_contact_s == 10.0
    assert told.last[1].outcome is Outcome.ONGOING  # measuring says how it ended


def test_a_short_parting_is_bridged_and_reported() -> None:
    told = story(0.0, 0.0, 4.0, FAR, 4.0, 1.0, 1.0)
    assert told.opened == [(10.0, 1)]
    assert told.closed == []
    assert told.last[1].bridged_s == 40.0
    assert told.last[1].last_contact_s == 60.0


def test_partings_that_are_each_short_do_not_add_up() -> None:
    told = story(*[0.0, 0.0, FAR, FAR, FAR, FAR] * 5)
    assert told.closed == []
    assert told.last[1].bridged_s == 4 * 50.0


def test_without_bridging_the_first_frame_apart_ends_it() -> None:
    rules = RULES.model_copy(update={"bridge_s": 0.0})
    assert story(0.0, 0.0, 2.6, rules=rules).closed == [(20.0, 1)]


def test_touching_again_later_is_another_encounter_that_knows_of_the_first() -> None:
    told = story(0.0, 0.0, *[FAR] * 8, 0.0, 0.0)
    assert [number for _, number in told.opened] == [1, 2]
    assert told.last[1].repeat == 0
    assert told.last[2].repeat == 1
    assert told.last[2].start_s == 100.0


def test_not_being_seen_never_ends_it() -> None:
    told = story(0.0, 0.0, *[UNSEEN] * 500)
    assert told.closed == []
    told.tell(6000.0, 0.0)
    assert told.last[1].last_contact_s == 6000.0
    assert told.last[1].bridged_s == 0.0


def test_a_long_gap_between_frames_does_not_by_itself_end_it() -> None:
    told = story(0.0, 0.0)
    told.tell(3000.0, FAR)
    assert told.closed == []
    told.tell(3010.0, 0.5)
    assert told.last[1].is_open
    assert told.last[1].bridged_s == 3000.0


def test_it_is_censored_when_a_cell_is_lost_for_good() -> None:
    told = story(0.0, 0.0, UNSEEN, LOST)
    assert told.closed == [(30.0, 1)]
    assert told.last[1].end_s == 10.0
    assert told.last[1].outcome is Outcome.CENSORED
    assert told.last[1].outcome_reason == "a cell left the field"


def test_it_keeps_the_smallest_gap_the_largest_seal_and_the_place() -> None:
    told = story(1.2, 1.1, 0.4, 2.0)
    encounter = told.last[1]
    assert encounter.min_gap_um == 0.4
    assert encounter.max_seal_fraction == 0.1
    assert (encounter.x_um, encounter.y_um) == (5.0, 0.0)


def test_two_pairs_that_touch_at_once_are_numbered_in_order_of_cells() -> None:
    contacts = [Contact(nk, 9, 0, 0, 10, 0, 0.0, 2.0, 0.1) for nk in (7, 3)]
    everyone = frozenset({3, 7, 9})
    bouts: tuple[Bout, ...] = ()
    for time_s in (0.0, 10.0):
        turn = follow(bouts, Scene("p", time_s, contacts, everyone, {}, everyone), 5, RULES, 99)
        bouts = turn.bouts
    assert [(one.id, one.nk_id) for one in turn.encounters] == [(5, 3), (6, 7)]


def test_a_pair_whose_cells_are_forgotten_is_forgotten() -> None:
    told = story(0.0, 0.0, *[FAR] * 8)
    assert told.bouts != ()
    gone = Scene("p", 1000.0, (), frozenset(), {}, frozenset({2}))
    assert follow(told.bouts, gone, 2, RULES, PATIENCE_S).bouts == ()


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, FAR, UNSEEN, LOST]), max_size=40))
def test_whatever_happens_the_books_balance(gaps: list[float | str | None]) -> None:
    told = story(*gaps)
    opened = [number for _, number in told.opened]
    closed = [number for _, number in told.closed]
    still_open = [one.id for one in told.last.values() if one.is_open]
    assert opened == list(range(1, len(opened) + 1))
    assert sorted(closed + still_open) == opened
    assert len(still_open) <= 1
    for encounter in told.last.values():
        assert encounter.frames >= RULES.enter_frames
        assert 0 <= encounter.bridged_s <= encounter.duration_s
        assert encounter.end_s in (None, encounter.last_contact_s)
