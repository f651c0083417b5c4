"""Twist by the long axis of a body without texture."""

from __future__ import annotations

from math import isfinite, nan

import numpy as np
import pytest

from livewatch.analysis.measures.axis import pointed
from livewatch.analysis.measures.crop import Images
from livewatch.analysis.measures.outline import outline_of
from livewatch.analysis.measures.portrait import portrait_of
from livewatch.model import Frame, Kind, Plane, Purpose, Shot
from tests.measures_stage import Stage, cell

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


def test_a_cell_taken_in_by_a_uniform_one_is_not_its_texture() -> None:
    stage = Stage(seed=4, texture=0.0)
    around = stage.tumor_outline(0.0)
    beside, middle = stage.nk_outline(0.0, 0.1, 0.0)
    circle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    body, twists, reasons = None, [], []
    for number in range(30):
        turn = np.radians(3.0 * number)
        guest = np.column_stack((np.cos(circle), np.sin(circle))) * 3.5
        guest += (3.0 * np.cos(turn), 3.0 * np.sin(turn))
        outline = beside if number < 15 else guest
        tumor, nk = cell(1, Kind.TUMOR, around), cell(2, Kind.NK, outline)
        images = list(stage.images(around, outline, middle, 0.0))
        if number >= 15:
            lit = (np.indices(images[0].shape) + 0.5) * stage.pixel_um + stage.view.left_um
            away = np.hypot(lit[1] - guest[:, 0].mean(), lit[0] - guest[:, 1].mean())
            images[0] = np.where(away < 3.5, 100 + 0.3 * (images[0] - 100.0), images[0])
            images[0] = images[0].astype(np.uint16)
        planes = tuple(Plane(name, 20.0) for name in ("tumor", "nk"))
        shot = Shot(stage.view, planes, 2.0 * number, Purpose.ENCOUNTER)
        frame = Frame(number, shot, stage.view, tuple(images), (), 2.0 * number)
        portrait = portrait_of(frame, Images(*images, None), tumor, [nk], [tumor, nk], body)
        assert portrait is not None
        body = portrait.body
        twists.append(portrait.turn.twist_deg)
        reasons.append(portrait.turn.reason)
    assert not any(map(isfinite, twists))
    assert "of the cell inside" in reasons[-1]
