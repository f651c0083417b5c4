"""The microscope's own focus lock (PFS, Definite Focus, ...), kept locked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from livewatch.microscope.fault import Fault, asking

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

POLL_S = 0.01


class FocusLock:
    """Asks for the lock before each frame. A lost lock is waited for once, then only asked for."""

    def __init__(self, core: CMMCorePlus, patience_s: float) -> None:
        self._core = core
        self._patience_s = patience_s
        self._is_lost = False

    def relocked(self) -> str:
        """'' when the focus is locked, or locked again; else why an image is out of focus."""
        try:
            with asking("locking the focus"):
                if not self._core.isContinuousFocusLocked() and not self._locks():
                    raise Fault("the focus lock does not hold")
        except Fault as fault:
            self._is_lost = True
            return f"out of focus: {fault}"
        self._is_lost = False
        return ""

    def _locks(self) -> bool:
        """Switch it on, and wait; not again for a lock that was lost already."""
        self._core.enableContinuousFocus(True)
        until_s = time.monotonic() + (0.0 if self._is_lost else self._patience_s)
        while not self._core.isContinuousFocusLocked():
            if time.monotonic() >= until_s:
                return False
            time.sleep(POLL_S)
        return True
