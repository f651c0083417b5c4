"""How a session ended, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livewatch.model import Decision


class Ending(StrEnum):
    """How a session ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class End:
    """How and why a session ended."""

    status: Ending
    reason: str


def ended(last: Decision, forced: str | None, stopped: bool) -> End:
    """The end of a session whose microscope was left in order.

    `last` is its last decision, `forced` why livewatch itself asked for the end, if it did;
    `stopped` says that somebody asked for it.
    """
    if last.shot is not None:
        return End(Ending.FAILED, "the microscope stopped before the loop was over")
    if last.failed or forced:
        return End(Ending.FAILED, forced or last.reason)
    return End(Ending.STOPPED if stopped else Ending.COMPLETED, last.reason)
