"""The window. It draws steps and passes on requests; it decides nothing.

Steps come from the session's thread into the mailbox; a timer fetches the newest. Closing the
window asks the session to end, and waits for it without freezing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from livewatch.clock import stopwatch_s
from livewatch.gui import theme
from livewatch.gui.alarm_bar import AlarmBar
from livewatch.gui.board import Bar, Board
from livewatch.gui.canvas import Canvas
from livewatch.gui.mailbox import Mailbox, News
from livewatch.gui.notice import notice_of
from livewatch.gui.panel import panel_of
from livewatch.gui.scene import scene_of
from livewatch.model import Ask, Request

if TYPE_CHECKING:
    from qtpy.QtGui import QCloseEvent

    from livewatch.gui.source import Source
    from livewatch.model import Step
    from livewatch.tally import Tally

TICK_MS = 33
STATUS_S = 0.5
REST = 2.0
"""After each drawing the window rests for this many times as long as it took: drawing gets at
most a third of a processor, whatever the frames' size and rate."""
MOST_REST_S = 0.5
"""A single hiccup does not stop the picture for longer than this."""


class Window(QMainWindow):
    """Shows one session."""

    def __init__(self, session: Source) -> None:
        super().__init__()
        self._session = session
        self._mailbox = Mailbox()
        self._news = News()
        self._status = session.status()
        self._status_due_s = self._draw_due_s = 0.0
        self._stopping = self._closing = False
        self._acknowledged = 0
        self.canvas, self.bar, self.board = Canvas(), Bar(), Board()
        self.alarm = AlarmBar()
        self._lay_out()
        self.board.stop.clicked.connect(self.stop)
        self.board.mark.clicked.connect(self.mark)
        self.board.note.returnPressed.connect(self.mark)
        self.board.hold.clicked.connect(self.hold_or_go_on)
        self.board.levels.clicked.connect(self.canvas.renew_levels)
        self.alarm.seen.clicked.connect(self.acknowledge)
        self.canvas.pointed.connect(self.look_at)
        session.subscribe(self.take)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(TICK_MS)
        self.refresh()

    def take(self, step: Step) -> None:
        """Accept a step, from any thread; never waits."""
        self._mailbox.put(step)

    @property
    def tally(self) -> Tally:
        """The session as it is drawn."""
        return self._news.tally

    @property
    def undrawn(self) -> int:
        """Steps that were never drawn, because newer ones came."""
        return self._news.undrawn

    # --- what the operator asks for ------------------------------------------------------

    def ask(self, ask: Ask, text: str = "") -> None:
        """Pass on a request, at the session's time."""
        self._session.ask(Request(ask, self._session.status().time_s, text=text))

    def stop(self) -> None:
        """Ask for the end; once it has come, the same button closes the window."""
        if self._session.is_over:
            self.close()
        elif not self._stopping:
            self._stopping = True
            self.ask(Ask.END, "stopped in the window")
            self.write()

    def mark(self) -> None:
        """Put a mark, with the note that was typed, into the record."""
        self.ask(Ask.MARK, self.board.note.text().strip())
        self.board.note.clear()

    def hold_or_go_on(self) -> None:
        """Hold the microscope, or let it go on."""
        self.ask(Ask.GO_ON if self._news.tally.is_held else Ask.HOLD)

    def look_at(self, x_um: float, y_um: float) -> None:
        """Ask for a look at a place in the sample."""
        if not (self._stopping or self._session.is_over):
            time_s = self._session.status().time_s
            self._session.ask(Request(Ask.LOOK, time_s, x_um=x_um, y_um=y_um))

    def acknowledge(self) -> None:
        """The operator has seen the alarms that are shown."""
        if self.alarm.notice is not None:
            self._acknowledged = self.alarm.notice.newest
            self._session.acknowledge(self._acknowledged)
            self.write()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """End the session first; the window goes when the session is over."""
        if self._session.is_over:
            self._timer.stop()
            self._session.join()
            event.accept()
            return
        self._closing = True
        self.stop()
        event.ignore()

    # --- drawing -------------------------------------------------------------------------

    def refresh(self) -> None:
        """Draw what is new, if it is time; close when that was only waiting for the end."""
        now_s = stopwatch_s()
        news = self._mailbox.take() if now_s >= self._draw_due_s else None
        if news is not None:
            self.draw(news)
        if now_s >= self._status_due_s:
            self._status_due_s = now_s + STATUS_S
            self._status = self._session.status()
        elif news is None:
            return
        self.write()
        if news is not None:
            took_s = stopwatch_s() - now_s
            self._draw_due_s = now_s + took_s + min(REST * took_s, MOST_REST_S)
        if self._closing and self._session.is_over:
            self.close()

    def draw(self, news: News) -> None:
        """Draw the newest frame, unless nobody can see it."""
        self._news = news
        scene = None if self.isMinimized() else scene_of(news)
        if scene is not None:
            self.canvas.show_scene(scene)

    def write(self) -> None:
        """Write all that is known."""
        over = self._session.is_over
        panel = panel_of(
            self._news.tally, self._status, self.undrawn, stopping=self._stopping, over=over
        )
        self.bar.show_panel(panel)
        self.alarm.show_notice(notice_of(self._status.alarms, self._acknowledged))
        self.board.show_panel(panel)
        self.board.stop.setText("Close" if over else "Stopping" if self._stopping else "Stop")
        self.board.stop.setEnabled(over or not self._stopping)

    def _lay_out(self) -> None:
        self.setWindowTitle("livewatch")
        self.setStyleSheet(theme.STYLE)
        ground = QWidget()
        ground.setObjectName("ground")
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.canvas, 1)
        row.addWidget(self.board)
        column = QVBoxLayout(ground)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.alarm)
        column.addLayout(row, 1)
        self.setCentralWidget(ground)
        self.setMinimumSize(1000, 640)
        self.resize(1400, 860)
