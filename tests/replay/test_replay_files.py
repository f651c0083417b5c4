from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livewatch.errors import BadInput
from livewatch.replay.plan import plan_for
from livewatch.replay.recording import open_recording
from livewatch.settings import Cells, Experiment

COCULTURE = Path(__file__).parents[3] / "shared" / "data" / "coculture_left" / "movie.ome.tif"
STACK = np.random.default_rng(1).integers(0, 4000, (5, 2, 24, 36)).astype(np.uint16)
TOLD: dict[str, Any] = {"pixel_um": 0.5, "interval_s": 3.0, "nk_channel": 0, "tumor_channel": 1}
OME = {
    "axes": "TCYX",
    "PhysicalSizeX": 0.4,
    "PhysicalSizeY": 0.4,
    "PhysicalSizeXUnit": "µm",
    "PhysicalSizeYUnit": "µm",
    "TimeIncrement": 0.5,
    "TimeIncrementUnit": "min",
    "Channel": {"Name": ["Effector cells", "K562 target"]},
}


def ome(path: Path, stack: np.ndarray = STACK, **changes: object) -> Path:
    about = {key: value for key, value in (OME | changes).items() if value is not None}
    tifffile.imwrite(path, stack, ome=True, metadata=about, photometric="minisblack")
    return path


def is_one_line(refusal: BadInput) -> None:
    assert "\n" not in str(refusal)


def assert_same_images(recording: Any, stack: np.ndarray = STACK) -> None:
    for time in range(len(stack)):
        for channel, name in enumerate(recording.channels[:2]):
            np.testing.assert_array_equal(recording.read(time, name), stack[time, channel])


def test_an_ome_tiff_says_everything_itself(tmp_path: Path) -> None:
    recording = open_recording(ome(tmp_path / "a.ome.tif"))
    assert recording.channels == ("nk", "tumor")
    assert list(recording.times_s) == [0, 30, 60, 90, 120]
    assert list(recording.pixel_um.values()) == [0.4]
    assert_same_images(recording)


def test_its_top_left_corner_lies_at_the_origin(tmp_path: Path) -> None:
    view = open_recording(ome(tmp_path / "a.ome.tif")).view(0)
    assert (view.left_um, view.top_um) == pytest.approx((0, 0))
    assert view.shape == (24, 36)


def test_a_stated_stage_position_is_where_the_middle_of_the_image_lies(tmp_path: Path) -> None:
    planes = {
        "PositionX": [1500.0] * 10, "PositionXUnit": ["µm"] * 10,
        "PositionY": [-2.0] * 10, "PositionYUnit": ["mm"] * 10,
    }  # fmt: skip
    view = open_recording(ome(tmp_path / "a.ome.tif", Plane=planes)).view(0)
    assert (view.x_um, view.y_um) == pytest.approx((1500, -2000))


def test_times_of_single_planes_go_before_a_constant_interval(tmp_path: Path) -> None:
    deltas = [10.0, 10.2, 20.0, 20.2, 33.0, 33.2, 40.0, 40.2, 51.0, 51.2]
    planes = {"DeltaT": deltas, "DeltaTUnit": ["s"] * 10}
    recording = open_recording(ome(tmp_path / "a.ome.tif", Plane=planes))
    assert list(recording.times_s) == pytest.approx([0, 10, 23, 30, 41])


def test_an_imagej_hyperstack_says_its_sizes_but_not_its_channels(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    about = {"axes": "TCYX", "unit": "micron", "finterval": 12.0}
    tifffile.imwrite(path, STACK, imagej=True, metadata=about, resolution=(2, 2))
    with pytest.raises(BadInput, match="--nk-channel"):
        open_recording(path)
    recording = open_recording(path, tumor_channel=0)
    assert recording.channels == ("tumor", "nk")
    assert list(recording.times_s[:2]) == [0, 12]
    assert list(recording.pixel_um.values()) == [0.5]
    assert_same_images(recording)


@pytest.mark.parametrize(
    "stack",
    [STACK, STACK.transpose(1, 0, 2, 3), STACK.astype(">u2"), (STACK // 16).astype(np.uint8)],
    ids=["time first", "channel first", "big-endian", "8 bits"],
)
def test_a_shaped_stack_holds_channels_in_its_short_axis(tmp_path: Path, stack: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack")
    recording = open_recording(tmp_path / "a.tif", **TOLD)
    expected = stack if stack.shape[1] == 2 else stack.transpose(1, 0, 2, 3)
    assert_same_images(recording, expected)


def test_a_bare_stack_told_apart_by_the_user_takes_turns(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK.reshape(-1, 24, 36), metadata=None, photometric="minisblack")
    with pytest.raises(BadInput, match="one channel"):
        open_recording(path, pixel_um=0.5, interval_s=3.0)
    assert_same_images(open_recording(path, **TOLD))


def test_compressed_images_are_read(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, compression="zlib", photometric="minisblack")
    assert_same_images(open_recording(tmp_path / "a.tif", **TOLD))


def test_what_the_user_says_goes_before_what_the_file_says(tmp_path: Path) -> None:
    recording = open_recording(
        ome(tmp_path / "a.ome.tif"), pixel_um=1.5, interval_s=7.0, nk_channel=1, tumor_channel=0
    )
    assert recording.channels == ("tumor", "nk")
    assert list(recording.times_s[:2]) == [0, 7]
    assert list(recording.pixel_um.values()) == [1.5]


def test_further_channels_keep_their_names(tmp_path: Path) -> None:
    names = {"Name": ["NK-GFP", "PI", "tumour"]}
    path = ome(tmp_path / "a.ome.tif", np.repeat(STACK[:, :1], 3, axis=1), Channel=names)
    assert open_recording(path).channels == ("nk", "pi", "tumor")


@pytest.mark.parametrize(
    ("changes", "stack", "why"),
    [
        ({"PhysicalSizeX": None, "PhysicalSizeY": None}, STACK, "--pixel-um"),
        ({"PhysicalSizeX": 0.8}, STACK, "not square.*--pixel-um"),
        ({"PhysicalSizeX": 0.0, "PhysicalSizeY": 0.0}, STACK, "--pixel-um"),
        ({"TimeIncrement": None}, STACK, "--interval-s"),
        ({"TimeIncrement": 0}, STACK, "--interval-s"),
        ({"Channel": {"Name": ["GFP", "RFP"]}}, STACK, "0: GFP, 1: RFP.*--nk-channel"),
        ({"Channel": {"Name": ["NK", "NK on tumor"]}}, STACK.astype(np.float32), "float32"),
        ({"axes": "TYX", "Channel": None}, STACK[:, 0], "one channel"),
        ({"axes": "TZYX", "Channel": None}, STACK, "planes in z"),
    ],
    ids=[
        "no pixel size", "oblong pixels", "zero pixels", "no interval", "zero interval",
        "dyes as names", "float", "one channel", "z-stack",
    ],
)  # fmt: skip
def test_what_a_file_leaves_out_is_asked_for_in_one_line(
    tmp_path: Path, changes: dict[str, object], stack: np.ndarray, why: str
) -> None:
    path = ome(tmp_path / "a.ome.tif", stack, **changes)
    with pytest.raises(BadInput, match=why) as refusal:
        open_recording(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"nk_channel": 2}, "--nk-channel 2: its channels are 0 to 1"),
        ({"tumor_channel": -1}, "--tumor-channel -1"),
        ({"nk_channel": 1, "tumor_channel": 1}, "cannot be both"),
        ({"pixel_um": 0.0}, "--pixel-um 0.0"),
        ({"interval_s": float("nan")}, "--interval-s nan"),
    ],
    ids=str,
)
def test_impossible_answers_are_refused(tmp_path: Path, told: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        open_recording(ome(tmp_path / "a.ome.tif"), **told)


def test_a_colour_picture_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 24, 36, 3), np.uint8), photometric="rgb")
    with pytest.raises(BadInput, match="colour"):
        open_recording(tmp_path / "a.tif", **TOLD)


def test_what_is_not_there_or_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no picture")
    (tmp_path / "empty.tif").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for name, why in (
        ("absent.tif", "no such file"),
        ("text.tif", "not a TIFF"),
        ("empty.tif", "not a TIFF"),
        ("folder", "neither a session folder"),
    ):
        with pytest.raises(BadInput, match=why):
            open_recording(tmp_path / name)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_flipped_bytes_in_a_tiff_give_one_line_or_a_recording(
    tmp_path: Path, data: st.DataObject
) -> None:
    compression = data.draw(st.sampled_from((None, "zlib")))
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        path, STACK, ome=True, metadata=OME, photometric="minisblack", compression=compression
    )
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        anywhere = st.integers(0, len(content) - 1)
        heads = st.integers(0, 400) | st.integers(len(content) - 2000, len(content) - 1)
        content[data.draw(anywhere | heads)] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(content)))
    path.write_bytes(content if cut is None else content[:cut])
    try:
        recording = open_recording(path)
        for time in range(min(len(recording.times_s), 5)):
            recording.read(time, "nk")
    except BadInput as refusal:
        is_one_line(refusal)


def test_the_rendered_coculture_opens_as_it_is() -> None:
    if not COCULTURE.exists():
        pytest.skip(f"{COCULTURE.name} is not beside the checkout (../shared/data)")
    recording = open_recording(COCULTURE)
    assert recording.channels == ("nk", "tumor")
    assert len(recording.times_s) == 155
    assert recording.times_s[1] == 60
    assert recording.view(0).shape == (512, 256)
    page = tifffile.imread(COCULTURE, key=2 * 77 + 1)
    np.testing.assert_array_equal(recording.read(77, "tumor"), page)


def test_a_recording_is_looked_at_for_cells_as_large_as_its_own() -> None:
    if not COCULTURE.exists():
        pytest.skip(f"{COCULTURE.name} is not beside the checkout (../shared/data)")
    cells = plan_for(open_recording(COCULTURE)).cells
    assert 7 < cells.nk_diameter_um < 10  # by the authors' outlines 8 and 10 um
    assert 8 < cells.tumor_diameter_um < 12


def test_what_the_user_says_of_cells_goes_before_what_is_measured(tmp_path: Path) -> None:
    path = ome(tmp_path / "a.ome.tif")
    said = Experiment(cells=Cells(tumor_diameter_um=13.0))
    assert plan_for(open_recording(path), said).cells == said.cells
    assert plan_for(open_recording(path)).cells == Cells(), "no cells to measure: the usual sizes"
