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

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from livewatch.analysis.measures.outline import DIRECTIONS
from livewatch.analysis.measures.texture import RINGS, Texture, textured, turned_back
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.axis import Axis
    from livewatch.analysis.measures.glow import Glow

    Map = NDArray[np.float32]
    Curve = NDArray[np.float32]
    Spectra = NDArray[np.complex64]

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
    """What is remembered of a tumor cell's body between frames.

    `axis` is followed while no texture has spoken: what spoke first goes on speaking, as each
    counts from its own first sight.
    """

    tumor_id: int
    anchor: Texture
    recent: Texture
    anchor_frames: int
    since_s: float
    time_s: float
    twist_deg: float
    glow: Glow | None = None
    axis: Axis | None = None

    @property
    def has_texture(self) -> bool:
        """Whether its texture was recognised at least once."""
        return self.anchor_frames > 1


@dataclass(frozen=True, slots=True)
class Fit:
    """The angle at which one texture fits another best, in steps of DIRECTIONS.

    `offset` is the parabola's vertex about it, `correlation` -1..1 there, `contrast` the root of
    the covariance, `rival` the best correlation further than RIVAL_DEG away.
    """

    step: int
    offset: float
    correlation: float
    contrast: float
    rival: float

    @property
    def angle_deg(self) -> float:
        """By how much the later texture is turned."""
        return (self.step + self.offset) * STEP_DEG


@compiled
def crossed(recent: Spectra, anchor: Spectra, now: Spectra) -> Spectra:
    """Cross spectra of what is seen now with each of two textures, summed over the rings.

    (2, 4, frequencies): of value and value, square and weight, weight and square, weight and
    weight. Each ring counts by its circumference.
    """
    cross = np.zeros((2, 4, now.shape[-1]), np.complex64)
    for one, before in enumerate((recent, anchor)):
        for ring in range(len(RINGS)):
            share = np.float32(RINGS[ring])
            for k in range(now.shape[-1]):
                value = share * np.conj(before[0, ring, k])
                square = share * np.conj(before[1, ring, k])
                seen = share * np.conj(before[2, ring, k])
                cross[one, 0, k] += value * now[0, ring, k]
                cross[one, 1, k] += square * now[2, ring, k]
                cross[one, 2, k] += seen * now[1, ring, k]
                cross[one, 3, k] += seen * now[2, ring, k]
    return cross


@compiled
def matched(lagged: Curve) -> tuple[bool, tuple[int, float, float, float, float]]:
    """Whether the anchor still looks like the cell, and the fields of the `Fit` to both textures.

    `lagged` (2, 4, DIRECTIONS) are sums of products by angle, with the recent texture and the
    anchor. An anchor that no longer looks like the cell has nothing to say.
    """
    recent, anchor = correlated(lagged[0]), correlated(lagged[1])
    holds = anchor[0].max() >= SMALLEST_MATCH
    return holds, fitted((recent + anchor) / np.float32(2) if holds else recent)


@compiled
def correlated(lagged: Curve) -> Curve:
    """(correlation, covariance) from lagged sums of products; 0 where too little overlaps."""
    least = SMALLEST_OVERLAP * RINGS.sum() * DIRECTIONS
    curves = np.zeros((2, DIRECTIONS), np.float32)
    for i in range(DIRECTIONS):
        covariance, power_before, power_now, overlap = lagged[:, i]
        if overlap >= least:
            curves[0, i] = covariance / np.sqrt(max(power_before * power_now, 1e-12))
            curves[1, i] = covariance / overlap
    return curves


@compiled
def fitted(curves: Curve) -> tuple[int, float, float, float, float]:
    """The fields of the `Fit` that (correlation, covariance) by angle give."""
    correlation = curves[0]
    best = int(correlation.argmax())
    left, peak = correlation[best - 1], correlation[best]
    right = correlation[(best + 1) % DIRECTIONS]
    bend, offset = left - 2 * peak + right, 0.0
    if bend < 0:
        offset = min(max((left - right) / (2 * bend), -0.5), 0.5)
    rival = -1.0
    for i in range(DIRECTIONS):
        away = abs((i - best + DIRECTIONS // 2) % DIRECTIONS - DIRECTIONS // 2)
        if away * STEP_DEG > RIVAL_DEG:
            rival = max(rival, correlation[i])
    return best, offset, peak, np.sqrt(max(curves[1, best], 0.0)), rival


def first_sight(tumor_id: int, texture: Texture, time_s: float) -> Body:
    """Begin to follow a body: its angle now is 0."""
    return Body(tumor_id, texture, texture, 1, time_s, time_s, 0.0)


def turned(body: Body, now: Texture, time_s: float) -> tuple[Body, Turn]:
    """How far the body has turned since first sight, and what to remember."""
    cross = crossed(body.recent.spectra, body.anchor.spectra, now.spectra)
    holds, best = matched(fft.irfft(cross, DIRECTIONS))
    fit = Fit(*best)
    reason = _doubt(fit)
    if reason:
        if body.anchor_frames == 1:
            body = first_sight(body.tumor_id, now, time_s)
        return body, Turn(quality=max(fit.correlation, 0.0), reason=reason)
    angle = _nearest_turn(fit.angle_deg, body.twist_deg)
    return _updated(body, now, angle, time_s, anchored=holds), Turn(angle, fit.correlation)


def _doubt(fit: Fit) -> str:
    """Why the best angle is not to be believed; empty if it is."""
    if fit.correlation == 0:
        return "too little of the cell is seen in both frames"
    if fit.contrast < SMALLEST_CONTRAST:
        return "no texture: the cell is round and uniform"
    if fit.correlation < SMALLEST_MATCH:
        return "texture not recognised"
    if fit.correlation - fit.rival < SMALLEST_LEAD:
        return "texture looks alike at two angles"
    return ""


def _nearest_turn(angle_deg: float, before_deg: float) -> float:
    """The angle plus whole turns that lies nearest to the angle before."""
    return angle_deg + 360 * round((before_deg - angle_deg) / 360)


def _updated(body: Body, now: Texture, angle: float, time_s: float, *, anchored: bool) -> Body:
    steps = angle / STEP_DEG
    share = max(1 - exp(-(time_s - body.time_s) / REFRESH_S), 0.02)
    anchor, frames = body.anchor, body.anchor_frames
    if anchored and frames < ANCHOR_FRAMES and time_s - body.since_s <= ANCHOR_S:
        frames += 1
        anchor = _blended(anchor, now, steps, 1 / frames)
    recent = _blended(body.recent, now, steps, share)
    return Body(body.tumor_id, anchor, recent, frames, body.since_s, time_s, angle)


def _blended(old: Texture, new: Texture, steps: float, share: float) -> Texture:
    return textured(*blended(old.rings, old.weight, new.rings, new.weight, steps, share))


@compiled
def blended(
    old: Map, old_weight: Map, new: Map, new_weight: Map, steps: float, share: float
) -> tuple[Map, Map]:
    """The old map with `share` of the new one, turned back by so many of DIRECTIONS.

    The mean of both where both are seen; else whichever is.
    """
    new, new_weight = turned_back(new, new_weight, steps)
    rings, weight = old.copy(), old_weight.copy()
    for ring in range(len(old)):
        for i in range(DIRECTIONS):
            if new_weight[ring, i] > 0:
                part = np.float32(share if old_weight[ring, i] > 0 else 1.0)
                rings[ring, i] += part * (new[ring, i] - old[ring, i])
                weight[ring, i] = 1.0
    return rings, weight
