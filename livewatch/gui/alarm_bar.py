"""The alarm bar: across the window while there are alarms nobody has acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from livewatch.gui.board import Line, named, say

if TYPE_CHECKING:
    from livewatch.gui.notice import Notice


class AlarmBar(QFrame):
    """Says what is wrong and since when. Stays, also when it is over, until `seen` is clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("alarm")
        self._headline = named(QLabel(), "alarm_headline")
        self._text = Line("alarm_text")
        self._others = named(QLabel(), "alarm_others")
        self.seen = QPushButton("Acknowledge")
        self.notice: Notice | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(22, 8, 22, 8)
        row.setSpacing(18)
        row.addWidget(self._headline)
        row.addWidget(self._text, 1)
        row.addWidget(self._others)
        row.addWidget(self.seen)
        self.setFixedHeight(58)
        self.hide()

    def show_notice(self, notice: Notice | None) -> None:
        """Write what has changed; hide when there is nothing to say."""
        if notice == self.notice:
            return
        self.notice = notice
        self.setVisible(notice is not None)
        if notice is None:
            return
        say(self._headline, notice.headline)
        self._text.say(notice.text)
        say(self._others, notice.others)
        if self.property("standing") != notice.is_standing:
            self.setProperty("standing", notice.is_standing)
            for widget in (self, self._headline, self._text, self._others):
                widget.style().unpolish(widget)
                widget.style().polish(widget)
