"""Opens the window on a session, and returns when both are over."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from livewatch.gui.available import choose_binding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from qtpy.QtWidgets import QApplication

    from livewatch.gui.source import Source
    from livewatch.gui.window import Window

SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


def show(session: Source) -> int:
    """Start a session under a window; Qt's exit code once the window is closed.

    The window stays after the session has ended, until it is closed. Ctrl-C closes it. Call it
    from the main thread.
    """
    choose_binding()
    from livewatch.gui.composite import warm_up
    from livewatch.gui.window import Window

    app = application()
    warm_up()
    window = Window(session)
    window.show()
    with closed_by_signals(window):
        session.start()
        code = int(app.exec())
    session.join()
    window.deleteLater()
    app.processEvents()
    return code


def application() -> QApplication:
    """Qt's application, made if there is none, with the window's type."""
    from qtpy.QtGui import QFont
    from qtpy.QtWidgets import QApplication

    from livewatch.gui import theme

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["livewatch"])
    font = QFont()
    font.setFamilies([*theme.FAMILIES])
    app.setFont(font)
    return app


@contextmanager
def closed_by_signals(window: Window) -> Iterator[None]:
    """Close the window on Ctrl-C and the like, after doing what was agreed before."""
    before = {
        name: signal.getsignal(getattr(signal, name)) for name in SIGNALS if hasattr(signal, name)
    }

    def close(number: int, frame: FrameType | None) -> None:
        agreed = before[signal.Signals(number).name]
        if callable(agreed) and agreed is not signal.default_int_handler:
            agreed(number, frame)
        window.close()

    for name in before:
        signal.signal(getattr(signal, name), close)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
