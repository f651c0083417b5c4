"""Latencies of a whole session, stage by stage: kept as they come, summed up at the end."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, fields
from math import isnan

import numpy as np

from livewatch.model import Lateness


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 95th percentile and worst of one stage, in s, over `count` turns."""

    count: int
    median_s: float
    p95_s: float
    worst_s: float


class Latencies:
    """Every turn's stages, 8 bytes each: three days at 2 s are 5 MB."""

    def __init__(self) -> None:
        self._stages = {stage.name: array("d") for stage in fields(Lateness)}

    def add(self, lateness: Lateness) -> None:
        """Take in one turn; stages that did not happen are left out."""
        for stage, values in self._stages.items():
            value = getattr(lateness, stage)
            if not isnan(value):
                values.append(value)

    def spreads(self) -> dict[str, Spread]:
        """The spread of each stage that happened at least once."""
        return {stage: _spread(values) for stage, values in self._stages.items() if values}


def _spread(values: array[float]) -> Spread:
    median, p95, worst = np.percentile(np.frombuffer(values), (50, 95, 100))
    return Spread(len(values), float(median), float(p95), float(worst))
