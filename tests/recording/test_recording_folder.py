from __future__ import annotations

import json
import shutil
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invented import encounter, frame, observation, step, view
from spoiling import bytes_flipped, value_made_up

from livewatch.errors import BadInput
from livewatch.model import Region
from livewatch.recording.folder import SessionFolder
from livewatch.recording.line import cut_torn_line
from livewatch.recording.recorder import Recorder
from livewatch.recording.tables import export
from livewatch.recording.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

LEDGERS = ("frames.jsonl", "events.jsonl", "observations.jsonl")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "s"
    recorder = Recorder.create(folder, {"begun_s": 0.0})
    for index in range(6):
        each = frame(index, view(Region(0, 0, 48, 40)) if index % 2 else None)
        recorder.put(each)
        recorder.step(step(each, observation(each, encounter(float(index)))))
    recorder.close({"status": "completed"})
    return folder


@pytest.fixture
def session(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "s")


def is_one_line(refusal: BadInput) -> None:
    assert "\n" not in str(refusal)


def read_everything(folder: Path) -> None:
    found = SessionFolder.open(folder)
    for index in range(len(found)):
        found.frame(index)
    list(found.events())
    found.encounters()
    assert found.end is None or isinstance(found.end, dict)
    export(folder)


def test_a_last_line_that_a_crash_cut_short_is_left_out(session: Path) -> None:
    for name in LEDGERS:
        ledger = session / name
        ledger.write_bytes(ledger.read_bytes()[:-20])
    assert len(SessionFolder.open(session)) == 5
    read_everything(session)


def edit(folder: Path, line: int, **changes: object) -> None:
    """Change fields of a line of frames.jsonl."""
    ledger = folder / "frames.jsonl"
    lines = [json.loads(each) for each in ledger.read_text().splitlines()]
    lines[line].update(changes)
    ledger.write_text("".join(json.dumps(each) + "\n" for each in lines))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"take": "../../../etc"}, "take"),
        ({"take": "0007"}, "No such file"),
        ({"shape": [2, 10**6, 10**6]}, "is no image"),
        ({"shape": [2, 64, 95]}, "at a view of"),
        ({"index": 10**12}, "No such file"),
        ({"index": -1}, "index"),
        ({"dtype": "object"}, "dtype"),
        ({"checksums": ["0" * 16, "0" * 16]}, "checksum"),
        ({"planes": []}, "planes"),
        ({"frame": 3}, "frame 3 where 2 belongs"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_hostile_or_damaged_frame_is_refused_in_one_line(
    session: Path, changes: dict[str, object], why: str
) -> None:
    edit(session, 2, **changes)
    with pytest.raises(BadInput, match=why) as refusal:
        SessionFolder.open(session).read(2)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"binning": 0}, "binning 0"),
        ({"pixel_um": -1.0}, "pixel size"),
        ({"stage_x_um": float("inf")}, "place"),
        ({"sensor_px": [10**6, 10**6]}, "sides"),
    ],
    ids=str,
)
def test_a_view_no_camera_can_have_is_refused(
    session: Path, changes: dict[str, object], why: str
) -> None:
    view = json.loads((session / "frames.jsonl").read_text().splitlines()[0])["view"]
    edit(session, 0, view=view | changes)
    with pytest.raises(BadInput, match=why):
        SessionFolder.open(session).entry(0)


def test_a_take_that_leads_out_of_the_folder_is_not_followed(session: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.move(session / "takes" / "0001.ome.zarr", outside)
    try:
        (session / "takes" / "0001.ome.zarr").symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("links are not permitted here")
    with pytest.raises(BadInput, match="leads out of the session folder"):
        SessionFolder.open(session).read(0)


def test_tables_are_not_written_through_a_link_out_of_the_folder(
    session: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    try:
        (session / "tables").symlink_to(tmp_path / "outside", target_is_directory=True)
    except OSError:
        pytest.skip("links are not permitted here")
    with pytest.raises(BadInput, match="leads out"):
        export(session)
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b'{"format": 99}', b"[" * 100_000, b"\xff"])
def test_a_header_that_is_none_is_refused_in_one_line(session: Path, content: bytes) -> None:
    (session / "session.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"session\.json") as refusal:
        SessionFolder.open(session)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no session folder"):
        SessionFolder.open(tmp_path)


def test_changed_pixels_are_noticed(session: Path) -> None:
    chunk = next((session / "takes").rglob("c/1/0/0/0"))
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    assert not verify_pixels(session)


def verify_pixels(folder: Path) -> bool:
    found = SessionFolder.open(folder)
    try:
        for index in range(len(found)):
            found.read(index)
    except BadInput:
        return False
    return True


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_flipped_bytes_give_one_line_or_nothing(session: Path, data: st.DataObject) -> None:
    files = sorted(path for path in session.rglob("*") if path.is_file() and path.suffix != ".csv")
    with bytes_flipped(data, data.draw(st.sampled_from(files))):
        try:
            read_everything(session)
            verify(session)
        except BadInput as refusal:
            is_one_line(refusal)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_made_up_values_in_ledgers_give_one_line_or_nothing(
    session: Path, data: st.DataObject
) -> None:
    with value_made_up(data, session / data.draw(st.sampled_from(LEDGERS))):
        try:
            read_everything(session)
            verify(session)
        except BadInput as refusal:
            is_one_line(refusal)


@pytest.mark.parametrize("packed", [16, 4096])
def test_pixels_that_claim_to_be_giant_fill_no_memory(session: Path, packed: int) -> None:
    view = json.loads((session / "frames.jsonl").read_text().splitlines()[0])["view"]
    side = 2**14
    edit(session, 0, view=view | {"sensor_px": [side, side], "region": None}, asked=None)
    edit(session, 0, shape=[2, side, side], dtype="uint16")
    chunk = session / "takes" / "0001.ome.zarr" / "0" / "c" / "0" / "0" / "0" / "0"
    head = chunk.read_bytes()[:4]
    sizes = (side * side * 2, 2**16, packed)
    claim = head + b"".join(size.to_bytes(4, "little") for size in sizes)
    chunk.write_bytes(claim.ljust(packed, b"\0"))
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="do not fit"):
            SessionFolder.open(session).read(0)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("torn", [b"", b"{", b"x" * 200_000])
@pytest.mark.parametrize("whole", [b"", b"{}\n", b'{"a": 1}\n' * 30_000])
def test_only_what_a_crash_left_of_a_last_line_is_cut_off(
    tmp_path: Path, whole: bytes, torn: bytes
) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(whole + torn)
    cut_torn_line(path)
    assert path.read_bytes() == whole


def test_events_of_some_kinds_are_those_among_all(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    for kind in ("gap", "alarm", "gap", "fault"):
        recorder.event(kind, {"kind of": "alarm"})
    recorder.close(None)
    session = SessionFolder.open(tmp_path / "s")
    every = list(session.events())
    assert [event["kind"] for event in every] == ["gap", "alarm", "gap", "fault"]
    assert list(session.events("gap", "fault")) == [every[0], every[2], every[3]]
    spaced = (tmp_path / "s" / "events.jsonl").read_bytes().replace(b'":', b'": ')
    (tmp_path / "s" / "events.jsonl").write_bytes(spaced)
    assert [event["event"] for event in session.events("alarm")] == [1]
