"""How far the tumor's body has turned, by registering its texture.

The body is unrolled: rings at equal shares of the way from centre to membrane, by direction. A
turn of the cell is then a shift along the directions, found for all angles at once by masked,
normalised cross-correlation of the rings (Padfield 2012, for circular shifts; polar registration
of cells after Wilson & Theriot 2006). Each frame is compared with two maps of the body: the
*anchor*, from the start, which does not drift, and the *recent* one, which follows slow change
of texture. What an NK cell or a neighbour covers is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.measures.crop import blurred, grown
from livewatch.analysis.measures.outline import DIRECTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop, Mask
    from livewatch.analysis.measures.outline import Outline

    Map = NDArray[np.float32]

RINGS = np.linspace(0.2, 0.92, 12)
STEP_DEG = 360 / DIRECTIONS
FINE_UM = 0.35
"""Blur that takes out noise, and"""
COARSE_UM = 2.2
"""blur whose result is taken off: shading, thickness and stray light are broader than this."""
CLEAR_UM = 1.2
"""Texture this close to another cell is not looked at: stray light."""
EDGE_UM = 0.5
FEWEST_PIXELS_ACROSS = 14
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


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """A body unrolled: `rings` (rings, directions) as a share of its brightness, `weight` 0..1."""

    rings: Map
    weight: Map


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


def texture_of(crop: Crop, tumor: Outline) -> Texture | str:
    """Unroll the tumor of a crop; or say why it shows no texture."""
    if crop.tumor is None:
        return "no image of the tumor channel"
    if 2 * tumor.radius_um.min() < FEWEST_PIXELS_ACROSS * crop.pixel_um:
        return f"fewer than {FEWEST_PIXELS_ACROSS} pixels across the cell"
    clear = _clear(crop)
    if not clear.any():
        return "covered by other cells"
    image = _contrast(crop, clear)
    columns, rows = _where(crop, tumor)
    rings = np.asarray(cv2.remap(image, columns, rows, cv2.INTER_LINEAR), np.float32)
    seen = cv2.remap(clear.astype(np.float32), columns, rows, cv2.INTER_LINEAR)
    weight = np.asarray(seen > 0.99, np.float32)
    total = weight.sum(axis=1, keepdims=True)
    rings -= (rings * weight).sum(axis=1, keepdims=True) / np.maximum(total, 1)
    return Texture(rings * weight, weight)


def _clear(crop: Crop) -> Mask:
    """Where the tumor is seen by itself."""
    covered = grown(crop.others_mask, CLEAR_UM, crop.pixel_um)
    return grown(crop.tumor_mask, -EDGE_UM, crop.pixel_um) & (1 - covered)


def _contrast(crop: Crop, clear: Mask) -> Map:
    """Structure between FINE_UM and COARSE_UM, as a share of the cell's mean brightness.

    Blurs are normalised by the mask, so that nothing outside `clear` shows within it.
    """
    assert crop.tumor is not None
    seen = clear.astype(np.float32)
    image = (crop.tumor - crop.background(crop.tumor)) * seen
    fine = _mean(image, seen, FINE_UM / crop.pixel_um)
    coarse = _mean(image, seen, COARSE_UM / crop.pixel_um)
    mean = max(float(image.sum() / seen.sum()), 1e-3)
    contrast: Map = (fine - coarse) * seen / mean
    return contrast


def _mean(image: Map, seen: Map, sigma_px: float) -> Map:
    """A Gaussian mean over the pixels that are seen."""
    weight = np.maximum(blurred(seen, sigma_px), 1e-3)
    return np.asarray(blurred(image, sigma_px) / weight, np.float32)


def _where(crop: Crop, tumor: Outline) -> tuple[Map, Map]:
    """Pixel columns and rows of the unrolled body's samples."""
    angle = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
    radius = RINGS[:, None] * tumor.radius_um
    centre = crop.to_pixels(np.array([[tumor.x_um, tumor.y_um]]))[0]
    columns = centre[0] + radius * np.cos(angle) / crop.pixel_um
    rows = centre[1] + radius * np.sin(angle) / crop.pixel_um
    return columns.astype(np.float32), rows.astype(np.float32)


# --- registering ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """One texture against another: correlation by angle, and the texture the two share.

    `correlation` (DIRECTIONS,) is -1..1, by how far the second is turned against the first;
    `shared` is the covariance in place of the correlation.
    """

    correlation: NDArray[np.float64]
    shared: NDArray[np.float64]


def match(before: Texture, now: Texture) -> Match:
    """Correlate two unrolled bodies over all angles, each ring by its circumference."""
    ring_weight = np.sqrt(RINGS)[:, None]
    first = _spectra(before, ring_weight)
    second = _spectra(now, ring_weight)
    overlap = _lag(first.weight, second.weight)
    enough = overlap >= SMALLEST_OVERLAP * RINGS.sum() * DIRECTIONS
    power = _lag(first.power, second.weight) * _lag(first.weight, second.power)
    covariance = _lag(first.texture, second.texture)
    correlation = np.where(enough, covariance / np.sqrt(np.maximum(power, 1e-12)), 0.0)
    return Match(correlation, np.where(enough, covariance / np.maximum(overlap, 1e-9), 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Spectra:
    texture: NDArray[np.complex64]
    power: NDArray[np.complex64]
    weight: NDArray[np.complex64]


def _spectra(texture: Texture, ring_weight: NDArray[np.float64]) -> _Spectra:
    stacked = np.stack(
        (texture.rings * ring_weight, texture.rings**2 * ring_weight, texture.weight * ring_weight)
    )
    return _Spectra(*np.fft.rfft(stacked, axis=-1))


def _lag(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Circular cross-correlation, summed over rings."""
    lagged: NDArray[np.float64] = np.fft.irfft((first.conj() * second).sum(axis=0), DIRECTIONS)
    return lagged


def first_sight(tumor_id: int, texture: Texture, time_s: float) -> Body:
    """Begin to follow a body: its angle now is 0."""
    return Body(tumor_id, texture, texture, 1, time_s, time_s, 0.0)


def turned(body: Body, now: Texture, time_s: float) -> tuple[Body, Turn]:
    """How far the body has turned since first sight, and what to remember."""
    to_anchor, to_recent = match(body.anchor, now), match(body.recent, now)
    holds = to_anchor.correlation.max() >= SMALLEST_MATCH
    correlation, shared = to_recent.correlation, to_recent.shared
    if holds:
        correlation = (correlation + to_anchor.correlation) / 2
        shared = (shared + to_anchor.shared) / 2
    best = int(correlation.argmax())
    quality = float(correlation[best])
    reason = _doubt(correlation, shared, best)
    if reason:
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
