from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from invented import encounter, frame, observation, step

from livewatch.recording.recorder import Recorder
from livewatch.recording.tables import export

if TYPE_CHECKING:
    from pathlib import Path

CONTACTS = [
    "frame",
    "time_s",
    "position",
    "nk_id",
    "tumor_id",
    "nk_x_um",
    "nk_y_um",
    "tumor_x_um",
    "tumor_y_um",
    "gap_um",
    "contact_um",
    "seal_fraction",
]
ENCOUNTERS = [
    "encounter_id",
    "position",
    "nk_id",
    "tumor_id",
    "start_s",
    "end_s",
    "duration_s",
    "x_um",
    "y_um",
    "outcome",
]


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, list[dict[str, str]]]:
    recorder = Recorder.create(tmp_path / "s", {})
    for index in range(3):
        each = frame(index)
        recorder.put(each)
        end_s = 2.0 if index == 2 else None
        seen = observation(each, encounter(float(index), end_s=end_s)) if index else None
        recorder.step(step(each, seen))
    recorder.close({})
    return {path.stem: rows(path) for path in export(tmp_path / "s")}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_contacts_has_a_row_per_pair_and_analysed_frame(
    tables: dict[str, list[dict[str, str]]],
) -> None:
    assert list(tables["contacts"][0])[: len(CONTACTS)] == CONTACTS
    assert [row["frame"] for row in tables["contacts"]] == ["1", "2"]
    first = tables["contacts"][0]
    assert (first["gap_um"], first["position"], first["twist_deg"]) == ("0.3333", "A", "")
    assert (first["contact_in_s"], first["contact_in_sd_s"]) == ("0.0", "inf")


def test_encounters_has_a_row_per_encounter_as_last_known(
    tables: dict[str, list[dict[str, str]]],
) -> None:
    assert list(tables["encounters"][0])[: len(ENCOUNTERS)] == ENCOUNTERS
    (only,) = tables["encounters"]
    assert (only["encounter_id"], only["end_s"], only["outcome"]) == ("1", "2.0", "ongoing")


def test_cells_has_a_row_per_cell_and_analysed_frame(
    tables: dict[str, list[dict[str, str]]],
) -> None:
    assert [(row["frame"], row["id"], row["kind"]) for row in tables["cells"]] == [
        ("1", "1", "nk"), ("1", "2", "tumor"), ("2", "1", "nk"), ("2", "2", "tumor"),
    ]  # fmt: skip
    assert tables["cells"][0]["roundness"] == "0.8936"


def test_a_session_without_anything_seen_has_empty_tables(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "s", {}).close({})
    assert [rows(path) for path in export(tmp_path / "s")] == [[], [], []]
