from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livewatch.errors import BadInput
from livewatch.model import Exposure, Frame, Plane, Purpose, Region, Shot, View
from livewatch.recording.recorder import Recorder
from livewatch.replay.recorded import RecordedSpecimen
from livewatch.replay.recording import open_recording

if TYPE_CHECKING:
    from pathlib import Path

SURVEY = View("A", 300.0, 200.0, None, "20x", 0.5, 1, (120, 80))
PAIR = replace(SURVEY, region=Region(30, 20, 40, 30))
ELSEWHERE = replace(SURVEY, position="B", stage_x_um=900.0)
VIEWS = (SURVEY, PAIR, PAIR, ELSEWHERE, SURVEY)
TIMES_S = (0.0, 10.0, 12.0, 20.0, 30.0)


def image(index: int, view: View, channel: int) -> np.ndarray:
    """A picture of the sample as it was at a frame: values follow from the place in it."""
    rows, columns = view.shape
    x_um = view.left_um + (np.arange(columns) + 0.5) * view.pixel_um
    y_um = view.top_um + (np.arange(rows) + 0.5) * view.pixel_um
    place = 10 * np.sin(x_um / 9)[None] + 8 * np.cos(y_um / 7)[:, None]
    return np.rint(500 + 1000 * channel + 100 * index + 8 * place).astype(np.uint16)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    recorder = Recorder.create(tmp_path / "s", {})
    for index, (view, time_s) in enumerate(zip(VIEWS, TIMES_S, strict=True)):
        planes = (Plane("nk", 40.0), Plane("tumor", 40.0))
        exposures = (
            Exposure("nk", time_s, time_s + 0.04, 40.0),
            Exposure("tumor", time_s + 0.04, time_s + 0.08, 40.0),
        )
        images = tuple(image(index, view, channel) for channel in range(2))
        shot = Shot(view, planes, time_s, Purpose.SURVEY)
        recorder.put(Frame(index, shot, view, images, exposures, time_s))
    recorder.close({})
    return tmp_path / "s"


@pytest.fixture
def specimen(session: Path) -> RecordedSpecimen:
    return RecordedSpecimen(open_recording(session))


@pytest.mark.parametrize("index", range(5))
def test_the_recorded_view_at_the_recorded_time_gives_the_very_pixels(
    specimen: RecordedSpecimen, index: int
) -> None:
    for channel, name in enumerate(("nk", "tumor")):
        picture = specimen.expose(VIEWS[index], name, 40.0, 1.0, TIMES_S[index] + 0.04 * channel)
        assert picture.source == index
        np.testing.assert_array_equal(picture.pixels, image(index, VIEWS[index], channel))


@pytest.mark.parametrize(
    ("time_s", "source"), [(9.97, 0), (9.985, 1), (10.0, 1), (11.9, 1), (12.0, 2), (29.0, 2)]
)
def test_nothing_is_shown_before_its_time(
    specimen: RecordedSpecimen, time_s: float, source: int
) -> None:
    assert specimen.expose(PAIR, "nk", 40.0, 1.0, time_s).source == source


def test_the_first_time_point_is_shown_to_who_comes_too_early(specimen: RecordedSpecimen) -> None:
    assert specimen.expose(SURVEY, "nk", 40.0, 1.0, -5.0).source == 0


def test_a_region_inside_is_cut_from_the_newest_frame_that_holds_it(
    specimen: RecordedSpecimen,
) -> None:
    inner = replace(SURVEY, region=Region(35, 25, 20, 16))
    picture = specimen.expose(inner, "tumor", 40.0, 1.0, 12.5)
    assert picture.source == 2
    np.testing.assert_array_equal(picture.pixels, image(2, inner, 1))


def test_the_whole_field_is_shown_from_when_it_was_last_seen_whole(
    specimen: RecordedSpecimen,
) -> None:
    assert specimen.expose(SURVEY, "nk", 40.0, 1.0, 13.0).source == 0


def test_each_position_shows_its_own_frames(specimen: RecordedSpecimen) -> None:
    assert specimen.expose(ELSEWHERE, "nk", 40.0, 1.0, 40.0).source == 3
    assert specimen.expose(SURVEY, "nk", 40.0, 1.0, 40.0).source == 4


def test_outside_the_recorded_field_is_background(specimen: RecordedSpecimen) -> None:
    aside = replace(SURVEY, stage_x_um=SURVEY.stage_x_um + 20.0)
    pixels = specimen.expose(aside, "nk", 40.0, 1.0, 30.0).pixels
    recorded = image(4, SURVEY, 0)
    np.testing.assert_array_equal(pixels[:, :80], recorded[:, 40:])
    assert len(np.unique(pixels[:, 80:])) == 1
    assert recorded.min() <= pixels[0, 80] <= np.percentile(recorded, 10)


def test_far_from_everything_there_is_only_background(specimen: RecordedSpecimen) -> None:
    nowhere = replace(SURVEY, stage_y_um=1e6)
    assert len(np.unique(specimen.expose(nowhere, "nk", 40.0, 1.0, 30.0).pixels)) == 1


@pytest.mark.parametrize(
    "asked",
    [
        replace(SURVEY, pixel_um=1.0, binning=2),
        replace(SURVEY, pixel_um=0.25),
        replace(SURVEY, stage_x_um=SURVEY.stage_x_um + 0.17, region=Region(20, 20, 60, 40)),
        replace(SURVEY, pixel_um=0.65, region=Region(30, 20, 60, 40)),
    ],
    ids=["binned", "twice as close", "between pixels", "another objective"],
)
def test_another_grid_shows_the_same_sample_resampled(
    specimen: RecordedSpecimen, asked: View
) -> None:
    pixels = specimen.expose(asked, "nk", 40.0, 1.0, 30.0).pixels
    assert pixels.shape == asked.shape
    inner = (slice(4, -4), slice(4, -4))
    difference = pixels[inner].astype(int) - image(4, asked, 0)[inner]
    assert abs(difference).max() <= 3  # of a swing of 290 counts


def test_a_stage_that_stops_a_step_beside_its_aim_shows_the_very_pixels(
    specimen: RecordedSpecimen,
) -> None:
    step_um = 0.0075
    aside = replace(
        SURVEY,
        stage_x_um=SURVEY.stage_x_um + step_um,
        stage_y_um=SURVEY.stage_y_um - step_um,
    )
    pixels = specimen.expose(aside, "nk", 40.0, 1.0, 30.0).pixels
    np.testing.assert_array_equal(pixels, image(4, SURVEY, 0))


def test_without_light_it_is_dark(specimen: RecordedSpecimen) -> None:
    picture = specimen.expose(SURVEY, "nk", 40.0, 0.0, 30.0)
    assert len(np.unique(picture.pixels)) == 1
    assert picture.pixels[0, 0] < image(4, SURVEY, 0).mean()


def test_a_channel_that_was_not_recorded_is_dark(specimen: RecordedSpecimen) -> None:
    picture = specimen.expose(SURVEY, "death", 40.0, 1.0, 30.0)
    assert picture.source is None
    assert not picture.pixels.any()


def test_a_frame_is_shown_from_when_it_was_due_if_the_microscope_was_late(
    tmp_path: Path,
) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    for index, (due_s, time_s) in enumerate(((0.0, 0.0), (10.0, 10.4), (-1.0, 10.9))):
        planes = (Plane("nk", 40.0), Plane("tumor", 40.0))
        exposures = tuple(Exposure(each.channel, time_s, time_s + 0.04, 40.0) for each in planes)
        images = (image(index, SURVEY, 0), image(index, SURVEY, 1))
        shot = Shot(SURVEY, planes, due_s, Purpose.SURVEY)
        recorder.put(Frame(index, shot, SURVEY, images, exposures, time_s))
    recorder.close({})
    recording = open_recording(tmp_path / "s")
    assert list(recording.times_s) == [0.0, 10.0, 10.44]


def test_a_take_alone_is_a_recording_with_the_times_of_its_session(session: Path) -> None:
    recording = open_recording(session / "takes" / "0002.ome.zarr")
    assert recording.channels == ("nk", "tumor")
    assert list(recording.times_s) == [0.0, 2.0]
    np.testing.assert_array_equal(recording.read(1, "tumor"), image(2, PAIR, 1))
    view = recording.view(0)
    assert (view.x_um, view.y_um) == pytest.approx((PAIR.x_um, PAIR.y_um))


def test_a_session_without_frames_is_refused(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "s", {}).close({})
    with pytest.raises(BadInput, match="no frame was recorded"):
        open_recording(tmp_path / "s")


def test_damaged_pixels_are_not_shown(session: Path, specimen: RecordedSpecimen) -> None:
    chunk = session / "takes/0001.ome.zarr/0/c/1/0/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with pytest.raises(BadInput, match="frame 4"):
        specimen.expose(SURVEY, "nk", 40.0, 1.0, 30.0)
