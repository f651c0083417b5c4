"""What a session was made with: the folder's format, program, libraries, machine, time."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from livewatch import __version__
from livewatch.clock import stopwatch_s, wall_s

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def other_versions(header: Mapping[str, Any]) -> list[str]:
    """The programs and libraries a session was made with in another version than is here now."""
    then, now = _versions(header), _versions(made_with())
    return [
        f"{name} {str(then[name])[:40]} (now {now[name]})"
        for name in sorted(then.keys() & now.keys())
        if then[name] != now[name]
    ]


def _versions(header: Mapping[str, Any]) -> dict[str, Any]:
    libraries = header.get("libraries")
    named = {name: header[name] for name in ("livewatch", "python") if name in header}
    return {**(libraries if isinstance(libraries, dict) else {}), **named}


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
