"""The image with what lies over it, in stage um; scale bar, map and key in the corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor, QImage, QPainter

from livewatch.gui import theme
from livewatch.gui.darkroom import Darkroom
from livewatch.gui.overlay import OverlayItem, lettering, thin
from livewatch.gui.scene import scale_bar_um
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtGui import QMouseEvent, QResizeEvent

    from livewatch.gui.atlas import Map
    from livewatch.gui.composite import Table
    from livewatch.gui.scene import Scene
    from livewatch.model import Frame, Pixels, View

MARGIN_PX = 18
MAP_PX = (130, 220)
LETTERS_PX = 14


class PictureItem(pg.GraphicsObject):  # type: ignore[misc]
    """One RGB image at its place in the sample."""

    def __init__(self) -> None:
        super().__init__()
        self._picture: Table | None = None
        self._image = QImage()
        self._rect = QRectF()

    def set(self, picture: Table, rect: QRectF) -> None:
        """Show another picture, at `rect` in stage um."""
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        self._picture, self._image = picture, image_of(picture)
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """Where the picture lies."""
        return self._rect

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw it."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._rect, self._image)


class Canvas(pg.GraphicsView):  # type: ignore[misc]
    """Draws scenes. The wheel zooms, dragging moves, a double click shows all again.

    `pointed` carries the place in the sample, in stage um, at which the right button was clicked.
    """

    pointed = Signal(float, float)

    def __init__(self) -> None:
        super().__init__(background=theme.GROUND)
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        self.setToolTip("right-click: look there now")
        self._box = pg.ViewBox(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=0)
        self._box.disableAutoRange()
        self.setCentralItem(self._box)
        self._picture, self._overlay = PictureItem(), OverlayItem()
        for item in (self._picture, self._overlay):
            self._box.addItem(item, ignoreBounds=True)
        self._darkroom = Darkroom()
        self._scene: Scene | None = None
        self._rect = QRectF()
        self._map: tuple[Map, Table] | None = None

    def show_scene(self, scene: Scene) -> None:
        """Draw a frame and what was seen in it."""
        if scene.around is None:
            self._darkroom.learn(planes_of(scene.frame))
        elif self._darkroom.is_blank:
            self._darkroom.learn(scene.around.planes)
        rect = rect_of(scene.view)
        if self._scene is None or self._scene.frame is not scene.frame:
            self._picture.set(self._darkroom.develop(planes_of(scene.frame)), rect)
        self._overlay.set(scene.overlay, rect)
        self._scene = scene
        self._map = self._developed(scene.around)
        if rect != self._rect:
            self._rect = rect
            self.fit()

    def fit(self) -> None:
        """Show the whole frame, leaving room for the map at its right if there is any."""
        width, height = self.viewport().width(), max(self.viewport().height(), 1)
        if self._rect.isEmpty():
            return
        shown = QRectF(self._rect)
        shown.setWidth(max(shown.width(), shown.height() * width / height))
        map_um = (MAP_PX[1] + 2 * MARGIN_PX) * shown.width() / width
        free_um = shown.width() - self._rect.width()
        shown.moveLeft(self._rect.left() - max(free_um - map_um, 0) / 2)
        self._box.setRange(shown, padding=0)

    def place_of(self, x_um: float, y_um: float) -> QPointF:
        """Where on the canvas, in px, a place in the sample is."""
        return QPointF(self._box.mapViewToScene(QPointF(x_um, y_um)))

    def renew_levels(self) -> None:
        """Set black and bright anew from the frame on screen."""
        self._darkroom.forget()
        if self._scene is not None:
            self._darkroom.learn(planes_of(self._scene.frame))
            self._picture.set(self._darkroom.develop(planes_of(self._scene.frame)), self._rect)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Show the whole frame at the new size."""
        super().resizeEvent(event)
        if hasattr(self, "_rect"):  # the base class resizes while it is being built
            self.fit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Show the whole frame again."""
        self.fit()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """The right button points at a place; the others move the picture."""
        if event.button() is not Qt.MouseButton.RightButton:
            super().mousePressEvent(event)
            return
        place = self._box.mapSceneToView(self.mapToScene(event.position().toPoint()))
        if self._scene is not None:
            self.pointed.emit(place.x(), place.y())
        event.accept()

    def drawForeground(self, painter: QPainter, _: QRectF) -> None:  # noqa: N802 - Qt's name
        """Draw what stays in place on the screen."""
        if self._scene is None:
            return
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(lettering(LETTERS_PX))
        self._draw_scale(painter)
        self._draw_key(painter, self._scene)
        if self._map is not None:
            self._draw_map(painter, *self._map, self._scene.view)

    def _developed(self, around: Map | None) -> tuple[Map, Table] | None:
        """The map's picture, made once."""
        if around is None or (self._map is not None and self._map[0] is around):
            return self._map if around is not None else None
        return around, self._darkroom.develop(around.planes)

    def _draw_scale(self, painter: QPainter) -> None:
        """A bar of a round length, bottom left."""
        pixel_um = self._box.viewPixelSize()[0]
        length_um = scale_bar_um(self.viewport().width() * pixel_um)
        y = self.viewport().height() - MARGIN_PX
        bar = QRectF(MARGIN_PX, y - 5, length_um / pixel_um, 5)
        painter.fillRect(bar.adjusted(-1, -1, 1, 1), QColor(0, 0, 0, 160))
        painter.fillRect(bar, QColor(theme.TEXT))
        written(painter, QPointF(MARGIN_PX, y - 12), f"{length_um:g} µm", theme.TEXT)

    def _draw_key(self, painter: QPainter, scene: Scene) -> None:
        """What the colours mean and where this is, top left; notes below."""
        x, y = float(MARGIN_PX), MARGIN_PX + 12.0
        for kind, name in ((Kind.NK, "NK"), (Kind.TUMOR, "tumor")):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(*theme.IMAGE[kind]))
            painter.drawEllipse(QPointF(x + 5, y - 5), 5, 5)
            x += 16
            x += written(painter, QPointF(x, y), name, theme.TEXT) + 18
        view = scene.view
        place = "   ".join(part for part in (view.position, view.objective) if part)
        written(painter, QPointF(x, y), place, theme.TEXT)
        if scene.note:
            written(painter, QPointF(MARGIN_PX, y + 22), scene.note, theme.OTHER_PAIR)

    def _draw_map(self, painter: QPainter, around: Map, picture: Table, view: View) -> None:
        """The wide frame with the place of this one, which may reach beyond it, top right."""
        wide, close = rect_of(around.view), rect_of(view)
        whole = wide.united(close)
        free_px = self.viewport().width() - self.place_of(self._rect.right(), 0.0).x()
        side_px = min(max(free_px - 2 * MARGIN_PX, MAP_PX[0]), MAP_PX[1])
        scale = side_px / max(whole.width(), whole.height())
        painter.translate(self.viewport().width() - MARGIN_PX - whole.width() * scale, MARGIN_PX)
        painter.scale(scale, scale)
        painter.translate(-whole.topLeft())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(wide, image_of(picture))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for rect, color, width_px in ((wide, theme.FAINT, 1.0), (close, theme.TARGET, 2.0)):
            painter.setPen(thin(color, width_px))
            painter.drawRect(rect)
        painter.resetTransform()


def rect_of(view: View) -> QRectF:
    """Where a view lies, in stage um."""
    return QRectF(view.left_um, view.top_um, view.width_um, view.height_um)


def planes_of(frame: Frame) -> Mapping[str, Pixels]:
    """A frame's images by channel."""
    names = (plane.channel for plane in frame.shot.planes)
    return dict(zip(names, frame.planes, strict=True))


def image_of(picture: Table) -> QImage:
    """A Qt image over the pixels of `picture`, which must outlive it."""
    rows, columns = picture.shape
    return QImage(picture.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)


def written(painter: QPainter, at: QPointF, text: str, color: str) -> float:
    """Write on the image, with a shadow to be legible on any ground; the width in px."""
    painter.setPen(QColor(0, 0, 0, 200))
    painter.drawText(at + QPointF(1, 1), text)
    painter.setPen(QColor(color))
    painter.drawText(at, text)
    return float(painter.fontMetrics().horizontalAdvance(text))
