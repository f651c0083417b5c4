"""Outlines, names and rings, drawn by one item: a path per kind, and text on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QStaticText, QTransform

from livewatch.gui import theme
from livewatch.model import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.gui.scene import Name, Overlay, Pair

OUTLINE_PX = 1.0
"""Wider antialiased lines cost Qt fifty times as much: 40 ms for 200 cells."""
RING_PX = 2.5
SHADOW = QColor(0, 0, 0, 190)
NAME_PX, PAIR_NAME_PX, FIGURES_PX = 11, 14, 16


class OverlayItem(pg.GraphicsObject):  # type: ignore[misc]
    """Draws an `Overlay`, in stage um."""

    def __init__(self) -> None:
        super().__init__()
        self._overlay: Overlay | None = None
        self._rect = QRectF()
        self._paths: dict[Kind, QPainterPath] = {}
        self._texts: dict[tuple[str, bool], QStaticText] = {}
        self._name, self._pair_name = lettering(NAME_PX), lettering(PAIR_NAME_PX, bold=True)
        self._figures = lettering(FIGURES_PX, bold=True)
        self._pens = {kind: thin(theme.OUTLINE[kind], OUTLINE_PX) for kind in Kind}

    def set(self, overlay: Overlay | None, rect: QRectF) -> None:
        """Show another overlay, over an image at `rect`."""
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        if overlay is not self._overlay:
            self._overlay = overlay
            self._paths = {}
            if overlay is not None:
                self._paths = {
                    kind: path_of(overlay.outlines[kind], overlay.ends[kind]) for kind in Kind
                }
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """Where the image lies."""
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw outlines and rings, then the texts at their size on screen."""
        if self._overlay is None:
            return
        painter.setClipRect(self._rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for kind, path in self._paths.items():
            painter.setPen(self._pens[kind])
            painter.drawPath(path)
        for pair in self._overlay.pairs:
            painter.setPen(thin(color_of(pair), RING_PX))
            painter.drawEllipse(QPointF(pair.x_um, pair.y_um), pair.radius_um, pair.radius_um)
        to_screen = painter.transform()
        painter.resetTransform()
        for name in self._overlay.names:
            self._write_name(painter, to_screen.map(QPointF(name.x_um, name.y_um)), name)
        painter.setFont(self._figures)
        self._write_figures(painter, to_screen)

    def _write_figures(self, painter: QPainter, to_screen: QTransform) -> None:
        """Gap and seal of every pair, the followed one's first."""
        metrics = painter.fontMetrics()
        taken: list[QRectF] = []
        pairs = self._overlay.pairs if self._overlay else ()
        for pair in sorted(pairs, key=lambda each: not each.is_target):
            radius = pair.radius_um
            ring = QRectF(pair.x_um - radius, pair.y_um - radius, 2 * radius, 2 * radius)
            width = metrics.horizontalAdvance(pair.text) + 16
            room = to_screen.mapRect(ring), width, metrics.height() + 6
            box = plate(*room, to_screen.mapRect(self._rect), taken)
            write_figures(painter, box, pair)
            taken.append(box)

    def _write_name(self, painter: QPainter, at: QPointF, name: Name) -> None:
        """An identity, centred on its cell."""
        painter.setFont(self._pair_name if name.in_pair else self._name)
        text = self._text(name.text, name.in_pair)
        corner = at - QPointF(text.size().width() / 2, text.size().height() / 2)
        painter.setPen(SHADOW)
        painter.drawStaticText(corner + QPointF(1, 1), text)
        painter.setPen(QColor(theme.NAMES[name.kind]))
        painter.drawStaticText(corner, text)

    def _text(self, text: str, large: bool) -> QStaticText:
        """A text laid out once and used again; identities come back in every frame."""
        if len(self._texts) > 5000:
            self._texts.clear()
        laid = self._texts.get((text, large))
        if laid is None:
            laid = QStaticText(text)
            laid.prepare(font=self._pair_name if large else self._name)
            self._texts[text, large] = laid
        return laid


def write_figures(painter: QPainter, box: QRectF, pair: Pair) -> None:
    """Gap and seal of a pair, on a dark plate."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 170))
    painter.drawRoundedRect(box, 5, 5)
    painter.setPen(QColor(color_of(pair)))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, pair.text)


def plate(ring: QRectF, width: float, height: float, image: QRectF, taken: list[QRectF]) -> QRectF:
    """Room for a pair's figures in the image: below its ring, or above if that is taken."""
    left = ring.center().x() - width / 2
    left = max(min(left, image.right() - width), image.left())
    lowest = image.bottom() - height
    below = QRectF(left, min(ring.bottom() + 6, lowest), width, height)
    above = QRectF(left, max(ring.top() - 6 - height, image.top()), width, height)
    return above if any(below.intersects(box) for box in taken) else below


def color_of(pair: Pair) -> str:
    """The pair that is followed stands out from other pairs in contact."""
    return theme.TARGET if pair.is_target else theme.OTHER_PAIR


def lettering(size_px: int, *, bold: bool = False) -> QFont:
    """The application's font at a size on screen."""
    font = QFont()
    font.setPixelSize(size_px)
    font.setBold(bold)
    return font


def thin(color: str, width_px: float) -> QPen:
    """A pen of a constant width on screen."""
    pen = QPen(QColor(color), width_px)
    pen.setCosmetic(True)
    return pen


def path_of(points: NDArray[np.float32], ends: NDArray[np.intp]) -> QPainterPath:
    """All outlines of a kind as one path; the line is lifted after each one's last point."""
    if not len(points):
        return QPainterPath()
    connect = np.ones(len(points), np.int32)
    connect[ends - 1] = 0
    x, y = np.ascontiguousarray(points.T, np.float64)
    path: QPainterPath = pg.arrayToQPath(x, y, connect=connect, finiteCheck=False)
    return path
