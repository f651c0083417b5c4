"""One figure for one encounter: pictures, and what was measured over the same time.

From a session folder. Rows: a strip of pictures with both channels; the contact patch on the
unrolled membrane (in the image, and, where twist is known, on the tumor's own body, where slip
is a slanted track); twist, orbit and slip; seal; bites. Beside a demo's truth, if it is there, in
grey.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.errors import BadInput
from livewatch.report.truth import TRUTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from livewatch.model import Encounter, Frame
    from livewatch.recording.folder import SessionFolder

    Series = NDArray[np.float64]

PICTURES = 9
PICTURE_UM = 44.0
NK_COLOR, TUMOR_COLOR, TRUTH_COLOR = "#d6279a", "#1a9641", "#999999"
SAME_PAIR_UM = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """An encounter's contact measures over time: `columns` by name, each (n,), NaN where unknown.

    `frames` are the indices of the frames they are from.
    """

    encounter: Encounter
    frames: tuple[int, ...]
    columns: Mapping[str, Series]
    truth: Mapping[str, Series]

    def of(self, name: str) -> Series:
        """One measure; all NaN if it was never taken."""
        return self.columns.get(name, np.full(len(self.frames), nan))


def course_of(folder: SessionFolder, encounter_id: int) -> Course:
    """An encounter's measures from a session folder; `BadInput` if it has no such encounter."""
    encounters = folder.encounters()
    if encounter_id not in encounters:
        known = ", ".join(map(str, sorted(encounters))) or "none"
        raise BadInput(f"{folder.path}: no encounter {encounter_id}; there are: {known}")
    encounter = encounters[encounter_id]
    rows = list(_rows(folder, encounter))
    if not rows:
        raise BadInput(f"{folder.path}: encounter {encounter_id} has no frame to show")
    names = sorted({name for _, row in rows for name in row})
    columns = {name: np.array([_number(row.get(name)) for _, row in rows]) for name in names}
    truth = _truth(folder.path, columns)
    return Course(encounter, tuple(frame for frame, _ in rows), columns, truth)


def _rows(folder: SessionFolder, encounter: Encounter) -> Iterator[tuple[int, dict[str, Any]]]:
    """(frame, measures) of every observation that lists the pair during the encounter."""
    for seen in folder.observations():
        if encounter.id not in seen["encounters"]:
            continue
        contacts = seen["contacts"]
        pairs = list(zip(contacts.get("nk_id", ()), contacts.get("tumor_id", ()), strict=True))
        if encounter.pair in pairs:
            at = pairs.index(encounter.pair)
            row = {name: values[at] for name, values in contacts.items()}
            yield seen["frame"], row | {"time_s": seen["time_s"]}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else nan


def _truth(path: Path, columns: Mapping[str, Series]) -> dict[str, Series]:
    """The true pair that is where the measured one is, from a demo's truth; {} without one."""
    table = path / TRUTH / "pairs.csv"
    if not table.is_file():
        return {}
    wanted = {round(time_s, 3): at for at, time_s in enumerate(columns["time_s"])}
    near: dict[tuple[str, str], list[dict[str, float]]] = {}
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = wanted.get(round(float(row["time_s"]), 3))
            if at is not None and _is_same(row, columns, at):
                values = {name: float(value) for name, value in row.items()}
                near.setdefault((row["nk_id"], row["tumor_id"]), []).append(values)
    if not near:
        return {}
    rows = max(near.values(), key=len)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _is_same(row: Mapping[str, str], columns: Mapping[str, Series], at: int) -> bool:
    return all(
        abs(float(row[name]) - columns[name][at]) < SAME_PAIR_UM
        for name in ("nk_x_um", "nk_y_um", "tumor_x_um", "tumor_y_um")
    )


def draw(folder: SessionFolder, encounter_id: int) -> Figure:
    """The figure of one encounter. Needs matplotlib; `BadInput` says so where it is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BadInput("figures need matplotlib: pip install 'livewatch[report]'") from error
    course = course_of(folder, encounter_id)
    figure = Figure(figsize=(12, 11), layout="constrained")
    grid = figure.add_gridspec(6, PICTURES, height_ratios=(1.25, 1.6, 1.6, 1.2, 1.0, 1.0))
    _draw_strip(figure, grid, folder, course)
    rows = [figure.add_subplot(grid[1, :])]
    rows += [figure.add_subplot(grid[at, :], sharex=rows[0]) for at in range(2, 6)]
    _draw_patch(rows[0], course, on_body=False)
    _draw_patch(rows[1], course, on_body=True)
    _draw_motion(rows[2], course)
    _draw_seal(rows[3], course)
    _draw_bites(rows[4], course)
    for axes in rows[:-1]:
        axes.tick_params(labelbottom=False)
    rows[-1].set_xlabel("time since contact began (s)")
    figure.suptitle(_title(course), x=0.01, ha="left", fontsize=11)
    return figure


def save_figures(folder: SessionFolder, into: Path) -> list[Path]:
    """Draw every encounter that can be drawn, as PNG files in `into`; returns their paths."""
    into.mkdir(parents=True, exist_ok=True)
    paths = []
    for encounter_id in sorted(folder.encounters()):
        try:
            figure = draw(folder, encounter_id)
        except BadInput as problem:
            if "no frame to show" not in str(problem):
                raise
            continue
        paths.append(into / f"encounter-{encounter_id:03d}.png")
        figure.savefig(paths[-1], dpi=110)
    return paths


def _title(course: Course) -> str:
    one = course.encounter
    ended = one.outcome_reason or "not known yet"
    tags = f" [{', '.join(one.tags)}]" if one.tags else ""
    return (
        f"Encounter {one.id}: NK {one.nk_id} on tumor cell {one.tumor_id}, "
        f"{one.duration_s:.0f} s in contact{tags}\n{one.outcome}: {ended}"
    )


def _draw_strip(figure: Figure, grid: Any, folder: SessionFolder, course: Course) -> None:
    count = min(PICTURES, len(course.frames))
    chosen = np.unique(np.linspace(0, len(course.frames) - 1, count).round().astype(int))
    frames = [folder.frame(course.frames[at]) for at in chosen]
    cut = [
        _cut_out(frame, course.of("tumor_x_um")[at], course.of("tumor_y_um")[at])
        for frame, at in zip(frames, chosen, strict=True)
    ]
    limits = [_limits([pair[channel] for pair in cut]) for channel in (0, 1)]
    for place, (at, pair) in enumerate(zip(chosen, cut, strict=True)):
        axes = figure.add_subplot(grid[0, place])
        axes.imshow(_merged(pair, limits), extent=(-0.5, 0.5, 0.5, -0.5), interpolation="nearest")
        axes.set_title(f"{course.of('time_s')[at] - course.encounter.start_s:.0f} s", fontsize=9)
        axes.set_axis_off()


def _cut_out(frame: Frame, x_um: float, y_um: float) -> tuple[Series, Series]:
    """(NK, tumor) images of PICTURE_UM around a place, 0 where the frame does not reach."""
    view = frame.view
    side = round(PICTURE_UM / view.pixel_um)
    left = round((x_um - view.left_um) / view.pixel_um - side / 2)
    top = round((y_um - view.top_um) / view.pixel_um - side / 2)
    pictures = []
    for channel in ("nk", "tumor"):
        picture = np.full((side, side), nan)
        plane = frame.plane(channel)
        if plane is not None:
            rows, columns = plane.shape
            low, high = max(top, 0), min(top + side, rows)
            begin, end = max(left, 0), min(left + side, columns)
            if low < high and begin < end:
                picture[low - top : high - top, begin - left : end - left] = plane[
                    low:high, begin:end
                ]
        pictures.append(picture)
    return pictures[0], pictures[1]


def _limits(pictures: Sequence[Series]) -> tuple[float, float]:
    shown = np.concatenate([picture[np.isfinite(picture)] for picture in pictures])
    if not len(shown):
        return 0.0, 1.0
    low, high = np.percentile(shown, (5, 99.7))
    return float(low), float(max(high, low + 1))


def _merged(pair: tuple[Series, Series], limits: Sequence[tuple[float, float]]) -> Series:
    """NK magenta, tumor green, as (rows, columns, 3) of 0..1."""
    nk, tumor = (
        np.clip((np.nan_to_num(picture, nan=low) - low) / (high - low), 0, 1) ** 0.7
        for picture, (low, high) in zip(pair, limits, strict=True)
    )
    return np.asarray(np.dstack((nk, tumor, nk)))


def _draw_patch(axes: Axes, course: Course, *, on_body: bool) -> None:
    """The patch from end to end over time; on the body, twist is taken off."""
    off = course.of("twist_deg") if on_body else 0.0
    _draw_stretch(axes, course, course.columns, off, TUMOR_COLOR, 0.45)
    if course.truth:
        off = course.truth["twist_deg"] if on_body else 0.0
        middle = (course.truth["patch_deg"] - off + 180) % 360 - 180
        since_s = course.truth["time_s"] - course.encounter.start_s
        axes.plot(since_s, middle, ".", ms=2, color=TRUTH_COLOR, label="true middle")
    middle = (course.of("patch_deg") - (course.of("twist_deg") if on_body else 0.0) + 180) % 360
    axes.plot(_since_s(course), middle - 180, ".", ms=3, color="k", label="middle")
    axes.set_ylim(-180, 180)
    axes.set_yticks((-180, -90, 0, 90, 180))
    axes.set_ylabel("patch on the body\n(deg)" if on_body else "patch in the image\n(deg)")
    if on_body and not np.isfinite(course.of("twist_deg")).any():
        reason = course.encounter.twist_reason or "twist was not measured"
        axes.text(0.5, 0.5, reason, transform=axes.transAxes, ha="center", color="#666666")
    if not on_body:
        axes.legend(loc="upper right", fontsize=8, markerscale=3)


def _draw_stretch(
    axes: Axes,
    course: Course,
    columns: Mapping[str, Series],
    off: Series | float,
    color: str,
    alpha: float,
) -> None:
    middle = columns.get("patch_deg")
    if middle is None:
        return
    width = (columns["patch_end_deg"] - columns["patch_start_deg"]) % 360
    start = (columns["patch_start_deg"] - off + 180) % 360 - 180
    since_s = columns["time_s"] - course.encounter.start_s
    for turn in (0, -360):
        axes.vlines(since_s, start + turn, start + turn + width, color=color, alpha=alpha, lw=2)


def _draw_motion(axes: Axes, course: Course) -> None:
    slip = axes.twinx()
    for name, color, shown in (("orbit_deg", "#2b6cb0", axes), ("twist_deg", "#c05621", axes)):
        _draw_both(shown, course, name, color)
    _draw_both(slip, course, "slip_um", "#6b46c1")
    axes.axhline(0, color="#cccccc", lw=0.6, zorder=0)
    axes.set_ylabel("orbit, twist (deg)")
    slip.set_ylabel("slip (um)", color="#6b46c1")
    axes.legend(loc="upper left", fontsize=8)


def _draw_both(axes: Axes, course: Course, name: str, color: str) -> None:
    if name in course.truth:
        since_s = course.truth["time_s"] - course.encounter.start_s
        axes.plot(since_s, course.truth[name], color=TRUTH_COLOR, lw=2.5, alpha=0.6)
    axes.plot(_since_s(course), course.of(name), color=color, lw=1, label=name.rpartition("_")[0])


def _draw_seal(axes: Axes, course: Course) -> None:
    _draw_both(axes, course, "seal_fraction", TUMOR_COLOR)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("seal\n(of the outline)")


def _draw_bites(axes: Axes, course: Course) -> None:
    """What the NK cell holds of the tumor's dye; a line for each bite, solid if supported."""
    _draw_both(axes, course, "bitten_fraction", NK_COLOR)
    for bite in course.encounter.bites:
        style = "-" if bite.supported else "--"
        since_s = bite.time_s - course.encounter.start_s
        axes.axvline(since_s, color=NK_COLOR, lw=0.9, ls=style)
        axes.annotate(
            f"{bite.fraction:.1%}",
            (since_s, 0.9),
            xycoords=("data", "axes fraction"),
            fontsize=8,
            color=NK_COLOR,
        )
    axes.set_ylim(bottom=0)
    axes.set_ylabel("in the NK cell\n(of tumor dye)")


def _since_s(course: Course) -> Series:
    return np.asarray(course.of("time_s") - course.encounter.start_s)
