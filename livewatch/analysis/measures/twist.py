"""How far the tumor's body has turned, by registering its texture.

The body is unrolled: rings at equal shares of the way from centre to membrane, by direction. A
turn of the cell is then a shift along the directions, found for all angles at once by masked,
normalised cross-correlation of the rings (Padfield 2012, for circular shifts; polar registration
of cells after Wilson & Theriot 2006). Each frame is compared with two maps of the body: the
*anchor*, from the start, which does not drift, and the *recent* one, which follows slow change
of texture. What an NK cell or a neighbour covers is left out.

Validated on synthetic cells only. A turn out of the image plane is not seen as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.outline import DIRECTIONS
from livewatch.analysis.measures.texture import RINGS, Texture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEP_DEG = 360 / DIRECTIONS
SMALLEST_OVERLAP = 0.35
SMALLEST_CONTRAST = 0.02
"""Texture, as a share of the cell's brightness, below which a cell counts as uniform."""
SMALLEST_MATCH = 0.45
"""Unrelated textures reach 0.3 to 0.4 by chance."""
SMALLEST_LEAD = 0.08
RIVAL_DEG = 25.0
ANCHOR_FRAMES = 5
ANCHOR_S = 30.0
REFRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class Turn:
    """How far the body has turned since it was first seen, or why that is not known."""

    twist_deg: float = float("nan")
    quality: float = float("nan")
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What is remembered of a tumor cell's body between frames."""

    tumor_id: int
    anchor: Texture
    recent: Texture
    anchor_frames: int
    since_s: float
    time_s: float
    twist_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """One texture against others, a row each (n, DIRECTIONS), by how far it is turned.

    `correlation` is -1..1; `shared` the covariance in its place.
    """

    correlation: Floats
    shared: Floats


def match(before: Sequence[Texture], now: Texture) -> Match:
    """Correlate an unrolled body with others over all angles, each ring by its circumference."""
    spectra = _spectra([*before, now])
    texture, power, weight = spectra[:, :-1].conj() * spectra[[0, 2, 1], -1:]
    seen = spectra[2, :-1].conj() * spectra[2, -1:]
    lagged = np.fft.irfft(np.stack((texture, power, weight, seen)).sum(axis=-2), DIRECTIONS)
    covariance, power_before, power_now, overlap = lagged
    enough = overlap >= SMALLEST_OVERLAP * RINGS.sum() * DIRECTIONS
    scale = np.sqrt(np.maximum(power_before * power_now, 1e-12))
    return Match(
        np.where(enough, covariance / scale, 0.0),
        np.where(enough, covariance / np.maximum(overlap, 1e-9), 0.0),
    )


def _spectra(textures: Sequence[Texture]) -> NDArray[np.complex128]:
    """Spectra (3, textures, rings, frequencies) along the directions: of value, square, weight."""
    rings = np.stack([texture.rings for texture in textures])
    weight = np.stack([texture.weight for texture in textures])
    stacked = np.stack((rings, rings * rings, weight)) * np.sqrt(RINGS)[:, None]
    return np.asarray(np.fft.rfft(stacked, axis=-1))


def first_sight(tumor_id: int, texture: Texture, time_s: float) -> Body:
    """Begin to follow a body: its angle now is 0."""
    return Body(tumor_id, texture, texture, 1, time_s, time_s, 0.0)


def turned(body: Body, now: Texture, time_s: float) -> tuple[Body, Turn]:
    """How far the body has turned since first sight, and what to remember."""
    found = match((body.recent, body.anchor), now)
    holds = bool(found.correlation[1].max() >= SMALLEST_MATCH)
    # An anchor that no longer looks like the cell has nothing to say.
    correlation, shared = (
        (rows.mean(axis=0) if holds else rows[0]) for rows in (found.correlation, found.shared)
    )
    best = int(correlation.argmax())
    quality = float(correlation[best])
    reason = _doubt(correlation, shared, best)
    if reason:
        if body.anchor_frames == 1:
            body = first_sight(body.tumor_id, now, time_s)
        return body, Turn(quality=max(quality, 0.0), reason=reason)
    angle = _nearest_turn((best + _vertex(correlation, best)) * STEP_DEG, body.twist_deg)
    return _updated(body, now, angle, time_s, anchored=holds), Turn(angle, quality)


def _doubt(correlation: NDArray[np.float64], shared: NDArray[np.float64], best: int) -> str:
    """Why the best angle is not to be believed; empty if it is."""
    if correlation[best] == 0:
        return "too little of the cell is seen in both frames"
    if np.sqrt(max(shared[best], 0.0)) < SMALLEST_CONTRAST:
        return "no texture: the cell is round and uniform"
    if correlation[best] < SMALLEST_MATCH:
        return "texture not recognised"
    away = np.abs((np.arange(DIRECTIONS) - best + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
    rival = correlation[away * STEP_DEG > RIVAL_DEG].max()
    if correlation[best] - rival < SMALLEST_LEAD:
        return "texture looks alike at two angles"
    return ""


def _vertex(values: NDArray[np.float64], at: int) -> float:
    """Offset of the parabola's vertex through a peak and its two neighbours."""
    left, peak, right = values[at - 1], values[at], values[(at + 1) % len(values)]
    bend = left - 2 * peak + right
    return 0.0 if bend >= 0 else float(np.clip((left - right) / (2 * bend), -0.5, 0.5))


def _nearest_turn(angle_deg: float, before_deg: float) -> float:
    """The angle plus whole turns that lies nearest to the angle before."""
    return angle_deg + 360 * round((before_deg - angle_deg) / 360)


def _updated(body: Body, now: Texture, angle: float, time_s: float, *, anchored: bool) -> Body:
    upright = _turned_back(now, angle)
    share = max(1 - np.exp(-(time_s - body.time_s) / REFRESH_S), 0.02)
    recent = _blended(body.recent, upright, share)
    anchor, frames = body.anchor, body.anchor_frames
    if anchored and frames < ANCHOR_FRAMES and time_s - body.since_s <= ANCHOR_S:
        frames += 1
        anchor = _blended(anchor, upright, 1 / frames)
    return replace(
        body, anchor=anchor, recent=recent, anchor_frames=frames, time_s=time_s, twist_deg=angle
    )


def _turned_back(texture: Texture, angle_deg: float) -> Texture:
    """The texture as it would look had the body not turned."""
    whole, part = divmod(angle_deg / STEP_DEG, 1)
    this = (np.arange(DIRECTIONS) + int(whole)) % DIRECTIONS
    following = (this + 1) % DIRECTIONS
    weight = texture.weight[:, this] * texture.weight[:, following]
    rings = (1 - part) * texture.rings[:, this] + part * texture.rings[:, following]
    return Texture((rings * weight).astype(np.float32), weight)


def _blended(old: Texture, new: Texture, share: float) -> Texture:
    """The mean of both where both are seen, `share` of it the new; else whichever is seen."""
    part = np.where(old.weight > 0, share * new.weight, new.weight).astype(np.float32)
    return Texture(old.rings + part * (new.rings - old.rings), np.maximum(old.weight, new.weight))
