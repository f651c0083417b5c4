"""The window itself, offscreen: it draws what is published, asks what is clicked, never blocks."""

from __future__ import annotations

import os
import threading
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

qt = pytest.importorskip("qtpy.QtCore", reason="no Qt binding installed")

from gui_stage import Stage, contact, discs, encounter, frame, step, view  # noqa: E402
from qtpy.QtWidgets import QLabel, QTableWidget  # noqa: E402

from livewatch.alarm import Alarm, Trouble  # noqa: E402
from livewatch.gui.composite import warm_up  # noqa: E402
from livewatch.gui.window import Window  # noqa: E402
from livewatch.model import (  # noqa: E402
    Ask,
    Decision,
    Exposure,
    Frame,
    Kind,
    Plane,
    Purpose,
    Region,
    Shot,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

WIDE = view()
CLOSE = view(Region(196, 196, 122, 122))
CELLS = discs(20, WIDE)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def window(stage: Stage, qtbot: QtBot) -> Iterator[Window]:
    shown = Window(stage)
    shown.show()
    stage.start()
    yield shown
    stage.end()
    stage.join()
    shown.close()
    shown.deleteLater()


@pytest.fixture
def drawn(window: Window, stage: Stage, qtbot: QtBot) -> Callable[[Step], None]:
    """Publish a step and wait until the window has drawn it."""

    def publish(published: Step) -> None:
        before = window.tally.steps
        stage.publish(published)
        qtbot.waitUntil(lambda: window.tally.steps > before)

    return publish


def color_at(window: Window, x_um: float, y_um: float) -> tuple[int, int, int]:
    """The colour on screen at a place in the sample."""
    at = window.canvas.place_of(x_um, y_um)
    picked = window.canvas.grab().toImage().pixelColor(at.toPoint())
    return picked.red(), picked.green(), picked.blue()


def ten_um_px(window: Window) -> float:
    """How long 10 um are on screen."""
    begin, end = (window.canvas.place_of(x_um, 0.0) for x_um in (WIDE.x_um, WIDE.x_um + 10))
    return end.x() - begin.x()


def texts_of(window: Window) -> set[str]:
    """Everything that is written in labels."""
    return {label.text() for label in window.findChildren(QLabel)}


def rows_of(window: Window) -> list[list[str]]:
    """The list of encounters, as written."""
    (table,) = window.findChildren(QTableWidget)
    columns = range(table.columnCount())
    return [[table.item(row, at).text() for at in columns] for row in range(table.rowCount())]


def test_cells_are_drawn_where_they_are_in_the_colour_of_their_kind(
    window: Window, drawn: Callable[[Step], None]
) -> None:
    drawn(step(0, WIDE, CELLS))
    nk, tumor = CELLS[0], CELLS[20]
    red, green, blue = color_at(window, nk.x_um, nk.y_um + 2.5)
    assert green > 150
    assert green > 2 * max(red, 1)
    red, green, blue = color_at(window, tumor.x_um, tumor.y_um + 6)
    assert min(red, blue) > 150
    assert min(red, blue) > 2 * max(green, 1)
    assert max(color_at(window, WIDE.x_um, WIDE.top_um + 2)) < 60


def test_a_close_look_fills_the_canvas_and_its_cells_stay_in_place(
    window: Window, drawn: Callable[[Step], None]
) -> None:
    drawn(step(0, WIDE, CELLS))
    wide_px = ten_um_px(window)
    drawn(step(1, CLOSE, CELLS, Purpose.ENCOUNTER))
    close_px = ten_um_px(window)
    assert close_px > 4 * wide_px
    tumor = CELLS[20]
    red, green, blue = color_at(window, tumor.x_um, tumor.y_um + 6)
    assert min(red, blue) > 2 * max(green, 1)


def test_a_window_whose_first_picture_is_a_close_look_is_not_dark(
    window: Window, stage: Stage, qtbot: QtBot
) -> None:
    stage.publish(step(0, WIDE, CELLS))
    stage.publish(step(1, CLOSE, CELLS))
    qtbot.waitUntil(lambda: window.tally.steps == 2)
    assert window.undrawn == 1
    red, _, blue = color_at(window, CELLS[20].x_um, CELLS[20].y_um + 6)
    assert min(red, blue) > 150


def test_the_mode_and_the_pair_are_written_large(
    window: Window, drawn: Callable[[Step], None]
) -> None:
    drawn(
        step(
            0,
            WIDE,
            CELLS,
            Purpose.ENCOUNTER,
            target=3,
            encounters=(encounter(3, 0, 20),),
            contacts=(contact(0, 20),),
        )
    )
    assert "ENCOUNTER" in texts_of(window)
    assert "NK 0 · tumor 20   gap 0.4 µm   seal 23 %" in texts_of(window)
    assert rows_of(window) == [["3", "0 · 20", "1:05", "0.4 µm", "23 %", "now"]]


def test_a_new_encounter_comes_on_top(window: Window, drawn: Callable[[Step], None]) -> None:
    drawn(step(0, encounters=(encounter(1),)))
    drawn(step(1, encounters=(encounter(2),)))
    assert [row[0] for row in rows_of(window)] == ["2", "1"]


def test_eight_bit_frames_and_single_channels_are_drawn(
    window: Window, drawn: Callable[[Step], None]
) -> None:
    shot = Shot(WIDE, (Plane("tumor", 50.0),), 0.0, Purpose.SURVEY)
    pixels = np.zeros(WIDE.shape, np.uint8)
    pixels[200:300, 200:300] = 250
    only = Frame(0, shot, WIDE, (pixels,), (Exposure("tumor", 0.0, 0.1, 50.0),), 0.0)
    drawn(Step(only, None, Decision(shot, "survey")))
    x_um = WIDE.left_um + 250 * WIDE.pixel_um
    red, _, blue = color_at(window, x_um, WIDE.top_um + 250 * WIDE.pixel_um)
    assert min(red, blue) > 150


def test_clicks_become_requests_with_the_session_time(
    window: Window, stage: Stage, drawn: Callable[[Step], None]
) -> None:
    stage.time_s = 77.0
    window.board.note.setText(" the tumor cell twists ")
    window.board.mark.click()
    window.board.hold.click()
    assert stage.asked == [Ask.MARK, Ask.HOLD]
    assert stage.requests[0].text == "the tumor cell twists"
    assert stage.requests[0].time_s == 77.0
    assert window.board.note.text() == ""
    drawn(step(0, due_s=float("inf")))
    assert window.board.hold.text() == "Go on"
    window.board.hold.click()
    assert stage.asked[-1] is Ask.GO_ON


def test_stop_asks_for_the_end_once_and_then_offers_to_close(
    window: Window, stage: Stage, qtbot: QtBot
) -> None:
    window.board.stop.click()
    window.board.stop.click()
    assert stage.asked == [Ask.END]
    qtbot.waitUntil(lambda: window.board.stop.text() == "Close")
    assert "ENDED" in texts_of(window)
    assert window.isVisible()
    assert not window.board.mark.isEnabled()
    window.board.stop.click()
    assert not window.isVisible()


def test_closing_asks_for_the_end_says_so_and_waits_for_it(qtbot: QtBot) -> None:
    stage = Stage(holds=True)
    window = Window(stage)
    window.show()
    stage.start()
    window.close()
    assert stage.asked == [Ask.END]
    assert window.isVisible()
    assert "STOPPING" in texts_of(window)
    window.close()
    assert stage.asked == [Ask.END]
    stage.end()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert stage.is_over
    window.deleteLater()


def test_a_session_that_failed_by_itself_is_shown_as_failed(
    window: Window, stage: Stage, qtbot: QtBot
) -> None:
    stage.failed, stage.ending = True, "failed: camera lost"
    stage.end()
    qtbot.waitUntil(lambda: "FAILED" in texts_of(window))
    assert "failed: camera lost" in texts_of(window)


def test_a_burst_of_a_thousand_steps_is_taken_at_once_and_only_the_newest_drawn(
    window: Window, stage: Stage, qtbot: QtBot
) -> None:
    """The window's thread is stuck in this very test meanwhile: nobody waits for it."""
    published = step(0, WIDE, CELLS)
    burst = threading.Thread(target=lambda: [stage.publish(published) for _ in range(1000)])
    burst.start()
    burst.join(60)
    assert not burst.is_alive()
    assert window.tally.steps == 0
    qtbot.waitUntil(lambda: window.tally.steps == 1000)
    assert window.undrawn == 999


def test_a_burst_does_not_pile_up_frames(window: Window, stage: Stage, qtbot: QtBot) -> None:
    shot = frame(0, WIDE).shot
    frame_bytes = 2 * 2 * 512 * 512

    def fresh(index: int) -> Step:
        planes = tuple(np.full((512, 512), index, np.uint16) for _ in Kind)
        times = (Exposure("nk", 0.0, 0.1, 50.0),)
        return Step(Frame(index, shot, WIDE, planes, times, 0.0), None, Decision(shot, "go"))

    def burst() -> None:
        for index in range(1000):
            stage.publish(fresh(index))

    tracemalloc.start()
    thread = threading.Thread(target=burst)
    thread.start()
    qtbot.waitUntil(lambda: window.tally.steps == 1000, timeout=60_000)
    thread.join()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 20 * frame_bytes


def test_texts_that_stay_are_not_written_again(
    window: Window, drawn: Callable[[Step], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(step(0, cells=CELLS))
    written: list[str] = []
    monkeypatch.setattr(QLabel, "setText", lambda _, text: written.append(text))
    drawn(step(1, cells=CELLS))
    assert set(written) == {"2", "2.0 s", "0.2 s"}  # frames, frame every, light here


STALLED = Alarm(1, Trouble.FRAMES, "no frame at well A since 1:00:00", 3615.0, "well A")
DARK = Alarm(2, Trouble.IMAGE, "well A: tumor image: no picture", 3700.0, "well A")


def test_an_alarm_stays_across_the_window_until_it_is_acknowledged(
    window: Window, stage: Stage, qtbot: QtBot
) -> None:
    assert not window.alarm.isVisible()
    stage.alarms.append(STALLED)
    qtbot.waitUntil(window.alarm.isVisible)
    assert {"ALARM  1:00:15", "no frame at well A since 1:00:00"} <= texts_of(window)
    stage.alarms[0] = replace(STALLED, over_s=3660.0)
    qtbot.waitUntil(lambda: "WAS ALARM  1:00:15" in texts_of(window))
    assert window.alarm.isVisible()
    window.alarm.seen.click()
    assert not window.alarm.isVisible()
    assert stage.acknowledged == [1]
    assert stage.asked == []
    stage.alarms.append(DARK)
    qtbot.waitUntil(window.alarm.isVisible)


def test_a_right_click_asks_for_a_look_at_that_place(
    window: Window, drawn: Callable[[Step], None], stage: Stage, qtbot: QtBot
) -> None:
    drawn(step(0, WIDE, CELLS))
    x_um, y_um = WIDE.x_um + 40.0, WIDE.y_um - 25.0
    at = window.canvas.place_of(x_um, y_um).toPoint()
    qtbot.mouseClick(window.canvas.viewport(), qt.Qt.MouseButton.RightButton, pos=at)
    (request,) = stage.requests
    assert request.ask is Ask.LOOK
    assert request.x_um == pytest.approx(x_um, abs=1.0)
    assert request.y_um == pytest.approx(y_um, abs=1.0)
    qtbot.mouseClick(window.canvas.viewport(), qt.Qt.MouseButton.LeftButton, pos=at)
    assert len(stage.requests) == 1


def test_every_column_of_the_list_has_room_for_its_longest_text(window: Window) -> None:
    table = window.findChild(QTableWidget)
    metrics = table.fontMetrics()
    texts = ("1234", "1234 · 5678", "9:59:59", "12.3 µm", "100 %", "engulfed")
    for column, text in enumerate(texts):
        assert table.columnWidth(column) > metrics.horizontalAdvance(text) + 10
