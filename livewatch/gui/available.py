"""Whether a window can open here. Nothing of Qt is imported to find out."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

BINDINGS = ("PySide6",)
"""Those the window has been run with, the preferred one first."""
NEEDED = ("qtpy", "pyqtgraph")
INSTALL = 'pip install "livewatch[gui]"'
SCREENLESS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
TRIAL_S = 30.0


def why_no_window() -> str | None:
    """One line saying why no window can open and what to do; None when one can."""
    binding = installed_binding()
    if binding is None:
        return f"Qt is not installed; install it with: {INSTALL}"
    for package in NEEDED:
        if find_spec(package) is None:
            return f"{package} is not installed; install it with: {INSTALL}"
    if sys.platform != "linux" or platform() in SCREENLESS:
        return None
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        return "this machine has no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return why_trial_fails(binding)


def choose_binding() -> None:
    """Have qtpy take the binding that was found, unless the user has chosen one (QT_API)."""
    binding = installed_binding()
    if binding is not None:
        os.environ.setdefault("QT_API", binding.lower())


def installed_binding() -> str | None:
    """The first Qt 6 binding that is installed, or None."""
    return next((binding for binding in BINDINGS if find_spec(binding)), None)


def platform() -> str:
    """The Qt platform plugin the user asked for, if any."""
    return os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]


def why_trial_fails(binding: str) -> str | None:
    """Open Qt in a process of its own; what it complained of, or None.

    On Linux a display that does not answer, or a missing system library, makes Qt abort the
    whole process, with nothing to catch.
    """
    trial = f"from {binding}.QtWidgets import QApplication; QApplication([])"
    try:
        done = subprocess.run(
            [sys.executable, "-c", trial], capture_output=True, text=True, timeout=TRIAL_S
        )
    except subprocess.TimeoutExpired:
        return f"Qt did not start within {TRIAL_S:.0f} s"
    if done.returncode == 0:
        return None
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return f"Qt cannot start: {said[0] if said else f'it ended with code {done.returncode}'}"
