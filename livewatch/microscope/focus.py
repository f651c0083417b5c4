"""The focus, however it is moved: by its drive, by an autofocus, by a focus lock.

A drive is not sent out of its bounds. What an autofocus or a lock (PFS, Definite Focus, ...) finds
is not known beforehand: it is compared afterwards, and undone. A lock that has once led the focus
out of bounds has found something else than the sample, and is not switched on again.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from livewatch.microscope.fault import Fault, asking

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.drive import Drive

POLL_S = 0.01


class Focus:
    """The focus of one core. `drive` None: it has no motor, and stands nowhere that is known."""

    def __init__(self, core: CMMCorePlus, drive: Drive | None, patience_s: float) -> None:
        self._core = core
        self._drive = drive
        self._patience_s = patience_s
        self._is_lost = False
        self._ran_away = ""
        self._good_um: float | None = None

    @property
    def has_motor(self) -> bool:
        """Whether there is a drive."""
        return self._drive is not None

    def z_um(self) -> float:
        """Where the drive says it is; NaN without one."""
        return float("nan") if self._drive is None else self._drive.place()[0]

    def need(self, z_um: float) -> None:
        """Raise `Refused` if the focus may not go there."""
        if self._drive is not None:
            self._drive.need(z_um)

    def need_here(self) -> None:
        """Raise `Refused` if the focus stands where it may not be, whoever brought it there."""
        if self._drive is not None:
            with asking("reading the focus"):
                (self._good_um,) = self._drive.need_here()

    def go(self, z_um: float) -> bool:
        """Send the drive there; whether it moved. Raises `Refused` and `Fault`."""
        if self._drive is None:
            return False
        moved = self._drive.go(z_um)
        self._good_um = z_um
        return moved

    # --- autofocus and lock --------------------------------------------------------------

    def find(self) -> str:
        """Let the autofocus focus once; '' or why the sample is out of focus, the focus undone.

        Raises `Fault` if it cannot be undone.
        """
        before_um = self.z_um()
        try:
            with asking("the autofocus"):
                self._core.fullFocus()
                self._core.waitForDevice(self._core.getAutoFocusDevice())
            self.need_here()
        except Fault as fault:
            self.go(before_um)
            return f"out of focus: {fault}"
        return ""

    def is_locked_on(self) -> bool:
        """Whether a lock is switched on."""
        return bool(self._core.getAutoFocusDevice()) and self._core.isContinuousFocusEnabled()

    def unlock(self) -> None:
        """Switch the lock off, if it is on."""
        if self.is_locked_on():
            with asking("switching the focus lock off"):
                self._core.enableContinuousFocus(False)

    def lock(self) -> str:
        """'' when the lock holds, or holds again; else why an image is out of focus.

        A lost lock is waited for once, then only asked for. Raises `Fault` if the focus is where it
        may not be and cannot be brought back.
        """
        if self._ran_away:
            return self._ran_away
        try:
            with asking("locking the focus"):
                if not self._core.isContinuousFocusLocked() and not self._locks():
                    raise Fault("the focus lock does not hold")
        except Fault as fault:
            self._is_lost = True
            return self._undone() or f"out of focus: {fault}"
        self._is_lost = False
        return self._undone()

    def _locks(self) -> bool:
        """Switch it on, and wait; not again for a lock that was lost already."""
        self._core.enableContinuousFocus(True)
        until_s = time.monotonic() + (0.0 if self._is_lost else self._patience_s)
        while not self._core.isContinuousFocusLocked():
            if time.monotonic() >= until_s:
                return False
            time.sleep(POLL_S)
        return True

    def _undone(self) -> str:
        """'' while the lock stays in bounds; else it is given up, the focus back where it was."""
        good_um = self._good_um
        try:
            self.need_here()
        except Fault as fault:
            self._ran_away = f"out of focus: the focus lock was switched off for good, {fault}"
            with suppress(Fault):  # whether or not it lets go: back to where it was
                self.unlock()
            if good_um is None:
                raise
            self.go(good_um)
        return self._ran_away
