"""The figures of accuracy: what is summed up is right for answers that are known."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, isnan, nan

import numpy as np
import pytest

from livewatch.model import Bite, Contact, Encounter, Outcome
from livewatch.report.accuracy import ORDINARY, TABLES, Accuracy, run, spread, watched
from livewatch.report.conditions import Conditions
from livewatch.report.doubt import doubts_of
from livewatch.report.pace import Pace
from livewatch.report.score import Row, Table, apart_deg, confusion_of, matched, order, row_of
from livewatch.report.staging import CUT_SHORT, end_of, first_meeting, times_of
from livewatch.report.trial import Sight, Trial, trial_of
from livewatch.report.wording import GOALS
from livewatch.settings import OutcomeRules
from livewatch.specimen.happening import TrueBite, TrueEncounter
from livewatch.specimen.rule import ORDINARY as RULE
from livewatch.specimen.truth import TruePair

TRUE = TrueEncounter(
    1, 2, 10.0, 100.0, 100.0, 0, 0, 0, 0.2, 0, 0, 0, (TrueBite(50.0, 1, 2, 0.01),), nan,
    Outcome.RELEASED, (),
)  # fmt: skip
TOLD = Encounter(
    1, "a", 5, 6, 10.0, 100.0, 100.0, 0, 0, outcome=Outcome.RELEASED, bites=(Bite(55.0, 0.012),)
)
PAIR = TruePair(
    1, 2, 0, 0, 0, 0, 0, 5, 0.2, patch_deg=175.0, twist_deg=30.0, slip_um=2.0, orbit_deg=40.0
)
SEEN = Contact(
    5, 6, 0, 0, 0, 0, 0, 5, 0.23, patch_deg=-178.0, twist_deg=33.0, slip_um=2.5, orbit_deg=41.0
)


def trial(
    *,
    textured: bool = True,
    told: Encounter | None = TOLD,
    seen: Contact = SEEN,
    pair: TruePair = PAIR,
    truth: TrueEncounter = TRUE,
) -> Trial:
    return Trial(ORDINARY, 1, truth, textured, told, (Sight(20.0, seen, pair),), 1, 9.0)


def row(*trials: Trial) -> Row:
    return row_of("so", trials)


def test_errors_are_those_of_seal_patch_twist_slip_and_orbit() -> None:
    so = row(trial())
    assert so.seal_error == pytest.approx(0.03)
    assert so.patch_error_deg == pytest.approx(7)
    assert so.twist_error_deg == pytest.approx(3)
    assert so.slip_error_um == pytest.approx(0.5)
    assert so.orbit_error_deg == pytest.approx(1)
    assert (so.encounters, so.noticed, so.signal_to_noise) == (1, 1.0, 9.0)


@pytest.mark.parametrize(
    ("one", "other", "apart"), [(175, -178, 7), (0, 180, 180), (-10, 10, 20), (350, -10, 0)]
)
def test_directions_are_apart_the_short_way_round(one: float, other: float, apart: float) -> None:
    assert apart_deg(one, other) == pytest.approx(apart)


def test_what_could_not_be_measured_is_counted_and_is_no_error() -> None:
    blind = replace(SEEN, twist_deg=nan, slip_um=nan)
    so = row(trial(), trial(seen=blind))
    assert (so.twist_told, so.slip_told) == (0.5, 0.5)
    assert so.twist_error_deg == pytest.approx(3)
    assert isnan(row(trial(seen=blind)).twist_error_deg)


def test_a_twist_given_for_a_uniform_cell_is_invented() -> None:
    blind = replace(SEEN, twist_deg=nan)
    assert row(trial(textured=False), trial(textured=False, seen=blind)).twist_invented == 0.5
    assert isnan(row(trial()).twist_invented)


def test_a_turn_beyond_ninety_degrees_is_not_in_the_error_of_twist() -> None:
    far = replace(PAIR, twist_deg=120.0)
    assert isnan(row(trial(pair=far)).twist_error_deg)


def test_twist_and_slip_are_also_scored_each_alone() -> None:
    slipped = replace(PAIR, twist_deg=1.0, slip_um=5.0)
    turned = replace(PAIR, twist_deg=30.0, slip_um=0.5)
    so = row(trial(pair=slipped), trial(pair=turned), trial())
    assert so.twist_in_slip_deg == pytest.approx(32)
    assert so.slip_in_twist_um == pytest.approx(2)


def test_bites_at_the_wrong_time_are_both_invented_and_missed() -> None:
    late = replace(TOLD, bites=(Bite(75.0, 0.01),))
    so = row(trial(told=late))
    assert (so.bite_f1, so.bites_found, so.false_bites) == (0, 0, 1)
    so = row(trial())
    assert (so.bites, so.bite_f1, so.bites_found, so.false_bites) == (1, 1, 1, 0)


def test_a_told_bite_stands_for_one_true_bite_only_and_the_closest_go_together() -> None:
    true = [TrueBite(at, 1, 2, 0.01) for at in (50.0, 58.0)]
    assert [(a.time_s, b.time_s) for a, b in matched(true, [Bite(57.0, 0.01)])] == [(58.0, 57.0)]
    told = [Bite(55.0, 0.01), Bite(66.0, 0.02)]
    assert [(a.time_s, b.time_s) for a, b in matched(true, told)] == [(58.0, 55.0)]
    told = [Bite(51.0, 0.01), Bite(66.0, 0.02)]
    assert [(a.time_s, b.time_s) for a, b in matched(true, told)] == [(50.0, 51.0), (58.0, 66.0)]


def test_bites_of_an_encounter_nobody_noticed_are_missed() -> None:
    so = row(trial(), trial(told=None))
    assert (so.bites, so.bites_found) == (2, 0.5)
    assert so.bite_f1 == pytest.approx(2 / 3)


def test_the_order_of_sizes_needs_three_that_differ() -> None:
    assert order([(1, 10), (2, 20), (3, 90)]) == pytest.approx(1)
    assert order([(1, 90), (2, 20), (3, 10)]) == pytest.approx(-1)
    assert isnan(order([(1, 10), (2, 20)]))
    assert isnan(order([(1, 10), (1, 20), (1, 30)]))


def test_what_was_not_noticed_counts_against_it() -> None:
    so = row(trial(), trial(told=None))
    assert (so.noticed, so.outcome_right) == (0.5, 0.5)
    assert confusion_of([trial(), trial(told=None)]) == (
        ("released", "not noticed", 1),
        ("released", "released", 1),
    )


def test_what_could_not_be_known_must_be_called_censored() -> None:
    open_end = replace(TRUE, outcome=Outcome.ONGOING, end_s=None)
    honest = replace(TOLD, outcome=Outcome.CENSORED)
    so = row(trial(truth=open_end, told=honest), trial(truth=open_end), trial(told=honest), trial())
    assert so.censored_right == 0.5
    assert so.outcome_withheld == 0.5
    assert so.outcome_right == 0.5


# --- which conditions, and what is watched ------------------------------------------------


def test_every_row_changes_one_thing() -> None:
    for _, changes in TABLES:
        for change in changes:
            assert len(set(change.changed) - {"objective"}) <= 1
            assert replace(ORDINARY, **change.changed) is not None
        assert any(change.changed == {} for change in changes)


def test_a_meeting_is_watched_from_before_it_begins_until_it_can_be_known() -> None:
    rules = OutcomeRules()
    times = list(times_of(TRUE, end_of(TRUE, rules, 1), 2.0))
    assert times[0] < TRUE.start_s
    assert times[-1] > TRUE.last_contact_s + rules.viable_s
    assert times[1] - times[0] == 2.0
    assert times[-1] - times[-2] == 10.0


def test_some_sessions_end_early_and_no_contact_is_watched_for_ever() -> None:
    rules = OutcomeRules()
    whole = end_of(TRUE, rules, 1)
    assert all(TRUE.start_s < end_of(TRUE, rules, CUT_SHORT * lot) < whole for lot in range(1, 20))
    failed = replace(TRUE, last_contact_s=5000.0, end_s=5000.0)
    assert end_of(failed, rules, 1) < 1000.0


def test_no_session_ends_when_a_death_has_begun_and_does_not_show() -> None:
    rules = OutcomeRules()
    killed = replace(TRUE, death_s=90.0, outcome=Outcome.KILLED)
    ends = [end_of(killed, rules, CUT_SHORT * lot) for lot in range(1, 40)]
    assert min(ends) < 89.5
    assert max(ends) > 210.0
    assert not any(90.0 <= end_s < 240.0 for end_s in ends)


def test_the_first_meeting_on_a_stage_is_the_same_each_time() -> None:
    found = [first_meeting("mixed", seed, RULE) for seed in (700, 701, 702, 700, 701, 702)]
    assert found[:3] == found[3:] or repr(found[:3]) == repr(found[3:])
    assert sum(one is not None for one in found[:3]) >= 2


@pytest.fixture(scope="module")
def brief() -> Trial:
    """A trial that is over soon: its session ends early."""
    seeds = (seed for seed in range(704, 1000, CUT_SHORT))
    meetings = ((seed, first_meeting("mixed", seed, RULE)) for seed in seeds)
    rules = OutcomeRules()
    seed = next(
        seed
        for seed, ahead in meetings
        if ahead is not None
        and ahead.last_contact_s > end_of(ahead, rules, seed)
        and 40.0 < end_of(ahead, rules, seed) - ahead.start_s < 110.0
    )
    watched = trial_of(Conditions(death_s=inf), seed)
    assert watched is not None
    return watched


def test_a_trial_puts_answers_beside_the_truth(brief: Trial) -> None:
    assert brief.told is not None
    assert brief.told.outcome is Outcome.CENSORED
    assert brief.truth.outcome is Outcome.ONGOING
    assert len(brief.sights) > 0.7 * brief.in_contact > 5
    assert 3.0 < brief.signal_to_noise < 100.0
    assert row(brief).seal_error < 0.1


def test_the_same_trial_comes_out_the_same(brief: Trial) -> None:
    again = trial_of(brief.conditions, brief.seed)
    assert repr(again) == repr(brief)


def test_trials_come_from_seed_after_seed_and_scene_after_scene() -> None:
    asked: list[tuple[str, int]] = []

    def together(_: object, jobs: list[tuple[Conditions, int]]) -> list[Trial | None]:
        asked.extend((conditions.scene, seed) for conditions, seed in jobs)
        return [None if seed % 3 == 0 else trial() for _, seed in jobs]

    found = list(watched({}, 4, 1000, together))  # type: ignore[arg-type]
    assert len(found) == 4
    assert [seed for _, seed in asked] == list(range(1000, 1000 + len(asked)))
    assert asked[0][0] == "mixed"
    assert asked[4][0] == "engulfing"


def test_one_worker_needs_no_process() -> None:
    with spread(1) as together:
        assert list(together(lambda job: None, [(ORDINARY, 1)])) == [None]


def test_doubts_are_standard_errors_and_leave_out_whole_encounters() -> None:
    lots = [trial(), trial(told=None)] * 30
    shuffled = [lots[at] for at in np.random.default_rng(0).permutation(60)]
    doubts = doubts_of(shuffled, ["noticed", "bites_found", "seal_error"])
    assert doubts["noticed"] == pytest.approx(0.5 / 60**0.5, rel=0.5)
    assert doubts["bites_found"] == pytest.approx(doubts["noticed"])
    assert doubts["seal_error"] == pytest.approx(0.0, abs=1e-9)
    assert isnan(doubts_of([trial()], ["noticed"])["noticed"])
    assert isnan(doubts_of([trial(), trial()], ["bite_order"])["bite_order"])


def test_progress_says_what_is_done_how_long_it_took_and_what_is_left() -> None:
    told: list[str] = []
    clock = iter([0.0, 6.0, 12.0, 12.0, 30.0]).__next__
    pace = Pace(8, told.append, clock)
    assert len(list(pace.counted([trial(), trial()], "light: half"))) == 2
    pace.end()
    assert told == [
        "light: half: 2 of 8 encounters watched in 12.0 s, about 36.0 s left",
        "2 encounters watched in 30.0 s",
    ]


@pytest.mark.parametrize(("asked", "again"), [(4, 4), (18, 6), (216, 24)])
def test_as_many_are_watched_as_asked_for_and_some_of_them_again(
    asked: int, again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[int] = []

    def instead(changed: dict[str, object], count: int, first: int, _: object) -> list[Trial]:
        wanted.append(count)
        return [trial()] * count

    monkeypatch.setattr("livewatch.report.accuracy.watched", instead)
    figures = run(asked, lambda _: None, workers=1)
    assert wanted[0] == asked
    assert set(wanted[1:]) == {again}
    assert figures.ordinary.encounters == asked
    assert {row.encounters for table in figures.tables for row in table.rows} == {again}


# --- in words -----------------------------------------------------------------------------


@pytest.fixture
def figures() -> Accuracy:
    rows = (row_of("10x", [trial()]), row_of("20x", [trial(told=None, seen=SEEN)]))
    return Accuracy(
        row(trial()),
        (("seal_error", 0.004), ("bite_order", nan)),
        confusion_of([trial()]),
        (Table("objective", rows),),
        (1000, 1009),
    )


def test_the_text_names_targets_outcomes_tables_and_what_it_is_worth(figures: Accuracy) -> None:
    text = figures.text()
    assert "seeds 1000-1009" in text
    for goal in GOALS:
        assert goal.about in text
    assert "By objective" in text
    assert "Synthetic cells only" in text
    assert "nan" not in text
    assert max(map(len, text.splitlines())) < 170


def test_a_target_is_met_missed_or_not_known(figures: Accuracy) -> None:
    lines = {goal.name: goal.about for goal in GOALS}
    text = figures.text().splitlines()

    def verdict(name: str) -> str:
        return next(line for line in text if lines[name] in line).split()[-1]

    assert verdict("seal_error") == "met"
    assert any(lines["seal_error"] in line and "+- 0.004" in line for line in text)
    assert verdict("twist_error_deg") == "met"
    assert verdict("bite_order") == "known"
    assert "MISSED" in replace(figures, ordinary=row(trial(told=None))).text()


def test_a_miss_that_chance_may_explain_is_called_so(figures: Accuracy) -> None:
    near = replace(figures.ordinary, bite_f1=0.89, false_bites=0.16)
    doubts = (("bite_f1", 0.02), ("false_bites", 0.03))
    text = replace(figures, ordinary=near, doubts=doubts).text().splitlines()
    (f1,) = (line for line in text if "F1" in line)
    (false,) = (line for line in text if "false bites per" in line)
    assert "+- 0.02" in f1
    assert f1.endswith("missed, within its error")
    assert false.endswith("MISSED")


def test_the_same_as_json_with_null_for_what_is_not_known(figures: Accuracy) -> None:
    content = json.loads(figures.json())
    assert content["ordinary"]["seal_error"] == pytest.approx(0.03)
    assert content["ordinary"]["bite_order"] is None
    assert content["standard_errors"] == {"seal_error": 0.004, "bite_order": None}
    assert content["outcomes"] == [{"true": "released", "told": "released", "count": 1}]
    assert [one["about"] for one in content["tables"]["objective"]] == ["10x", "20x"]
