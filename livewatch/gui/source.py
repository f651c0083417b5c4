"""What the window needs of a session. It knows no more of it than this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.model import Request, Step
    from livewatch.tally import Status


class Source(Protocol):
    """A session, as a face sees it. All of it may be called from the face's thread."""

    @property
    def is_over(self) -> bool:
        """Whether the session has ended, everything written and the sample dark."""
        ...

    def subscribe(self, callback: Callable[[Step], None]) -> None:
        """Have `callback` called with every step, from whichever thread; it never blocks."""
        ...

    def start(self) -> None:
        """Begin, in the session's own thread."""
        ...

    def ask(self, request: Request) -> None:
        """Pass on what the operator asks for; returns at once."""
        ...

    def acknowledge(self, alarm: int) -> None:
        """Write down that the operator has seen the alarms up to this number."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Wait until the session's thread has finished, at most `timeout` seconds."""
        ...

    def status(self) -> Status:
        """Session time, free disk, folder, and how it ended."""
        ...
