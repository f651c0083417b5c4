"""How figures are written for people: short, with their unit, and a dash for what is not known."""

from __future__ import annotations

from math import isfinite

NOTHING = "\N{EN DASH}"


def clock(time_s: float) -> str:
    """A time of day or a long duration: `0:12:34`."""
    if not isfinite(time_s):
        return NOTHING
    whole = int(max(time_s, 0.0))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def span(duration_s: float) -> str:
    """A duration at the precision it deserves: `12 ms`, `3.4 s`, `2:05`, `1:02:05`."""
    if not isfinite(duration_s):
        return NOTHING
    if abs(duration_s) < 0.9995:
        return f"{duration_s * 1e3:.0f} ms"
    if abs(duration_s) < 59.95:
        return f"{duration_s:.1f} s"
    return minutes(duration_s)


def minutes(duration_s: float) -> str:
    """A duration as `2:05` or, from an hour on, `1:02:05`."""
    if not isfinite(duration_s):
        return NOTHING
    whole = int(max(duration_s, 0.0))
    return clock(whole) if whole >= 3600 else f"{whole // 60}:{whole % 60:02d}"


def size(count_bytes: float) -> str:
    """An amount of storage: `231 GB`, `4.2 GB`, `830 MB`."""
    if not isfinite(count_bytes) or count_bytes < 0:
        return NOTHING
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count_bytes >= factor:
            amount = count_bytes / factor
            return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"
    return f"{count_bytes / 1e3:.0f} kB"


def um(length_um: float) -> str:
    """A small length: `0.4 µm`."""
    return f"{max(length_um, 0.0):.1f} µm" if isfinite(length_um) else NOTHING


def degrees(angle_deg: float) -> str:
    """An angle: `23°`."""
    return f"{angle_deg:.0f}°" if isfinite(angle_deg) else NOTHING


def percent(fraction: float) -> str:
    """A share: `23 %`."""
    return f"{fraction * 100:.0f} %" if isfinite(fraction) else NOTHING


def many(count: int, noun: str) -> str:
    """A count and its noun: `1 frame`, `2 frames`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
