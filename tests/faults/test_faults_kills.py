"""Fault 18: whole sessions, killed at random moments and resumed (see tests/scoring/kills.py)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from livewatch.recording.folder import SessionFolder
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
    folder = tmp_path / "5"
    end = json.loads((folder / "s" / "end.json").read_text(encoding="utf-8"))
    assert end["since"] > 0
    assert end["since"] + end["frames"] == len(SessionFolder.open(folder / "s"))
    assert "since it was resumed" in (folder / "said.txt").read_text(encoding="utf-8")
