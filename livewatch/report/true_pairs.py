"""The true pairs of a demo, beside those that were measured."""

from __future__ import annotations

import csv
from array import array
from math import nan
from typing import TYPE_CHECKING, Self

import numpy as np

from livewatch.errors import BadInput
from livewatch.report.truth import TRUTH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Series = NDArray[np.float64]

SAME_PAIR_UM = 6.0
PLACES = ("nk_x_um", "nk_y_um", "tumor_x_um", "tumor_y_um")
SINCE_CONTACT = {"twist_deg", "orbit_deg", "slip_um"}


class TruePairs:
    """A table of true pairs: columns (n,) by name, a row for each pair at each frame's time."""

    def __init__(self, columns: Mapping[str, Series]) -> None:
        self._columns = columns

    @classmethod
    def beside(cls, session: Path) -> Self:
        """What lies beside a session's record; nothing where there is no truth.

        Raises `BadInput` if it is damaged.
        """
        table = session / TRUTH / "pairs.csv"
        if not table.is_file():
            return cls({})
        values = array("d")
        with table.open(newline="", encoding="utf-8") as file:
            lines = csv.reader(file)
            names = next(lines, [])
            for at, line in enumerate(lines, 2):
                if len(line) != len(names):
                    raise BadInput(f"{table}, line {at}: damaged, {len(line)} columns")
                try:
                    values.extend(map(float, line))
                except ValueError as error:
                    raise BadInput(f"{table}, line {at}: damaged, {error}") from error
        missing = {"time_s", "nk_id", "tumor_id", *PLACES}.difference(names)
        if not values:
            return cls({})
        if missing:
            raise BadInput(f"{table}: damaged, no column {min(missing)}")
        rows = np.frombuffer(values).reshape(-1, len(names))
        return cls(dict(zip(names, rows.T, strict=True)))

    def like(self, columns: Mapping[str, Series]) -> dict[str, Series]:
        """The true pair that is where the measured one is most of the time; {} without one."""
        truth = self._columns
        if not truth:
            return {}
        same = self._same(columns)
        pairs = np.column_stack((truth["nk_id"], truth["tumor_id"]))[same]
        if not len(pairs):
            return {}
        who, counts = np.unique(pairs, axis=0, return_counts=True)
        rows = np.flatnonzero(same)[(pairs == who[counts.argmax()]).all(1)]
        found = {name: values[rows] for name, values in truth.items()}
        for name in found.keys() & SINCE_CONTACT:
            found[name] = from_same_start(found["time_s"], found[name], columns, name)
        return found

    def _same(self, columns: Mapping[str, Series]) -> NDArray[np.bool_]:
        """Which rows (n,) are of a measured time and place."""
        measured_s, times_s = columns["time_s"].round(3), self._columns["time_s"].round(3)
        at = np.minimum(np.searchsorted(measured_s, times_s), len(measured_s) - 1)
        same: NDArray[np.bool_] = measured_s[at] == times_s
        for name in PLACES:
            same &= np.abs(self._columns[name] - columns[name][at]) < SAME_PAIR_UM
        return same


def from_same_start(
    times_s: Series, truth: Series, columns: Mapping[str, Series], name: str
) -> Series:
    """What adds up since contact, counted from when it was first measured.

    The true contact began before the first frame that shows it.
    """
    measured = columns.get(name, np.full(len(columns["time_s"]), nan))
    known = np.isfinite(measured) & np.isin(columns["time_s"].round(3), times_s.round(3))
    if not known.any():
        return truth
    first = int(known.argmax())
    at = int(np.abs(times_s - columns["time_s"][first]).argmin())
    return np.asarray(truth - truth[at] + measured[first])
