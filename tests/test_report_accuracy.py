"""The table of accuracy: what it sums up, and that a trial puts answers beside the truth."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from livewatch.model import Bite, Contact, Encounter, Outcome
from livewatch.report.accuracy import Accuracy, asked, confusion_of, row_of
from livewatch.report.trial import Conditions, Sight, Trial
from livewatch.specimen.happening import TrueBite, TrueEncounter
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


def trial(*, textured: bool = True, told: Encounter | None = TOLD, seen: Contact = SEEN) -> Trial:
    return Trial(Conditions(), 1, TRUE, textured, told, (Sight(20.0, seen, PAIR),), 400.0)


def test_a_row_sums_up_errors() -> None:
    row = row_of("so", [trial()])
    assert row.seal_error == pytest.approx(0.03)
    assert row.patch_error_deg == pytest.approx(7)
    assert row.twist_error_deg == pytest.approx(3)
    assert row.slip_error_um == pytest.approx(0.5)
    assert (row.twist_seen, row.bite_f1, row.false_bites, row.outcome_right) == (1, 1, 0, 1)


def test_a_twist_given_for_a_uniform_cell_is_invented() -> None:
    blind = replace(SEEN, twist_deg=nan)
    row = row_of("so", [trial(textured=False), trial(textured=False, seen=blind)])
    assert row.twist_invented == 0.5


def test_bites_at_the_wrong_time_are_both_invented_and_missed() -> None:
    late = replace(TOLD, bites=(Bite(75.0, 0.01),))
    row = row_of("so", [trial(told=late)])
    assert (row.bite_f1, row.false_bites) == (0, 1)


def test_what_was_not_noticed_counts_against_it() -> None:
    row = row_of("so", [trial(), trial(told=None)])
    assert (row.noticed, row.outcome_right) == (0.5, 0.5)
    assert confusion_of([trial(), trial(told=None)]) == (
        ("released", "not noticed", 1),
        ("released", "released", 1),
    )


def test_the_table_reads_as_text_and_says_what_it_is_worth() -> None:
    text = Accuracy((row_of("20x, 2 s", [trial()]),), confusion_of([trial()])).text()
    assert "20x, 2 s" in text
    assert "released -> released" in text
    assert "Synthetic cells only" in text


def test_every_row_changes_one_thing() -> None:
    for quick in (True, False):
        for _, conditions in asked(quick)[1:]:
            usual = Conditions(conditions[0].scene)
            changed = {
                name
                for name in Conditions.__slots__
                if getattr(conditions[0], name) != getattr(usual, name)
            } - {"objective"}
            assert len(changed) == 1
