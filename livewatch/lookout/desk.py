"""Where an analyst sits, seen from outside; and how it may fail there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Frame, Observation


class Failed(Exception):
    """Analysis of a frame raised something. The analyst is as it was before that frame."""


class Lost(Exception):
    """The analyst hangs or is gone: another has to take over from its last state."""


class Desk(Protocol):
    """One analyst at work."""

    @property
    def state(self) -> AnalystState:
        """What is remembered after the last frame that was observed."""
        ...

    @property
    def is_stuck(self) -> bool:
        """Whether something hangs here that nothing can end but the end of this process."""
        ...

    def start(self) -> None:
        """Compile what has to be compiled. Raises `Lost`."""
        ...

    def observe(self, frame: Frame) -> Observation:
        """What a frame shows. Raises `Failed` or `Lost`."""
        ...

    def leave(self) -> None:
        """End whatever runs here, in the middle of a frame if need be."""
        ...
