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
from livewatch.specimen.colony import DYING_BEGINS, EVENT_NAMES
from livewatch.specimen.culture import STEP_S
from livewatch.specimen.happening import TrueBite, TrueEncounter, TrueEvent
from livewatch.specimen.rule import ORDINARY, Rule, engulfed_since_s, judged_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from livewatch.specimen.culture import Culture
    from livewatch.specimen.truth import TruePair, Truth


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
    by_tumor: dict[int, list[TrueEncounter]] = {}
    for one in found:
        by_tumor.setdefault(one.tumor_id, []).append(one)
    judged = [judged_as(one, by_tumor[one.tumor_id], culture.newest_s, rule) for one in found]
    return tuple(sorted(judged, key=lambda each: (each.start_s, each.nk_id, each.tumor_id)))


def bites_of(culture: Culture, pair: tuple[int, int] | None = None) -> tuple[TrueBite, ...]:
    """Every bite so far, or a pair's, in order of time."""
    bites = culture.bites
    if pair is not None:
        bites = bites[(bites["nk_id"] == pair[0]) & (bites["tumor_id"] == pair[1])]
    names = ("time_s", "nk_id", "tumor_id", "fraction")
    return tuple(TrueBite(*(bite[name].item() for name in names)) for bite in bites)


def events_of(culture: Culture) -> tuple[TrueEvent, ...]:
    """Every hit, death, division, twist, slide, grip and engulfment so far, in order of time."""
    return tuple(
        TrueEvent(
            event["time_s"].item(),
            EVENT_NAMES[event["what"]],
            event["nk_id"].item(),
            event["tumor_id"].item(),
            event["amount"].item(),
        )
        for event in culture.events
    )


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
    if death_s > last_s + rule.viable_s:
        death_s = math.nan
    return TrueEncounter(
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
        engulfed_s=engulfed_since_s(lines, rule),
    )


def _largest(values: NDArray[np.float64]) -> float:
    """The value furthest from 0, NaNs aside."""
    values = values[np.isfinite(values)]
    return float(values[np.argmax(np.abs(values))]) if len(values) else math.nan
