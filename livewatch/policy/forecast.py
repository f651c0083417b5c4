"""What a session will cost before it is run: frame times, light, data, and how long they last.

For `livewatch check`. Pure: what the hardware and the disk can do is given as figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

from livewatch.model import Purpose, View
from livewatch.policy.region import Box, cropped
from livewatch.policy.rules import Rules
from livewatch.settings import Imaging

if TYPE_CHECKING:
    from livewatch.model import Instrument
    from livewatch.settings import Experiment

HOUR_S = 3600.0
BYTES_PER_PIXEL = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """One mode: how often it images, what it writes, and what light it gives a position.

    `interval_s` is what can be reached: the wish, or the time a frame takes if that is longer.
    `light_per_h` is exposure in ms times relative power, per channel and hour, at one position;
    `budget_h` how long its share of the light budget lasts at this pace, `disk_h` how long the
    disk does.
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
        """The pace as a line to read."""
        rows, columns = self.shape
        light = ", ".join(f"{channel} {dose:,.0f}" for channel, dose in self.light_per_h.items())
        return (
            f"{self.purpose}: {columns} x {rows} px every {self.interval_s:.3g} s "
            f"(a frame takes {self.frame_s:.3g} s), {self.bytes_per_h / 1e9:.3g} GB/h, "
            f"light per hour {light}; budget lasts {hours(self.budget_h)}, "
            f"disk {hours(self.disk_h)}"
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
        return (*(pace.line() for pace in self.paces), *self.remarks)


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
    close = closer(whole, rules)
    frame_s = time_of_frame_s(rules, plane_s)
    round_s = len(rules.sites) * (frame_s + (move_s if len(rules.sites) > 1 else 0.0))
    reaction, free = (
        experiment.reaction,
        max(free_bytes - experiment.limits.disk_reserve_gb * 1e9, 0),
    )
    plans = [
        (Purpose.SURVEY, rules.survey_s, max(frame_s, round_s), whole),
        (Purpose.WATCH, rules.watch_s, frame_s, whole),
        (Purpose.ENCOUNTER, rules.fast_s, frame_s, close),
        (Purpose.COOLDOWN, rules.watch_s, frame_s, close),
    ]
    if reaction.burst:
        plans.append((Purpose.BURST, 0.0, frame_s, close))
    paces = tuple(
        paced(purpose, max(wish_s, least_s), frame_s, view, rules, free)
        for purpose, wish_s, least_s, view in plans
    )
    return Forecast(paces, tuple(remarks(rules, frame_s, round_s)))


def closer(whole: View, rules: Rules) -> View:
    """The view of a close look at one pair in the middle of the field."""
    zoom = rules.experiment.zoom
    if not (zoom.region and rules.instrument.has_region):
        return whole
    return cropped(whole, Box.around(whole.x_um, whole.y_um, zoom.region_um))


def time_of_frame_s(rules: Rules, plane_s: float) -> float:
    """How long one frame of all channels takes: exposures one after the other, or at once."""
    exposures_s = [plane.exposure_ms / 1000 for plane in rules.planes]
    if rules.experiment.microscope.imaging is Imaging.SEQUENTIAL:
        return sum(exposures_s) + len(exposures_s) * plane_s
    return max(exposures_s) + plane_s


def paced(
    purpose: Purpose, interval_s: float, frame_s: float, view: View, rules: Rules, free: float
) -> Pace:
    """One mode's pace. Whole frames taken to look around are part of a close look's data."""
    per_h = HOUR_S / interval_s
    whole_per_h = 0.0
    if view.region is not None:
        whole_per_h = min(per_h, HOUR_S / rules.experiment.reaction.look_around_s)
    places = len(rules.sites) if purpose is Purpose.SURVEY else 1
    written = places * (
        (per_h - whole_per_h) * frame_bytes(view, rules)
        + whole_per_h * frame_bytes(rules.sites[0].view, rules)
    )
    light = {plane.channel: plane.dose * per_h for plane in rules.planes}
    share = rules.light.kept if purpose is Purpose.SURVEY else rules.light.free
    budget_h = min((most / light[channel] for channel, most in share.items()), default=inf)
    return Pace(purpose, interval_s, frame_s, view.shape, written, light, budget_h, free / written)


def frame_bytes(view: View, rules: Rules) -> int:
    """Bytes of one frame, every channel, uncompressed."""
    rows, columns = view.shape
    return rows * columns * BYTES_PER_PIXEL * len(rules.planes)


def remarks(rules: Rules, frame_s: float, round_s: float) -> list[str]:
    """What will not go as the experiment says, and bounds worth knowing."""
    experiment, found = rules.experiment, []
    if rules.survey_s > experiment.survey.interval_s:
        found.append(
            f"survey every {rules.survey_s:.3g} s instead of {experiment.survey.interval_s:g} s: "
            "the light budget does not last the session otherwise"
        )
    if round_s > rules.survey_s:
        found.append(
            f"a round of {len(rules.sites)} positions takes {round_s:.3g} s, longer than "
            f"survey.interval_s {rules.survey_s:g}: slots will be dropped"
        )
    if frame_s > rules.fast_s > 0:
        found.append(
            f"a frame takes {frame_s:.3g} s, longer than reaction.interval_s {rules.fast_s:g}"
        )
    if len(rules.sites) > 1:
        bound_s = (experiment.survey.unseen_rounds + 0.5) * rules.survey_s
        found.append(f"no position stays unseen for longer than {bound_s:.3g} s")
    if experiment.reaction.validate_only:
        found.append("validating: decisions are recorded but not carried out")
    return found


def hours(value: float) -> str:
    """A number of hours to read."""
    return f"{value:.3g} h" if isfinite(value) else "without end"
