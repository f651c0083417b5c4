"""An encounter's course: measures over time, light, decisions."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from livewatch.model import Encounter

    Series = NDArray[np.float64]


class Lit(NamedTuple):
    """One frame's light, in ms at full power, and what it was taken for."""

    time_s: float
    dose: float
    purpose: str


class Turn(NamedTuple):
    """A decision that changed what was done, from `time_s` on."""

    time_s: float
    purpose: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """An encounter's contact measures over time: `columns` by name, each (n,), NaN where unknown.

    `frames` are the indices of the frames they are from, `truth` what was really so, in a demo.
    `lit` is the light of every frame there was about that time, `turns` what was decided about it.
    """

    encounter: Encounter
    frames: tuple[int, ...]
    columns: Mapping[str, Series]
    truth: Mapping[str, Series]
    lit: tuple[Lit, ...] = ()
    turns: tuple[Turn, ...] = ()

    def of(self, name: str) -> Series:
        """One measure; all NaN if it was never taken."""
        return self.columns.get(name, np.full(len(self.frames), nan))
