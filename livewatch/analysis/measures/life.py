"""Whether a tumor cell lives: dye, death dye, outline, pieces and motion, against its own past.

Dye is compared with that of the other tumor cells too, so that bleaching, which all of them
share, is not taken for death. Two signs decide: a death dye that comes in, dye that is lost.
Blebs, fragments and motion that has stopped support them: together they make a cell doubtful, and
a death is believed sooner, but none is dead by these alone, for a living cell may ruffle, lie in
debris or rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, nan, prod
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.roam import NOWHERE, Drift, Roam, drift_of, set_out
from livewatch.replaced import replaced

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
BLEBS_UM, BLEBS_GROWN = 0.25, 2.0
"""Blebs are so high (RMS), and so many times as high as what the outline shows of a living cell."""
BLEBBING = 0.8, 1.2
"""Shares of that at which they begin to speak, and do."""
LEARNT, HELD = 0.01, 0.02
"""What is usual is learnt by so much in each frame, and slower by that while it seems to bleb."""
SHED = 0.0025, 0.01
"""Shares of the dye in pieces around it: an apoptotic body of 1 um, and of 2, of a cell of 20."""
SHED_EVERY_S = 20.0
"""Pieces come off over minutes: they are looked for so often."""
STILL = 0.5, 0.25
"""Shares of its usual speed at which a cell begins to count as stopped, and does."""
SUPPORT = 0.25
"""So strongly may each of these three speak: a cell that shows one still counts as alive, and one
that shows all is not dead."""


@dataclass(frozen=True, slots=True)
class Life:
    """What is remembered of one tumor cell.

    Dye is signal times area: `dye0` as it was at first, had it never bleached, `dye` the share of
    it that is left, smoothed. A cell that is as bright as it was (`signal0`) has lost none: it is
    hidden in part, or was cut in two where it is not. `death` is the death channel above its
    surroundings in counts, `death0` the least of it, `death_noise` what living cells do not exceed.
    `shed` is the share of its dye in pieces around it as of `shed_s`, `shed0` the least of that;
    `roam` is its motion. `viability` goes from 1 to 0, and stays once `death_s` is known; `dying_s`
    is when the present run of signs of death began.
    """

    tumor_id: int
    time_s: float
    dye0: float
    dye: float = 1.0
    death0: float = nan
    death: float = nan
    blebs0_um: float = nan
    blebs_um: float = nan
    viability: float = 1.0
    evidence: str = ""
    frames_dead: int = 0
    dying_s: float = nan
    death_s: float = nan
    signal0: float = nan
    roam: Roam = NOWHERE
    death_noise: float = nan
    shed0: float = nan
    shed: float = nan
    shed_s: float = -inf

    @property
    def is_alive(self) -> bool:
        """Whether nothing much speaks for death."""
        return self.viability > ALIVE_ABOVE and not isfinite(self.death_s)

    @property
    def bulging(self) -> float:
        """How much it blebs, as a share of what is beyond doubt."""
        return self.blebs_um / max(BLEBS_GROWN * self.blebs0_um, BLEBS_UM)

    def seen_again(self, cell: Cell, fade: float, drift: Drift, time_s: float) -> Life:
        """One frame later, with the dye the cell has now, and where it is."""
        if cell.at_edge:
            return replaced(self, time_s=time_s)
        share = 1 - exp(-max(time_s - self.time_s, 0.0) / FOLLOW_S)
        left = cell.signal * cell.area_um2 / (self.dye0 * max(fade, 1e-3))
        if isfinite(self.signal0):
            left = max(left, min(cell.signal / (self.signal0 * max(fade, 1e-3)), 1.0))
        return replaced(
            self,
            time_s=time_s,
            dye=self.dye + share * (left - self.dye),
            roam=self.roam.moved(cell, self.time_s, time_s, drift),
        )

    def judged(self, portrait: Portrait, rules: OutcomeRules) -> Life:
        """The same moment after a closer look: what speaks for death, and all of it together."""
        looked = self._looked(portrait)
        stain, others = looked.stain(), looked.doubts(rules)
        doubts = stain | others
        named = ", ".join(sign for sign, doubt in doubts.items() if doubt > NAMED_ABOVE)
        if isfinite(self.death_s):
            return replaced(looked, evidence=named or self.evidence)
        alive = _none_of(doubts)
        is_silent = isfinite(looked.death) and not isfinite(portrait.death)
        # without the death dye, a frame can speak for death but not against it
        shown = _none_of(others) if is_silent else alive
        speaks = shown < DEAD_BELOW
        frames = self.frames_dead + speaks if speaks or is_silent else 0
        dying_s = self.time_s if speaks and not self.frames_dead else self.dying_s
        lasts = speaks and frames >= DEATH_FRAMES and self.time_s - dying_s >= DEATH_LASTS_S
        return replaced(
            looked,
            viability=alive,
            evidence=named,
            frames_dead=frames,
            dying_s=dying_s,
            death_s=dying_s if lasts else nan,
        )

    def stain(self) -> dict[str, float]:
        """The death dye, in words, with how strongly it speaks, 0 to 1."""
        stained = self.death - self.death0
        return {f"death dye {stained:.0f} counts": _ramp(stained / self.death_noise, 2.0, 6.0)}

    def doubts(self, rules: OutcomeRules) -> dict[str, float]:
        """Each other sign of death, in words, with how strongly it speaks, 0 to 1."""
        lost = 1 - self.dye
        pieces = self.shed - self.shed0
        left = self.roam.left
        return {
            f"dye loss {lost:.0%}": _ramp(lost / rules.dye_loss, 0.5, 1.1),
            f"blebs {self.blebs_um:.1f} um": SUPPORT * _ramp(self.bulging, *BLEBBING),
            f"fragments {pieces:.0%} of its dye": SUPPORT * _ramp(pieces, *SHED),
            f"motion stopped, {left:.0%} of usual": SUPPORT * _ramp(-left, -STILL[0], -STILL[1]),
        }

    def _looked(self, portrait: Portrait) -> Life:
        """What a closer look adds to what is remembered."""
        blebs_um = portrait.outline.blebs_um
        is_due = self.time_s - self.shed_s >= SHED_EVERY_S
        shed = portrait.shed() if is_due else nan
        learnt = LEARNT * (HELD if self.bulging > BLEBBING[0] else 1.0)
        return replaced(
            self,
            death0=_least(self.death0, portrait.death),
            death=_follow(self.death, portrait.death, 0.5),
            death_noise=_follow(self.death_noise, portrait.death_noise, 1.0),
            blebs0_um=_follow(self.blebs0_um, blebs_um, learnt),
            blebs_um=_follow(self.blebs_um, blebs_um, 0.2),
            shed0=_least(self.shed0, shed),
            shed=_follow(self.shed, shed, 0.5),
            shed_s=self.time_s if is_due else self.shed_s,
        )


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


def drift_among(lives: Mapping[int, Life], cells: Iterable[Cell]) -> Drift:
    """What the living among some tumor cells share of their motion, as of the frame before."""
    return drift_of(
        lives[cell.id].roam
        for cell in cells
        if cell.id in lives and not cell.at_edge and lives[cell.id].is_alive
    )


def first_seen(cell: Cell, fade: float, time_s: float) -> Life:
    """Begin to follow a tumor cell: what it has now counts as all of its dye."""
    signal = cell.signal / max(fade, 1e-3)
    dye = max(signal * cell.area_um2, 1e-6)
    return Life(cell.id, time_s, dye, signal0=max(signal, 1e-6), roam=set_out(cell, time_s))


def _none_of(doubts: Mapping[str, float]) -> float:
    """How likely none of some signs of death is one."""
    return prod(1 - doubt for doubt in doubts.values())


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
    return min(max((value - low) / (high - low), 0.0), 1.0) if isfinite(value) else 0.0
