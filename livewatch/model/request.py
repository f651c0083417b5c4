"""What the operator asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ask(StrEnum):
    """What an operator can ask for."""

    HOLD = "hold"
    GO_ON = "go on"
    LOOK = "look"
    LEAVE = "leave"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class Request:
    """Something the operator asked for, at a time on the session's clock.

    `x_um`, `y_um` go with LOOK, `encounter` with LEAVE, `text` with MARK and END.
    """

    ask: Ask
    time_s: float
    x_um: float = 0.0
    y_um: float = 0.0
    encounter: int = -1
    text: str = ""
