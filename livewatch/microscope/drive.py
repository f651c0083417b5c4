"""A motor that is sent to a place and watched until it is there: the stage, or the focus.

No command that leads out of its bounds leaves here, whoever gave it.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from livewatch.microscope.fault import Fault, Refused, asking
from livewatch.microscope.gate import beyond

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.gate import Bounds

STILL_S = 0.3
"""A motor that has not moved for this long has stopped, whatever its busy flag says."""
POLL_S = 0.005


class Drive:
    """One motorized device; places are tuples in um, (x, y) or (z,).

    `bounds` names each of its axes and says how far it may go.
    """

    def __init__(
        self,
        core: CMMCorePlus,
        device: str,
        read: Callable[[], tuple[float, ...]],
        send: Callable[..., None],
        bounds: Mapping[str, Bounds],
        tolerance_um: float,
        timeout_s: float,
    ) -> None:
        self._core = core
        self._device = device
        self._read = read
        self._send = send
        self._bounds = bounds
        self._tolerance_um = tolerance_um
        self._timeout_s = timeout_s
        self._sent: tuple[float, ...] | None = None

    def place(self) -> tuple[float, ...]:
        """Where the device says it is."""
        return tuple(side + 0.0 for side in self._read())  # never -0.0

    def go(self, *target: float) -> bool:
        """Go there, unless it is there and was last sent there; whether it moved.

        Raises `Refused`, and moves nothing, if that is out of bounds, and `Fault`, with the device
        stopped, if it does not arrive.
        """
        self.need(*target)
        with asking(f"moving {self._device} to {said(target)} um"):
            if self._sent in (None, target) and self._is_at(target):
                self._sent = target
                return False
            try:
                self._order(target)
                self._arrive(target)
            except Exception:
                self._halt()
                raise
        self._sent = target
        return True

    def need(self, *target: float) -> None:
        """Raise `Refused` if a place is out of bounds."""
        if why := self._beyond(target, 0.0):
            raise Refused(f"refused: {why}")

    def need_here(self) -> tuple[float, ...]:
        """Where it is. Raises `Refused` if that is out of bounds by more than it may be off."""
        here = self.place()
        if why := self._beyond(here, self._tolerance_um):
            raise Refused(f"refused: {why}, and it stands there")
        return here

    def _beyond(self, place: tuple[float, ...], slack_um: float) -> str | None:
        axes = zip(self._bounds.items(), place, strict=True)
        found = (beyond(axis, at_um, bounds, slack_um) for (axis, bounds), at_um in axes)
        return next((why for why in found if why), None)

    def _order(self, target: tuple[float, ...]) -> None:
        """Send it; once more if it refuses, for an absolute move ends in the same place."""
        try:
            self._send(*target)
        except Exception:  # noqa: BLE001 - the second attempt says what is wrong
            self._send(*target)

    def _arrive(self, target: tuple[float, ...]) -> None:
        self._core.waitForDevice(self._device)
        if not self._is_at(target) and not self._creeps_to(target):
            raise Fault(
                f"{self._device} stopped at {said(self.place())} um, it was sent to "
                f"{said(target)} um"
            )

    def _creeps_to(self, target: tuple[float, ...]) -> bool:
        """Watch a device that calls itself ready but is not there yet, while it moves."""
        until_s = time.monotonic() + self._timeout_s
        last, still_since_s = self.place(), time.monotonic()
        while time.monotonic() < until_s and time.monotonic() - still_since_s < STILL_S:
            time.sleep(POLL_S)
            now = self.place()
            if math.dist(now, target) <= self._tolerance_um:
                return True
            if now != last:
                last, still_since_s = now, time.monotonic()
        return False

    def _halt(self) -> None:
        with suppress(Exception):  # many motors cannot be stopped
            self._core.stop(self._device)
        self._sent = (math.nan,)

    def _is_at(self, target: tuple[float, ...]) -> bool:
        return math.dist(self.place(), target) <= self._tolerance_um


def said(place: tuple[float, ...]) -> str:
    """A place for a message."""
    return ", ".join(f"{side:.2f}" for side in place)
