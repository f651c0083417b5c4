"""How right analysis is: its answers on synthetic encounters, beside the truth.

`run` watches true encounters under several conditions and sums up each as one `Row`: pixel size,
interval and noise can be weighed against what is to be measured. All of it is synthetic: on real
cells these figures are promises to be checked, not results.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from livewatch.model import Outcome
from livewatch.report.trial import Conditions, encounters_ahead, trial_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from livewatch.report.trial import Trial
    from livewatch.specimen.happening import TrueEncounter

AHEAD_S = 420.0
"""Encounters that begin within this are watched; several scenes are full of them by then."""
BITE_SLACK_S = 10.0
LONGEST_S = 900.0
SCENES = ("mixed", "evasion", "killing")
FIRST_SEED = 1000
"""Seeds from here on were never looked at while methods were made."""
PER_RUN = 4
AT_MOST = {True: 4, False: 24}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was asked, and how right the answers were.

    `seal_error` and `patch_error_deg` are mean, `twist_error_deg`, `slip_error_um` and
    `orbit_error_deg` median absolute errors. `twist_seen` is the share of frames of textured cells
    for which a twist was given, `twist_invented` the same of uniform cells. `bite_f1` counts
    within 10 s, `bite_order` is the rank correlation of sizes, `false_bites` are per encounter.
    """

    about: str
    encounters: int
    noticed: float
    seal_error: float
    patch_error_deg: float
    twist_seen: float
    twist_error_deg: float
    twist_invented: float
    slip_error_um: float
    orbit_error_deg: float
    bite_f1: float
    bite_order: float
    false_bites: float
    outcome_right: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The whole table, and how outcomes were confused: (true, told) and how often."""

    rows: tuple[Row, ...]
    confusion: tuple[tuple[str, str, int], ...]

    def text(self) -> str:
        """As text for a terminal."""
        head = [_heading(each.name) for each in fields(Row)]
        lines = [[_cell(getattr(row, each.name)) for each in fields(Row)] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
        table = "\n".join(
            "  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True))
            for line in (head, *lines)
        )
        told = "\n".join(
            f"{truth:>10} -> {answer:<10} {count}" for truth, answer, count in self.confusion
        )
        return f"{table}\n\nOutcomes, true -> told:\n{told}\n\nSynthetic cells only.\n"


def asked(quick: bool) -> tuple[tuple[str, tuple[Conditions, ...]], ...]:
    """The conditions of every row; each row but the first changes one thing."""
    usual = tuple(Conditions(scene) for scene in SCENES)
    rows = [("20x, 2 s", usual), ("bleed-through 15 %", _all(bleed=0.15))]
    rows += [
        ("10x", _all(pixel_um=0.65, objective="10x")),
        ("40x", _all(pixel_um=0.1625, objective="40x")),
    ]
    for interval_s in (10.0, 30.0) if quick else (1.0, 5.0, 10.0, 30.0):
        rows.append((f"{interval_s:g} s", _all(interval_s=interval_s)))
    for light in (0.2,) if quick else (0.5, 0.2, 0.1):
        rows.append((f"{light:.0%} light", _all(light=light)))
    return tuple(rows)


def _all(**changed: object) -> tuple[Conditions, ...]:
    return tuple(Conditions(scene, **changed) for scene in SCENES)  # type: ignore[arg-type]


def run(quick: bool, progress: Callable[[str], None], first_seed: int = FIRST_SEED) -> Accuracy:
    """Watch encounters under every condition. Minutes, even when `quick`."""
    rows, outcomes = [], []
    for about, conditions in asked(quick):
        trials = []
        for trial in watched(conditions, AT_MOST[quick], first_seed):
            trials.append(trial)
            progress(f"{about}: {len(trials)} encounters watched")
        rows.append(row_of(about, trials))
        outcomes += trials
    return Accuracy(tuple(rows), confusion_of(outcomes))


def watched(conditions: Sequence[Conditions], count: int, first_seed: int) -> Iterable[Trial]:
    """At least `count` trials, a few from each scene in turn and from seed after seed."""
    done, seed = 0, first_seed
    while done < count:
        for condition in conditions:
            for encounter in _worth(encounters_ahead(condition, seed, AHEAD_S + LONGEST_S)):
                yield trial_of(condition, seed, encounter)
                done += 1
        seed += 1


def _worth(ahead: Iterable[TrueEncounter]) -> list[TrueEncounter]:
    return [
        one
        for one in ahead
        if one.start_s < AHEAD_S and one.last_contact_s - one.start_s < LONGEST_S
    ][:PER_RUN]


def row_of(about: str, trials: Sequence[Trial]) -> Row:
    """Sum up trials."""
    textured = [sight for trial in trials if trial.textured for sight in trial.sights]
    uniform = [sight for trial in trials if not trial.textured for sight in trial.sights]
    sights = [*textured, *uniform]
    bites = [_bites_of(trial) for trial in trials]
    hits = sum(len(matched) for matched, _, _ in bites)
    invented, missed = sum(one for _, one, _ in bites), sum(one for _, _, one in bites)
    sizes = [pair for matched, _, _ in bites for pair in matched]
    known = [trial for trial in trials if trial.truth.outcome is not Outcome.ONGOING]
    return Row(
        about=about,
        encounters=len(trials),
        noticed=_share(trial.told is not None for trial in trials),
        seal_error=_mean(abs(s.contact.seal_fraction - s.truth.seal_fraction) for s in sights),
        patch_error_deg=_mean(_angle(s.contact.patch_deg - s.truth.patch_deg) for s in sights),
        twist_seen=_share(isfinite(s.contact.twist_deg) for s in textured),
        twist_error_deg=_median(abs(s.contact.twist_deg - s.truth.twist_deg) for s in textured),
        twist_invented=_share(isfinite(s.contact.twist_deg) for s in uniform),
        slip_error_um=_median(abs(s.contact.slip_um - s.truth.slip_um) for s in sights),
        orbit_error_deg=_median(abs(s.contact.orbit_deg - s.truth.orbit_deg) for s in sights),
        bite_f1=2 * hits / (2 * hits + invented + missed) if hits + invented + missed else nan,
        bite_order=float(spearmanr(*zip(*sizes, strict=True)).statistic) if len(sizes) > 2 else nan,
        false_bites=invented / max(len(trials), 1),
        outcome_right=_share(
            trial.told is not None and trial.told.outcome is trial.truth.outcome for trial in known
        ),
    )


def confusion_of(trials: Iterable[Trial]) -> tuple[tuple[str, str, int], ...]:
    """(true, told, count) of outcomes; "not noticed" where nothing was told."""
    counts = Counter(
        (str(trial.truth.outcome), "not noticed" if trial.told is None else str(trial.told.outcome))
        for trial in trials
    )
    return tuple((truth, told, count) for (truth, told), count in sorted(counts.items()))


def _bites_of(trial: Trial) -> tuple[list[tuple[float, float]], int, int]:
    """(true, told) sizes of the bites found, how many were invented, and how many missed."""
    left = list(trial.truth.bites)
    found = []
    told = () if trial.told is None else trial.told.bites
    for bite in told:
        near = [one for one in left if abs(one.time_s - bite.time_s) <= BITE_SLACK_S]
        if near:
            best = min(near, key=lambda one: abs(one.time_s - bite.time_s))
            left.remove(best)
            found.append((best.fraction, bite.fraction))
    return found, len(told) - len(found), len(left)


def _angle(degrees: float) -> float:
    return abs((degrees + 180) % 360 - 180)


def _finite(values: Iterable[float]) -> NDArray[np.float64]:
    array = np.array(list(values), dtype=np.float64)
    return np.asarray(array[np.isfinite(array)])


def _mean(values: Iterable[float]) -> float:
    known = _finite(values)
    return float(known.mean()) if len(known) else nan


def _median(values: Iterable[float]) -> float:
    known = _finite(values)
    return float(np.median(known)) if len(known) else nan


def _share(flags: Iterable[bool]) -> float:
    return _mean(float(flag) for flag in flags)


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if isfinite(value) else "-"
    return str(value)
