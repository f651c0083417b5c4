"""Whether a window can open here. Nothing of Qt is imported to find out."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

BINDINGS = ("PySide6", "PyQt6", "PyQt5", "PySide2")
NEEDED = ("qtpy", "pyqtgraph")
INSTALL = 'pip install "livewatch[gui]"'


def why_no_window() -> str | None:
    """One line saying why no window can open and what to do; None when one can."""
    if not any(find_spec(binding) for binding in BINDINGS):
        return f"no window: Qt is not installed; install it with: {INSTALL}"
    for package in NEEDED:
        if find_spec(package) is None:
            return f"no window: {package} is not installed; install it with: {INSTALL}"
    if not has_display():
        return "no window: this machine has no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return None


def has_display() -> bool:
    """Whether there is a screen to draw on. Only X11 and Wayland can be without one."""
    if sys.platform in ("win32", "cygwin", "darwin"):
        return True
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if chosen.partition(":")[0] in ("offscreen", "minimal", "vnc", "linuxfb", "eglfs"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
