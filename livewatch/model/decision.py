"""What to image next, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from livewatch.model.shot import Shot


@dataclass(frozen=True, slots=True)
class Decision:
    """What to image next, and why. `shot` None ends the session.

    `target` names the encounter the shot follows, None when it follows none. `refused` says
    what was wanted and not granted, with reasons. `failed` goes with an end that a fault
    forces. The loop numbers decisions as it publishes them; the policy leaves `id` at 0.
    """

    shot: Shot | None
    reason: str
    target: int | None = None
    refused: tuple[str, ...] = ()
    failed: bool = False
    id: int = 0

    def numbered(self, number: int) -> Decision:
        """The same decision, it and its shot labelled with `number`."""
        shot = None if self.shot is None else replace(self.shot, decision=number)
        return replace(self, id=number, shot=shot)
