"""What the window shows, as values: no Qt is imported here."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from gui_stage import (
    PLANES,
    Disc,
    contact,
    discs,
    encounter,
    frame,
    step,
    view,
)

from livewatch.alarm import Alarm, Trouble
from livewatch.gui.atlas import SIDE_PX, Atlas
from livewatch.gui.composite import compose, table
from livewatch.gui.darkroom import Darkroom
from livewatch.gui.levels import Levels, measured
from livewatch.gui.mailbox import Mailbox, News
from livewatch.gui.nearness import nearness
from livewatch.gui.notice import notice_of
from livewatch.gui.panel import Panel, Tone, panel_of
from livewatch.gui.scene import FEW_CELLS, scale_bar_um, scene_of
from livewatch.model import (
    Decision,
    Kind,
    Missed,
    Observation,
    Outcome,
    Purpose,
    Region,
    Shot,
    Step,
)
from livewatch.tally import Status, Tally
from livewatch.units import NOTHING

WITHOUT_QT = (
    "available",
    "atlas",
    "composite",
    "darkroom",
    "levels",
    "mailbox",
    "notice",
    "panel",
    "scene",
    "source",
    "theme",
)
WIDE = view()
CLOSE = view(Region(196, 196, 122, 122))
STATUS = Status(10.0, 231_000_000_000, "session")
GO = Decision(Shot(WIDE, PLANES, 0.0, Purpose.SURVEY), "survey")


def news_of(*steps: Step) -> News:
    mailbox = Mailbox()
    for each in steps:
        mailbox.put(each)
    news = mailbox.take()
    assert news is not None
    return news


def panel(
    *steps: Step, status: Status = STATUS, stopping: bool = False, over: bool = False
) -> Panel:
    tally = news_of(*steps).tally if steps else Tally()
    return panel_of(tally, status, 0, stopping=stopping, over=over)


def planes_of(cells: list[Disc]) -> dict[str, np.ndarray]:
    """Both channels of a wide frame."""
    nk, tumor = frame(cells=cells).planes
    return {"nk": nk, "tumor": tumor}


def fact(shown: Panel, name: str) -> tuple[str, Tone]:
    return next((each.value, each.tone) for each in shown.facts if each.name == name)


# --- the room ------------------------------------------------------------------------------


def test_what_is_shown_is_decided_without_qt() -> None:
    names = ", ".join(f"livewatch.gui.{room}" for room in WITHOUT_QT)
    check = f"import sys, {names}; print([m for m in sys.modules if 'PySide' in m or 'PyQt' in m])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


# --- the mailbox -------------------------------------------------------------------------------


def test_only_the_newest_step_is_kept_and_the_others_are_counted() -> None:
    mailbox = Mailbox()
    for index in range(10):
        mailbox.put(step(index))
    news = mailbox.take()
    assert news is not None
    assert news.tally.frame is not None
    assert news.tally.frame.index == 9
    assert (news.tally.frames, news.undrawn) == (10, 9)
    assert mailbox.take() is None


def test_an_encounter_that_began_and_ended_between_two_looks_is_in_the_list() -> None:
    brief = encounter(7, end_s=60.0, outcome=Outcome.RELEASED)
    mailbox = Mailbox()
    mailbox.put(step(0, encounters=(brief,)))
    mailbox.put(step(1))
    news = mailbox.take()
    assert news is not None
    shown = panel_of(news.tally, STATUS, news.undrawn, stopping=False, over=False)
    assert [row.id for row in shown.rows] == [7]
    assert "released" in shown.rows[0].cells


def test_steps_from_several_threads_are_all_counted() -> None:
    mailbox, published = Mailbox(), step()
    threads = [
        threading.Thread(target=lambda: [mailbox.put(published) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    drawn = 0
    for thread in threads:
        thread.join()
        drawn += mailbox.take() is not None
    last = mailbox.take()
    assert last is None
    mailbox.put(published)
    news = mailbox.take()
    assert news is not None
    assert news.tally.frames == 801
    assert news.undrawn == 801 - drawn - 1


# --- levels and composite ------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_every_pixel_is_the_sum_of_both_colours_clipped(depth: type) -> None:
    rng = np.random.default_rng(3)
    nk, tumor = (rng.integers(0, 256, (37, 53)).astype(depth) for _ in range(2))
    green, magenta = table(Levels(10, 200), (30, 235, 110)), table(Levels(5, 90), (235, 50, 225))
    picture = compose(nk, tumor, green, magenta)
    for shift in (0, 8, 16):
        parts = [
            (tab[img] >> np.uint32(shift)) & 255 for tab, img in ((green, nk), (magenta, tumor))
        ]
        assert np.array_equal((picture >> shift) & 255, np.minimum(parts[0] + parts[1], 255))
    assert (picture >> 24 == 255).all()


def test_a_table_is_black_below_and_brightest_above() -> None:
    shades = table(Levels(100, 1000), (0, 255, 0))
    assert shades[0] == shades[100] == 0xFF000000
    assert (shades[1000:] == shades[1000]).all()
    green = (shades >> 8) & 255
    assert (np.diff(green.astype(int)) >= 0).all()


def test_an_empty_noisy_frame_is_shown_dark() -> None:
    noise = np.random.default_rng(0).poisson(200, (256, 256)).astype(np.uint16)
    levels = measured(noise)
    shades = table(levels, (0, 255, 0))
    assert np.mean((shades[noise] >> 8) & 255) < 12


def test_levels_put_the_background_at_black_and_cells_near_full_colour() -> None:
    cells = discs(20, WIDE)
    nk = frame(cells=cells).planes[0]
    levels = measured(nk)
    assert 110 < levels.low < 140
    assert 600 < levels.high < 900


def test_levels_move_slowly_so_that_one_odd_frame_does_not_flicker() -> None:
    room = Darkroom()
    cells = discs(20, WIDE)
    room.learn(planes_of(cells))
    before = room.develop({"nk": np.full((4, 4), 400, np.uint16)})[0, 0]
    room.learn({name: 4 * pixels for name, pixels in planes_of(cells).items()})
    after = room.develop({"nk": np.full((4, 4), 400, np.uint16)})[0, 0]
    change = abs(int(before >> 8 & 255) - int(after >> 8 & 255))
    assert 0 < change < 40


def test_a_channel_that_was_not_taken_stays_dark() -> None:
    room = Darkroom()
    room.learn(planes_of(discs(5, WIDE)))
    only_nk = room.develop({"nk": np.full((4, 4), 5000, np.uint16)})
    assert (only_nk >> 8 & 255).min() > 200


# --- the map ------------------------------------------------------------------------------------


def test_a_closer_look_is_found_on_the_map_of_its_position() -> None:
    atlas = Atlas().after(frame(0, WIDE))
    around = atlas.map_around(CLOSE)
    assert around is not None
    assert around.view == WIDE
    assert max(around.planes["nk"].shape) <= SIDE_PX


def test_a_closer_look_does_not_replace_the_map() -> None:
    atlas = Atlas().after(frame(0, WIDE))
    assert atlas.after(frame(1, CLOSE)) is atlas


def test_there_is_no_map_for_another_position_or_for_a_wide_frame() -> None:
    atlas = Atlas().after(frame(0, WIDE))
    assert atlas.map_around(WIDE) is None
    assert atlas.map_around(view(Region(0, 0, 100, 100), position="well B")) is None


def test_the_map_does_not_keep_the_frame_alive() -> None:
    whole = frame(0, WIDE)
    kept = Atlas().after(whole).maps["well A"]
    assert all(pixels.base is None for pixels in kept.planes.values())


# --- the scene ----------------------------------------------------------------------------------


def test_before_the_first_frame_there_is_nothing_to_draw() -> None:
    assert scene_of(News()) is None


def test_every_cell_has_a_closed_outline_of_its_own_kind_and_a_name() -> None:
    cells = discs(12, WIDE)
    scene = scene_of(news_of(step(0, WIDE, cells)))
    assert scene is not None
    assert scene.overlay is not None
    for kind in Kind:
        points, ends = scene.overlay.outlines[kind], scene.overlay.ends[kind]
        assert len(ends) == 12
        for begin, end in zip([0, *ends[:-1]], ends, strict=True):
            assert np.array_equal(points[begin], points[end - 1])
            assert end - begin >= 8
    assert sorted(int(name.text) for name in scene.overlay.names) == list(range(24))


def test_only_pairs_are_named_in_a_crowd() -> None:
    cells = discs(FEW_CELLS, WIDE)
    crowd = step(
        0,
        WIDE,
        cells,
        encounters=(encounter(3, 0, FEW_CELLS),),
        contacts=(contact(0, FEW_CELLS),),
    )
    scene = scene_of(news_of(crowd))
    assert scene is not None
    assert scene.overlay is not None
    assert {name.text for name in scene.overlay.names} == {"0", str(FEW_CELLS)}


def test_a_pair_in_contact_is_ringed_with_its_gap_and_seal() -> None:
    cells = discs(12, WIDE)
    meeting = step(
        0, WIDE, cells, target=3, encounters=(encounter(3, 0, 12),), contacts=(contact(0, 12),)
    )
    scene = scene_of(news_of(meeting))
    assert scene is not None
    assert scene.overlay is not None
    (pair,) = scene.overlay.pairs
    assert pair.text == "gap 0.4 µm   seal 23 %"
    assert pair.is_target
    for disc in (cells[0], cells[12]):
        far_um = np.hypot(
            disc.cell.outline_um[:, 0] - pair.x_um, disc.cell.outline_um[:, 1] - pair.y_um
        )
        assert far_um.max() <= pair.radius_um


def test_a_pair_whose_encounter_is_over_is_not_ringed() -> None:
    cells = discs(12, WIDE)
    over = step(0, WIDE, cells, encounters=(encounter(3, 0, 12, end_s=99.0),))
    scene = scene_of(news_of(over))
    assert scene is not None
    assert scene.overlay is not None
    assert scene.overlay.pairs == ()


def test_a_frame_of_another_position_is_not_drawn_with_old_outlines() -> None:
    cells = discs(12, WIDE)
    elsewhere = Step(frame(1, view(position="well B")), None, GO)
    scene = scene_of(news_of(step(0, WIDE, cells), elsewhere))
    assert scene is not None
    assert scene.overlay is None
    assert scene.note == "not analysed yet"


def test_outlines_of_an_earlier_frame_are_said_to_be_old() -> None:
    cells = discs(12, WIDE)
    scene = scene_of(news_of(step(0, WIDE, cells), Step(frame(2, WIDE), None, GO)))
    assert scene is not None
    assert scene.overlay is not None
    assert scene.note == "outlines from 2 frames before"


def test_a_close_look_comes_with_the_map_around_it() -> None:
    scene = scene_of(news_of(step(0, WIDE), step(1, CLOSE)))
    assert scene is not None
    assert scene.around is not None
    assert scene.around.view == WIDE


@pytest.mark.parametrize(
    ("width_um", "bar_um"),
    [(5.0, 1.0), (79.0, 10.0), (101.0, 20.0), (333.0, 50.0), (4000.0, 500.0)],
)
def test_the_scale_bar_is_a_round_length_that_fits(width_um: float, bar_um: float) -> None:
    assert scale_bar_um(width_um) == pytest.approx(bar_um)


# --- the texts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "word", "tone"),
    [
        (Purpose.SURVEY, "SURVEY", Tone.CALM),
        (Purpose.WATCH, "WATCH", Tone.WATCH),
        (Purpose.ENCOUNTER, "ENCOUNTER", Tone.ALERT),
        (Purpose.BURST, "BURST", Tone.BURST),
        (Purpose.COOLDOWN, "COOL-DOWN", Tone.COOL),
    ],
)
def test_the_mode_is_a_word_with_a_tone(purpose: Purpose, word: str, tone: Tone) -> None:
    shown = panel(step(purpose=purpose))
    assert (shown.mode, shown.tone) == (word, tone)


def test_the_mode_follows_the_session_from_start_to_end() -> None:
    assert panel().mode == "STARTING"
    assert panel(step(due_s=float("inf"))).mode == "ON HOLD"
    assert panel(step(), stopping=True).mode == "STOPPING"
    assert panel(step(), over=True).mode == "ENDED"
    lost = Status(10.0, 1, "session", "failed: camera lost", failed=True)
    shown = panel(step(), status=lost, over=True)
    assert (shown.mode, shown.tone, shown.headline) == ("FAILED", Tone.FAULT, "failed: camera lost")


def test_the_followed_pair_is_the_headline() -> None:
    followed = step(
        purpose=Purpose.ENCOUNTER, target=3, encounters=(encounter(3),), contacts=(contact(),)
    )
    assert panel(followed).headline == "NK 0 · tumor 1   gap 0.4 µm   seal 23 %"


def test_the_reason_comes_with_what_was_not_granted() -> None:
    wanted = Decision(GO.shot, "survey", refused=("zoom: region outside the sensor",))
    shown = panel(Step(frame(), None, wanted))
    assert shown.reason == "survey  (not granted: zoom: region outside the sensor)"


def test_a_missed_frame_is_told_in_words_and_counted_in_red() -> None:
    lost = Missed(Shot(WIDE, PLANES, 0.0, Purpose.SURVEY), "the stage did not arrive", 4.0)
    shown = panel(step(0), Step(lost, None, GO))
    assert shown.trouble == "frame missed: the stage did not arrive"
    assert fact(shown, "missed") == ("1", Tone.FAULT)
    assert panel(step(0), Step(lost, None, GO), step(1)).trouble == ""


def test_a_frame_that_could_not_be_used_says_why() -> None:
    blurred = frame()
    useless = Observation(0, 0, 0.0, WIDE, problem="out of focus")
    assert panel(Step(blurred, useless, GO)).trouble == "out of focus"


def test_a_nearly_full_disk_is_red() -> None:
    assert fact(panel(step()), "free disk") == ("231 GB", Tone.CALM)
    full = Status(10.0, 1_200_000_000, "session")
    assert fact(panel(step(), status=full), "free disk") == ("1.2 GB", Tone.FAULT)


def test_light_is_that_given_to_the_position_on_screen() -> None:
    shown = panel(step(0), step(1), step(2, view(position="well B")))
    assert fact(shown, "light here")[0] == "0.1 s"
    assert fact(panel(step(0), step(1)), "light here")[0] == "0.2 s"


def test_newest_encounters_come_first_and_say_how_it_is_now_or_how_it_ended() -> None:
    over = encounter(
        2, 5, 6, end_s=80.0, outcome=Outcome.EVADED, min_gap_um=0.2, max_seal_fraction=0.41
    )
    shown = panel(step(encounters=(over, encounter(3)), contacts=(contact(gap_um=0.9),)))
    assert [row.cells for row in shown.rows] == [
        ("3", "0 · 1", "1:05", "0.9 µm", "23 %", "now"),
        ("2", "5 · 6", "1:05", "0.2 µm", "41 %", "evaded"),
    ]
    assert shown.open_count == 1


def test_an_encounter_whose_outcome_is_not_known_yet_is_just_over() -> None:
    assert panel(step(encounters=(encounter(2, end_s=80.0),))).rows[0].cells[-1] == "over"


def test_cells_are_counted_by_kind() -> None:
    shown = panel(step(cells=discs(9, WIDE)))
    assert (fact(shown, "NK cells")[0], fact(shown, "tumor cells")[0]) == ("9", "9")


def test_the_newest_alarm_that_stands_comes_first_and_the_others_are_counted() -> None:
    stalled = Alarm(1, Trouble.FRAMES, "no frame", 60.0, "A")
    dark = Alarm(2, Trouble.IMAGE, "dark", 90.0, "A", over_s=120.0)
    assert notice_of((), 0) is None
    notice = notice_of((stalled, dark), 0)
    assert notice is not None
    assert (notice.headline, notice.text, notice.others) == (
        "ALARM  0:01:00",
        "no frame",
        "and 1 more",
    )
    over = notice_of((stalled, dark), 1)
    assert over is not None
    assert (over.text, over.is_standing) == ("dark (over since 0:02:00)", False)
    assert notice_of((stalled, dark), notice.newest) is None


def test_what_is_done_to_the_followed_tumor_cell_is_written_and_dashes_where_none_is() -> None:
    measured = replace(contact(), twist_deg=23.4, slip_um=-2.31, bites=2, viability=0.9)
    shown = step(target=3, encounters=(encounter(3),), contacts=(measured,))
    names = ("twist", "slip", "bites", "tumor alive")
    assert [fact(panel(shown), name)[0] for name in names] == ["23°", "2.3 µm", "2", "90 %"]
    assert [fact(panel(step()), name)[0] for name in names] == [NOTHING] * 4


@pytest.mark.parametrize(
    ("sd_um", "said"),
    [
        (float("nan"), "gap 0.4 µm   seal 23 %"),
        (0.2, "gap 0.4 µm   seal 23 %"),
        (1.27, "gap 0.4 µm ± 1.3 µm   seal 23 %"),
    ],
)
def test_a_gap_that_is_not_known_well_says_so(sd_um: float, said: str) -> None:
    assert nearness(replace(contact(), gap_sd_um=sd_um)) == said
