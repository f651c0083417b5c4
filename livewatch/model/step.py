"""One turn of the loop: what it was told, saw and decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from livewatch.model.decision import Decision
from livewatch.model.frame import Exposed, Missed, Taken
from livewatch.model.nan import NAN
from livewatch.model.observation import Observation
from livewatch.model.request import Request

Reply: TypeAlias = Taken | Request | Observation
"""What the loop is sent when it has asked for a shot. A request, or an observation that came
too late for its own turn, reaches it while it waits for the shot's time."""

News: TypeAlias = Exposed | Observation | Missed | Request
"""What the policy is told, one piece at a time."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late one turn's exposure began, and how long each stage took. NaN: did not happen.

    `late_s` is the exposure's start minus the time it was due, on the session's clock. The
    others are real seconds: exposure end -> frame in hand (`transfer_s`) -> analysed
    (`analysis_s`) -> decided (`decision_s`). `react_s`, from the end of the exposure before
    to the start of this one, is stated where this one was due at once; `ready_s` is the part of it
    that the devices took to get ready, and `own_s` what neither they nor analysis took.
    """

    late_s: float = NAN
    transfer_s: float = NAN
    analysis_s: float = NAN
    decision_s: float = NAN
    react_s: float = NAN
    ready_s: float = NAN
    own_s: float = NAN


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the loop, as published to recorder and faces.

    `observation` is None when analysis was not there in time. One that came later is a turn of
    its own, with the observation as its `reply` too.
    """

    reply: Reply
    observation: Observation | None
    decision: Decision
    lateness: Lateness = Lateness()
