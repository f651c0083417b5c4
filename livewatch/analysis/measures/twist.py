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
from livewatch.analysis.measures.texture import RINGS, Texture, turned_back
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.analysis.measures.axis import Axis
    from livewatch.analysis.measures.glow import Glow

    Map = NDArray[np.float32]
    Curve = NDArray[np.float32]

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


def match(before: Sequence[Texture], now: Texture) -> tuple[Curve, ...]:
    """Correlate an unrolled body with others over all angles, each ring by its circumference.

    A (2, DIRECTIONS) each: the correlation, and the covariance, by how far it is turned.
    """
    spectra = _spectra([*before, now])
    lagged = fft.irfft(crossed(spectra), DIRECTIONS)
    return tuple(correlated(each) for each in lagged)


def _spectra(textures: Sequence[Texture]) -> NDArray[np.complex64]:
    """Spectra (textures, 3, rings, frequencies) along directions: of value, square, weight."""
    stacked = np.empty((len(textures), 3, len(RINGS), DIRECTIONS), np.float32)
    for row, texture in zip(stacked, textures, strict=True):
        row[0], row[2] = texture.rings, texture.weight
        np.multiply(texture.rings, texture.rings, out=row[1])
    return np.asarray(fft.rfft(stacked, axis=-1), np.complex64)


@compiled
def crossed(spectra: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Cross spectra of the last texture with each other one, summed over the rings.

    (n, 4, frequencies): of value and value, square and weight, weight and square, weight and
    weight.
    """
    last = len(spectra) - 1
    cross = np.zeros((last, 4, spectra.shape[-1]), np.complex64)
    for one in range(last):
        for ring in range(len(RINGS)):
            weight = np.float32(RINGS[ring])
            for k in range(spectra.shape[-1]):
                value = weight * np.conj(spectra[one, 0, ring, k])
                square = weight * np.conj(spectra[one, 1, ring, k])
                seen = weight * np.conj(spectra[one, 2, ring, k])
                cross[one, 0, k] += value * spectra[last, 0, ring, k]
                cross[one, 1, k] += square * spectra[last, 2, ring, k]
                cross[one, 2, k] += seen * spectra[last, 1, ring, k]
                cross[one, 3, k] += seen * spectra[last, 2, ring, k]
    return cross


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
    recent, anchor = match((body.recent, body.anchor), now)
    holds = bool(anchor[0].max() >= SMALLEST_MATCH)
    # An anchor that no longer looks like the cell has nothing to say.
    both = (recent + anchor) / np.float32(2) if holds else recent
    fit = Fit(*fitted(np.asarray(both, np.float32)))
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
    upright = Texture(*turned_back(now.rings, now.weight, angle / STEP_DEG))
    share = max(1 - exp(-(time_s - body.time_s) / REFRESH_S), 0.02)
    anchor, frames = body.anchor, body.anchor_frames
    if anchored and frames < ANCHOR_FRAMES and time_s - body.since_s <= ANCHOR_S:
        frames += 1
        anchor = _blended(anchor, upright, 1 / frames)
    recent = _blended(body.recent, upright, share)
    return Body(body.tumor_id, anchor, recent, frames, body.since_s, time_s, angle)


def _blended(old: Texture, new: Texture, share: float) -> Texture:
    return Texture(*blended(old.rings, old.weight, new.rings, new.weight, share))


@compiled
def blended(old: Map, old_weight: Map, new: Map, new_weight: Map, share: float) -> tuple[Map, Map]:
    """The mean of both where both are seen, `share` of it the new; else whichever is seen."""
    rings, weight = old.copy(), old_weight.copy()
    for ring in range(len(old)):
        for i in range(DIRECTIONS):
            if new_weight[ring, i] > 0:
                part = np.float32(share if old_weight[ring, i] > 0 else 1.0)
                rings[ring, i] += part * (new[ring, i] - old[ring, i])
                weight[ring, i] = 1.0
    return rings, weight
