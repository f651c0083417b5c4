"""A death dye that is not in every frame: what it said stays said until it is looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, cast

from livewatch.analysis.measures.life import Life
from livewatch.settings import OutcomeRules


@dataclass(frozen=True)
class Outline:
    blebs_um: float = 0.2


@dataclass(frozen=True)
class Look:
    death: float
    death_noise: float
    outline: Outline = Outline()

    def shed(self) -> float:
        return 0.0


LIVING, STAINED, NOT_LOOKED_AT = Look(3.0, 4.0), Look(300.0, 4.0), Look(nan, nan)


def judged(looks: list[Look], dye: float = 1.0) -> list[Life]:
    """A tumor cell after each of some frames, 10 s apart."""
    from dataclasses import replace

    life, lives = Life(1, 0.0, 1000.0, dye=dye), []
    for number, look in enumerate(looks):
        life = replace(life, time_s=10.0 * number).judged(cast("Any", look), OutcomeRules())
        lives.append(life)
    return lives


def test_a_stained_cell_stays_stained_in_frames_without_the_dye() -> None:
    lives = judged([LIVING, STAINED, *[NOT_LOOKED_AT] * 5])
    assert lives[0].viability > 0.9
    assert all(life.viability < 0.1 for life in lives[1:])
    assert all("death dye" in life.evidence for life in lives[1:])


def test_frames_without_the_dye_do_not_confirm_a_death() -> None:
    once = judged([LIVING, STAINED, *[NOT_LOOKED_AT] * 20])
    assert not isfinite(once[-1].death_s)
    again = judged([LIVING, *[STAINED, NOT_LOOKED_AT, NOT_LOOKED_AT] * 3])
    assert again[-1].death_s == 10.0


def test_lost_dye_is_a_death_without_waiting_for_the_death_dye() -> None:
    lives = judged([LIVING, *[NOT_LOOKED_AT] * 3], dye=0.3)
    assert lives[-1].death_s == 0.0
    assert "dye loss" in lives[-1].evidence
    assert "death dye" not in lives[-1].evidence


def test_without_any_death_dye_every_frame_counts() -> None:
    lives = judged([NOT_LOOKED_AT] * 3)
    assert all(life.viability == 1.0 for life in lives)
