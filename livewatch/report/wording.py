"""The accuracy of analysis in words and tables, for who plans an experiment."""

from __future__ import annotations

from collections import Counter
from math import isfinite, isnan, nan
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livewatch.report.score import Row, Table


class Goal(NamedTuple):
    """What a figure should reach: at most `limit`, or at least it."""

    name: str
    about: str
    limit: float
    at_most: bool = True
    unit: str = ""

    def is_met(self, value: float) -> bool:
        """Whether a value reaches it; one that is not known does not."""
        return value <= self.limit if self.at_most else value >= self.limit


GOALS = (
    Goal("noticed", "encounters noticed", 0.95, at_most=False, unit="%"),
    Goal("seal_error", "seal fraction, mean error", 0.05),
    Goal("patch_error_deg", "contact patch, mean error", 10.0, unit=" deg"),
    Goal("twist_error_deg", "twist up to 90 deg, median error", 5.0, unit=" deg"),
    Goal("twist_invented", "twist told of a uniform round cell", 0.05, unit="%"),
    Goal("twist_in_slip_deg", "twist while only the patch moves, median error", 5.0, unit=" deg"),
    Goal("slip_error_um", "slip, median error", 1.0, unit=" um"),
    Goal("slip_in_twist_um", "slip while only the body turns, median error", 1.0, unit=" um"),
    Goal("bite_f1", "bites within 10 s, F1", 0.9, at_most=False),
    Goal("bite_order", "bite sizes, rank correlation", 0.8, at_most=False),
    Goal("false_bites", "false bites per encounter", 0.1),
    Goal("outcome_right", "outcomes right", 0.95, at_most=False, unit="%"),
    Goal("censored_right", "unknowable outcomes told as censored", 0.95, at_most=False, unit="%"),
)


class Column(NamedTuple):
    """A column of the fall-off tables: two lines of heading, and how a value is written."""

    name: str
    above: str
    below: str
    digits: int = 2
    is_share: bool = False


COLUMNS = (
    Column("signal_to_noise", "signal", "/noise", 1),
    Column("noticed", "noticed", "%", is_share=True),
    Column("seal_error", "seal", "+-", 3),
    Column("patch_error_deg", "patch", "+- deg", 1),
    Column("twist_told", "twist", "told %", is_share=True),
    Column("twist_error_deg", "twist", "+- deg", 1),
    Column("twist_invented", "invented", "twist %", is_share=True),
    Column("slip_told", "slip", "told %", is_share=True),
    Column("slip_error_um", "slip", "+- um"),
    Column("bites_found", "bites", "found %", is_share=True),
    Column("false_bites", "false", "bites/enc."),
    Column("bite_order", "bite size", "order"),
    Column("outcome_right", "outcome", "right %", is_share=True),
    Column("outcome_withheld", "outcome", "withheld %", is_share=True),
)
ORDER = ("killed", "evaded", "released", "engulfed", "censored", "not noticed")
READING = """\
How to read it. Everything is at 20x (0.325 um), a frame every 2 s in contact, full light and a
death dye once a minute, unless a row says otherwise; each row changes one thing and watches the
same cells. Behind each figure that has a target stands its standard error: so far off it may well
be by the choice of encounters; four times as many halve it (`--encounters`). "signal/noise" is a
tumor cell's light over the background's noise in one pixel: measure yours, and look up the row of
"light" that is nearest. In the tables "+-" is an error, the mean one for seal and patch, the median
one for twist and slip. "told %" is the share of frames in contact for which there is a number at
all: the rest are not measurable, and left empty. "withheld %" is the share of outcomes told as
censored though they could have been known. "-": too few to say. Synthetic cells only: on real ones
these are promises to be checked, not results.
"""


def text_of(
    ordinary: Row,
    doubts: Mapping[str, float],
    confusion: Sequence[tuple[str, str, int]],
    tables: Sequence[Table],
    seeds: tuple[int, int],
) -> str:
    """All figures, in the order in which they are needed."""
    parts = [
        f"Accuracy on {ordinary.encounters} synthetic encounters ({ordinary.about}; "
        f"{ordinary.bites} bites; held-out seeds {seeds[0]}-{seeds[1]})",
        goals_text(ordinary, doubts),
        "How encounters ended (down: truly, across: as told)",
        confusion_text(confusion),
    ]
    for table in tables:
        parts += [
            f"By {table.about} ({table.rows[0].encounters} encounters a row)",
            table_text(table.about, table.rows),
        ]
    return "\n\n".join([*parts, READING])


def goals_text(row: Row, doubts: Mapping[str, float]) -> str:
    """Each figure with its standard error, beside its target."""
    width = max(len(goal.about) for goal in GOALS)
    lines = []
    for goal in GOALS:
        value, doubt = getattr(row, goal.name), doubts.get(goal.name, nan)
        sign = "<=" if goal.at_most else ">="
        lines.append(
            f"  {goal.about:{width}}  {_with_unit(value, goal.unit):>10}"
            f"  {_give_or_take(doubt, goal.unit):<13}"
            f"target {sign} {_with_unit(goal.limit, goal.unit):<8}{_verdict(goal, value, doubt)}"
        )
    for about, told in (
        ("twist told, of frames with a textured cell", row.twist_told),
        ("slip told, of frames with a textured cell", row.slip_told),
        ("found, of bites below 1 % of the dye", row.small_bites_found),
        ("found, of larger bites", row.large_bites_found),
        ("outcomes right, with a textured cell", row.outcome_right_textured),
    ):
        lines.append(f"  {about:{width}}  {_with_unit(told, '%'):>10}")
    return "\n".join(lines)


def confusion_text(confusion: Sequence[tuple[str, str, int]]) -> str:
    """True outcomes down, told ones across, with the share told right."""
    counts = Counter({(truth, told): count for truth, told, count in confusion})
    across = [one for one in ORDER if any(told == one for _, told in counts)]
    lines = [" " * 12 + "".join(f"{one:>13}" for one in across) + f"{'right':>9}"]
    for truth in ORDER[:-1]:
        row = [counts[truth, told] for told in across]
        if total := sum(row):
            right = f"{counts[truth, truth] / total:.0%}"
            lines.append(f"{truth:>12}" + "".join(f"{n or '.':>13}" for n in row) + f"{right:>9}")
    return "\n".join(lines)


def table_text(about: str, rows: Sequence[Row]) -> str:
    """One fall-off table, its heading in two lines."""
    body = [[row.about, *(_cell(getattr(row, one.name), one) for one in COLUMNS)] for row in rows]
    head = [["", *(one.above for one in COLUMNS)], [about, *(one.below for one in COLUMNS)]]
    widths = [max(map(len, column)) for column in zip(*head, *body, strict=True)]
    return "\n".join(
        "  "
        + line[0].ljust(widths[0])
        + "".join(f"  {word:>{width}}" for word, width in zip(line[1:], widths[1:], strict=True))
        for line in (*head, *body)
    )


def _cell(value: float, column: Column) -> str:
    if not isfinite(value):
        return "-"
    return f"{100 * value:.0f}" if column.is_share else f"{value:.{column.digits}f}"


def _verdict(goal: Goal, value: float, doubt: float) -> str:
    """Whether a target is reached; a miss that chance may explain is called so."""
    if isnan(value):
        return "not known"
    if goal.is_met(value):
        return "met"
    return "missed, within its error" if abs(value - goal.limit) <= doubt else "MISSED"


def _give_or_take(value: float, unit: str) -> str:
    if isnan(value):
        return ""
    return f"+- {value:.1%}" if unit == "%" else f"+- {value:.2g}{unit}"


def _with_unit(value: float, unit: str) -> str:
    if isnan(value):
        return "-"
    return f"{value:.1%}" if unit == "%" else f"{value:.3g}{unit}"
