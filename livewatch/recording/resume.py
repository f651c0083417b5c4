"""Going on after a crash: what analysis and policy remembered, had again from the session folder.

Both thaw their last checkpoint. The policy is then told again what was seen since, which takes no
images; analysis looks again at the few frames after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.recording.checkpoint import checkpoint_of
from livewatch.recording.folder import SessionFolder
from livewatch.recording.mark import BEGINNING
from livewatch.recording.rederive import Again, minded
from livewatch.recording.retold import observations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Observation
    from livewatch.policy.policy import Policy
    from livewatch.policy.state import PolicyState
    from livewatch.recording.checkpoint import Checkpoint
    from livewatch.recording.rederive import Looking


@dataclass(frozen=True, slots=True)
class Memory:
    """Where a session stood: what was remembered, decisions made, frames taken, the last time.

    `damages` are what is wrong with frames that could not be looked at again, a line each.
    """

    analysis: AnalystState
    policy: PolicyState
    decisions: int
    frames: int
    last_s: float
    damages: tuple[str, ...]


def remembered(folder: Path, policy: Policy, analyst: Looking) -> Memory:
    """What a session folder's analysis and policy knew at its end.

    `Policy.resume` of the policy's state, at the time of the event `resumed`, is the next
    decision. Raises `BadInput` if the ledgers are damaged.
    """
    session = SessionFolder.open(folder)
    checkpoint = checkpoint_of(session)
    since = checkpoint.policy if checkpoint else None
    mark = since[1] if since else BEGINNING
    known = {each.frame: each for each in observations(session, mark)}
    mind = minded(session, policy, known, since)
    end_s = session.entry(len(session) - 1).exposures[-1].end_s if len(session) else 0.0
    analysis, damages = _analysis(session, analyst, known.values(), checkpoint)
    return Memory(
        analysis=analysis,
        policy=mind.state,
        decisions=mind.decisions,
        frames=len(session),
        last_s=max(end_s, mind.state.now_s),
        damages=damages,
    )


def _analysis(
    session: SessionFolder,
    analyst: Looking,
    known: Iterable[Observation],
    checkpoint: Checkpoint | None,
) -> tuple[AnalystState, tuple[str, ...]]:
    """Analysis as it was after the last frame it saw; without a checkpoint, from the start.

    And what is wrong with frames that it could not see again.
    """
    again = Again(session, analyst, known)
    if checkpoint is not None:
        again.go_on_from(checkpoint.frame, checkpoint.analysis)
    damages = again.rest()
    return again.state, damages
