"""A plain stand-in for segmentation: threshold above background, connected pieces, outlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.model import Cell, Frame, Kind, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.model import Pixels
    from livewatch.settings import Experiment


@dataclass(frozen=True, slots=True)
class Memory:
    """Nothing is remembered."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The cells of one channel."""

    kind: Kind
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """The cells of one frame."""

    nk: Seen | None
    tumor: Seen | None
    problem: str | None = None


class Sight:
    """Finds cells of both kinds in a frame."""

    def __init__(self, experiment: Experiment, *, together: Callable[..., object] = map) -> None:
        self._diameters = {
            Kind.NK: experiment.cells.nk_diameter_um,
            Kind.TUMOR: experiment.cells.tumor_diameter_um,
        }

    def begin(self) -> Memory:
        """Nothing is known yet."""
        return Memory()

    def warm_up(self) -> None:
        """Nothing to compile."""

    def see(self, memory: Memory, frame: Frame) -> tuple[Memory, Sighting]:
        """The cells in the channels 'nk' and 'tumor' of a frame."""
        seen = {
            kind: Seen(kind, cells_in(pixels, kind, frame.view, self._diameters[kind]))
            for kind in Kind
            if (pixels := frame.plane(kind.value)) is not None
        }
        return memory, Sighting(seen.get(Kind.NK), seen.get(Kind.TUMOR))


def cells_in(pixels: Pixels, kind: Kind, view: View, diameter_um: float) -> tuple[Cell, ...]:
    """Connected pieces 5 times the noise above background, of a fifth of a cell's area or more."""
    image = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), 1.0)
    background = float(np.median(image))
    noise = 1.4826 * float(np.median(np.maximum(background - image, 0)[image < background]))
    mask = (image > background + max(5 * noise, 1.0)).astype(np.uint8)
    rings, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    least_um2 = 0.2 * np.pi / 4 * diameter_um**2
    cells = []
    for ring in rings:
        points = ring[:, 0, :].astype(np.float64)
        area_um2 = cv2.contourArea(ring) * view.pixel_um**2
        if area_um2 < least_um2:
            continue
        outline = (points + 0.5) * view.pixel_um + (view.left_um, view.top_um)
        x_um, y_um = outline.mean(0)
        length_um = cv2.arcLength(ring, closed=True) * view.pixel_um
        edge = bool((points <= 0).any() or (points >= np.array(mask.shape[::-1]) - 1).any())
        at = points.astype(int)
        signal = float(image[at[:, 1], at[:, 0]].mean()) - background
        cells.append(
            Cell(
                len(cells) + 1,
                kind,
                float(x_um),
                float(y_um),
                area_um2,
                length_um,
                signal,
                edge,
                outline.astype(np.float32),
            )
        )
    return tuple(cells)
