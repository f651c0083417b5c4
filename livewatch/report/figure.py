"""One page for one encounter: pictures, what was measured over the same time, light and decisions.

From a session folder. Beside a demo's truth, if it is there, in grey. Slip shows as a track of the
patch that slants on the tumor's own body; twist alone moves it in the image only.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.errors import BadInput
from livewatch.model import Outcome
from livewatch.report.account import AFTER_S, BEFORE_S, Account
from livewatch.report.strip import draw_strip

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from livewatch.recording.folder import SessionFolder
    from livewatch.report.course import Course

    Series = NDArray[np.float64]

PICTURES = 9
NK_COLOR, TUMOR_COLOR, TRUTH_COLOR = "#1a9641", "#d6279a", "#9a9a9a"
TWIST_COLOR, ORBIT_COLOR, SLIP_COLOR = "#c05621", "#2b6cb0", "#6b46c1"
OUTCOME_COLORS = {
    Outcome.KILLED: "#b91c1c",
    Outcome.EVADED: "#1a9641",
    Outcome.RELEASED: "#2b6cb0",
    Outcome.ENGULFED: "#7c2d92",
}
PURPOSE_COLORS = {
    "survey": "#e5e7eb",
    "watch": "#fde68a",
    "encounter": "#fca5a5",
    "burst": "#f87171",
    "cooldown": "#bfdbfe",
}
ROWS = ("title", "strip", "image", "body", "turn", "slip", "seal", "bites", "light")
HEIGHTS = (0.42, 1.5, 1.15, 1.15, 1.0, 0.8, 0.8, 0.9, 1.0)
LEAST_SPAN_DEG = 90.0
MOST_REASONS = 5


def draw(folder: SessionFolder, course: Course) -> Figure:
    """The page of one encounter. Needs matplotlib; `BadInput` says so where it is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BadInput("figures need matplotlib: pip install 'livewatch[report]'") from error
    figure = Figure(figsize=(12, 13), layout="constrained")
    grid = figure.add_gridspec(len(ROWS) + 1, PICTURES, height_ratios=(*HEIGHTS, 0.75))
    pictures = min(PICTURES, len(course.frames))
    draw_strip([figure.add_subplot(grid[1, at]) for at in range(pictures)], folder, course)
    first = figure.add_subplot(grid[2, :])
    panels = [first, *(figure.add_subplot(grid[at, :], sharex=first) for at in range(3, len(ROWS)))]
    _draw_patch(panels[0], course, on_body=False)
    _draw_patch(panels[1], course, on_body=True)
    _draw_turn(panels[2], course)
    _draw_slip(panels[3], course)
    _draw_seal(panels[4], course)
    _draw_bites(panels[5], course)
    _draw_light(panels[6], course)
    for axes in panels:
        axes.tick_params(labelbottom=axes is panels[-1])
        axes.spines[["top", "right"]].set_visible(False)
        _mark_contact(axes, course)
    times = _since_s(course.of("time_s"), course)
    first.set_xlim(times[0] - BEFORE_S, times[-1] + AFTER_S)
    panels[-1].set_xlabel("time since contact began (s)")
    _write_reasons(figure.add_subplot(grid[len(ROWS), :]), course)
    _write_title(figure.add_subplot(grid[0, :]), course)
    return figure


def save_figures(folder: SessionFolder, into: Path) -> tuple[list[Path], list[str]]:
    """Draw every encounter that can be drawn, as PNG files in `into`.

    Their paths, and why others cannot be drawn: what is damaged of one keeps none else back. Raises
    `BadInput` where what is damaged may be of any of them.
    """
    into.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    damages: list[str] = []
    account = Account(folder)
    for encounter_id in sorted(account.encounters):
        try:
            course = account.course(encounter_id)
        except BadInput as damage:
            damages.append(f"encounter {encounter_id} is not drawn: {damage}")
            continue
        if course is not None:
            paths.append(into / f"encounter-{encounter_id:03d}.png")
            draw(folder, course).savefig(paths[-1], dpi=110)
    return paths, damages


def _write_title(axes: Axes, course: Course) -> None:
    """How it ended, large; who, how long and why, below."""
    one = course.encounter
    axes.set_axis_off()
    color = OUTCOME_COLORS.get(one.outcome, "#374151")
    heading = " - ".join((one.outcome, *one.tags)).upper()
    about = (
        f"Encounter {one.id}: NK {one.nk_id} on tumor cell {one.tumor_id}, "
        f"{one.duration_s:.0f} s in contact; {one.outcome_reason or 'not known yet'}"
    )
    if np.isfinite(one.outcome_confidence):
        about += f" (confidence {one.outcome_confidence:.0%})"
    at: dict[str, Any] = {"transform": axes.transAxes, "va": "top"}
    axes.text(0.0, 1.0, heading, fontsize=17, fontweight="bold", color=color, **at)
    axes.text(0.0, 0.35, textwrap.shorten(about, 140, placeholder=" ..."), fontsize=10.5, **at)
    if course.truth:
        about = "grey: truth of the synthetic specimen"
        axes.text(1.0, 1.0, about, fontsize=9, color="#6b7280", ha="right", **at)


def _mark_contact(axes: Axes, course: Course) -> None:
    """When contact began and was last seen."""
    for at_s in (0.0, course.encounter.duration_s):
        axes.axvline(at_s, color="#9ca3af", lw=0.7, ls=":", zorder=0)


def _draw_patch(axes: Axes, course: Course, *, on_body: bool) -> None:
    """The patch from end to end over time, on the unrolled membrane; on the body, twist is off."""
    off = course.of("twist_deg") if on_body else np.zeros(len(course.frames))
    middle, width = course.of("patch_deg") - off, course.of("patch_end_deg")
    width = (width - course.of("patch_start_deg")) % 360
    before = (course.of("patch_deg") - course.of("patch_start_deg")) % 360
    about = _centre_deg(middle)
    middle = _near_deg(middle, about)
    since_s = _since_s(course.of("time_s"), course)
    axes.vlines(
        since_s, middle - before, middle - before + width, color=TUMOR_COLOR, alpha=0.4, lw=2.2
    )
    ends = [middle - before, middle - before + width]
    if course.truth:
        turned = course.truth["twist_deg"] if on_body else 0.0
        true = _near_deg(course.truth["patch_deg"] - turned, about)
        times = _since_s(course.truth["time_s"], course)
        axes.plot(times, true, color=TRUTH_COLOR, lw=3, alpha=0.7, zorder=1)
        ends.append(true)
    axes.plot(since_s, middle, ".", ms=3, color="k", zorder=2)
    axes.set_ylabel("patch on the\nbody (deg)" if on_body else "patch in the\nimage (deg)")
    if not np.isfinite(middle).any():
        _say_why_not(axes, course)
    known = np.concatenate([end[np.isfinite(end)] for end in ends])
    if not len(known):
        return
    reach = max(float(np.abs(known - about).max()) + 8.0, LEAST_SPAN_DEG / 2)
    axes.set_ylim(about - reach, about + reach)


def _centre_deg(directions: Series) -> float:
    """The mean direction of those that are known; 0 without any."""
    known = np.radians(directions[np.isfinite(directions)])
    if not len(known):
        return 0.0
    return float(np.degrees(np.arctan2(np.sin(known).mean(), np.cos(known).mean())))


def _near_deg(directions: Series, about_deg: float) -> Series:
    """The same directions, written within half a turn of `about_deg`."""
    return np.asarray(about_deg + (directions - about_deg + 180.0) % 360.0 - 180.0)


def _draw_turn(axes: Axes, course: Course) -> None:
    _draw_both(axes, course, "orbit_deg", ORBIT_COLOR, "orbit of the NK cell")
    _draw_both(axes, course, "twist_deg", TWIST_COLOR, "twist of the tumor cell")
    axes.axhline(0, color="#d1d5db", lw=0.6, zorder=0)
    axes.set_ylabel("turn (deg)")
    axes.legend(loc="best", fontsize=8, frameon=False, ncols=2)
    if not np.isfinite(course.of("twist_deg")).any():
        _say_why_not(axes, course)


def _say_why_not(axes: Axes, course: Course) -> None:
    """Across a panel that has nothing to show: what stood in the way."""
    about = f"not measurable: {course.encounter.twist_reason or 'never seen well enough'}"
    axes.text(0.5, 0.12, about, transform=axes.transAxes, ha="center", color="#6b7280")


def _draw_slip(axes: Axes, course: Course) -> None:
    _draw_both(axes, course, "slip_um", SLIP_COLOR, "slip")
    axes.axhline(0, color="#d1d5db", lw=0.6, zorder=0)
    axes.set_ylabel("slip along the\nmembrane (um)")
    if not np.isfinite(course.of("slip_um")).any():
        _say_why_not(axes, course)


def _draw_both(axes: Axes, course: Course, name: str, color: str, label: str) -> None:
    """A measure, on the truth of it."""
    if name in course.truth:
        times = _since_s(course.truth["time_s"], course)
        axes.plot(times, course.truth[name], color=TRUTH_COLOR, lw=3, alpha=0.6)
    times = _since_s(course.of("time_s"), course)
    axes.plot(times, course.of(name), color=color, lw=1.3, label=label)


def _draw_seal(axes: Axes, course: Course) -> None:
    _draw_both(axes, course, "seal_fraction", TUMOR_COLOR, "seal")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("seal (of\nthe outline)")


def _draw_bites(axes: Axes, course: Course) -> None:
    """What the NK cell holds of the tumor's dye; a line for each bite, solid if supported."""
    if "bitten_fraction" in course.truth:
        times = _since_s(course.truth["time_s"], course)
        axes.plot(times, 100 * course.truth["bitten_fraction"], color=TRUTH_COLOR, lw=3, alpha=0.6)
    times = _since_s(course.of("time_s"), course)
    axes.plot(times, 100 * course.of("bitten_fraction"), color=NK_COLOR, lw=1.3)
    for number, bite in enumerate(course.encounter.bites):
        at_s = bite.time_s - course.encounter.start_s
        axes.axvline(at_s, color=NK_COLOR, lw=0.9, ls="-" if bite.supported else "--")
        axes.annotate(
            f" {bite.fraction:.1%}",
            (at_s, 0.98 - 0.14 * (number % 6)),
            xycoords=("data", "axes fraction"),
            fontsize=8,
            color=NK_COLOR,
            va="top",
        )
    axes.set_ylim(0, max(1.0, axes.get_ylim()[1]))
    axes.set_ylabel("in the NK cell\n(% of tumor dye)")


def _draw_light(axes: Axes, course: Course) -> None:
    """Light summed up, over what frames were taken for; each numbered line is a decision."""
    axes.set_ylabel("light so far\n(s at full power)")
    if not course.lit:
        return
    times = _since_s(np.array([one.time_s for one in course.lit]), course)
    light_s = np.cumsum([one.dose for one in course.lit]) / 1000
    until = np.append(times[1:], times[-1] + 2.0)
    named: set[str] = set()
    for begin, end, one in zip(times, until, course.lit, strict=True):
        label = None if one.purpose in named else one.purpose
        named.add(one.purpose)
        color = PURPOSE_COLORS.get(one.purpose, "#f3f4f6")
        axes.axvspan(begin, end, color=color, lw=0, label=label)
    axes.step(times, light_s, where="post", color="#111827", lw=1.3)
    for number, turn in enumerate(_told_turns(course), 1):
        at_s = turn.time_s - course.encounter.start_s
        axes.axvline(at_s, color="#374151", lw=0.8)
        axes.annotate(
            f" {number}",
            (at_s, 0.97 - 0.16 * (number % 3)),
            xycoords=("data", "axes fraction"),
            fontsize=8,
            va="top",
        )
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right", fontsize=8, ncols=len(named), facecolor="w", framealpha=0.9)


def _told_turns(course: Course) -> list[Any]:
    """The decisions there is room for."""
    return list(course.turns[:MOST_REASONS])


def _write_reasons(axes: Axes, course: Course) -> None:
    """What was decided, in the program's own words."""
    axes.set_axis_off()
    lines = [
        textwrap.shorten(f"{number}  {turn.reason}", 165, placeholder=" ...")
        for number, turn in enumerate(_told_turns(course), 1)
    ]
    if left := len(course.turns) - len(lines):
        lines.append(f"and {left} more: see events.jsonl")
    axes.text(0.0, 1.0, "\n".join(lines), transform=axes.transAxes, fontsize=8, va="top")


def _since_s(times_s: Series, course: Course) -> Series:
    return np.asarray(times_s - course.encounter.start_s)
