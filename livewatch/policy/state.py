"""What the policy remembers: one frozen value, bounded in size, plain enough for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

from pydantic import TypeAdapter

from livewatch.model import Shot, View  # noqa: TC001 - pydantic resolves them at run time


class Stage(StrEnum):
    """How far a followed pair has come."""

    NEAR = "near"
    CLOSING = "about to touch"
    TOUCHING = "in contact"
    OVER = "over"
    LOOK = "pointed at"


FAST = frozenset({Stage.CLOSING, Stage.TOUCHING, Stage.LOOK})
"""Stages that ask for the reaction's rate."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A pair worth frames of its own.

    `since_s` is when its stage began, `begun_s` when following it began, `seen_s` the last frame
    that showed it. `x_um`, `y_um` is midway between the cells, `span_um` the distance of their
    centres. `soon` is the probability of contact before the next slower frame, `leaning` the
    outcome that its contact looks like having. `still_dx_um`, `still_dy_um` is the cells'
    distance vector at `still_s`, since when it has not changed by much. `answered` says that a
    frame was taken at its rate, `blind` how many since it was seen. `light` is what its approach
    has cost so far. `apart_s` is since when frames that show the place of a contact have not shown
    it in contact; inf while they do. `whole_s` is when the border of the image last cut neither
    cell. A place that the operator pointed at is a pair without cells (ids -1).
    """

    position: str
    nk_id: int
    tumor_id: int
    stage: Stage
    since_s: float
    begun_s: float
    seen_s: float
    x_um: float
    y_um: float
    span_um: float = 0.0
    gap_um: float = inf
    approach_um_per_s: float = 0.0
    contact_in_s: float = inf
    contact_in_sd_s: float = inf
    soon: float = 0.0
    encounter: int | None = None
    start_s: float = -inf
    seal_fraction: float = 0.0
    bites: int = 0
    leaning: str = ""
    still_dx_um: float = 0.0
    still_dy_um: float = 0.0
    still_s: float = 0.0
    answered: bool = False
    bursted: bool = False
    blind: int = 0
    light: float = 0.0
    apart_s: float = inf
    whole_s: float = -inf

    @property
    def pair(self) -> tuple[str, int, int]:
        """Who it is, and where."""
        return self.position, self.nk_id, self.tumor_id

    @property
    def is_fast(self) -> bool:
        """Whether it asks for the reaction's rate."""
        return self.stage in FAST


@dataclass(frozen=True, slots=True)
class Bar:
    """A pair, or only one encounter of it, that is not to be followed until `until_s`.

    Without an encounter it bars the pair's anticipation; all of the pair if it has no end.
    `gap_um` is how near the pair was: anticipation is not barred any more once it is much nearer.
    """

    position: str
    nk_id: int
    tumor_id: int
    encounter: int | None
    until_s: float
    why: str
    gap_um: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """What was done at a position: its next survey slot, its last frames, its last close look.

    `whole_s`, `fast_s` and `start_s` are when its last whole frame, its last at the fast rate and
    its last of any sort began.
    """

    position: str
    slot: int = 0
    whole_s: float = -inf
    fast_s: float = -inf
    start_s: float = -inf
    fast: bool = False
    aim: View | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """Light given to one position in one channel: exposure in ms times relative power.

    `reacting` is the part of it that was not for the survey. Of a channel that is not in every
    frame, `shown_s` is when it was last exposed and `without` counts the frames since.
    """

    position: str
    channel: str
    dose: float = 0.0
    reacting: float = 0.0
    shown_s: float = -inf
    without: int = 0


class Part(StrEnum):
    """What a closer look changes, the costliest first."""

    OBJECTIVE = "objective"
    BINNING = "binning"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Trim:
    """By how much an objective's offset was found wrong: added to it from then on."""

    objective: str
    x_um: float = 0.0
    y_um: float = 0.0
    z_um: float = 0.0


@dataclass(frozen=True, slots=True)
class Refocus:
    """A focus being corrected at a position: (trim, softness) of each look so far, in um.

    A look that showed none of the cells is infinitely soft. `least_um` is as soft as it may be.
    """

    position: str
    least_um: float
    looks: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A part of the closer look that did not find its target, and is not tried until `until_s`."""

    part: Part
    until_s: float
    why: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Frames that failed in a row: since when, tries of the present shot, how often suspended."""

    since_s: float = inf
    tries: int = 0
    suspended: int = 0


@dataclass(frozen=True, slots=True)
class PolicyState:
    """Everything the next decision depends on, besides experiment and instrument.

    `begun_s` anchors the survey's time grid; `now_s` is the latest time known. `turn` and
    `turn_s`: the position whose turn it is among those that compete, and since when.
    `wait_s`: no shot before this. `outcomes` is how often each outcome was seen, `false_light`
    what approaches that came to nothing have cost. `declined` are the pairs last seen that are
    not followed, and why; `note` explains the news last heard. `last` is the view last taken,
    `corrected` the position where the aim was corrected and is to be checked once more, `refocus`
    the focus that is being corrected; `trims` are what was learnt of offsets, `given_up` what of a
    closer look is not tried for a while.
    """

    begun_s: float
    now_s: float
    visits: tuple[Visit, ...]
    followed: tuple[Followed, ...] = ()
    bars: tuple[Bar, ...] = ()
    declined: tuple[str, ...] = ()
    spent: tuple[Spent, ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()
    turn: str = ""
    turn_s: float = -inf
    burst: Shot | None = None
    trouble: Trouble = Trouble()
    wait_s: float = -inf
    held: bool = False
    ended: str = ""
    failed: bool = False
    false_light: float = 0.0
    note: str = ""
    last: View | None = None
    corrected: str = ""
    refocus: Refocus | None = None
    trims: tuple[Trim, ...] = ()
    given_up: tuple[GivenUp, ...] = ()

    def visit(self, position: str) -> Visit:
        """What was done at a position."""
        found = (visit for visit in self.visits if visit.position == position)
        return next(found, Visit(position))

    def trim(self, objective: str) -> Trim:
        """By how much an objective's offset is known to be wrong."""
        found = (trim for trim in self.trims if trim.objective == objective)
        return next(found, Trim(objective))

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a session's ledger; infinite ones become JSON's usual `Infinity`."""
        plain: dict[str, Any] = STATE.dump_python(self, mode="json")
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> PolicyState:
        """The state that `to_json` gave. Raises ValueError if it is not one."""
        return STATE.validate_python(plain)


STATE = TypeAdapter(PolicyState)
