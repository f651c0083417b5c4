"""How an encounter ended: the rules one by one, and what is remembered for them."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livewatch.analysis import encounters
from livewatch.analysis.measures import Measurer, at_end
from livewatch.analysis.measures.course import Course, chased, told
from livewatch.analysis.measures.life import Life, fade_of, first_seen
from livewatch.analysis.measures.outcome import ended
from livewatch.analysis.measures.roam import Drift
from livewatch.analysis.measures.vacuole import Vacuole
from livewatch.model import (
    Cell,
    Contact,
    Encounter,
    Frame,
    Kind,
    Outcome,
    Plane,
    Purpose,
    Shot,
    View,
)
from livewatch.settings import Experiment, OutcomeRules

if TYPE_CHECKING:
    from numpy.typing import NDArray

RULES = OutcomeRules(viable_s=100.0)
OPEN = Encounter(7, "a", 2, 1, 10.0, 200.0, None, 0.0, 0.0, max_twist_deg=5.0)
OVER = replace(OPEN, end_s=200.0)
STILL = Drift()
ALIVE = Life(1, 310.0, 1000.0)
DEAD = replace(ALIVE, death_s=150.0, dying_s=150.0, viability=0.1, evidence="dye loss 80%")


@pytest.mark.parametrize(
    ("encounter", "life", "parted", "now_s", "expected"),
    [
        (OPEN, ALIVE, False, 310, Outcome.ONGOING),
        (OPEN, DEAD, False, 310, Outcome.KILLED),
        (OVER, DEAD, True, 250, Outcome.KILLED),
        (OVER, replace(DEAD, dying_s=250.0), True, 290, Outcome.KILLED),
        (OVER, replace(ALIVE, time_s=250.0), True, 250, Outcome.ONGOING),
        (OVER, ALIVE, True, 310, Outcome.RELEASED),
        (replace(OVER, tags=("twisted",)), ALIVE, True, 310, Outcome.EVADED),
        (replace(OVER, tags=("slipped",)), ALIVE, True, 310, Outcome.EVADED),
        (replace(OVER, tags=("bitten",)), ALIVE, True, 310, Outcome.RELEASED),
        (OVER, ALIVE, False, 310, Outcome.CENSORED),
        (OVER, replace(ALIVE, time_s=220.0), True, 330, Outcome.CENSORED),
        (OVER, None, True, 330, Outcome.CENSORED),
        (OVER, replace(DEAD, dying_s=5.0), True, 310, Outcome.RELEASED),
    ],
)
def test_the_rules(
    encounter: Encounter, life: Life | None, parted: bool, now_s: float, expected: Outcome
) -> None:
    over = ended(Course(2, 1, encounter, parted=parted), life, now_s, RULES)
    assert over.outcome is expected
    assert (over.outcome_reason != "") == (expected is not Outcome.ONGOING)


@pytest.mark.parametrize(
    ("twists_deg", "tags"),
    [((1.0, nan, nan, 144.0, nan, nan), ()), ((1.0, 2.0, 60.0, 61.0), ("twisted", "slipped"))],
)
def test_a_turn_that_is_told_in_a_single_frame_counts_for_nothing(
    twists_deg: tuple[float, ...], tags: tuple[str, ...]
) -> None:
    course = Course(2, 1, replace(OPEN, max_twist_deg=nan))
    for frame, twist_deg in enumerate(twists_deg):
        contact = Contact(
            *(2, 1, 0.0, 0.0, 15.0, 0.0, 0.0, 8.0, 0.2),
            twist_deg=twist_deg,
            twist_reason="no texture" if np.isnan(twist_deg) else "",
            slip_um=twist_deg / 8,
        )
        course = told(course, contact, 20.0 + 2 * frame, RULES)
    assert course.encounter is not None
    assert course.encounter.tags == tags
    assert course.encounter.twist_deg == [each for each in twists_deg if not np.isnan(each)][-1]


def test_an_outcome_once_known_stays() -> None:
    settled = replace(OVER, outcome=Outcome.RELEASED, outcome_reason="so")
    assert ended(Course(2, 1, settled, parted=True), DEAD, 500, RULES) is settled


def test_released_is_less_sure_when_twist_could_not_be_seen() -> None:
    seen, seldom, never = (
        ended(Course(2, 1, OVER, parted=True, looks=40, turns=turns), ALIVE, 310, RULES)
        for turns in (39, 4, 0)
    )
    assert seldom.outcome_confidence < seen.outcome_confidence
    assert never.outcome_confidence < seen.outcome_confidence
    assert "twist" not in seen.outcome_reason.replace("twisted", "")
    assert "(twist could only be measured in 10% of the frames)" in seldom.outcome_reason
    assert "(twist could not be measured)" in never.outcome_reason


def test_an_orbit_larger_than_both_limits_proves_that_one_was_passed() -> None:
    unseen = replace(OVER, max_twist_deg=nan)
    far, near = replace(unseen, max_orbit_deg=-50.0), replace(unseen, max_orbit_deg=25.0)
    told = ended(Course(2, 1, far, parted=True, radius_um=10.0), ALIVE, 310, RULES)
    assert told.outcome is Outcome.EVADED
    assert told.outcome_confidence < 1
    told = ended(Course(2, 1, near, parted=True, radius_um=10.0), ALIVE, 310, RULES)
    assert told.outcome is Outcome.RELEASED


def a_flight(
    gone_um: float, until_s: float, *, aside_um: float = 0.0, drift: Drift = STILL
) -> Course:
    """A course whose tumor cell, 10 um right of its NK cell, goes on so far by `until_s`."""
    course = Course(2, 1, replace(OPEN, max_twist_deg=nan), parted=True, radius_um=10.0, looks=40)
    nk = disc(2, Kind.NK, 0.0, 0.0)
    for time_s, share in ((200.0, 0.0), (210.0, 0.2), (until_s, 1.0), (until_s + 90.0, -9.0)):
        tumor = disc(1, Kind.TUMOR, 10.0 + share * gone_um, share * aside_um)
        course = chased(course, nk if time_s == 200.0 else None, tumor, time_s, drift)
    return replace(course, encounter=replace(course.encounter, end_s=200.0))


def disc(cell_id: int, kind: Kind, x_um: float, y_um: float) -> Cell:
    return Cell(cell_id, kind, x_um, y_um, 100.0, 36.0, 500.0, False, np.zeros((3, 2), np.float32))


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        (a_flight(1.6, 258.0), Outcome.EVADED),
        (a_flight(0.4, 258.0), Outcome.RELEASED),
        (a_flight(-1.6, 258.0), Outcome.RELEASED),
        (a_flight(0.2, 258.0, aside_um=2.0), Outcome.RELEASED),
        (a_flight(1.6, 225.0), Outcome.RELEASED),
        (a_flight(1.6, 258.0, drift=Drift(1.4 / 58, 0.0)), Outcome.RELEASED),
        (replace(a_flight(1.6, 258.0), turns=39), Outcome.RELEASED),
        (Course(2, 1, OVER, parted=True, looks=40), Outcome.RELEASED),
    ],
    ids=[
        "goes off",
        "creeps",
        "follows",
        "aside",
        "seen too briefly",
        "drifts",
        "turn is known",
        "unseen",
    ],
)
def test_a_cell_that_makes_off_by_itself_got_away_if_its_turn_cannot_be_seen(
    course: Course, expected: Outcome
) -> None:
    told = ended(course, ALIVE, 310, RULES)
    assert told.outcome is expected
    if expected is Outcome.EVADED:
        assert "went 1.6 um off within 58 s" in told.outcome_reason
        assert told.outcome_confidence < 1


def test_a_flight_begins_anew_at_each_contact_and_not_from_a_cell_the_border_cuts() -> None:
    course = a_flight(1.6, 258.0)
    assert chased(course, None, disc(1, Kind.TUMOR, 50.0, 0.0), 259.0, STILL) is course
    opened = replace(course, encounter=OPEN)
    cut = replace(disc(1, Kind.TUMOR, 14.0, 0.0), at_edge=True)
    assert chased(opened, None, cut, 255.0, STILL) is opened
    again = replace(opened, encounter=replace(OPEN, last_contact_s=256.0))
    nk, tumor = disc(2, Kind.NK, 0.0, 3.0), disc(1, Kind.TUMOR, 0.0, 12.0)
    again = chased(again, nk, tumor, 256.0, STILL)
    assert (again.flight.gone_um, again.flight.after_s) == (0.0, 0.0)
    assert (again.flight.away_x, again.flight.away_y) == (0.0, 1.0)


def test_a_nk_cell_inside_for_long_is_engulfed() -> None:
    told = ended(Course(2, 1, OPEN, vacuole=Vacuole(100.0)), ALIVE, 310, RULES)
    assert told.outcome is Outcome.ENGULFED


@pytest.mark.parametrize(
    ("start_s", "last_contact_s", "outcome"),
    [
        (220.0, 400.0, Outcome.CENSORED),
        (220.0, 290.0, Outcome.CENSORED),
        (210.0, 230.0, Outcome.KILLED),
        (290.0, 400.0, Outcome.KILLED),
    ],
    ids=["holds on", "lets go before death shows", "was gone by then", "comes as it dies"],
)
def test_a_death_that_began_at_another_contact_is_not_this_ones_doing(
    start_s: float, last_contact_s: float, outcome: Outcome
) -> None:
    late = replace(DEAD, dying_s=360.0)
    other = replace(OVER, id=8, nk_id=3, start_s=start_s, last_contact_s=last_contact_s)
    course, rules = Course(2, 1, OVER, parted=True), OutcomeRules(viable_s=300)
    assert ended(course, late, 400, rules, [other]).outcome is outcome


def test_at_the_end_what_is_not_known_is_censored_and_the_rest_stays() -> None:
    assert at_end(OPEN).outcome is Outcome.CENSORED
    known = replace(OVER, outcome=Outcome.KILLED)
    assert at_end(known) is known


SQUARE = np.array([[0, 0], [20, 0], [20, 20], [0, 20]], np.float32)


def tumor(cell_id: int, signal: float, x_um: float = 0.0) -> Cell:
    outline = SQUARE + np.float32([x_um, 0])
    return Cell(cell_id, Kind.TUMOR, x_um + 10, 10, 400.0, 80.0, signal, False, outline)


def test_bleaching_that_all_cells_share_is_no_loss_of_dye() -> None:
    lives = {n: first_seen(tumor(n, 100.0), 1.0, 0.0) for n in range(1, 6)}
    for time_s in range(2, 200, 2):
        light = 0.5 ** (time_s / 100)
        cells = [tumor(n, 100 * light * (0.4 if n == 5 else 1)) for n in lives]
        fade = fade_of(lives, cells, 1.0)
        lives = {cell.id: lives[cell.id].seen_again(cell, fade, Drift(), time_s) for cell in cells}
    assert lives[1].dye == pytest.approx(1, abs=0.03)
    assert lives[5].dye == pytest.approx(0.4, abs=0.05)


def test_a_cell_of_which_half_is_missing_but_as_bright_as_ever_lost_no_dye() -> None:
    life = first_seen(tumor(1, 100.0), 1.0, 0.0)
    for time_s in range(2, 60, 2):
        life = life.seen_again(replace(tumor(1, 100.0), area_um2=180.0), 1.0, Drift(), time_s)
    assert life.dye == pytest.approx(1, abs=0.03)


def test_fading_needs_others_to_compare_with() -> None:
    lives = {1: first_seen(tumor(1, 100.0), 1.0, 0.0)}
    assert fade_of(lives, [tumor(1, 50.0)], 0.9) == 0.9


VIEW = View("a", 0.0, 0.0, None, "20x", 0.5, 1, (160, 160))


def frame(index: int, time_s: float, position: str = "a") -> Frame:
    planes = tuple(Plane(name, 20.0) for name in ("tumor", "nk"))
    view = replace(VIEW, position=position)
    dark = np.full(view.shape, 100, np.uint16)
    shot = Shot(view, planes, time_s, Purpose.ENCOUNTER)
    return Frame(index, shot, view, (dark, dark), (), time_s)


def nk(x_um: float) -> Cell:
    outline = SQUARE / 2 + np.float32([x_um, 5])
    return Cell(2, Kind.NK, x_um + 5, 10, 100.0, 40.0, 100.0, False, outline)


def test_an_encounter_is_settled_when_its_tumor_was_seen_alive_long_enough() -> None:
    measurer = Measurer(Experiment(outcome=RULES))
    notes = measurer.begin()
    told: dict[float, tuple[int, ...]] = {}
    last: tuple[Encounter, ...] = ()
    for index, time_s in enumerate(range(0, 200, 10)):
        touching = time_s <= 40
        cells = (tumor(1, 100.0), nk(20.3 if touching else 28.0))
        gap_um = 0.3 if touching else 8.0
        contact = Contact(2, 1, 25, 10, 10, 10, gap_um, 8.0, 0.1)
        contacts = (contact,) if touching else ()
        encounters: tuple[Encounter, ...] = ()
        if 10 <= time_s <= 100:
            over = 40.0 if time_s == 100 else None
            encounters = (Encounter(7, "a", 2, 1, 0.0, min(time_s, 40), over, 0, 0),)
        notes, _, seen, settled = measurer.observe(
            notes, frame(index, time_s), cells, contacts, encounters
        )
        told[time_s] = settled
        if settled:
            last = seen
    assert [time_s for time_s, ids in told.items() if ids == (7,)] == [140]
    assert last[-1].outcome is Outcome.RELEASED
    assert notes.courses == ()


LOST = Encounter(
    7, "a", 2, 1, 0.0, 6.0, 6.0, 0, 0, outcome=Outcome.CENSORED, outcome_reason=encounters.LOST
)


@pytest.mark.parametrize(
    ("shown", "now", "later"),
    [(True, Outcome.ONGOING, Outcome.KILLED), (False, Outcome.CENSORED, Outcome.CENSORED)],
    ids=["the tumor is still seen", "neither is seen"],
)
def test_the_fate_of_a_tumor_whose_nk_cell_was_lost_is_waited_for(
    shown: bool, now: Outcome, later: Outcome
) -> None:
    measurer = Measurer(Experiment(outcome=RULES))
    notes = measurer.begin()
    contact = Contact(2, 1, 25, 10, 10, 10, 0.3, 8.0, 0.1)
    here = replace(LOST, end_s=None, outcome=Outcome.ONGOING, outcome_reason="")
    for index in range(4):
        notes, *_ = measurer.observe(
            notes, frame(index, index * 2.0), (tumor(1, 100.0), nk(20.3)), (contact,), (here,)
        )
    cells = (tumor(1, 100.0),) if shown else ()
    notes, _, (told,), _ = measurer.observe(notes, frame(4, 8.0), cells, (), (LOST,))
    assert told.outcome is now
    outcome = told.outcome
    for index in range(5, 40):
        cells = (tumor(1, 10.0),) if shown else ()
        notes, _, late, _ = measurer.observe(notes, frame(index, index * 2.0), cells, (), ())
        outcome = late[0].outcome if late else outcome
    assert outcome is later


def test_an_nk_cell_inside_a_tumor_for_a_minute_is_engulfed() -> None:
    measurer = Measurer(Experiment(outcome=RULES))
    notes = measurer.begin()
    contact = Contact(2, 1, 10, 10, 10, 10, 0.0, 8.0, 0.1)
    here = Encounter(7, "a", 2, 1, 0.0, 0.0, None, 0, 0)
    outcomes = []
    for index in range(40):
        notes, _, (told,), _ = measurer.observe(
            notes, frame(index, index * 2.0), (tumor(1, 100.0), nk(5.0)), (contact,), (here,)
        )
        outcomes.append(told.outcome)
    assert outcomes[25] is Outcome.ONGOING
    assert outcomes[-1] is Outcome.ENGULFED


def dense(corners: list[tuple[float, float]]) -> NDArray[np.float32]:
    """A closed outline through some corners, a point every quarter of a um or so."""
    after = [*corners[1:], corners[0]]
    sides = [np.linspace(a, b, 40, endpoint=False) for a, b in zip(corners, after, strict=True)]
    return np.concatenate(sides).astype(np.float32)


@pytest.mark.parametrize(
    ("mouth_um", "outcome"), [(1.0, Outcome.ENGULFED), (10.4, Outcome.ONGOING)]
)
def test_a_vacuole_that_hardly_opens_holds_its_nk_cell_and_an_open_cup_does_not(
    mouth_um: float, outcome: Outcome
) -> None:
    """The vacuole is dark, so that the tumor's outline goes round it and in by its mouth."""
    low, high = 10 - mouth_um / 2, 10 + mouth_um / 2
    mouth = [(17.0, low), (15.2, low), (15.2, 4.8), (4.8, 4.8), (4.8, 15.2), (15.2, 15.2)]
    corners = [(0.0, 0.0), (17.0, 0.0), *mouth, (15.2, high), (17.0, high), (17.0, 20.0)]
    host = replace(tumor(1, 100.0), outline_um=dense([*corners, (0.0, 20.0)]), area_um2=250.0)
    guest = replace(nk(5.0), outline_um=dense([(5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)]))
    measurer = Measurer(Experiment(outcome=RULES))
    notes = measurer.begin()
    contact = Contact(2, 1, 10, 10, 10, 10, 0.0, 8.0, 0.1)
    here = Encounter(7, "a", 2, 1, 0.0, 0.0, None, 0, 0)
    for index in range(40):
        notes, (seen,), (told,), _ = measurer.observe(
            notes, frame(index, index * 2.0), (host, guest), (contact,), (here,)
        )
    assert told.outcome is outcome
    has_no_place_on_it = np.isnan([seen.seal_fraction, seen.patch_deg, seen.orbit_deg])
    assert has_no_place_on_it.all() == (outcome is Outcome.ENGULFED)


def test_encounters_elsewhere_keep_their_measures_and_are_not_judged() -> None:
    measurer = Measurer(Experiment(outcome=RULES))
    notes = measurer.begin()
    contact = Contact(2, 1, 25, 10, 10, 10, 0.3, 8.0, 0.1)
    here = Encounter(7, "a", 2, 1, 0.0, 0.0, None, 0, 0)
    for index in range(4):
        notes, _, (mine,), _ = measurer.observe(
            notes, frame(index, index * 2.0), (tumor(1, 100.0), nk(20.3)), (contact,), (here,)
        )
    assert mine.max_seal_fraction > 0
    notes, _, (there,), settled = measurer.observe(notes, frame(9, 5000.0, "b"), (), (), (here,))
    assert there.max_seal_fraction == mine.max_seal_fraction
    assert there.outcome is Outcome.ONGOING
    assert settled == ()


def test_measuring_does_not_change_who_is_near_or_what_was_said_elsewhere() -> None:
    measurer = Measurer(Experiment())
    contact = Contact(2, 1, 25, 10, 10, 10, 0.3, 8.0, 0.1, contact_in_s=inf)
    _, (measured,), _, _ = measurer.observe(
        measurer.begin(), frame(0, 0.0), (tumor(1, 100.0), nk(20.3)), (contact,), ()
    )
    assert (measured.pair, measured.gap_um) == (contact.pair, contact.gap_um)
    assert np.isnan(measured.twist_deg)


@pytest.mark.parametrize("cut", ["nk", "tumor"])
def test_a_pair_that_the_border_cuts_keeps_what_was_known_of_it(cut: str) -> None:
    measurer = Measurer(Experiment(outcome=RULES))
    known: list[tuple[Contact, Encounter]] = []
    notes = measurer.begin()
    for index in range(3):
        edge = index == 1
        cells = (
            replace(tumor(1, 100.0), at_edge=edge and cut == "tumor"),
            replace(nk(20.3), at_edge=edge and cut == "nk"),
        )
        contact = Contact(2, 1, 25, 10, 10, 10, 0.3, 8.0, 0.9 if edge else 0.1)
        one = Encounter(7, "a", 2, 1, 0.0, index * 2.0, None, 0, 0)
        notes, (seen,), (told,), _ = measurer.observe(
            notes, frame(index, index * 2.0), cells, (contact,), (one,)
        )
        known.append((seen, told))
    whole, part, again = (seen for seen, _ in known)
    assert whole.seal_fraction == again.seal_fraction > 0
    assert all(np.isnan([part.seal_fraction, part.patch_deg, part.orbit_deg, part.twist_deg]))
    assert part.twist_reason == "cut by the image border"
    assert {told.max_seal_fraction for _, told in known} == {whole.seal_fraction}


@pytest.mark.parametrize(
    ("slips_um", "farthest_um"),
    [((0.2, 15.0, 0.1, 0.3), 0.2), ((0.2, 4.0, 4.5, 0.3), 4.0), ((0.1, -5.0, 5.0, 0.2), 0.2)],
    ids=["one look leaps", "two agree", "two against each other"],
)
def test_a_slip_counts_for_as_much_as_two_looks_running_agree_on(
    slips_um: tuple[float, ...], farthest_um: float
) -> None:
    course = Course(2, 1, Encounter(7, "a", 2, 1, 0.0, 0.0, None, 0, 0))
    contact = Contact(2, 1, 25, 10, 10, 10, 0.3, 8.0, 0.1, twist_deg=1.0)
    for at, slip_um in enumerate((0.0, 0.0, *slips_um)):
        course = told(course, replace(contact, slip_um=slip_um), 2.0 * at, RULES)
    assert course.encounter is not None
    assert abs(course.encounter.max_slip_um) == pytest.approx(farthest_um)
    assert ("slipped" in course.encounter.tags) == (farthest_um >= RULES.slipped_um)
