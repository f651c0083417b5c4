"""Twist by the long axis of a body without texture."""

from __future__ import annotations

from math import isfinite, nan

import numpy as np
import pytest

from livewatch.analysis.measures.axis import pointed
from livewatch.analysis.measures.outline import outline_of

POINTS = 160
Waves = dict[int, tuple[float, float]]


def told(
    turns_deg: list[float],
    long: float,
    waver: float = 0.006,
    deform: Waves | None = None,
) -> list[float]:
    """The turn told of each frame: a body 10 um wide, `long` its second wave.

    `deform` is, by order, the wave (cosine, sine) that has grown on it by the last frame.
    """
    rng = np.random.default_rng(1)
    body = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    axis, answers = None, []
    for at, turn_deg in enumerate(turns_deg):
        part = at / len(turns_deg)
        radius = 10 * (1 + long * np.cos(2 * body))
        for order, (cosine, sine) in (deform or {}).items():
            radius += 10 * part * (cosine * np.cos(order * body) + sine * np.sin(order * body))
        for order in range(2, 7):
            lot = rng.normal(0, waver, 2)
            radius += 10 * (lot[0] * np.cos(order * body) + lot[1] * np.sin(order * body))
        turn = body + np.radians(turn_deg + 30)
        outline = outline_of(np.column_stack((radius * np.cos(turn), radius * np.sin(turn))))
        axis, answer, _ = pointed(axis, outline, 2.0 * at)
        answers.append(answer)
    return answers


STILL = [0.0] * 20


def test_a_long_body_is_followed_through_more_than_half_a_turn() -> None:
    turns = [*STILL, *np.linspace(0, 250, 60).tolist()]
    answers = told(turns, 0.15)
    assert all(map(isfinite, answers[15:]))
    assert answers[15:] == pytest.approx(turns[15:], abs=6)


@pytest.mark.parametrize("long", [0.0, 0.02, 0.06])
def test_a_round_body_has_no_turn(long: float) -> None:
    answers = told([*STILL, *np.linspace(0, 90, 200).tolist()], long)
    assert sum(map(isfinite, answers)) <= 0.02 * len(answers)


def test_a_body_that_wavers_as_much_as_it_is_long_has_no_turn() -> None:
    assert not any(map(isfinite, told([0.0] * 100, 0.1, waver=0.06)))


def test_a_body_that_grows_long_across_has_changed_and_not_turned() -> None:
    answers = told([0.0] * 100, 0.12, deform={2: (-0.24, 0.0), 3: (0.1, 0.1)})
    assert [abs(answer) for answer in answers if isfinite(answer)] == pytest.approx(
        [0] * sum(map(isfinite, answers)), abs=12
    )
    assert not any(map(isfinite, answers[70:]))


def test_an_axis_that_leapt_too_far_is_lost_for_good() -> None:
    answers = told([*STILL, *[80.0] * 20], 0.15)
    assert isfinite(answers[19])
    assert answers[20:] == pytest.approx([nan] * 20, nan_ok=True)
