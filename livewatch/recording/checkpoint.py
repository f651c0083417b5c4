"""A checkpoint: what analysis and policy remember, kept now and then for a resumption.

With it only what came later has to be read. It speaks of the ledgers up to a mark, and is written
when these are on the disk up to there: it never knows more than they do, not after a power cut
either.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel
from xxhash import xxh3_64_hexdigest

from livewatch.analysis.freeze import from_json
from livewatch.errors import BadInput
from livewatch.policy.state import PolicyState
from livewatch.recording.folder import LARGEST_JSON
from livewatch.recording.layout import CHECKPOINT, EVENTS, OBSERVATIONS
from livewatch.recording.line import begins_line, decoded, encoded
from livewatch.recording.mark import Mark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livewatch.analysis.analyst import AnalystState
    from livewatch.recording.folder import SessionFolder

FORM: Literal[1] = 1
"""To be raised when what a policy remembers changes its form or its meaning."""


class _Kept(BaseModel):
    """What is written of a policy."""

    form: Literal[1]
    mark: Mark
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was remembered: analysis after `frame`, and the policy at a mark if that is known."""

    frame: int
    analysis: AnalystState
    policy: tuple[PolicyState, Mark] | None


def kept(frame: int, analysis: Mapping[str, Any], policy: PolicyState | None, mark: Mark) -> bytes:
    """What is written of a checkpoint: a line of JSON, and one with its checksum."""
    mind = policy and {"form": FORM, "mark": mark, "state": policy.to_json()}
    line = encoded({"frame": frame, "analysis": analysis, "policy": mind})
    return line + b"\n" + encoded({"checksum": xxh3_64_hexdigest(line)}) + b"\n"


def checkpoint_of(session: SessionFolder) -> Checkpoint | None:
    """The checkpoint of a session; None where there is none, or none that fits its ledgers."""
    with suppress(BadInput, OSError, ValueError, KeyError, TypeError):
        plain = _intact(session.path / CHECKPOINT)
        frame, analysis = int(plain["frame"]), from_json(plain["analysis"])
        policy = _policy_of(plain.get("policy"))
        if 0 <= frame < len(session) and (policy is None or _fits(policy[1], session)):
            return Checkpoint(frame, analysis, policy)
    return None


def _intact(path: Path) -> Mapping[str, Any]:
    """The first line, if the second one says that it is as it was written."""
    if path.stat().st_size > LARGEST_JSON:
        raise ValueError("larger than anything livewatch writes there")
    line, _, seal = path.read_bytes().partition(b"\n")
    if seal != encoded({"checksum": xxh3_64_hexdigest(line)}) + b"\n":
        raise ValueError("damaged")
    return decoded(line, path, 1)


def _policy_of(plain: object) -> tuple[PolicyState, Mark] | None:
    """A policy's state, and where the session was; None where it is of another form."""
    with suppress(ValueError):
        held = _Kept.model_validate(plain)
        if held.state.keys() == {each.name for each in fields(PolicyState)}:
            return PolicyState.from_json(held.state), held.mark
    return None


def _fits(mark: Mark, session: SessionFolder) -> bool:
    """Whether the ledgers go as far as the mark."""
    places = {EVENTS: mark.event_at, OBSERVATIONS: mark.observation_at}
    return mark.frames <= len(session) and all(
        begins_line(session.path / name, at) for name, at in places.items()
    )
