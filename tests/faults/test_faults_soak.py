"""All faults at random, in every mode: a short version of tests/scoring/soak.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.scoring.soak import soak, uneven

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_of_faults_in_every_mode_accounts_for_every_slot_and_grows_nowhere(
    tmp_path: Path,
) -> None:
    watched, wrong = soak(tmp_path / "s", hours=0.9, seed=1)
    assert wrong == []
    assert {"survey", "encounter", "burst", "missed"} <= watched.seen.keys()


@pytest.mark.parametrize(
    ("memory_mb", "files", "grown"),
    [
        ([90, 100, 105, 102, 112], [20, 14, 14, 15, 14], ""),
        ([90, 100, 105, 102, 116], [14] * 5, "memory grew from 100 to 116 MB"),
        ([100] * 5, [13, 14, 14, 15, 15], "open files grew from 14 to 15"),
    ],
    ids=["neither", "memory", "one file"],
)
def test_what_grew_since_the_second_quarter_is_found(
    memory_mb: list[float], files: list[int], grown: str
) -> None:
    wrong = uneven(SimpleNamespace(memory_mb=memory_mb, files=files))  # type: ignore[arg-type]
    assert wrong == [grown] * bool(grown)
