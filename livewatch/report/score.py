"""What trials add up to: errors, what was missed and invented, and how outcomes were confused.

Everything here is arithmetic on answers beside the truth; nothing is imaged or analysed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import spearmanr

from livewatch.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from livewatch.model import Bite
    from livewatch.report.trial import Sight, Trial
    from livewatch.specimen.happening import TrueBite

BITE_SLACK_S = 10.0
SMALL_BITE = 0.01
"""Of the tumor's dye: the steps of smaller ones are lost in the noise of the photons."""
FAR_TURN_DEG, FAR_SLIP_UM = 20.0, 3.0
STILL_TURN_DEG, STILL_SLIP_UM = 5.0, 1.0
MOST_TURN_DEG = 90.0
NOT_NOTICED = "not noticed"


@dataclass(frozen=True, slots=True)
class Row:
    """How right the answers were under one set of conditions.

    `noticed` is the share of true encounters that were found. Errors are absolute: of the seal and
    the patch's direction the mean over frames in contact; of twist (up to 90 degrees), slip and
    orbit the median. `twist_told` and `slip_told` are the shares of frames in contact with a
    textured cell for which there is a number at all, `twist_invented` the share with a uniform
    one, whose twist cannot be seen. `twist_in_slip_deg` is the median error of twist while the
    patch has slipped and the body has not turned, `slip_in_twist_um` the other way round.

    `bites` is how many there truly were, of encounters that were noticed or not. `bite_f1` and
    `bites_found` count by time, within 10 s; `small_bites_found` are those of less than 1 % of the
    tumor's dye, `large_bites_found` the others; `bite_order` is the rank correlation of sizes;
    `false_bites` are per encounter. `outcome_right` is the share of outcomes told as they were; an
    outcome that could not be known must be told as censored, and `censored_right` is the share of
    these that were. `outcome_right_textured` leaves out cells whose twist cannot be seen.
    `outcome_withheld` is the share told as censored though it could be known. `signal_to_noise` is
    the tumor cell's light over the background's noise, per pixel.
    """

    about: str
    encounters: int
    noticed: float
    signal_to_noise: float
    seal_error: float
    patch_error_deg: float
    twist_told: float
    twist_error_deg: float
    twist_invented: float
    twist_in_slip_deg: float
    slip_told: float
    slip_error_um: float
    slip_in_twist_um: float
    orbit_error_deg: float
    bites: int
    bites_found: float
    small_bites_found: float
    large_bites_found: float
    bite_f1: float
    bite_order: float
    false_bites: float
    outcome_right: float
    outcome_right_textured: float
    outcome_withheld: float
    censored_right: float


class Table(NamedTuple):
    """How the figures fall off with one thing."""

    about: str
    rows: tuple[Row, ...]


def row_of(about: str, trials: Sequence[Trial]) -> Row:
    """Sum up trials."""
    textured = [sight for trial in trials if trial.textured for sight in trial.sights]
    uniform = [sight for trial in trials if not trial.textured for sight in trial.sights]
    sights = [*textured, *uniform]
    matches = [matched(trial.truth.bites, told_bites(trial)) for trial in trials]
    pairs = [pair for one in matches for pair in one]
    told = sum(len(told_bites(trial)) for trial in trials)
    true = sum(len(trial.truth.bites) for trial in trials)
    known = [trial for trial in trials if true_outcome(trial) != Outcome.CENSORED]
    censored = [trial for trial in trials if true_outcome(trial) == Outcome.CENSORED]
    return Row(
        about=about,
        encounters=len(trials),
        noticed=share(trial.told is not None for trial in trials),
        signal_to_noise=median(trial.signal_to_noise for trial in trials),
        seal_error=mean(abs(s.contact.seal_fraction - s.truth.seal_fraction) for s in sights),
        patch_error_deg=mean(apart_deg(s.contact.patch_deg, s.truth.patch_deg) for s in sights),
        twist_told=share(isfinite(s.contact.twist_deg) for s in textured),
        twist_error_deg=median(twist_errors(sights)),
        twist_invented=share(isfinite(s.contact.twist_deg) for s in uniform),
        twist_in_slip_deg=median(twist_errors(slipped_only(sights))),
        slip_told=share(isfinite(s.contact.slip_um) for s in textured),
        slip_error_um=median(slip_errors(sights)),
        slip_in_twist_um=median(slip_errors(twisted_only(sights))),
        orbit_error_deg=median(abs(s.contact.orbit_deg - s.truth.orbit_deg) for s in sights),
        bites=true,
        bites_found=len(pairs) / true if true else nan,
        small_bites_found=_found(trials, pairs, small=True),
        large_bites_found=_found(trials, pairs, small=False),
        bite_f1=2 * len(pairs) / (told + true) if told + true else nan,
        bite_order=order([(one.fraction, other.fraction) for one, other in pairs]),
        false_bites=(told - len(pairs)) / len(trials) if trials else nan,
        outcome_right=share(told_outcome(trial) == true_outcome(trial) for trial in trials),
        outcome_right_textured=share(
            told_outcome(trial) == true_outcome(trial) for trial in trials if trial.textured
        ),
        outcome_withheld=share(told_outcome(trial) == Outcome.CENSORED for trial in known),
        censored_right=share(told_outcome(trial) == Outcome.CENSORED for trial in censored),
    )


def _found(
    trials: Iterable[Trial], pairs: Iterable[tuple[TrueBite, Bite]], *, small: bool
) -> float:
    """The share of small bites, or of large ones, that were found."""
    true = sum(_is_small(bite) == small for trial in trials for bite in trial.truth.bites)
    found = sum(_is_small(bite) == small for bite, _ in pairs)
    return found / true if true else nan


def _is_small(bite: TrueBite) -> bool:
    return bite.fraction < SMALL_BITE


def true_outcome(trial: Trial) -> str:
    """How it ended; what could not be known when watching ended is censored."""
    outcome = trial.truth.outcome
    return str(Outcome.CENSORED if outcome is Outcome.ONGOING else outcome)


def told_outcome(trial: Trial) -> str:
    """How it was said to have ended."""
    return NOT_NOTICED if trial.told is None else str(trial.told.outcome)


def confusion_of(trials: Iterable[Trial]) -> tuple[tuple[str, str, int], ...]:
    """(true, told, count) of outcomes; "not noticed" where nothing was told."""
    counts = Counter((true_outcome(trial), told_outcome(trial)) for trial in trials)
    return tuple((truth, told, count) for (truth, told), count in sorted(counts.items()))


def told_bites(trial: Trial) -> tuple[Bite, ...]:
    """The bites that were told of."""
    return () if trial.told is None else trial.told.bites


def matched(true: Sequence[TrueBite], told: Sequence[Bite]) -> list[tuple[TrueBite, Bite]]:
    """Each true bite with the told one at its time, within 10 s; the closest pairs first."""
    near = sorted(
        (abs(one.time_s - other.time_s), at, of)
        for at, one in enumerate(true)
        for of, other in enumerate(told)
        if abs(one.time_s - other.time_s) <= BITE_SLACK_S
    )
    taken: dict[int, int] = {}
    for _, at, of in near:
        if at not in taken and of not in taken.values():
            taken[at] = of
    return [(true[at], told[of]) for at, of in sorted(taken.items())]


def twist_errors(sights: Iterable[Sight]) -> Iterator[float]:
    """Errors of twist, where it truly was at most 90 degrees."""
    for s in sights:
        if abs(s.truth.twist_deg) <= MOST_TURN_DEG:
            yield abs(s.contact.twist_deg - s.truth.twist_deg)


def slip_errors(sights: Iterable[Sight]) -> Iterator[float]:
    """Errors of slip."""
    return (abs(s.contact.slip_um - s.truth.slip_um) for s in sights)


def slipped_only(sights: Iterable[Sight]) -> list[Sight]:
    """Those in which the patch has moved along the membrane and the body has not turned."""
    return [
        s
        for s in sights
        if abs(s.truth.slip_um) >= FAR_SLIP_UM and abs(s.truth.twist_deg) <= STILL_TURN_DEG
    ]


def twisted_only(sights: Iterable[Sight]) -> list[Sight]:
    """Those in which the body has turned and the patch has kept its place on it."""
    return [
        s
        for s in sights
        if abs(s.truth.twist_deg) >= FAR_TURN_DEG and abs(s.truth.slip_um) <= STILL_SLIP_UM
    ]


def apart_deg(one: float, other: float) -> float:
    """How far two directions are apart, 0 to 180."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


def order(sizes: Sequence[tuple[float, float]]) -> float:
    """Spearman's rank correlation of pairs; NaN for fewer than 3, or where all of one are equal."""
    if len(sizes) < 3:
        return nan
    ones, others = zip(*sizes, strict=True)
    if len(set(ones)) == 1 or len(set(others)) == 1:
        return nan
    return float(spearmanr(ones, others).statistic)


def mean(values: Iterable[float]) -> float:
    """Of those that are known; NaN without any."""
    known = _finite(values)
    return float(known.mean()) if len(known) else nan


def median(values: Iterable[float]) -> float:
    """Of those that are known; NaN without any."""
    known = _finite(values)
    return float(np.median(known)) if len(known) else nan


def share(flags: Iterable[bool]) -> float:
    """The share that is true; NaN without any."""
    return mean(float(flag) for flag in flags)


def _finite(values: Iterable[float]) -> NDArray[np.float64]:
    array = np.array(list(values), dtype=np.float64)
    return np.asarray(array[np.isfinite(array)])
