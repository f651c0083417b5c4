"""Whether a tumor cell lives: dye, death dye and outline, compared with its own past.

Dye is compared with that of the other tumor cells too, so that bleaching, which all of them
share, is not taken for death.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livewatch.analysis.measures.portrait import Portrait
    from livewatch.model import Cell
    from livewatch.settings import OutcomeRules

DEATH_FRAMES, DEATH_LASTS_S = 3, 20.0
"""Signs of death count once they have lasted: outlines fail for a moment now and then."""
DEAD_BELOW = 0.35
ALIVE_ABOVE = 0.7
NAMED_ABOVE = 0.2
FOLLOW_S = 6.0
FEWEST_PEERS = 3
RIPPLE_UM = 0.6
RIPPLE_GROWTH = 2.5


@dataclass(frozen=True, slots=True)
class Life:
    """What is remembered of one tumor cell.

    Dye is signal times area: `dye0` as it was at first, had it never bleached, `dye` the share of
    it that is left, smoothed. A cell that is as bright as it was (`signal0`) has lost none: it is
    hidden in part, or was cut in two where it is not. `death` is the death channel above its
    surroundings in counts, `death0` the least of it. `viability` goes from 1 to 0, and stays once
    `death_s` is known; `dying_s` is when the present run of signs of death began.
    """

    tumor_id: int
    time_s: float
    dye0: float
    dye: float = 1.0
    death0: float = nan
    death: float = nan
    waves0_um: float = nan
    waves_um: float = nan
    viability: float = 1.0
    evidence: str = ""
    frames_dead: int = 0
    dying_s: float = nan
    death_s: float = nan
    signal0: float = nan

    @property
    def is_alive(self) -> bool:
        """Whether nothing much speaks for death."""
        return self.viability > ALIVE_ABOVE and not isfinite(self.death_s)

    def with_dye(self, cell: Cell, fade: float, time_s: float) -> Life:
        """One frame later, with the dye the cell has now."""
        if cell.at_edge:
            return replace(self, time_s=time_s)
        share = 1 - exp(-max(time_s - self.time_s, 0.0) / FOLLOW_S)
        left = cell.signal * cell.area_um2 / (self.dye0 * max(fade, 1e-3))
        if isfinite(self.signal0):
            left = max(left, min(cell.signal / (self.signal0 * max(fade, 1e-3)), 1.0))
        return replace(self, time_s=time_s, dye=self.dye + share * (left - self.dye))

    def judged(self, portrait: Portrait, rules: OutcomeRules) -> Life:
        """The same moment after a closer look: what speaks for death, and all of it together."""
        looked = replace(
            self,
            death0=_least(self.death0, portrait.death),
            death=_follow(self.death, portrait.death, 0.5),
            waves0_um=_follow(self.waves0_um, portrait.outline.waves_um, 0.05),
            waves_um=_follow(self.waves_um, portrait.outline.waves_um, 0.2),
        )
        if isfinite(self.death_s):
            return looked
        doubts = looked.doubts(portrait.death_noise, rules)
        alive = float(np.prod([1 - doubt for doubt in doubts.values()]))
        if alive >= DEAD_BELOW and isfinite(self.death) and not isfinite(portrait.death):
            return looked  # without the death dye, a frame can speak for death but not against it
        frames = self.frames_dead + 1 if alive < DEAD_BELOW else 0
        dying_s = self.time_s if frames == 1 else self.dying_s
        lasts = frames >= DEATH_FRAMES and self.time_s - dying_s >= DEATH_LASTS_S
        return replace(
            looked,
            viability=alive,
            evidence=", ".join(name for name, doubt in doubts.items() if doubt > NAMED_ABOVE),
            frames_dead=frames,
            dying_s=dying_s,
            death_s=dying_s if lasts else nan,
        )

    def doubts(self, death_noise: float, rules: OutcomeRules) -> dict[str, float]:
        """Each sign of death, in words, with how strongly it speaks, 0 to 1."""
        stained = self.death - self.death0
        lost = 1 - self.dye
        blebs = self.waves_um / max(RIPPLE_GROWTH * self.waves0_um, RIPPLE_UM)
        return {
            f"death dye {stained:.0f} counts": _ramp(stained / death_noise, 2.0, 6.0),
            f"dye loss {lost:.0%}": _ramp(lost / rules.dye_loss, 0.5, 1.1),
            f"blebs {self.waves_um:.1f} um": 0.4 * _ramp(blebs, 0.8, 1.2),
        }


def fade_of(lives: Mapping[int, Life], cells: Iterable[Cell], before: float) -> float:
    """What bleaching (and lamp, and focus) left of the dye of all tumor cells: the median.

    `before` stands when fewer than three cells can be compared.
    """
    left = [
        cell.signal * cell.area_um2 / lives[cell.id].dye0
        for cell in cells
        if cell.id in lives and not cell.at_edge and lives[cell.id].viability > DEAD_BELOW
    ]
    return float(np.median(left)) if len(left) >= FEWEST_PEERS else before


def first_seen(cell: Cell, fade: float, time_s: float) -> Life:
    """Begin to follow a tumor cell: what it has now counts as all of its dye."""
    signal = cell.signal / max(fade, 1e-3)
    return Life(cell.id, time_s, max(signal * cell.area_um2, 1e-6), signal0=max(signal, 1e-6))


def _follow(before: float, now: float, share: float) -> float:
    if not isfinite(now):
        return before
    return now if not isfinite(before) else before + share * (now - before)


def _least(before: float, now: float) -> float:
    if not isfinite(now):
        return before
    return now if not isfinite(before) else min(before, now)


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`; 0 for NaN."""
    return float(np.clip((value - low) / (high - low), 0, 1)) if isfinite(value) else 0.0
