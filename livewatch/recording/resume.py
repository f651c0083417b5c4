"""Going on after a crash: what analysis and policy remembered, had again from the session folder.

The policy is told again what was seen, which takes no images. Analysis thaws its last
checkpoint and looks again at the few frames after it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.analysis.freeze import from_json
from livewatch.errors import BadInput
from livewatch.recording.folder import SessionFolder, read_json
from livewatch.recording.layout import CHECKPOINT
from livewatch.recording.rederive import Again, minded
from livewatch.recording.retold import observations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Observation
    from livewatch.policy.policy import Policy
    from livewatch.policy.state import PolicyState
    from livewatch.recording.rederive import Looking


@dataclass(frozen=True, slots=True)
class Memory:
    """Where a session stood: what was remembered, decisions made, frames taken, the last time."""

    analysis: AnalystState
    policy: PolicyState
    decisions: int
    frames: int
    last_s: float


def remembered(folder: Path, policy: Policy, analyst: Looking) -> Memory:
    """What a session folder's analysis and policy knew at its end.

    `Policy.resume` of the policy's state, at the time of the event `resumed`, is the next
    decision. Raises `BadInput` if the folder is damaged.
    """
    session = SessionFolder.open(folder)
    known = {each.frame: each for each in observations(session)}
    mind = minded(session, policy, known)
    return Memory(
        analysis=_analysis(session, analyst, known.values()),
        policy=mind.state,
        decisions=mind.decisions,
        frames=len(session),
        last_s=mind.last_s,
    )


def _analysis(
    session: SessionFolder, analyst: Looking, known: Iterable[Observation]
) -> AnalystState:
    """Analysis as it was after the last frame it saw; without a checkpoint, from the start."""
    again = Again(session, analyst, known)
    with suppress(BadInput, ValueError, KeyError, TypeError):
        checkpoint = read_json(session.path / CHECKPOINT)
        state = from_json(checkpoint.get("analysis"))
        again.go_on_from(int(checkpoint["frame"]), state)
    again.rest()
    return again.state
