"""Everything that is written beside the image, as one frozen value. Pure: no Qt.

`panel_of` turns tally and status into texts and tones; the board shows them, and touches only
what differs from before.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from livewatch.gui.nearness import nearness
from livewatch.model import Kind, Outcome, Purpose
from livewatch.units import NOTHING, clock, degrees, many, minutes, percent, size, span, um

if TYPE_CHECKING:
    from livewatch.model import Contact, Encounter, Observation
    from livewatch.tally import Status, Tally

MOST_ROWS = 60
"""The newest encounters; older ones are in the session's tables."""
LOW_DISK_BYTES = 5e9


class Tone(StrEnum):
    """What a text means; the theme gives it a colour."""

    CALM = "calm"
    WATCH = "watch"
    ALERT = "alert"
    BURST = "burst"
    COOL = "cool"
    HELD = "held"
    OVER = "over"
    FAULT = "fault"


MODES = {
    Purpose.SURVEY: ("SURVEY", Tone.CALM),
    Purpose.WATCH: ("WATCH", Tone.WATCH),
    Purpose.ENCOUNTER: ("ENCOUNTER", Tone.ALERT),
    Purpose.BURST: ("BURST", Tone.BURST),
    Purpose.COOLDOWN: ("COOL-DOWN", Tone.COOL),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure and what it is."""

    name: str
    value: str
    tone: Tone = Tone.CALM


@dataclass(frozen=True, slots=True)
class Row:
    """One encounter in the list."""

    id: int
    cells: tuple[str, ...]
    is_open: bool
    is_target: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """All texts. `can_ask` is off once the session is stopping or over."""

    mode: str
    tone: Tone
    headline: str
    time: str
    reason: str
    trouble: str
    facts: tuple[Fact, ...]
    rows: tuple[Row, ...]
    open_count: int
    is_held: bool
    can_ask: bool


COLUMNS = ("#", "NK · tumor", "time", "gap", "seal", "")


def panel_of(tally: Tally, status: Status, undrawn: int, *, stopping: bool, over: bool) -> Panel:
    """What to write, from everything that is known."""
    mode, tone = mode_of(tally, status, stopping=stopping, over=over)
    return Panel(
        mode,
        tone,
        headline_of(tally, status, over=over),
        clock(tally.clock_s(status)),
        reason_of(tally),
        trouble_of(tally),
        facts_of(tally, status, undrawn),
        rows_of(tally),
        len(tally.open_encounters),
        tally.is_held,
        can_ask=not (stopping or over),
    )


def mode_of(tally: Tally, status: Status, *, stopping: bool, over: bool) -> tuple[str, Tone]:
    """The state in one word, and its tone."""
    if over:
        return ("FAILED", Tone.FAULT) if status.failed else ("ENDED", Tone.OVER)
    if stopping:
        return "STOPPING", Tone.HELD
    if tally.is_held:
        return "ON HOLD", Tone.HELD
    if tally.mode is None:
        return ("STARTING", Tone.OVER) if tally.decision is None else ("ENDING", Tone.OVER)
    return MODES[tally.mode]


def headline_of(tally: Tally, status: Status, *, over: bool) -> str:
    """The one line beside the mode."""
    if over:
        return status.ended
    target = tally.decision.target if tally.decision else None
    followed = tally.encounters.get(target) if target is not None else None
    if followed is not None:
        return f"NK {followed.nk_id} · tumor {followed.tumor_id}   {closeness(tally, followed)}"
    return next_of(tally, status)


def closeness(tally: Tally, encounter: Encounter) -> str:
    """Gap and seal of an encounter's pair now, or how long it lasted."""
    contact = contact_of(tally.observation, encounter)
    if not encounter.is_open or contact is None:
        return f"{minutes(encounter.duration_s)} in contact"
    return nearness(contact)


def next_of(tally: Tally, status: Status) -> str:
    """Which position is next, and when."""
    shot = tally.decision.shot if tally.decision else None
    if shot is None or tally.is_held:
        return ""
    left_s = shot.not_before_s - status.time_s
    when = f"in {left_s:.0f} s" if left_s > 1 else "now"
    return f"next {shot.view.position or 'frame'} {when}"


def reason_of(tally: Tally) -> str:
    """Why the microscope does what it does."""
    if tally.decision is None:
        return ""
    refused = "".join(f"  (not granted: {each})" for each in tally.decision.refused)
    return tally.decision.reason + refused


def trouble_of(tally: Tally) -> str:
    """What went wrong last, if it has not been put right."""
    if tally.trouble:
        return f"frame missed: {tally.trouble}"
    if tally.observation is not None and tally.observation.problem:
        return tally.observation.problem
    return ""


def facts_of(tally: Tally, status: Status, undrawn: int) -> tuple[Fact, ...]:
    """The figures, always the same ones in the same order."""
    late = tally.lateness
    position = tally.frame.view.position if tally.frame else ""
    light_s = tally.light_ms.get(position, 0.0) / 1e3
    missed = Tone.FAULT if tally.missed else Tone.CALM
    low = Tone.FAULT if status.free_bytes < LOW_DISK_BYTES else Tone.CALM
    return (
        Fact("NK cells", count_of(tally.observation, Kind.NK)),
        Fact("tumor cells", count_of(tally.observation, Kind.TUMOR)),
        Fact("frames", f"{tally.frames:,}"),
        Fact("missed", f"{tally.missed:,}", missed),
        Fact("frame every", span(tally.interval_s)),
        Fact("frame late", span(late.late_s)),
        Fact("analysed in", span(late.analysis_s)),
        Fact("not analysed", f"{tally.unseen:,}"),
        Fact("last reaction", span(tally.reaction_s)),
        Fact("not drawn", f"{undrawn:,}"),
        Fact("light here", f"{light_s:,.1f} s"),
        Fact("free disk", size(status.free_bytes), low),
        *measured_of(tally),
    )


def measured_of(tally: Tally) -> tuple[Fact, ...]:
    """What the followed encounter does to its tumor cell; dashes while none is followed."""
    target = tally.decision.target if tally.decision else None
    followed = tally.encounters.get(target) if target is not None else None
    contact = contact_of(tally.observation, followed) if followed and followed.is_open else None
    if contact is None:
        return tuple(Fact(name, NOTHING) for name in ("twist", "slip", "bites", "tumor alive"))
    return (
        Fact("twist", degrees(contact.twist_deg)),
        Fact("slip", um(abs(contact.slip_um))),
        Fact("bites", str(contact.bites)),
        Fact("tumor alive", percent(contact.viability)),
    )


def count_of(seen: Observation | None, kind: Kind) -> str:
    """How many cells of a kind were seen."""
    if seen is None:
        return NOTHING
    return str(sum(cell.kind is kind for cell in seen.cells))


def rows_of(tally: Tally) -> tuple[Row, ...]:
    """The encounters, newest first: an encounter keeps its place until a newer one comes."""
    newest = sorted(tally.encounters, reverse=True)[:MOST_ROWS]
    return tuple(row_of(tally, tally.encounters[number]) for number in newest)


def row_of(tally: Tally, encounter: Encounter) -> Row:
    """One encounter: as it is now while it is open; its extremes once it is closed."""
    contact = contact_of(tally.observation, encounter) if encounter.is_open else None
    gap_um = contact.gap_um if contact else encounter.min_gap_um
    seal = contact.seal_fraction if contact else encounter.max_seal_fraction
    cells = (
        str(encounter.id),
        f"{encounter.nk_id} · {encounter.tumor_id}",
        minutes(encounter.duration_s),
        um(gap_um),
        percent(seal),
        state_of(encounter),
    )
    is_target = tally.decision is not None and tally.decision.target == encounter.id
    return Row(encounter.id, cells, encounter.is_open, is_target)


def state_of(encounter: Encounter) -> str:
    """Whether it goes on, or how it ended; just `over` while that is not known yet."""
    if encounter.is_open:
        return "now"
    return "over" if encounter.outcome is Outcome.ONGOING else encounter.outcome.value


def contact_of(seen: Observation | None, encounter: Encounter) -> Contact | None:
    """How near an encounter's pair was in the newest observation, or None."""
    if seen is None:
        return None
    return next((each for each in seen.contacts if each.pair == encounter.pair), None)


def encounters_title(panel: Panel) -> str:
    """The heading of the list."""
    return f"{many(len(panel.rows), 'encounter')}, {panel.open_count} now"
