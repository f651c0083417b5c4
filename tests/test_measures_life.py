"""What supports that a tumor cell is dead: motion that stopped, blebs, fragments; and how far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, cast

import numpy as np
import pytest

from livewatch.analysis.measures.crop import Images, crop_of
from livewatch.analysis.measures.fragments import shed_of
from livewatch.analysis.measures.life import (
    DEAD_BELOW,
    Life,
    drift_among,
    first_seen,
)
from livewatch.analysis.measures.roam import Drift
from livewatch.model import Cell, Kind
from livewatch.settings import OutcomeRules
from tests.measures_stage import Stage, cell

SQUARE = np.array([[0, 0], [20, 0], [20, 20], [0, 20]], np.float32)
RULES = OutcomeRules()
EVERY_S, PARTED_S = 2.0, 600.0


@dataclass(frozen=True)
class Outline:
    blebs_um: float = 0.2


@dataclass(frozen=True)
class Look:
    outline: Outline = Outline()
    pieces: float = 0.0
    death: float = float("nan")
    death_noise: float = float("nan")

    def shed(self) -> float:
        return self.pieces


def judged(life: Life, blebs_um: float = 0.2, pieces: float = 0.0, frames: int = 60) -> Life:
    """The life after so many looks, all alike."""
    for _ in range(frames):
        life = replace(life, time_s=life.time_s + EVERY_S)
        life = life.judged(cast("Any", Look(Outline(blebs_um), pieces)), RULES)
    return life


def tumor(number: int, x_um: float, y_um: float) -> Cell:
    return Cell(number, Kind.TUMOR, x_um, y_um, 400.0, 80.0, 100.0, False, SQUARE)


def walked(
    paces: dict[int, tuple[float, float]], drift: float = 0.0, seed: int = 0
) -> dict[int, Life]:
    """Lives of cells at those paces (um/s, before and after PARTED_S), outlines wavering."""
    rng = np.random.default_rng(seed)
    lives: dict[int, Life] = {}
    ways = dict.fromkeys(paces, 0.0)
    for time_s in np.arange(0.0, 2 * PARTED_S, EVERY_S).tolist():
        cells = []
        for number, (before, after) in paces.items():
            ways[number] += EVERY_S * (before if time_s < PARTED_S else after)
            bearing = 2.0 * number + np.array([0.0, -np.pi / 2])
            place = rng.normal(0, 0.12, 2) + ways[number] * np.cos(bearing)
            cells.append(tumor(number, place[0] + drift * time_s, place[1]))
        shared = drift_among(lives, cells)
        for one in cells:
            known = lives.get(one.id)
            now = (
                first_seen(one, 1.0, time_s)
                if known is None
                else known.seen_again(one, 1.0, shared, time_s)
            )
            lives[one.id] = now.judged(cast("Any", Look()), RULES)
    return lives


def test_a_cell_that_moved_and_stopped_is_told_of_and_counts_as_alive() -> None:
    lives = walked({1: (0.01, 0.0), 2: (0.01, 0.01)})
    assert "motion stopped" in lives[1].evidence
    assert lives[1].is_alive
    assert lives[2].evidence == ""


def test_a_cell_that_never_moved_cannot_have_stopped() -> None:
    lives = walked({1: (0.0, 0.0), 2: (0.01, 0.01)})
    assert lives[1].evidence == ""
    assert lives[1].viability == 1.0


def test_a_stage_that_drifts_makes_no_dead_cell_move() -> None:
    crowd = dict.fromkeys(range(2, 60), (0.01, 0.01))
    lives = walked({1: (0.01, 0.0), **crowd}, drift=0.02)
    assert "motion stopped" in lives[1].evidence
    assert all(lives[number].evidence == "" for number in crowd)


def test_blebs_are_named_for_as_long_as_they_last() -> None:
    life = judged(judged(first_seen(tumor(1, 0, 0), 1.0, 0.0)), blebs_um=0.8, frames=200)
    assert "blebs 0.8 um" in life.evidence
    assert judged(life).evidence == ""


def test_fragments_count_beyond_what_lay_around_a_living_cell() -> None:
    life = judged(first_seen(tumor(1, 0, 0), 1.0, 0.0), pieces=0.04)
    assert life.evidence == ""
    assert "fragments 5% of its dye" in judged(life, pieces=0.09).evidence


def test_all_that_supports_a_death_is_no_death() -> None:
    still = walked({1: (0.01, 0.0)})[1]
    life = judged(still, blebs_um=1.0, pieces=0.1, frames=300)
    assert all(word in life.evidence for word in ("blebs", "fragments", "motion stopped"))
    assert DEAD_BELOW < life.viability < 0.5
    assert not isfinite(life.death_s)


def test_a_loss_of_dye_too_small_by_itself_is_a_death_with_blebs_and_fragments() -> None:
    lost = replace(first_seen(tumor(1, 0, 0), 1.0, 0.0), dye=0.6)
    assert not isfinite(judged(lost).death_s)
    dead = judged(judged(replace(lost, dye=1.0)), blebs_um=1.0, pieces=0.1)
    dead = judged(replace(dead, dye=0.6), blebs_um=1.0, pieces=0.1)
    assert isfinite(dead.death_s)
    assert "dye loss 40%" in dead.evidence
    assert "blebs" in dead.evidence


@pytest.mark.parametrize(
    ("spots", "expected"),
    [
        ([], 0.0),
        ([(-25.5, 2.0, 0.03), (-14.5, 11.5, 0.02)], 0.05),
        ([(1.0, 1.0, 0.05)], 0.0),
    ],
    ids=["nothing", "two pieces beside the tumor cell", "a bite in the NK cell"],
)
def test_pieces_around_a_cell_are_told_from_bites(
    spots: list[tuple[float, float, float]], expected: float
) -> None:
    stage = Stage(seed=3, spots=spots)
    around = stage.tumor_outline(0.0)
    outline, body = stage.nk_outline(0.0, 0.1, 0.0)
    images = stage.images(around, outline, body, 0.0)
    nk = cell(2, Kind.NK, outline)
    crop = crop_of(stage.view, Images(*images, None), around, [nk], [nk])
    assert crop is not None
    dye = float((crop.tumor - 100.0)[crop.tumor_mask > 0].sum()) * stage.pixel_um**2
    assert shed_of(crop, dye) == pytest.approx(expected, abs=0.005 + 0.35 * expected)


def test_the_drift_of_a_few_cells_is_not_known() -> None:
    lives = walked(dict.fromkeys(range(1, 4), (0.01, 0.01)), drift=0.02)
    assert drift_among(lives, [tumor(number, 0, 0) for number in lives]) == Drift()
