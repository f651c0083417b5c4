"""How far the contact patch moves: around the tumor (orbit), and along its membrane (slip)."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, degrees, isfinite, nan, pi, radians, sin

from livewatch.replaced import replaced

FIRST_SIGHTS = 3
"""A young patch is short and its middle uncertain: the start is the mean of this many."""


@dataclass(frozen=True, slots=True)
class Track:
    """One direction followed over time: where it began, and how far it has gone, in degrees."""

    origin_deg: float = nan
    moved_deg: float = nan
    sights: int = 0


@dataclass(frozen=True, slots=True)
class Slip:
    """What is remembered of a patch: its way in the image, and on the tumor's body."""

    around: Track = Track()
    along: Track = Track()


def followed(track: Track, direction_deg: float) -> Track:
    """The track after one more sight; unchanged when the direction is NaN."""
    if not isfinite(direction_deg):
        return track
    if track.sights < FIRST_SIGHTS:
        share = 1 / (track.sights + 1)
        origin = (
            direction_deg
            if track.sights == 0
            else track.origin_deg + share * _turn(direction_deg - track.origin_deg)
        )
        return Track(origin, _turn(direction_deg - origin), track.sights + 1)
    moved = track.moved_deg + _turn(direction_deg - track.origin_deg - track.moved_deg)
    return replaced(track, moved_deg=moved)


def moved(
    slip: Slip, patch_deg: float, twist_deg: float, mean_radius_um: float
) -> tuple[Slip, float, float]:
    """(memory, orbit_deg, slip_um) of a patch seen at `patch_deg` on a body turned by `twist_deg`.

    Slip is the patch's way on the body, which turns: patch_deg - twist_deg, times the radius of a
    circle with the membrane's length. NaN where an angle is.
    """
    now = Slip(followed(slip.around, patch_deg), followed(slip.along, patch_deg - twist_deg))
    orbit = now.around.moved_deg if isfinite(patch_deg) else nan
    known = isfinite(patch_deg - twist_deg)
    return now, orbit, now.along.moved_deg * pi / 180 * mean_radius_um if known else nan


def _turn(angle_deg: float) -> float:
    """The same angle in -180..180."""
    return degrees(atan2(sin(radians(angle_deg)), cos(radians(angle_deg))))
