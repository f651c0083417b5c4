"""Fault 18: whole sessions, killed at random moments and resumed (see tests/scoring/kills.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scoring.kills import run

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_killed_again_and_again_loses_nothing_and_is_resumed_each_time(
    tmp_path: Path,
) -> None:
    score = run(tmp_path, kills=2, each=2, first_seed=5)
    assert score.faults == []
    assert (score.kills, score.sessions, score.lost) == (2, 1, 0)
    assert score.acknowledged > 2
