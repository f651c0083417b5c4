"""Opening a window on a session and leaving it; and saying why none can open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from livewatch.gui import available

HERE = Path(__file__).parent
CLOSED_BY_CTRL_C = """
import signal, sys, threading
from gui_stage import Stage, discs, step, view
from livewatch.gui.app import show

class Interrupted(Stage):
    def start(self):
        super().start()
        if self.ends_at_once:
            self.join()
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()

wide = view()
stage = Interrupted(at_start=tuple(step(index, wide, discs(5, wide)) for index in range(3)))
code = show(stage)
print([str(ask) for ask in stage.asked], stage.is_over)
sys.exit(code)
"""
ENDED_THEN_CLOSED = CLOSED_BY_CTRL_C.replace("= Interrupted(", "= Interrupted(ends_at_once=True, ")


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=HERE,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_ctrl_c_closes_the_window_and_ends_the_session_first() -> None:
    pytest.importorskip("qtpy.QtWidgets", reason="no Qt binding installed")
    for _ in range(3):  # a careless teardown aborts only now and then
        done = run(CLOSED_BY_CTRL_C)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "['end'] True"
        assert done.stderr == ""


def test_a_session_that_is_over_is_not_asked_to_end_again() -> None:
    pytest.importorskip("qtpy.QtWidgets", reason="no Qt binding installed")
    done = run(ENDED_THEN_CLOSED)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[] True"


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Linux machine with everything installed and no display."""
    monkeypatch.setattr(available, "find_spec", lambda name: object())
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "QT_API"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def missing(*absent: str):  # type: ignore[no-untyped-def]
    return lambda name: None if name in absent else object()


def test_without_qt_the_line_says_what_to_install(linux: pytest.MonkeyPatch) -> None:
    linux.setattr(available, "find_spec", missing("PySide6", "PyQt6"))
    assert available.why_no_window() == (
        'Qt is not installed; install it with: pip install "livewatch[gui]"'
    )


def test_without_pyqtgraph_the_line_says_so(linux: pytest.MonkeyPatch) -> None:
    linux.setattr(available, "find_spec", missing("pyqtgraph"))
    assert str(available.why_no_window()).startswith("pyqtgraph is not installed")


def test_without_a_display_on_linux_there_is_no_window(linux: pytest.MonkeyPatch) -> None:
    assert "no display" in str(available.why_no_window())


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_always_have_a_display(linux: pytest.MonkeyPatch, platform: str) -> None:
    linux.setattr(sys, "platform", platform)
    assert available.why_no_window() is None


def test_a_platform_without_screen_needs_no_display(linux: pytest.MonkeyPatch) -> None:
    linux.setenv("QT_QPA_PLATFORM", "offscreen")
    assert available.why_no_window() is None


def test_a_display_that_does_not_answer_is_found_out_before_qt_aborts(
    linux: pytest.MonkeyPatch,
) -> None:
    linux.undo()
    if available.installed_binding() is None or sys.platform != "linux":
        pytest.skip("needs Linux and a Qt binding")
    linux.setenv("DISPLAY", ":987")
    linux.delenv("WAYLAND_DISPLAY", raising=False)
    linux.setenv("QT_QPA_PLATFORM", "xcb")
    assert str(available.why_no_window()).startswith("Qt cannot start: ")


def test_the_users_choice_of_binding_stands(linux: pytest.MonkeyPatch) -> None:
    linux.setenv("QT_API", "pyqt6")
    available.choose_binding()
    assert os.environ["QT_API"] == "pyqt6"
