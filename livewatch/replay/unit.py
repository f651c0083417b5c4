"""Units as files spell them, brought to um and s."""

from __future__ import annotations

LENGTHS = {
    "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0,
    "micrometre": 1.0, "nm": 1e-3, "nanometer": 1e-3, "nanometre": 1e-3, "mm": 1e3,
    "millimeter": 1e3, "millimetre": 1e3, "cm": 1e4, "centimeter": 1e4, "m": 1e6, "meter": 1e6,
    "inch": 25400.0,
}  # fmt: skip
TIMES = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "millisecond": 1e-3,
    "msec": 1e-3, "µs": 1e-6, "us": 1e-6, "microsecond": 1e-6, "min": 60.0, "minute": 60.0,
    "minutes": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
}  # fmt: skip


def um(value: float, unit: str | None) -> float | None:
    """A length in um; None if the unit is none livewatch knows (or a plain pixel)."""
    factor = LENGTHS.get((unit or "").strip().lower())
    return None if factor is None else float(value) * factor


def seconds(value: float, unit: str | None) -> float | None:
    """A duration in s; None if the unit is none livewatch knows."""
    factor = TIMES.get((unit or "").strip().lower())
    return None if factor is None else float(value) * factor
