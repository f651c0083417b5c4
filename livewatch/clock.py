"""Time, from one place: real, faster than life, or as fast as the work allows.

Nothing else in livewatch asks what time it is. Session time counts in seconds from the
session's start. `stopwatch_s` is for measuring how long work takes, and is always real.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Tells session time and waits for it."""

    def start(self) -> None:
        """Begin to count: session time starts now, once everything is ready."""
        ...

    def now_s(self) -> float:
        """Session time in seconds."""
        ...

    def wait_until(self, time_s: float, wake: threading.Event) -> bool:
        """Wait for a session time; return early, and False, as soon as `wake` is set."""
        ...

    def wait_out(self, duration_s: float) -> None:
        """Let a duration pass that nothing may cut short (an exposure)."""
        ...

    def patience_s(self, time_s: float) -> float:
        """Real seconds of work that fit before a session time; inf where work takes no time."""
        ...


def stopwatch_s() -> float:
    """Real seconds from an arbitrary start, for measuring durations."""
    return time.perf_counter()


def elapsed_s() -> float:
    """Seconds from an arbitrary start that go on while the machine sleeps; cells do, too."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    elif sys.platform == "darwin":  # noqa: RET505 (mypy knows platforms by branches)
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    else:
        return time.monotonic()


def wall_s() -> float:
    """Seconds since the epoch, for saying when a session took place."""
    return time.time()


class RealClock:
    """Real time, optionally `speed` times as fast."""

    def __init__(self, speed: float = 1.0, start_s: float = 0.0) -> None:
        self._speed = speed
        self._start_s = start_s
        self._origin = elapsed_s()

    def start(self) -> None:
        """Begin to count."""
        self._origin = elapsed_s()

    def now_s(self) -> float:
        """Session time in seconds."""
        return self._start_s + (elapsed_s() - self._origin) * self._speed

    def wait_until(self, time_s: float, wake: threading.Event) -> bool:
        """Wait for a session time; return early, and False, as soon as `wake` is set."""
        while (left_s := time_s - self.now_s()) > 0:
            if wake.wait(min(left_s / self._speed, threading.TIMEOUT_MAX)):
                return False
        return not wake.is_set()

    def wait_out(self, duration_s: float) -> None:
        """Let a duration pass that nothing may cut short."""
        time.sleep(max(duration_s, 0.0) / self._speed)

    def patience_s(self, time_s: float) -> float:
        """Real seconds of work that fit before a session time."""
        return max(time_s - self.now_s(), 0.0) / self._speed


class VirtualClock:
    """Time that jumps: waiting costs nothing, so a session runs as fast as its work."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s
        self._lock = threading.Lock()

    def start(self) -> None:
        """Time stands still until it is waited for: nothing to do."""

    def now_s(self) -> float:
        """Session time in seconds."""
        with self._lock:
            return self._now_s

    def wait_until(self, time_s: float, wake: threading.Event) -> bool:
        """Jump to a session time, unless `wake` is already set."""
        if wake.is_set():
            return False
        with self._lock:
            self._now_s = max(self._now_s, time_s)
        return True

    def wait_out(self, duration_s: float) -> None:
        """Jump over a duration."""
        with self._lock:
            self._now_s += max(duration_s, 0.0)

    def patience_s(self, time_s: float) -> float:
        """Work takes no session time: there is always room for it."""
        return float("inf")
