"""A finished session in a few lines: how it ended, what was seen, how late it all was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.units import clock, many, span

if TYPE_CHECKING:
    from livewatch.latency import Spread
    from livewatch.session import Session

STAGES = {
    "late_s": "exposure later than due",
    "transfer_s": "exposure end to frame in hand",
    "analysis_s": "analysis",
    "decision_s": "decision",
    "react_s": "exposure end to next exposure, when due at once",
    "ready_s": "  of it devices getting ready",
    "own_s": "  of it neither devices nor analysis",
}


def summary(session: Session) -> str:
    """The lines a terminal shows when a session is over."""
    tally, status = session.tally, session.status()
    found = f"{many(len(tally.encounters), 'encounter')} seen"
    if tally.observed and not tally.cells:
        found = "no cells were seen"
    since = "since it was resumed" if session.is_resumed else f"in {clock(tally.time_s)}"
    counts = (
        f"{tally.frames:,} frames {since}, {tally.missed:,} missed, "
        f"{tally.unseen:,} without analysis in time, {session.skipped:,} of them skipped; {found}"
    )
    spreads = session.latencies.spreads()
    rows = [row(STAGES[stage], spreads[stage]) for stage in STAGES if stage in spreads]
    return "\n".join([status.ended, counts, *heading(rows), *rows, f"session: {session.folder}"])


def heading(rows: list[str]) -> list[str]:
    """The table's first line, if there is a table."""
    return [f"{'':<50}{'median':>10}{'95 %':>10}{'worst':>10}"] if rows else []


def row(name: str, spread: Spread) -> str:
    """One stage."""
    figures = (spread.median_s, spread.p95_s, spread.worst_s)
    return f"{name:<50}" + "".join(f"{span(figure):>10}" for figure in figures)
