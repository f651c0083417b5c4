"""An alarm: something is wrong, from when it was noticed until it is over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Trouble(StrEnum):
    """What sort of thing is wrong."""

    FRAMES = "no frames"
    ANALYSIS = "analysis"
    SEGMENTER = "segmenter"
    IMAGE = "image"
    FOCUS = "focus"
    DISK = "disk"
    HOOK = "alarm hook"
    END = "end"
    TRIAL = "trial"


Key: TypeAlias = tuple[Trouble, str]
"""What is wrong, and with which position or hook; '' with the session as a whole."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something wrong, noticed at `time_s` on the session's clock.

    `number` counts the session's alarms from 1. `where` is a position or a hook, '' where it is
    neither. `over_s` is when it was no longer so, None while it is.
    """

    number: int
    trouble: Trouble
    text: str
    time_s: float
    where: str = ""
    over_s: float | None = None

    @property
    def key(self) -> Key:
        """What is wrong, and where."""
        return self.trouble, self.where

    @property
    def is_over(self) -> bool:
        """Whether it is no longer so."""
        return self.over_s is not None
