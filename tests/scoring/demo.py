"""Score whole demos against the specimen's truth: `python -m tests.scoring.demo [SEED ...]`.

A found encounter is real if, in most of its frames in contact, the same two cells truly touch. A
true encounter counts as shown if at least three frames showed both its cells in contact, the middle
of each in the picture; it is found if a real found encounter is of the same two cells and overlaps
it.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING

from livewatch.cli import main
from livewatch.recording.folder import SessionFolder
from livewatch.specimen.rule import ORDINARY

if TYPE_CHECKING:
    from livewatch.model import View

SAME_UM = 6.0
SHOWN_FRAMES = 3

Row = dict[str, str]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Score:
    """Counts of encounters: true ones that were shown, those found of them, found, real of them."""

    shown: int
    caught: int
    found: int
    real: int

    def __add__(self, other: Score) -> Score:
        return Score(
            self.shown + other.shown,
            self.caught + other.caught,
            self.found + other.found,
            self.real + other.real,
        )

    @property
    def recall(self) -> float:
        return self.caught / self.shown if self.shown else float("nan")

    @property
    def precision(self) -> float:
        return self.real / self.found if self.found else float("nan")

    def text(self) -> str:
        return (
            f"{self.caught} of {self.shown} encounters found (recall {self.recall:.2f}), "
            f"{self.found - self.real} of {self.found} not real (precision {self.precision:.2f})"
        )


def score(folder: Path) -> Score:
    """Score one demo's session folder."""
    truth = defaultdict(list)
    for row in table(folder / "truth" / "pairs.csv"):
        truth[row["frame"]].append(row)
    contacts = defaultdict(list)
    for row in table(folder / "tables" / "contacts.csv"):
        contacts[row["nk_id"], row["tumor_id"]].append(row)
    found = table(folder / "tables" / "encounters.csv")
    meant = [true_pair(each, contacts[each["nk_id"], each["tumor_id"]], truth) for each in found]
    views = views_of(folder)
    true = [
        each for each in table(folder / "truth" / "encounters.csv") if is_shown(each, truth, views)
    ]
    caught = [
        any(
            pair == pair_of(each) and overlap(each, by)
            for pair, by in zip(meant, found, strict=True)
        )
        for each in true
    ]
    return Score(len(true), sum(caught), len(found), sum(pair is not None for pair in meant))


def true_pair(encounter: Row, contacts: list[Row], truth: dict[str, list[Row]]) -> Pair | None:
    """The true pair that an encounter is of, None if it is of none."""
    start_s, end_s = span(encounter)
    votes: Counter[Pair | None] = Counter()
    for row in contacts:
        if start_s <= float(row["time_s"]) <= end_s and float(row["gap_um"]) <= ORDINARY.enter_um:
            votes[at_place(row, truth[row["frame"]])] += 1
    return votes.most_common(1)[0][0] if votes else None


def at_place(contact: Row, pairs: list[Row]) -> Pair | None:
    """The true pair in contact at a found contact's place."""
    for pair in pairs:
        apart_um = max(
            hypot(
                float(contact[f"{kind}_x_um"]) - float(pair[f"{kind}_x_um"]),
                float(contact[f"{kind}_y_um"]) - float(pair[f"{kind}_y_um"]),
            )
            for kind in ("nk", "tumor")
        )
        if apart_um <= SAME_UM and float(pair["gap_um"]) <= ORDINARY.enter_um:
            return pair_of(pair)
    return None


def views_of(folder: Path) -> dict[str, View]:
    """Where the microscope looked in each frame."""
    return {str(entry.frame): entry.view for entry in SessionFolder.open(folder).entries()}


def is_shown(encounter: Row, truth: dict[str, list[Row]], views: dict[str, View]) -> bool:
    """Whether enough frames showed a true encounter's contact."""
    start_s, end_s = span(encounter)
    frames = sum(
        pair_of(row) == pair_of(encounter)
        and float(row["gap_um"]) <= ORDINARY.enter_um
        and all(
            views[frame].holds(float(row[f"{kind}_x_um"]), float(row[f"{kind}_y_um"]))
            for kind in ("nk", "tumor")
        )
        for frame, rows in truth.items()
        for row in rows
        if start_s <= float(row["time_s"]) <= end_s
    )
    return frames >= SHOWN_FRAMES


def overlap(one: Row, two: Row) -> bool:
    """Whether two encounters share some time."""
    (start_1, end_1), (start_2, end_2) = span(one), span(two)
    return start_1 <= end_2 and start_2 <= end_1


def span(encounter: Row) -> tuple[float, float]:
    """First and last contact."""
    return float(encounter["start_s"]), float(encounter["last_contact_s"])


def pair_of(row: Row) -> Pair:
    return row["nk_id"], row["tumor_id"]


def table(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(seed: int, seconds: float, scene: str, folder: Path) -> Score:
    """Make a demo session and score it."""
    words = ["demo", "--headless", "--speed", "max", "--out", str(folder), "--scene", scene]
    assert main([*words, "--seconds", str(seconds), "--seed", str(seed)]) == 0
    return score(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*", default=[100, 101, 102, 103])
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--scene", default="mixed")
    options = parser.parse_args()
    total = Score(0, 0, 0, 0)
    with tempfile.TemporaryDirectory() as place:
        for seed in options.seeds:
            one = run(seed, options.seconds, options.scene, Path(place) / str(seed))
            print(f"seed {seed}: {one.text()}")
            total += one
    print(f"all: {total.text()}")
