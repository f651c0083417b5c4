"""All faults at random, in every mode: a short version of tests/scoring/soak.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scoring.soak import soak

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_of_faults_in_every_mode_accounts_for_every_slot_and_grows_nowhere(
    tmp_path: Path,
) -> None:
    watched, wrong = soak(tmp_path / "s", hours=0.9, seed=1)
    assert wrong == []
    assert {"survey", "encounter", "burst", "missed"} <= watched.seen.keys()
