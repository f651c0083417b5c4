"""The true course of contacts: when they began and ended, what happened in them, and how it ended.

The rules are the experiment's (contact and outcome), applied to what really was so, once a
second. Sums since contact (orbit, twist, slip) begin with the first patch there is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.model import Outcome
from livewatch.specimen.colony import DYING_BEGINS
from livewatch.specimen.culture import STEP_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from livewatch.specimen.culture import Culture
    from livewatch.specimen.truth import TruePair, Truth


@dataclass(frozen=True, slots=True)
class Rule:
    """When a true pair counts as meeting and parting, and what counts as how it ended.

    Defaults as the experiment's [contact] and [outcome]. A death up to `late_death_s` after
    contact is the contact's doing.
    """

    enter_um: float = 1.3
    exit_um: float = 2.5
    bridge_s: float = 60.0
    hold_s: float = 2.0
    viable_s: float = 180.0
    twisted_deg: float = 20.0
    slipped_um: float = 3.0
    late_death_s: float = 60.0


ORDINARY = Rule()


@dataclass(frozen=True, slots=True)
class TrueBite:
    """Tumor dye taken into an NK cell: `fraction` of what the tumor had before contact."""

    time_s: float
    nk_id: int
    tumor_id: int
    fraction: float

    def row(self) -> dict[str, Any]:
        """As a plain row of a table."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class TrueEncounter:
    """One contact of a pair.

    `end_s` is None while it is open; else it equals `last_contact_s`. `x_um`, `y_um` is midway
    between the cells at the last contact. `max_*` are the largest seen, signed. `death_s` is
    when the tumor cell began to die, if that was no later than could be this contact's doing.
    `outcome` is ongoing until it can be known, as for an experiment; touching a cell that was
    dying already is `released`, with the tag `corpse`.
    """

    nk_id: int
    tumor_id: int
    start_s: float
    last_contact_s: float
    end_s: float | None
    x_um: float
    y_um: float
    min_gap_um: float
    max_seal_fraction: float
    max_orbit_deg: float
    max_twist_deg: float
    max_slip_um: float
    bites: tuple[TrueBite, ...]
    death_s: float
    outcome: Outcome
    tags: tuple[str, ...]

    @property
    def bitten_fraction(self) -> float:
        """Share of the tumor's dye that was taken."""
        return sum(bite.fraction for bite in self.bites)

    def row(self) -> dict[str, Any]:
        """As a plain row of a table: bites counted, tags joined."""
        row = {name: getattr(self, name) for name in self.__slots__}
        row |= {"bites": len(self.bites), "bitten_fraction": self.bitten_fraction}
        return row | {"outcome": str(self.outcome), "tags": " ".join(self.tags)}


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """A contact's lines in the log, and what has summed up at each since the first patch."""

    lines: NDArray[Any]
    orbit_deg: NDArray[np.float64]
    twist_deg: NDArray[np.float64]
    slip_um: NDArray[np.float64]


def runs(history: NDArray[Any], rule: Rule) -> Iterator[NDArray[Any]]:
    """A pair's history, cut into encounters: opened within enter_um, closed beyond exit_um."""
    held = history[history["gap_um"] <= rule.exit_um]
    pauses = np.flatnonzero(np.diff(held["step"]) * STEP_S > rule.bridge_s) + 1
    need = max(round(rule.hold_s / STEP_S), 1)
    for part in np.split(held, pauses):
        entered = part["gap_um"] <= rule.enter_um
        if len(part) < need:
            continue
        run = np.convolve(entered, np.ones(need), "valid")
        starts = np.flatnonzero(run >= need)
        if len(starts):
            yield part[starts[0] :]


def summed(lines: NDArray[Any]) -> Sums:
    """Orbit, twist and slip at each line; NaN where there is no patch (twist: before one)."""
    patch = lines["patch"].astype(float)
    angle = lines["angle"].astype(float)
    seen = np.flatnonzero(np.isfinite(patch))
    orbit, slip, twist = (np.full(len(lines), math.nan) for _ in range(3))
    if len(seen):
        first = seen[0]
        along = np.unwrap(patch[seen])
        along -= along[0]
        turned = angle - angle[first]
        orbit[seen] = along + turned[seen]
        twist[first:] = turned[first:]
        slip[seen] = along * lines["perimeter_um"][seen] / (2.0 * math.pi)
    return Sums(lines, np.degrees(orbit), np.degrees(twist), slip)


def encounters_of(culture: Culture, rule: Rule = ORDINARY) -> tuple[TrueEncounter, ...]:
    """Every encounter so far, in order of beginning."""
    deaths = _deaths(culture)
    found = [
        _encounter(culture, pair, lines, deaths.get(pair[1], math.nan), rule)
        for pair in culture.pairs()
        for lines in runs(culture.history(*pair), rule)
    ]
    return tuple(sorted(found, key=lambda each: (each.start_s, each.nk_id, each.tumor_id)))


def bites_of(culture: Culture, pair: tuple[int, int] | None = None) -> tuple[TrueBite, ...]:
    """Every bite so far, or a pair's, in order of time."""
    bites = culture.bites
    if pair is not None:
        bites = bites[(bites["nk_id"] == pair[0]) & (bites["tumor_id"] == pair[1])]
    names = ("time_s", "nk_id", "tumor_id", "fraction")
    return tuple(TrueBite(*(bite[name].item() for name in names)) for bite in bites)


def in_course(truth: Truth, culture: Culture, rule: Rule = ORDINARY) -> Truth:
    """The truth of a moment, its pairs with what has summed up since contact."""
    return replace(
        truth, pairs=tuple(_in_course(pair, truth, culture, rule) for pair in truth.pairs)
    )


def _in_course(pair: TruePair, truth: Truth, culture: Culture, rule: Rule) -> TruePair:
    history = culture.history(pair.nk_id, pair.tumor_id)
    step = truth.time_s / STEP_S
    history = history[history["step"] <= math.ceil(step)]
    last = None
    for last in runs(history, rule):  # noqa: B007
        pass
    if last is None or (step - last["step"][-1]) * STEP_S > rule.bridge_s:
        return pair
    sums = summed(last)
    steps, start_s = last["step"], last["step"][0] * STEP_S
    bites = [
        bite.fraction
        for bite in bites_of(culture, (pair.nk_id, pair.tumor_id))
        if start_s <= bite.time_s <= truth.time_s
    ]
    return replace(
        pair,
        orbit_deg=float(np.interp(step, steps, sums.orbit_deg)),
        twist_deg=float(np.interp(step, steps, sums.twist_deg)),
        slip_um=float(np.interp(step, steps, sums.slip_um)),
        bites=len(bites),
        bitten_fraction=sum(bites),
    )


def _deaths(culture: Culture) -> dict[int, float]:
    """When each tumor cell that did so began to die."""
    began = culture.events[culture.events["what"] == DYING_BEGINS]
    return dict(zip(began["tumor_id"].tolist(), began["time_s"].tolist(), strict=True))


def _encounter(
    culture: Culture, pair: tuple[int, int], lines: NDArray[Any], death_s: float, rule: Rule
) -> TrueEncounter:
    start_s, last_s = float(lines["step"][0] * STEP_S), float(lines["step"][-1] * STEP_S)
    sums = summed(lines)
    drift_x, drift_y = culture.drift_um(last_s)
    if death_s > last_s + rule.late_death_s:
        death_s = math.nan
    encounter = TrueEncounter(
        nk_id=pair[0],
        tumor_id=pair[1],
        start_s=start_s,
        last_contact_s=last_s,
        end_s=last_s if culture.newest_s - last_s > rule.bridge_s else None,
        x_um=culture.on_tile(float(lines["x"][-1]) + drift_x),
        y_um=culture.on_tile(float(lines["y"][-1]) + drift_y),
        min_gap_um=float(lines["gap_um"].min()),
        max_seal_fraction=float((lines["contact_um"] / lines["perimeter_um"]).max()),
        max_orbit_deg=_largest(sums.orbit_deg),
        max_twist_deg=_largest(sums.twist_deg),
        max_slip_um=_largest(sums.slip_um),
        bites=tuple(bite for bite in bites_of(culture, pair) if start_s <= bite.time_s <= last_s),
        death_s=death_s,
        outcome=Outcome.ONGOING,
        tags=(),
    )
    return _judged(encounter, culture.newest_s, rule)


def _judged(encounter: TrueEncounter, now_s: float, rule: Rule) -> TrueEncounter:
    tags = tuple(
        tag
        for tag, so in (
            ("twisted", abs(encounter.max_twist_deg) >= rule.twisted_deg),
            ("slipped", abs(encounter.max_slip_um) >= rule.slipped_um),
            ("bitten", bool(encounter.bites)),
        )
        if so
    )
    if encounter.death_s < encounter.start_s:
        tags, outcome = (*tags, "corpse"), Outcome.RELEASED
    elif math.isfinite(encounter.death_s):
        outcome = Outcome.KILLED
    elif encounter.end_s is None or now_s - encounter.end_s < rule.viable_s:
        outcome = Outcome.ONGOING
    elif {"twisted", "slipped"} & set(tags):
        outcome = Outcome.EVADED
    else:
        outcome = Outcome.RELEASED
    return replace(encounter, tags=tags, outcome=outcome)


def _largest(values: NDArray[np.float64]) -> float:
    """The value furthest from 0, NaNs aside."""
    values = values[np.isfinite(values)]
    return float(values[np.argmax(np.abs(values))]) if len(values) else math.nan
