"""The synthetic specimen: a scene's cells, seen through a lens by a camera, with known truth."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from livewatch.model import View
from livewatch.specimen.cells import EMPTY, NK, TUMOR
from livewatch.specimen.course import bites_of, encounters_of, events_of, in_course
from livewatch.specimen.culture import Culture
from livewatch.specimen.haze import haze_over
from livewatch.specimen.motion import vigor
from livewatch.specimen.optics import lens_of
from livewatch.specimen.paint import TEXTURE_SIDE, paint_cells
from livewatch.specimen.rule import ORDINARY
from livewatch.specimen.scene import Scene, scene_named
from livewatch.specimen.sensor import read_out
from livewatch.specimen.specimen import Picture
from livewatch.specimen.spots import (
    fragments,
    jiggled,
    nuclei,
    paint_spots,
    scattered,
    swallowed,
)
from livewatch.specimen.texture import texture_of
from livewatch.specimen.truth import Truth, truth_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from livewatch.specimen.culture import Moment
    from livewatch.specimen.happening import TrueBite, TrueEncounter, TrueEvent
    from livewatch.specimen.rule import Rule
    from livewatch.specimen.spots import Spots

NK_CHANNEL, TUMOR_CHANNEL, DEATH_CHANNEL = CHANNELS = ("nk", "tumor", "death")
DEATH_BODY = 0.2
"""How brightly the death dye shows the rest of a dead cell, relative to its nucleus."""


class SyntheticSpecimen:
    """NK and tumor cells that move, meet and part, as a `Specimen`. One caller at a time.

    `scene` is a name (see `scene.SCENES`) or a `Scene`. Same scene and seed: same biology,
    however it is imaged, until the light given exceeds what cells tolerate. Times are asked
    in increasing order; moments asked before may be asked again a little later.
    """

    def __init__(self, scene: str | Scene = "mixed", seed: int = 0) -> None:
        self.scene = scene_named(scene) if isinstance(scene, str) else scene
        self.seed = seed
        self._culture = Culture(self.scene, seed)
        self._debris = scattered(self.scene, seed)
        slots = len(self._culture.cells)
        self._textures = np.zeros((slots, TEXTURE_SIDE, TEXTURE_SIDE), np.int8)
        self._patterns = np.full(slots, -1, np.int64)
        self._canvas = np.zeros((0, 0), np.float32)

    def warm_up(self) -> None:
        """Compile what is compiled (seconds the first time, then from a cache)."""
        spare = SyntheticSpecimen(self.scene, self.seed)
        view = View("", 0.0, 0.0, None, "10x", 0.65, 1, (64, 64))
        for channel in CHANNELS:
            spare.expose(view, channel, 1.0, 1.0, 1.5)
        spare.truth(1.5)

    def expose(
        self, view: View, channel: str, exposure_ms: float, power: float, time_s: float
    ) -> Picture:
        """The picture a camera takes; unknown channels show only the even background.

        The lamp lights the whole sensor's field, whatever region of it is read out.
        """
        moment, look = self._culture.at(time_s), self.scene.look
        lit = max(exposure_ms * power, 0.0)
        glow = self._glow(moment, channel)
        haze, haze_at = haze_over(view, moment.cells, glow * look.haze, self.scene.habits.side_um)
        counts = np.empty(view.shape, np.uint16)
        read_out(
            self._light(view, channel, moment, glow),
            haze,
            haze_at,
            look.background,
            lit * lens_of(view).gathers * view.pixel_um**2 * look.dim,
            _on_sensor(view),
            look,
            look.read_noise * view.binning,
            np.uint32(self._key(view, channel, time_s)),
            counts,
        )
        if lit > 0.0:
            self._spend(view, channel, lit, moment)
        return Picture(counts)

    def truth(self, time_s: float) -> Truth:
        """What is so at `time_s`. Asking counts: earlier times may then be past."""
        moment, habits = self._culture.at(time_s), self.scene.habits
        vigors = np.array([vigor(dose, habits) for dose in moment.cells["dose"]])
        truth = in_course(truth_of(moment, habits.side_um, vigors), self._culture)
        drift_x_um, drift_y_um = self._culture.drift_um(time_s)
        focus_um = self._culture.focus_um(time_s)
        return replace(truth, drift_x_um=drift_x_um, drift_y_um=drift_y_um, focus_um=focus_um)

    def encounters(self, rule: Rule = ORDINARY) -> tuple[TrueEncounter, ...]:
        """Every encounter up to the newest time asked for, in order of beginning."""
        return encounters_of(self._culture, rule)

    def bites(self) -> tuple[TrueBite, ...]:
        """Every bite up to the newest time asked for, in order of time."""
        return bites_of(self._culture)

    def events(self) -> tuple[TrueEvent, ...]:
        """Everything that happened up to the newest time asked for, in order of time."""
        return events_of(self._culture)

    def debris(self) -> tuple[dict[str, float], ...]:
        """Place, spread and light of every bit of debris at time 0, as rows of a table."""
        names = ("x_um", "y_um", "spread_um", "light")
        return tuple(
            dict(zip(names, map(float, bit), strict=True))
            for bit in zip(*self._debris, strict=True)
        )

    def _light(
        self, view: View, channel: str, moment: Moment, glow: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Light per um2 at every pixel of the view, blurred by the lens; haze left out."""
        focus_um = 0.0 if view.z_um is None else view.z_um
        defocus_um = focus_um - self._culture.focus_um(moment.time_s)
        blur_px = lens_of(view).blur_um(channel, defocus_um) / view.pixel_um
        margin = math.ceil(3.0 * blur_px) + 1
        rows, columns = view.shape
        canvas = self._clean_canvas(rows + 2 * margin, columns + 2 * margin)
        if channel in CHANNELS:
            self._paint(canvas, view, margin, channel, moment, glow)
            if blur_px > 0.25:
                cv2.GaussianBlur(canvas, (0, 0), blur_px, dst=canvas)
        return canvas[margin : margin + rows, margin : margin + columns]

    def _paint(
        self,
        canvas: NDArray[np.float32],
        view: View,
        margin: int,
        channel: str,
        moment: Moment,
        glow: NDArray[np.float64],
    ) -> None:
        """Paint cells and spots on a canvas `margin` pixels larger than the view all round."""
        left_um = view.left_um - margin * view.pixel_um
        top_um = view.top_um - margin * view.pixel_um
        side_um = self.scene.habits.side_um
        self._make_textures(moment)
        body = glow * DEATH_BODY if channel == DEATH_CHANNEL else glow
        paint_cells(
            canvas,
            left_um,
            top_um,
            view.pixel_um,
            moment.cells,
            moment.radii,
            body,
            self._textures,
            side_um,
        )
        for spots in self._spots(channel, moment, glow):
            paint_spots(canvas, left_um, top_um, view.pixel_um, spots, side_um)

    def _spots(self, channel: str, moment: Moment, glow: NDArray[np.float64]) -> Iterator[Spots]:
        """The small things a channel shows."""
        look = self.scene.look
        if channel == DEATH_CHANNEL:
            yield nuclei(moment, glow)
            return
        drift_um = self._culture.drift_um(moment.time_s)
        debris = jiggled(self._debris, moment.time_s, drift_um)
        bites = swallowed(self._culture.bites, moment)
        tumor = look.tumor_brightness * (1.0 if channel == TUMOR_CHANNEL else look.tumor_into_nk)
        own = look.tumor_brightness if channel == TUMOR_CHANNEL else look.nk_brightness
        yield debris._replace(light=debris.light * own)
        yield bites._replace(light=bites.light * tumor)
        yield fragments(moment, glow)

    def _glow(self, moment: Moment, channel: str) -> NDArray[np.float64]:
        """Light per um2 of each cell's body in a channel, its own and bled-through."""
        look, cells = self.scene.look, moment.cells
        there = cells["state"] != EMPTY
        is_tumor = there & (cells["kind"] == TUMOR)
        own_nk = look.nk_brightness * cells["bright"] * cells["nk_bleach"]
        own_tumor = look.tumor_brightness * cells["bright"] * cells["dye"] * cells["tumor_bleach"]
        nk: Any = np.where(there & (cells["kind"] == NK), own_nk, 0.0)
        tumor: Any = np.where(is_tumor, own_tumor, 0.0)
        if channel == NK_CHANNEL:
            return np.asarray(nk + look.tumor_into_nk * tumor)
        if channel == TUMOR_CHANNEL:
            return np.asarray(tumor + look.nk_into_tumor * nk)
        if channel == DEATH_CHANNEL:
            return np.where(is_tumor, look.death_brightness * cells["death_dye"], 0.0)
        return np.zeros(len(cells))

    def _clean_canvas(self, rows: int, columns: int) -> NDArray[np.float32]:
        """A canvas of zeros; the last one's memory is used again when it fits."""
        if self._canvas.shape == (rows, columns):
            self._canvas.fill(0.0)
        else:
            self._canvas = np.zeros((rows, columns), np.float32)
        return self._canvas

    def _make_textures(self, moment: Moment) -> None:
        """Make the textures of cells that have come into a slot since last time."""
        cells = moment.cells
        new = (cells["state"] != EMPTY) & (cells["pattern"] != self._patterns)
        for slot in np.flatnonzero(new):
            self._textures[slot] = texture_of(int(cells["pattern"][slot]))
            self._patterns[slot] = cells["pattern"][slot]

    def _spend(self, view: View, channel: str, lit: float, moment: Moment) -> None:
        """Let light bleach and burden every cell under the lamp."""
        look, side_um = self.scene.look, self.scene.habits.side_um
        cells, seen = self._culture.cells, moment.cells
        unbinned_um = view.pixel_um / view.binning
        across = np.abs(_nearest(seen["x"] - view.stage_x_um, side_um))
        down = np.abs(_nearest(seen["y"] - view.stage_y_um, side_um))
        under = (across < view.sensor_px[0] * unbinned_um / 2) & (
            down < view.sensor_px[1] * unbinned_um / 2
        )
        cells["dose"][under] += lit
        if channel == NK_CHANNEL:
            cells["nk_bleach"][under] *= 0.5 ** (lit / look.nk_fading_dose)
        elif channel == TUMOR_CHANNEL:
            cells["tumor_bleach"][under] *= 0.5 ** (lit / look.tumor_fading_dose)

    def _key(self, view: View, channel: str, time_s: float) -> int:
        """The noise's key: the same for the same exposure."""
        words = (self.seed, channel, float(time_s), view.left_um, view.top_um, view.pixel_um)
        return zlib.crc32(repr(tuple(map(str, words))).encode())


def _nearest(length: NDArray[np.float64], side_um: float) -> NDArray[np.float64]:
    return np.asarray(length - side_um * np.floor(length / side_um + 0.5))


def _on_sensor(view: View) -> NDArray[np.float64]:
    """The first pixel's place on the sensor (x, y; -1 to 1 across it), and the step per pixel."""
    window, (width, height) = view.window, view.sensor_px
    step_x, step_y = 2.0 * view.binning / width, 2.0 * view.binning / height
    return np.array(
        [
            2.0 * window.x_px / width - 1.0 + step_x / 2,
            2.0 * window.y_px / height - 1.0 + step_y / 2,
            step_x,
            step_y,
        ]
    )
