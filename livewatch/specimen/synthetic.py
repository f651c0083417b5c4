"""The synthetic specimen: a scene's cells, seen through a lens by a camera, with known truth."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.specimen.cells import EMPTY, NK, TUMOR
from livewatch.specimen.culture import Culture, Moment
from livewatch.specimen.haze import haze_over
from livewatch.specimen.optics import Lens, lens_of
from livewatch.specimen.paint import paint_cells
from livewatch.specimen.scene import Scene, scene_named
from livewatch.specimen.sensor import read_out
from livewatch.specimen.specimen import Picture
from livewatch.specimen.texture import texture_of
from livewatch.specimen.truth import Rule, TrueEncounter, Truth, encounters_in, truth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import View

CHANNELS = ("nk", "tumor", "death")
RECOVERY_S = 3600.0


class SyntheticSpecimen:
    """NK and tumor cells that move, meet and part, as a `Specimen`. One caller at a time.

    `scene` is a name (see `scene.SCENES`) or a `Scene`. Same scene and seed: same biology,
    however it is imaged, until the light given exceeds what cells tolerate. Times are asked
    in increasing order; a little way back is allowed.
    """

    def __init__(self, scene: str | Scene = "mixed", seed: int = 0) -> None:
        self.scene = scene_named(scene) if isinstance(scene, str) else scene
        self.seed = seed
        self._culture = Culture(self.scene, seed)
        self._textures = np.zeros((len(self._culture.cells), 64, 64), np.float32)
        self._pattern = np.full(len(self._culture.cells), -1, np.int64)

    def warm_up(self) -> None:
        """Compile what is compiled (seconds the first time, then from a cache)."""
        from livewatch.model import View

        spare = SyntheticSpecimen(self.scene, self.seed)
        view = View("", 0.0, 0.0, None, "10x", 0.65, 1, (64, 64))
        for channel in CHANNELS:
            spare.expose(view, channel, 1.0, 1.0, 1.5)
        spare.truth(1.5)

    def expose(
        self, view: View, channel: str, exposure_ms: float, power: float, time_s: float
    ) -> Picture:
        """The picture a camera takes; unknown channels are dark but for the background.

        The lamp lights the whole sensor's field, whatever region of it is read out.
        """
        moment = self._culture.at(time_s)
        look = self.scene.look
        rows, columns = view.shape
        counts = np.empty((rows, columns), np.uint16)
        lens = lens_of(view)
        lit = exposure_ms * power
        light, haze, haze_at, background = self._light(view, channel, moment, lens)
        read_out(
            light,
            haze,
            haze_at,
            background,
            lit * lens.gathers * view.pixel_um**2 * look.dim,
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
        """What is so at `time_s`: cells, near pairs. Counts as asking for that time."""
        return truth_of(self._culture.at(time_s), self._culture.history(), self.scene)

    def encounters(self, rule: Rule | None = None) -> tuple[TrueEncounter, ...]:
        """Every encounter up to the newest time asked for."""
        return encounters_in(self._culture.history(), self._culture.newest, rule or Rule())

    def _light(
        self, view: View, channel: str, moment: Moment, lens: Lens
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64], float]:
        """Blurred light per um2 over the view, its haze, and the even background."""
        look, side_um = self.scene.look, self.scene.habits.side_um
        focus_um = 0.0 if view.z_um is None else view.z_um
        blur_px = lens.blur_um(channel, focus_um - self._culture.focus_um(moment.time_s)) / (
            view.pixel_um
        )
        margin = math.ceil(3.0 * blur_px) + 1
        rows, columns = view.shape
        canvas = np.zeros((rows + 2 * margin, columns + 2 * margin), np.float32)
        glow = self._glow(moment, channel)
        self._make_textures(moment)
        left_um, top_um = view.left_um, view.top_um
        if channel in CHANNELS:
            paint_cells(
                canvas,
                left_um - margin * view.pixel_um,
                top_um - margin * view.pixel_um,
                view.pixel_um,
                moment.cells,
                moment.radii,
                glow,
                self._textures,
                side_um,
            )
            if blur_px > 0.25:
                cv2.GaussianBlur(canvas, (0, 0), blur_px, dst=canvas)
        light = canvas[margin : margin + rows, margin : margin + columns]
        haze, haze_at = haze_over(view, moment.cells, glow * look.haze, side_um)
        return light, haze, haze_at, look.background

    def _glow(self, moment: Moment, channel: str) -> NDArray[np.float64]:
        """Light per um2 of each cell's body in a channel, its own and bled-through."""
        look, cells = self.scene.look, moment.cells
        now = self._culture.cells
        is_nk = (cells["kind"] == NK) & (cells["state"] != EMPTY)
        is_tumor = (cells["kind"] == TUMOR) & (cells["state"] != EMPTY)
        nk = is_nk * look.nk_brightness * cells["bright"] * now["nk_bleach"]
        tumor = (
            is_tumor * look.tumor_brightness * cells["bright"] * cells["dye"] * now["tumor_bleach"]
        )
        if channel == "nk":
            return np.asarray(nk + look.tumor_into_nk * tumor)
        if channel == "tumor":
            return np.asarray(tumor + look.nk_into_tumor * nk)
        return np.asarray(is_tumor * look.death_brightness * cells["death_dye"])

    def _make_textures(self, moment: Moment) -> None:
        """Make the textures of cells that have come into a slot since last time."""
        cells = moment.cells
        new = (cells["state"] != EMPTY) & (cells["pattern"] != self._pattern)
        for slot in np.flatnonzero(new):
            self._textures[slot] = texture_of(int(cells["pattern"][slot]))
            self._pattern[slot] = cells["pattern"][slot]

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
        if channel == "nk":
            cells["nk_bleach"][under] *= 0.5 ** (lit / look.nk_fading_dose)
        elif channel == "tumor":
            cells["tumor_bleach"][under] *= 0.5 ** (lit / look.tumor_fading_dose)

    def _key(self, view: View, channel: str, time_s: float) -> int:
        """The noise's key: the same for the same exposure."""
        words = (self.seed, channel, float(time_s), view.left_um, view.top_um, view.pixel_um)
        return zlib.crc32(repr(words).encode())


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
