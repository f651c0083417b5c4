"""What a session was made with: the folder's format, program, libraries, machine, time."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from livewatch import __version__
from livewatch.clock import stopwatch_s, wall_s

FORMAT = 1
LIBRARIES = ("numba", "numcodecs", "numpy", "opencv-python-headless", "pymmcore-plus", "scipy")


def made_with() -> dict[str, Any]:
    """Versions, and the wall time and monotonic time of this moment."""
    return {
        "format": FORMAT,
        "livewatch": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "clock": {"wall_s": wall_s(), "monotonic_s": stopwatch_s()},
    }


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
