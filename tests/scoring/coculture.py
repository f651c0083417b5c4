"""Score contact and encounters on the real co-culture in ../shared/data/coculture_left.

    python tests/scoring/coculture.py labels     the authors' outlines, the authors' rule
    python tests/scoring/coculture.py pixels     the whole analysis, defaults, from the movie

From labels, the authors' rule (outlines at most 1 px apart in at least 3 frames in a row) goes
through livewatch's own contact and encounter code; only outlines and identities are given.
From pixels, nothing is given but the movie, its stated pixel size and interval.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import tifffile

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.contact import contacts_of
from livewatch.analysis.encounters import Scene, follow
from livewatch.model import Cell, Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.settings import Cells, ContactRules, Experiment

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "coculture_left"
PIXEL_UM, INTERVAL_S = 0.5, 60.0


class Seen(NamedTuple):
    """One encounter: who (or -1), from and to which frame, where it began, in px."""

    effector: int
    tumor: int
    first: int
    last: int
    x_px: float
    y_px: float


def truth() -> list[Seen]:
    """The authors' encounters."""
    with (DATA / "encounters.csv").open(newline="") as file:
        return [
            Seen(*(int(row[key]) for key in ("effector", "tumor", "start_frame", "end_frame")),
                 float(row["x"]), float(row["y"]))
            for row in csv.DictReader(file)
        ]  # fmt: skip


def outlined(labels: np.ndarray, kind: Kind) -> list[Cell]:
    """The authors' outlines of one frame, in px, identities as in their tables.

    Outlines of theirs that touch run over the same pixels; a label stack can give each pixel
    to one cell only. So a cell gets its 4-neighbours back where they carry another label.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    cells = []
    for label in np.unique(labels[labels > 0]):
        own = (labels == label).astype(np.uint8)
        own |= cv2.dilate(own, cross) & (labels > 0)
        rings, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        ring = max(rings, key=len)[:, 0, :].astype(np.float32)
        x, y = ring.mean(0).tolist()
        cells.append(Cell(int(label) - 1, kind, x, y, float(own.sum()), 1.0, 1.0, False, ring))
    return cells


def from_labels() -> list[Seen]:
    """Encounters by the authors' rule, from their outlines, through livewatch's code."""
    effectors = tifffile.imread(DATA / "effector_labels.tif")
    tumors = tifffile.imread(DATA / "tumor_labels.tif")
    rules = ContactRules(near_um=6, enter_um=1, enter_frames=3, exit_um=1, bridge_s=0, touch_um=1)
    bouts, found, next_id = (), {}, 1
    for frame in range(len(effectors)):
        nk = outlined(effectors[frame], Kind.NK)
        tumor = outlined(tumors[frame], Kind.TUMOR)
        # Both populations count their tracks from 0; encounters want identities of their own.
        tumor = [Cell(10_000 + t.id, *(getattr(t, f) for f in t.__slots__[1:])) for t in tumor]
        contacts = contacts_of(nk, tumor, rules)
        seen = frozenset(cell.id for cell in (*nk, *tumor))
        lost = {cell: "gone" for bout in bouts for cell in bout.pair if cell not in seen}
        scene = Scene("left", float(frame), contacts, seen, lost, seen)
        turn = follow(bouts, scene, next_id, rules, 1e9)
        bouts, next_id = turn.bouts, next_id + len(turn.opened)
        found |= {encounter.id: encounter for encounter in turn.encounters}
    return [
        Seen(e.nk_id, e.tumor_id - 10_000, int(e.start_s), int(e.last_contact_s), e.x_um, e.y_um)
        for e in found.values()
    ]


def from_pixels() -> tuple[list[Seen], dict[int, list[tuple[float, float]]]]:
    """Encounters livewatch sees in the movie, and per frame where cells are in contact (px)."""
    movie = tifffile.imread(DATA / "movie.ome.tif")
    frames, _, height, width = movie.shape
    stage = (width / 2 * PIXEL_UM, height / 2 * PIXEL_UM)
    view = View("left", *stage, None, "", PIXEL_UM, 1, (width, height))
    planes = (Plane("nk", 50.0), Plane("tumor", 50.0))
    # The recording's own cells are about 8 and 10 um across at the pixel size it states.
    experiment = Experiment(cells=Cells(nk_diameter_um=8, tumor_diameter_um=10))
    analyst = Analyst(experiment)
    state = analyst.begin()
    begun, found, touching = {}, {}, defaultdict(list)
    for index in range(frames):
        at_s = index * INTERVAL_S
        shot = Shot(view, planes, at_s, Purpose.SURVEY)
        exposures = tuple(Exposure(p.channel, at_s, at_s + 0.05, 50.0) for p in planes)
        frame = Frame(index, shot, view, tuple(movie[index]), exposures, at_s)
        state, observation = analyst.observe(state, frame)
        for one in observation.encounters:
            found[one.id] = one
            begun.setdefault(one.id, (one.x_um / PIXEL_UM, one.y_um / PIXEL_UM))
        for contact in observation.contacts:
            if contact.gap_um <= experiment.contact.enter_um:
                x = (contact.nk_x_um + contact.tumor_x_um) / 2 / PIXEL_UM
                y = (contact.nk_y_um + contact.tumor_y_um) / 2 / PIXEL_UM
                touching[index].append((x, y))
    encounters = [
        Seen(-1, -1, round(e.start_s / INTERVAL_S), round(e.last_contact_s / INTERVAL_S),
             *begun[e.id])
        for e in found.values()
    ]  # fmt: skip
    return encounters, touching


def paired(found: list[Seen], real: list[Seen]) -> list[tuple[int, int]]:
    """One-to-one pairs of the same two cells that overlap in time, longest overlap first."""
    pairs = sorted(
        (max(a.first, b.first) - min(a.last, b.last), i, j)
        for i, a in enumerate(found)
        for j, b in enumerate(real)
        if a[:2] == b[:2] and max(a.first, b.first) <= min(a.last, b.last)
    )
    return greedy(pairs)


def greedy(pairs: list[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """The pairs in order, each side used once."""
    chosen: list[tuple[int, int]] = []
    for _, i, j in pairs:
        if all(i != a and j != b for a, b in chosen):
            chosen.append((i, j))
    return chosen


def score_labels() -> bool:
    """Print and judge the encounters from labels."""
    found, real = from_labels(), truth()
    pairs = paired(found, real)
    exact = sum(found[i][:4] == real[j][:4] for i, j in pairs)
    print(f"labels: {len(real)} encounters; found {len(found)}, of which {len(pairs)} are theirs")
    print(f"        to the frame: {exact}")
    for i, j in pairs:
        if found[i][:4] != real[j][:4]:
            print(f"        theirs {real[j][:4]}, ours {found[i][:4]}")
    return len(pairs) == len(real) == len(found)


def main() -> None:
    """Score what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["labels", "pixels"], nargs="?", default="labels")
    what = parser.parse_args().what
    if not DATA.is_dir():
        print(f"skipped: no {DATA.parent.name}/{DATA.name} beside this checkout")
        return
    if what == "labels":
        score_labels()


if __name__ == "__main__":
    main()
