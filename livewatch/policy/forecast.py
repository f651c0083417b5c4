"""What a session will cost before it is run: frame times, light, data, and how long they last.

For `livewatch check`. Pure: what the hardware and the disk can do is given as figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

from livewatch.model import Purpose, View
from livewatch.policy.channels import ALWAYS
from livewatch.policy.closer import closest
from livewatch.policy.closer import remarks as closer_remarks
from livewatch.policy.rules import Rules
from livewatch.settings import Imaging
from livewatch.units import minutes, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livewatch.model import Instrument
    from livewatch.settings import Experiment

HOUR_S = 3600.0
STREAMS = "is streamed at the camera's own speed: nk and tumor are on one image"
BURSTS = {
    Imaging.SEQUENTIAL: "is not streamed: nk and tumor take turns, their presets are changed in "
    "between",
    Imaging.SPLIT_LEFT_RIGHT: STREAMS,
    Imaging.SPLIT_TOP_BOTTOM: STREAMS,
    Imaging.TWO_CAMERAS: "is not streamed: the two cameras are snapped together, frame by frame",
}
"""How a burst is taken, and why."""
BYTES_PER_PIXEL = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """One mode: how often it images, what it writes, and what light it gives a position.

    `interval_s` is what can be reached: the wish, or the time a frame takes if that is longer.
    `frame_s` is what a frame takes, on average over those that expose more channels and those
    that expose fewer. `light_per_h` is exposure in ms times relative power, per channel and hour,
    at one position; `budget_h` how long its share of the light budget lasts at this pace in the
    channels of every frame, `disk_h` how long the disk does.
    """

    purpose: Purpose
    interval_s: float
    frame_s: float
    shape: tuple[int, int]
    bytes_per_h: float
    light_per_h: dict[str, float]
    budget_h: float
    disk_h: float

    def line(self) -> str:
        """The pace as a row of the table that `HEADING` heads."""
        rows, columns = self.shape
        light = ", ".join(f"{channel} {dose:,.0f}" for channel, dose in self.light_per_h.items())
        return (
            f"{self.purpose:<10}{span(self.interval_s):>8}{span(self.frame_s):>9}"
            f"{f'{columns} x {rows}':>13}{f'{self.bytes_per_h / 1e9:.3g} GB/h':>12}"
            f"{hours(self.disk_h):>13}{hours(self.budget_h):>13}  {light}"
        )


HEADING = (
    f"{'mode':<10}{'every':>8}{'takes':>9}{'pixels':>13}{'data':>12}{'disk lasts':>13}"
    f"{'light lasts':>13}  light per hour, in ms at full power"
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Every mode's pace, and what the user should know before starting."""

    paces: tuple[Pace, ...]
    remarks: tuple[str, ...]

    def pace(self, purpose: Purpose) -> Pace:
        """The pace of a mode; KeyError if the experiment has none."""
        for pace in self.paces:
            if pace.purpose is purpose:
                return pace
        raise KeyError(purpose)

    def lines(self) -> tuple[str, ...]:
        """All of it, a line each."""
        return (HEADING, *(pace.line() for pace in self.paces), *self.remarks)


def forecast(
    experiment: Experiment,
    instrument: Instrument,
    *,
    free_bytes: float = inf,
    plane_s: float = 0.005,
    move_s: float = 0.5,
) -> Forecast:
    """What each mode costs. `plane_s` is the hardware's own time per exposure, `move_s` per move.

    Raises BadInput where the instrument cannot do what is asked.
    """
    rules = Rules.of(experiment, instrument)
    whole = rules.sites[0].view
    close = closest(whole, rules)
    frame_s = time_of_frame_s(rules, plane_s)  # with every channel: the longest there is
    round_s = len(rules.sites) * (frame_s + (move_s if len(rules.sites) > 1 else 0.0))
    reaction, free = (
        experiment.reaction,
        max(free_bytes - experiment.limits.disk_reserve_gb * 1e9, 0),
    )
    plans = [
        (Purpose.SURVEY, max(rules.survey_s, round_s), whole),
        (Purpose.WATCH, rules.watch_s, whole),
        (Purpose.ENCOUNTER, rules.fast_s, close),
        (Purpose.COOLDOWN, rules.watch_s, close),
    ]
    if reaction.burst:
        plans.append((Purpose.BURST, 0.0, close))
    paces = tuple(
        paced(purpose, wish_s, view, rules, plane_s, free) for purpose, wish_s, view in plans
    )
    return Forecast(
        paces,
        (
            *closer_remarks(whole, rules),
            *remarks(rules, frame_s, round_s),
            *light_plan(rules, paces),
        ),
    )


def time_of_frame_s(
    rules: Rules, plane_s: float, shares: Mapping[str, float] | None = None
) -> float:
    """How long a frame takes: exposures one after the other, or at once.

    With `shares`, each channel is exposed in that share of the frames: the mean; else all are.
    """
    exposures_s = [
        (plane.exposure_ms / 1000 + plane_s) * (1.0 if shares is None else shares[plane.channel])
        for plane in rules.planes
    ]
    is_sequential = rules.experiment.microscope.imaging is Imaging.SEQUENTIAL
    return sum(exposures_s) if is_sequential else max(exposures_s)


def shares_of(purpose: Purpose, interval_s: float, rules: Rules) -> dict[str, float]:
    """In which share of a mode's frames each channel is exposed. A burst waits for none."""
    if purpose is Purpose.BURST:
        return {plane.channel: float(plane in rules.always) for plane in rules.planes}
    return {plane.channel: 1 / rules.one_in(plane.channel, interval_s) for plane in rules.planes}


def paced(
    purpose: Purpose, wish_s: float, view: View, rules: Rules, plane_s: float, free: float
) -> Pace:
    """One mode's pace. Whole frames taken to look around are part of a close look's data."""
    least_s = time_of_frame_s(rules, plane_s, shares_of(Purpose.BURST, wish_s, rules))
    shares = shares_of(purpose, max(wish_s, least_s), rules)
    frame_s = time_of_frame_s(rules, plane_s, shares)
    interval_s = max(wish_s, frame_s)
    per_h = HOUR_S / interval_s
    whole_per_h = 0.0
    whole = rules.sites[0].view
    if view != whole:
        turns = view.objective != whole.objective
        unseen_s = rules.experiment.survey.unseen_rounds * rules.survey_s
        around_s = unseen_s if turns else rules.experiment.reaction.look_around_s
        whole_per_h = min(per_h, HOUR_S / around_s)
    places = len(rules.sites) if purpose is Purpose.SURVEY else 1
    written = places * (
        (per_h - whole_per_h) * plane_bytes(view) + whole_per_h * plane_bytes(rules.sites[0].view)
    )
    written *= sum(shares.values())
    light = {plane.channel: plane.dose * per_h * shares[plane.channel] for plane in rules.planes}
    share = rules.light.kept if purpose is Purpose.SURVEY else rules.light.free
    budget_h = min((share[name] / light[name] for name in ALWAYS & share.keys()), default=inf)
    return Pace(purpose, interval_s, frame_s, view.shape, written, light, budget_h, free / written)


def plane_bytes(view: View) -> int:
    """Bytes of one image, uncompressed."""
    rows, columns = view.shape
    return rows * columns * BYTES_PER_PIXEL


def light_plan(rules: Rules, paces: Sequence[Pace]) -> Iterator[str]:
    """How each position's light is shared out over the session, and what goes first."""
    plan, light = rules.light, rules.experiment.light
    duration_s = rules.experiment.limits.duration_s
    for name, most in plan.whole.items():
        per_h = {pace.purpose: pace.light_per_h[name] for pace in paces}
        lasts = f"enough for {hours(plan.free[name] / per_h[Purpose.ENCOUNTER])} of encounters"
        whole_h = inf if duration_s is None else duration_s / HOUR_S
        survey_h = min(plan.kept[name] / per_h[Purpose.SURVEY], whole_h)
        yield (
            f"light of a position in {name}: {most:,.0f} ms; {plan.kept[name]:,.0f} kept for "
            f"{hours(survey_h)} of survey, {plan.free[name]:,.0f} for reactions, {lasts}"
        )
    if plan.whole:
        spent = [name for name in plan.whole if name not in ALWAYS]
        yield (
            "when light runs low at a position: "
            f"below {light.thin_below:.0%} of the reactions' part fast frames come half as often; "
            + "".join(f"{name} is left out when its own is spent; " for name in spent)
            + "then nothing is followed there any more; the survey goes on with the part kept for "
            "it; a position without light is left, and with the last one the session ends"
        )


def remarks(rules: Rules, frame_s: float, round_s: float) -> list[str]:
    """What will not go as the experiment says, and bounds worth knowing."""
    experiment, found = rules.experiment, []
    imaging = experiment.microscope.imaging
    if rules.survey_s > experiment.survey.interval_s:
        found.append(
            f"survey every {seconds(rules.survey_s)} instead of "
            f"{seconds(experiment.survey.interval_s)}: "
            "the light budget does not last the session otherwise"
        )
    if round_s > rules.survey_s:
        found.append(
            f"a round of {len(rules.sites)} positions takes {seconds(round_s)}, longer than "
            f"survey.interval_s {rules.survey_s:g}: slots will be dropped"
        )
    if frame_s > rules.fast_s > 0:
        found.append(
            f"a frame takes {frame_s:.3g} s, longer than reaction.interval_s {rules.fast_s:g}"
        )
    if experiment.reaction.burst:
        found.append(f"a burst of {experiment.reaction.burst} frames {BURSTS[imaging]}")
    found += [
        f"{plane.channel} is exposed in one of {rules.one_in(plane.channel, rules.survey_s)} "
        f"frames of the survey and one of {rules.one_in(plane.channel, rules.fast_s)} in an "
        "encounter"
        for plane in rules.planes
        if plane.channel not in ALWAYS
    ]
    for name, channel in experiment.channels.items():
        if rules.light.every_s[name] > channel.every_s:
            found.append(
                f"{name} no sooner than every {span(rules.light.every_s[name])}: its light budget "
                "does not last the session otherwise"
            )
    if len(rules.sites) > 1:
        bound_s = (experiment.survey.unseen_rounds + 0.5) * rules.survey_s
        found.append(f"no position stays unseen for longer than {seconds(bound_s)}")
    if experiment.reaction.validate_only:
        found.append("validating: decisions are recorded but not carried out")
    return found


def hours(value: float) -> str:
    """A number of hours to read: `8.4 h`, `56 min`, `23 s`."""
    if not isfinite(value):
        return "without end"
    if value * HOUR_S < 99.5:
        return f"{value * HOUR_S:.2g} s"
    return f"{value:.3g} h" if value >= 1 else f"{value * 60:.2g} min"


def seconds(value: float) -> str:
    """A number of seconds to read, or hours, minutes and seconds if they are many."""
    return f"{value:.3g} s" if value < 999.5 else minutes(value)
