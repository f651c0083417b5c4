"""What is written beside the image: the bar on top, figures and encounters at the side.

Both show a `Panel` and touch only what differs from the one before, so nothing flickers; every
text has its own place and room, so nothing moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from livewatch.gui import theme
from livewatch.gui.panel import COLUMNS, Tone, encounters_title

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent, QShowEvent

    from livewatch.gui.panel import Fact, Panel, Row

AnyWidget = TypeVar("AnyWidget", bound=QWidget)

BOARD_PX = 470
WIDEST = ("9999", "9999 · 9999", "9:59:59", "99.9 µm", "100 %")
"""Texts for which the columns of the list have room; the last has the rest."""
MARGIN_PX = 17
"""What a cell of the list needs beside its text."""
ROW_PX = 28
TROUBLE_PX = 54
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Line(QLabel):
    """One line of text that never asks for room: what does not fit is cut, and in the tooltip."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._full = ""

    def say(self, text: str) -> None:
        """Show another text."""
        if text != self._full:
            self._full = text
            self.setToolTip(text)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Cut anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        elide = Qt.TextElideMode.ElideRight
        self.setText(self.fontMetrics().elidedText(self._full, elide, self.width()))


class Bar(QFrame):
    """Mode, headline, time; below, why."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("bar")
        self._tone: Tone | None = None
        self._stripe = QWidget()
        self._stripe.setFixedWidth(10)
        self.mode, self._time = named(QLabel(), "mode"), named(QLabel(), "time")
        self.mode.setMinimumWidth(330)
        self._time.setAlignment(RIGHT)
        self._time.setMinimumWidth(160)
        self._headline, self._reason = Line("headline"), Line("reason")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch()
        words.addWidget(self._headline)
        words.addWidget(self._reason)
        words.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 22, 0)
        row.setSpacing(18)
        row.addWidget(self._stripe)
        row.addWidget(self.mode)
        row.addLayout(words, 1)
        row.addWidget(self._time)
        self.setFixedHeight(92)

    def show_panel(self, panel: Panel) -> None:
        """Write what has changed."""
        say(self.mode, panel.mode)
        say(self._time, panel.time)
        self._headline.say(panel.headline)
        self._reason.say(panel.reason)
        if panel.tone is not self._tone:
            self._tone = panel.tone
            color = theme.TONES[panel.tone]
            self._stripe.setStyleSheet(f"background: {color};")
            self.mode.setStyleSheet(f"color: {color};")


class Encounters(QTableWidget):
    """The encounters, newest first."""

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        for column, text in enumerate(COLUMNS):
            heading = QTableWidgetItem(text)
            heading.setTextAlignment(self._alignment(column))
            self.setHorizontalHeaderItem(column, heading)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setToolTip("gap and seal: now, while in contact; closest and largest once over")
        self.setShowGrid(False)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows: tuple[Row, ...] = ()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Make room by the font, which is known by now."""
        super().showEvent(event)
        for column, text in enumerate(WIDEST):
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(text) + MARGIN_PX)

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        """Write the rows that have changed."""
        if len(rows) != len(self._rows):
            self.setRowCount(len(rows))
        for index, row in enumerate(rows):
            if index >= len(self._rows) or row != self._rows[index]:
                self._write(index, row)
        self._rows = rows

    def _write(self, index: int, row: Row) -> None:
        color = QColor(
            theme.TARGET if row.is_target else theme.TEXT if row.is_open else theme.MUTED
        )
        for column, text in enumerate(row.cells):
            item = self.item(index, column)
            if item is None:
                item = QTableWidgetItem()
                item.setTextAlignment(self._alignment(column))
                self.setItem(index, column, item)
            item.setText(text)
            item.setForeground(color)

    @staticmethod
    def _alignment(column: int) -> Qt.AlignmentFlag:
        return RIGHT if 2 <= column < len(WIDEST) else LEFT


class Board(QFrame):
    """Figures, encounters, and what the operator can ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("board")
        self.setFixedWidth(BOARD_PX)
        self.note = QLineEdit()
        self.note.setPlaceholderText("note for the mark (optional)")
        self.mark = QPushButton("Mark this moment")
        self.hold = QPushButton("Hold")
        self.levels = QPushButton("Contrast")
        self.levels.setToolTip("set black and bright anew from the frame on screen")
        self.stop = named(QPushButton("Stop"), "stop")
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(20)
        self._facts.setVerticalSpacing(6)
        self._values: list[QLabel] = []
        self._shown: tuple[Fact, ...] = ()
        self._title, self._trouble = named(QLabel(), "title"), named(QLabel(), "trouble")
        self._trouble.setWordWrap(True)
        self._trouble.setFixedHeight(TROUBLE_PX)
        self._encounters = Encounters()
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 16)
        column.setSpacing(10)
        column.addLayout(self._facts)
        column.addSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._encounters, 1)
        column.addWidget(self._trouble)
        column.addLayout(in_row(self.note))
        column.addLayout(in_row(self.hold, self.levels, self.mark))
        column.addWidget(self.stop)

    def show_panel(self, panel: Panel) -> None:
        """Write what has changed."""
        self._show_facts(panel.facts)
        self._encounters.show_rows(panel.rows)
        say(self._title, encounters_title(panel))
        say(self._trouble, panel.trouble)
        self._trouble.setToolTip(panel.trouble)
        say(self.hold, "Go on" if panel.is_held else "Hold")
        for button in (self.mark, self.hold, self.note):
            button.setEnabled(panel.can_ask)

    def _show_facts(self, facts: tuple[Fact, ...]) -> None:
        if not self._values:
            self._values = [self._place(index, fact) for index, fact in enumerate(facts)]
        for label, fact, old in zip(self._values, facts, self._shown or facts, strict=True):
            say(label, fact.value)
            if fact.tone is not old.tone:
                color = theme.TONES[fact.tone] if fact.tone is Tone.FAULT else theme.TEXT
                label.setStyleSheet(f"color: {color};")
        self._shown = facts

    def _place(self, index: int, fact: Fact) -> QLabel:
        """Two figures in a row, each with its name to the left."""
        row, column = index // 2, index % 2 * 2
        value = named(QLabel(), "value")
        value.setAlignment(RIGHT)
        self._facts.addWidget(named(QLabel(fact.name), "name"), row, column)
        self._facts.addWidget(value, row, column + 1)
        self._facts.setColumnStretch(column + 1, 1)
        self._facts.setColumnMinimumWidth(column, 96)
        self._facts.setColumnMinimumWidth(column + 1, 70)
        return value


def named(widget: AnyWidget, name: str) -> AnyWidget:
    """A widget with the name by which the theme knows it."""
    widget.setObjectName(name)
    return widget


def say(widget: QLabel | QPushButton, text: str) -> None:
    """Set a text, only if it is another."""
    if widget.text() != text:
        widget.setText(text)


def in_row(*widgets: QWidget) -> QHBoxLayout:
    """Widgets side by side."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget)
    return row
