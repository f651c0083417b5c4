"""The figure of one encounter, from a folder that answers as a session folder does."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from livewatch.errors import BadInput
from livewatch.model import Bite, Encounter, Frame, Outcome, Plane, Purpose, Shot, View
from livewatch.report.account import Account
from livewatch.report.figure import draw, save_figures
from livewatch.report.strip import spread

if TYPE_CHECKING:
    from pathlib import Path

    from livewatch.report.course import Course

VIEW = View("a", 0.0, 0.0, None, "20x", 0.5, 1, (120, 120))
ENCOUNTER = Encounter(
    3, "a", 1, 2, 0.0, 40.0, 40.0, 0, 0, outcome=Outcome.EVADED, outcome_reason="twisted",
    tags=("twisted",), bites=(Bite(12.0, 0.01, True),),
)  # fmt: skip


class Folder:
    """Twenty frames of one encounter, and one encounter that no frame shows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def encounters(self) -> dict[int, Encounter]:
        return {3: ENCOUNTER, 4: replace(ENCOUNTER, id=4)}

    def observations(self) -> list[dict[str, Any]]:
        return [
            {
                "frame": index,
                "number": index + 1,
                "time_s": 2.0 * index,
                "problem": None,
                "encounters": [3],
                "opened": [],
                "closed": [],
                "settled": [],
                "contacts": {
                    "gap_um": [0.0, 0.0],
                    "contact_um": [1.0, 1.0],
                    "nk_id": [9, 1],
                    "tumor_id": [2, 2],
                    "nk_x_um": [0.0, 12.0],
                    "nk_y_um": [0.0, 0.0],
                    "tumor_x_um": [0.0, 0.0],
                    "tumor_y_um": [0.0, 0.0],
                    "seal_fraction": [0.0, 0.1],
                    "patch_deg": [None, 170.0 + index],
                    "patch_start_deg": [None, 150.0 + index],
                    "patch_end_deg": [None, -170.0 + index],
                },
            }
            for index in range(20)
        ]

    def entries(self) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(time_s=at, dose=50.0, purpose=Purpose.SURVEY if at < 0 else "encounter")
            for at in (-500.0, -30.0, 0.0, 10.0, 20.0, 900.0)
        ]

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        def decision(at_s: float, purpose: str, target: int | None, reason: str) -> dict[str, Any]:
            shot = {"view": {"position": "a"}, "purpose": purpose, "not_before_s": at_s}
            return {
                "kind": "decision",
                "decision": {"shot": shot, "target": target, "reason": reason},
            }

        return [
            decision(-400.0, "survey", None, "long before"),
            {"kind": "fault"},
            decision(0.0, "encounter", 3, "they touch"),
            decision(2.0, "encounter", 3, "they touch still"),
            decision(4.0, "survey", None, "a look around"),
            decision(6.0, "encounter", 3, "they touch still"),
            decision(40.0, "cooldown", 3, "over"),
        ]

    def frame(self, index: int) -> Frame:
        planes = tuple(Plane(name, 20.0) for name in ("nk", "tumor"))
        picture = np.full(VIEW.shape, 100 + index, np.uint16)
        shot = Shot(VIEW, planes, 0.0, Purpose.ENCOUNTER)
        return Frame(index, shot, VIEW, (picture, picture), (), 2.0 * index)


def shown(folder: Folder) -> Course:
    course = Account(folder).course(3)  # type: ignore[arg-type]
    assert course is not None
    return course


def test_it_takes_the_pair_it_is_asked_for(tmp_path: Path) -> None:
    course = shown(Folder(tmp_path))
    assert len(course.frames) == 20
    assert course.of("seal_fraction") == pytest.approx([0.1] * 20)
    assert np.isnan(course.of("twist_deg")).all()


def test_what_was_known_late_stands_where_it_belongs_in_time(tmp_path: Path) -> None:
    class Late(Folder):
        def observations(self) -> list[dict[str, Any]]:
            first, second, *others = super().observations()
            return [first, *others, second]

    course = shown(Late(tmp_path))
    assert list(course.frames) == list(range(20))
    assert (np.diff(course.of("time_s")) > 0).all()


def test_it_tells_the_light_about_that_time_and_the_decisions_that_changed_something(
    tmp_path: Path,
) -> None:
    course = shown(Folder(tmp_path))
    assert [one.time_s for one in course.lit] == [-30.0, 0.0, 10.0, 20.0]
    assert [turn.reason for turn in course.turns] == ["they touch", "over"]


def test_an_encounter_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no encounter 8; there are: 3, 4"):
        Account(Folder(tmp_path)).course(8)  # type: ignore[arg-type]


def test_truth_beside_it_is_that_of_the_pair_in_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    names = "time_s,nk_id,tumor_id,nk_x_um,nk_y_um,tumor_x_um,tumor_y_um,seal_fraction"
    lines = [f"{2.0 * n},5,6,13,0,1,0,0.12\n{2.0 * n},7,6,-13,0,1,0,0.9" for n in range(20)]
    (tmp_path / "truth" / "pairs.csv").write_text("\n".join([names, *lines]))
    course = shown(Folder(tmp_path))
    assert course.truth["seal_fraction"] == pytest.approx([0.12] * 20)


def test_the_true_slip_counts_from_where_the_measured_one_does(tmp_path: Path) -> None:
    class Slipping(Folder):
        def observations(self) -> list[dict[str, Any]]:
            seen = super().observations()
            for index, one in enumerate(seen):
                one["contacts"]["slip_um"] = [None, None if index < 3 else 0.5 * (index - 3)]
            return seen

    (tmp_path / "truth").mkdir()
    names = "time_s,nk_id,tumor_id,nk_x_um,nk_y_um,tumor_x_um,tumor_y_um,slip_um"
    lines = [f"{2.0 * n},5,6,13,0,1,0,{20 + 0.5 * n}" for n in range(20)]
    (tmp_path / "truth" / "pairs.csv").write_text("\n".join([names, *lines]))
    course = shown(Slipping(tmp_path))
    assert course.truth["slip_um"][3:] == pytest.approx(course.of("slip_um")[3:])


def test_pictures_show_whole_cells_as_far_as_there_are_any() -> None:
    whole = np.array([True, False, True, True, False, True])
    assert list(spread(whole, 3)) == [0, 3, 5]
    assert list(spread(whole, 6)) == list(range(6))


def test_it_draws_pictures_courses_light_and_decisions(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = draw(Folder(tmp_path), shown(Folder(tmp_path)))  # type: ignore[arg-type]
    assert len([axes for axes in figure.axes if axes.images]) == 9
    labels = {axes.get_ylabel().split("\n")[0] for axes in figure.axes}
    assert {"patch in the", "turn (deg)", "slip along the", "seal (of", "light so far"} <= labels
    words = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert "EVADED - TWISTED" in words
    assert "they touch" in words


def test_every_encounter_that_was_seen_is_saved(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    paths, damages = save_figures(Folder(tmp_path), tmp_path / "figures")  # type: ignore[arg-type]
    assert not damages
    assert [path.name for path in paths] == ["encounter-003.png"]
    assert paths[0].stat().st_size > 10_000


def test_an_encounter_that_no_frame_shows_has_no_course(tmp_path: Path) -> None:
    assert Account(Folder(tmp_path)).course(4) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("encounters", None), ("contacts", []), ("frame", "x"), ("time_s", {})],
)
def test_a_damaged_line_is_refused_with_its_number(
    tmp_path: Path, column: str, wrong: object
) -> None:
    class Damaged(Folder):
        def observations(self) -> list[dict[str, Any]]:
            lines = super().observations()
            lines[4][column] = wrong
            return lines

    with pytest.raises(BadInput, match="line 5: damaged"):
        Account(Damaged(tmp_path)).course(3)  # type: ignore[arg-type]


def test_what_is_damaged_of_one_encounter_keeps_none_else_back(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")

    class Damaged(Folder):
        def encounters(self) -> dict[int, Encounter]:
            return super().encounters() | {5: replace(ENCOUNTER, id=5, nk_id=9)}

        def observations(self) -> list[dict[str, Any]]:
            lines = super().observations()
            lines[4]["encounters"] = [3, 5]
            lines.append(lines[4] | {"encounters": [5], "contacts": []})
            return lines

        def frame(self, index: int) -> Frame:
            if index == 0:
                raise BadInput("its pixels are not those recorded")
            return super().frame(index)

    folder: Any = Damaged(tmp_path)
    figure = draw(folder, shown(folder))
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert said.count("damaged") == 1
    paths, damages = save_figures(folder, tmp_path)
    assert [path.name for path in paths] == ["encounter-003.png"]
    (damage,) = damages
    assert damage.startswith("encounter 5 is not drawn")
    assert "line 21" in damage
