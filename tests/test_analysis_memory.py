"""What analysis remembers does not grow, however long a session is."""

from __future__ import annotations

from tests.benchmarks.memory import VISIT, state_bytes, states


def test_after_many_visits_no_more_is_remembered_than_after_a_few() -> None:
    sizes, encounters = [], 0
    for _, state in states(16 * VISIT):
        sizes.append(state_bytes(state))
        encounters = state.next_encounter - 1
    assert encounters >= 12
    assert max(sizes[8:]) <= 1.1 * max(sizes[3:8])
