"""Approach: how fast a near pair closes, when its membranes will touch, and how sure that is.

A Kalman filter per pair follows the gap and its rate, with the same model of motion as the
cells themselves (motion.py). A pair that comes near for the first time starts with the rate
that the two cells' tracks imply.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, inf, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.motion import MOTION, Motion, correct, place_growth_s2, predict, reach_s
from livewatch.analysis.sureness import GAP_SD_UM
from livewatch.model import Kind
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.analysis.tracks import Tracks
    from livewatch.model import Contact

GAPS = np.dtype(
    [
        ("nk_id", "i8"),
        ("tumor_id", "i8"),
        ("gap_um", "f8"),
        ("rate", "f8"),  # um/s, negative while closing
        ("pxx", "f8"),  # variances of gap and rate
        ("pxv", "f8"),
        ("pvv", "f8"),
        ("time_s", "f8"),  # when last seen
    ]
)
STRAIGHT, MEETING = 0.7, 0.8
"""Cells turn: a gap closes by this share of what its rate promises. And one in five of those that
come as near as to touch pass by each other, or halt. From simulated walks (tests/scoring)."""
HARDLY = 1e-3
"""Contact less likely than this is not foretold."""
STALE_S = 300.0
"""A pair not seen near for this long starts anew."""
LINE = (("gap_um", "rate"),)
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """The gaps of all pairs that are, or just were, near at one position, as of `time_s`."""

    table: NDArray[np.void]
    time_s: float


def sealed(table: NDArray[np.void], time_s: float) -> Gaps:
    """Gaps of a finished table, which from now on cannot be written to."""
    table.flags.writeable = False
    return Gaps(table, time_s)


def no_gaps() -> Gaps:
    """No pair seen yet."""
    return sealed(np.zeros(0, GAPS), 0.0)


def approach(
    gaps: Gaps,
    contacts: Sequence[Contact],
    nk: Tracks,
    tumor: Tracks,
    time_s: float,
    horizon_s: float,
) -> tuple[Gaps, tuple[Contact, ...]]:
    """Gaps after one more frame, and `contacts` with their approach filled in.

    `horizon_s` is how far ahead matters: usually until the next survey frame.
    """
    table = gaps.table.copy()
    predict(table, RELATIVE, max(time_s - gaps.time_s, 0.0), LINE)
    pairs = zip(table["nk_id"].tolist(), table["tumor_id"].tolist(), strict=True)
    known = {pair: at for at, pair in enumerate(pairs)}
    new = [contact for contact in contacts if contact.pair not in known]
    old = [contact for contact in contacts if contact.pair in known]
    rows = np.array([known[contact.pair] for contact in old], np.intp)
    seen_um = np.array([contact.gap_um for contact in old])
    sd_um = np.array([contact.gap_sd_um for contact in old])
    correct(table, rows, (seen_um,), sd_um**2, LINE)
    table["time_s"][rows] = time_s
    if new:
        started = np.array([start(contact, nk, tumor, time_s) for contact in new], GAPS)
        table = np.concatenate((table, started))
        known |= {contact.pair: len(gaps.table) + at for at, contact in enumerate(new)}
    rows = np.array([known[contact.pair] for contact in contacts], np.intp)
    told = foretold(contacts, table[rows], horizon_s)
    return sealed(table[time_s - table["time_s"] <= STALE_S], time_s), told


def relative_motion() -> Motion:
    """How the gap between an NK and a tumor cell moves: both stir it."""
    nk, tumor = MOTION[Kind.NK], MOTION[Kind.TUMOR]
    speed = float(np.hypot(nk.speed_um_per_s, tumor.speed_um_per_s))
    top = nk.top_um_per_s + tumor.top_um_per_s
    return Motion(speed, nk.persistence_s, top, GAP_SD_UM)


RELATIVE = relative_motion()


def start(contact: Contact, nk: Tracks, tumor: Tracks, time_s: float) -> tuple[float, ...]:
    """The first row of a pair: its rate is what the two tracks imply."""
    n, t = nk.table[nk.row(contact.nk_id)], tumor.table[tumor.row(contact.tumor_id)]
    dx = contact.tumor_x_um - contact.nk_x_um
    dy = contact.tumor_y_um - contact.nk_y_um
    apart_um = max(float(np.hypot(dx, dy)), 1e-6)
    rate = ((t["vx"] - n["vx"]) * dx + (t["vy"] - n["vy"]) * dy) / apart_um
    variances = (contact.gap_sd_um**2, 0.0, n["pvv"] + t["pvv"])
    return contact.nk_id, contact.tumor_id, contact.gap_um, rate, *variances, time_s


def foretold(
    contacts: Sequence[Contact], table: NDArray[np.void], horizon_s: float
) -> tuple[Contact, ...]:
    """Contacts with their rates of approach, and when the membranes will touch.

    `table` has a row for each of them.
    """
    fade_s = reach_s(horizon_s, RELATIVE.persistence_s)
    stirred = RELATIVE.speed_um_per_s**2 * place_growth_s2(horizon_s, RELATIVE.persistence_s)
    spread = table["pxx"] + 2 * fade_s * table["pxv"] + fade_s**2 * table["pvv"] + stirred
    closing = -table["rate"]
    told = []
    for contact, gap_um, rate, variance in zip(
        contacts, table["gap_um"].tolist(), closing.tolist(), spread.tolist(), strict=True
    ):
        in_s, sd_s = 0.0, 0.0
        if contact.gap_um > 0:
            drift_um = STRAIGHT * rate * fade_s
            odds = MEETING * passage(max(gap_um, 0.0), drift_um, variance)
            in_s, sd_s = meeting_s(max(gap_um, 0.0), rate, odds, horizon_s)
        told.append(
            replaced(contact, approach_um_per_s=rate, contact_in_s=in_s, contact_in_sd_s=sd_s)
        )
    return tuple(told)


def meeting_s(gap_um: float, closing: float, odds: float, horizon_s: float) -> tuple[float, float]:
    """In what time, and within what deviation, membranes touch that may do so within the horizon.

    The two are such that a normal distribution states the `odds` of it. Where contact is more
    likely than not, the time is when the gap closes at its rate, at most half the horizon;
    otherwise the deviation is the horizon itself.
    """
    if odds < HARDLY:
        return inf, inf
    z = NORMAL.inv_cdf(odds)
    if z <= 0:
        return horizon_s * (1 - z), horizon_s
    in_s = min(gap_um / closing if closing > 0 else horizon_s, horizon_s / 2)
    return in_s, (horizon_s - in_s) / z


def passage(gap_um: float, drift_um: float, variance_um2: float) -> float:
    """The odds that a gap is closed at some time, when on the whole it shrinks by `drift_um`.

    First passage of Brownian motion with drift (Bachelier-Levy).
    """
    sd_um = sqrt(variance_um2)
    sooner = exp(min(2 * gap_um * drift_um / variance_um2, 700.0))
    at_end = below((drift_um - gap_um) / sd_um)
    return min(at_end + sooner * below(-(drift_um + gap_um) / sd_um), 1.0)


def below(z: float) -> float:
    """The share of a normal distribution below `z` deviations."""
    return 0.5 * erfc(-z / sqrt(2))
