"""Score contact and encounters on the real co-culture in ../shared/data/coculture_left.

    python tests/scoring/coculture.py labels     the authors' outlines, the authors' rule
    python tests/scoring/coculture.py pixels     the whole analysis, defaults, from the movie
    python tests/scoring/coculture.py replay     livewatch replay as a user would, its tables scored

From labels, the authors' rule (outlines at most 1 px apart in at least 3 frames in a row) goes
through livewatch's own contact and encounter code; only outlines and identities are given.
From pixels, nothing is given but the movie, its stated pixel size and interval. Their rule is
stricter than livewatch's default, by which even their own outlines make encounters that are not
theirs; so what is found is judged by both.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import tifffile

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.contact import contacts_of
from livewatch.analysis.encounters import Scene, follow
from livewatch.cli import main as livewatch
from livewatch.model import Cell, Encounter, Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.settings import Cells, ContactRules, Experiment

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "coculture_left"
PIXEL_UM, INTERVAL_S = 0.5, 60.0
SIZES = {"nk_diameter_um": 8.0, "tumor_diameter_um": 10.0}
"""Median cell sizes at the pixel size the recording states."""
NEAR_PX = 10.0
OTHERS = 10_000


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


class Touch(NamedTuple):
    """A pair in contact in one frame: where its two cells are, in px."""

    nk: np.ndarray
    tumor: np.ndarray


def from_labels() -> list[Seen]:
    """Encounters by the authors' rule, from their outlines, through livewatch's code."""
    rules = ContactRules(near_um=6, enter_um=1, enter_frames=3, exit_um=1, bridge_s=0, touch_um=1)
    return [
        Seen(e.nk_id, e.tumor_id - OTHERS, int(e.start_s), int(e.last_contact_s), e.x_um, e.y_um)
        for e, _ in followed(rules, 1.0, 1e9)
    ]


def by_own_rule() -> list[dict[int, Touch]]:
    """Encounters by livewatch's default rule, from the authors' outlines."""
    usual = ContactRules()
    lengths = {
        name: getattr(usual, name) / PIXEL_UM
        for name in ("near_um", "touch_um", "enter_um", "exit_um")
    }
    rules = usual.model_copy(update=lengths)
    return [touches for _, touches in followed(rules, INTERVAL_S, 3 * INTERVAL_S)]


def followed(
    rules: ContactRules, frame_s: float, patience_s: float
) -> list[tuple[Encounter, dict[int, Touch]]]:
    """Encounters by `rules`, in px, from the authors' outlines; each with its contacts by frame."""
    effectors = tifffile.imread(DATA / "effector_labels.tif")
    tumors = tifffile.imread(DATA / "tumor_labels.tif")
    bouts, found, next_id = (), {}, 1
    touching: dict[tuple[int, int], dict[int, Touch]] = defaultdict(dict)
    for frame in range(len(effectors)):
        nk = outlined(effectors[frame], Kind.NK)
        tumor = outlined(tumors[frame], Kind.TUMOR)
        # Both populations count their tracks from 0; encounters want identities of their own.
        tumor = [Cell(OTHERS + t.id, *(getattr(t, f) for f in t.__slots__[1:])) for t in tumor]
        contacts = contacts_of(nk, tumor, rules)
        for one in contacts:
            if one.gap_um <= rules.enter_um:
                places = np.array((one.nk_x_um, one.nk_y_um, one.tumor_x_um, one.tumor_y_um))
                touching[one.pair][frame] = Touch(*places.reshape(2, 2))
        seen = frozenset(cell.id for cell in (*nk, *tumor))
        lost = {cell: "gone" for bout in bouts for cell in bout.pair if cell not in seen}
        scene = Scene("left", frame * frame_s, contacts, seen, lost, seen)
        turn = follow(bouts, scene, next_id, rules, patience_s)
        bouts, next_id = turn.bouts, next_id + len(turn.opened)
        found |= {encounter.id: encounter for encounter in turn.encounters}
    return [
        (
            one,
            {
                frame: touch
                for frame, touch in touching[one.pair].items()
                if one.start_s <= frame * frame_s <= one.last_contact_s
            },
        )
        for one in found.values()
    ]


def from_pixels() -> tuple[list[dict[int, Touch]], dict[int, list[Touch]]]:
    """Encounters livewatch sees in the movie, as contacts by frame; all contacts by frame."""
    movie = tifffile.imread(DATA / "movie.ome.tif")
    frames, _, height, width = movie.shape
    stage = (width / 2 * PIXEL_UM, height / 2 * PIXEL_UM)
    view = View("left", *stage, None, "", PIXEL_UM, 1, (width, height))
    planes = (Plane("nk", 50.0), Plane("tumor", 50.0))
    experiment = Experiment(cells=Cells(**SIZES))
    analyst = Analyst(experiment)
    state = analyst.begin()
    encounters: dict[int, dict[int, Touch]] = defaultdict(dict)
    touching: dict[int, list[Touch]] = defaultdict(list)
    for index in range(frames):
        at_s = index * INTERVAL_S
        shot = Shot(view, planes, at_s, Purpose.SURVEY)
        exposures = tuple(Exposure(p.channel, at_s, at_s + 0.05, 50.0) for p in planes)
        frame = Frame(index, shot, view, tuple(movie[index]), exposures, at_s)
        state, observation = analyst.observe(state, frame)
        now = {}
        for one in observation.contacts:
            places = np.array((one.nk_x_um, one.nk_y_um, one.tumor_x_um, one.tumor_y_um))
            touch = Touch(*(places / PIXEL_UM - 0.5).reshape(2, 2))
            now[one.pair] = touch
            if one.gap_um <= experiment.contact.enter_um:
                touching[index].append(touch)
        for one in observation.encounters:
            if one.pair in now and one.is_open and one.last_contact_s == at_s:
                encounters[one.id][index] = now[one.pair]
    return list(encounters.values()), touching


def replayed() -> tuple[list[dict[int, Touch]], dict[int, list[Touch]]]:
    """The same, from the tables of a `livewatch replay` that is told nothing but the file."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        words = ["replay", str(DATA / "movie.ome.tif"), "--headless", "--out", str(out)]
        if livewatch(words) != 0:
            sys.exit("the replay failed")
        tables = {
            name: list(csv.DictReader((out / "tables" / f"{name}.csv").open(newline="")))
            for name in ("contacts", "encounters")
        }
    touching: dict[int, list[Touch]] = defaultdict(list)
    of_pair: dict[tuple[str, str], dict[int, Touch]] = defaultdict(dict)
    times_s: dict[int, float] = {}
    for row in tables["contacts"]:
        if float(row["gap_um"]) <= ContactRules().enter_um:
            names = ("nk_x_um", "nk_y_um", "tumor_x_um", "tumor_y_um")
            places = np.array([float(row[name]) for name in names])
            touch = Touch(*(places / PIXEL_UM - 0.5).reshape(2, 2))
            frame = int(row["frame"])
            times_s[frame] = float(row["time_s"])
            touching[frame].append(touch)
            of_pair[row["nk_id"], row["tumor_id"]][frame] = touch
    encounters = [
        {
            frame: touch
            for frame, touch in of_pair[row["nk_id"], row["tumor_id"]].items()
            if float(row["start_s"]) - 1 <= times_s[frame] <= float(row["last_contact_s"]) + 1
        }
        for row in tables["encounters"]
    ]
    return encounters, touching


def real_touches() -> tuple[list[dict[int, Touch]], dict[int, list[Touch]]]:
    """The same of the authors: their encounters, and all their contacts at most 1 px apart."""
    stacks = [tifffile.imread(DATA / f"{name}_labels.tif") for name in ("effector", "tumor")]
    places = [
        {
            (frame, label - 1): np.argwhere(stack[frame] == label)[:, ::-1].mean(0)
            for frame in range(len(stack))
            for label in np.unique(stack[frame])[1:].tolist()
        }
        for stack in stacks
    ]
    touching: dict[int, list[Touch]] = defaultdict(list)
    with (DATA / "pairs_within_6px.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            frame, nk, tumor = (int(row[key]) for key in ("frame", "effector", "tumor"))
            if float(row["gap_px"]) <= 1:
                touching[frame].append(Touch(places[0][frame, nk], places[1][frame, tumor]))
    encounters = [
        {
            frame: Touch(places[0][frame, one.effector], places[1][frame, one.tumor])
            for frame in range(one.first, one.last + 1)
            if (frame, one.effector) in places[0] and (frame, one.tumor) in places[1]
        }
        for one in truth()
    ]
    return encounters, touching


def same(a: Touch, b: Touch) -> bool:
    """Whether two contacts are at the same place: midway between the cells, within a radius."""
    return bool(np.hypot(*(a.nk + a.tumor - b.nk - b.tumor)) / 2 <= NEAR_PX)


def shared(a: dict[int, Touch], b: dict[int, Touch]) -> int:
    """In how many frames two encounters are the same place at the same time."""
    return sum(same(a[frame], b[frame]) for frame in a.keys() & b.keys())


def score_pixels() -> bool:
    """Print and judge the encounters from pixels."""
    return judged("pixels", *from_pixels())


def score_replay() -> bool:
    """Print and judge the encounters that a user sees."""
    return judged("replay", *replayed())


def judged(what: str, found: list[dict[int, Touch]], touching: dict[int, list[Touch]]) -> bool:
    """Print and judge encounters and contacts against the authors'."""
    real, really_touching = real_touches()
    overlap = overlap_of(found, real)
    recall, precision = seen_of(overlap)
    seen, theirs_too = seen_of(overlap_of(found, by_own_rule()))
    one_to_one = len(greedy(sorted((-overlap[i, j], i, j) for i, j in np.argwhere(overlap > 0))))
    print(f"{what}: {len(real)} encounters; found {len(found)}")
    print(f"        theirs that we saw {recall:.3f}, ours that are theirs {precision:.3f}")
    print(f"        by livewatch's rule on their outlines: {seen:.3f}, {theirs_too:.3f}")
    print(f"        matched one to one: {one_to_one} ({one_to_one / len(real):.3f} of theirs)")
    hits = total = claimed = 0
    for frame, theirs in really_touching.items():
        ours = touching.get(frame, [])
        pairs = [
            (0.0, i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs) if same(a, b)
        ]
        hits += len(greedy(pairs))
        total += len(theirs)
    claimed = sum(len(ours) for ours in touching.values())
    recalled, precise = hits / total, hits / max(claimed, 1)
    print(f"        contacts frame by frame: recall {recalled:.3f}, precision {precise:.3f}")
    print(f"        F1 {2 * hits / (total + claimed):.3f}")
    for number in np.flatnonzero(overlap.max(0, initial=0) == 0):
        print(f"        not seen: {truth()[number]}")
    for number in np.flatnonzero(overlap.max(1, initial=0) == 0):
        frames = sorted(found[number])
        nk = found[number][frames[0]].nk.round().tolist()
        print(f"        not theirs: frames {frames[0]} to {frames[-1]} at {nk}")
    return recall >= 0.9 and precision >= 0.85


def overlap_of(found: list[dict[int, Touch]], real: list[dict[int, Touch]]) -> np.ndarray:
    """(found, real): in how many frames each two are the same place at the same time."""
    overlap = np.array([[shared(one, other) for other in real] for one in found])
    return overlap.reshape(len(found), len(real))


def seen_of(overlap: np.ndarray) -> tuple[float, float]:
    """Which share of the real ones was found, and of those found is real."""
    recall = float((overlap.max(0, initial=0) > 0).mean())
    return recall, float((overlap.max(1, initial=0) > 0).mean()) if len(overlap) else 0.0


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
    own = by_own_rule()
    _, precision = seen_of(overlap_of(own, real_touches()[0]))
    print(f"        by livewatch's rule: {len(own)}; theirs of these {precision:.3f}")
    return len(pairs) == len(real) == len(found)


def main() -> None:
    """Score what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["labels", "pixels", "replay"], nargs="?", default="labels")
    what = parser.parse_args().what
    if not DATA.is_dir():
        print(f"skipped: no {DATA.parent.name}/{DATA.name} beside this checkout")
        return
    scores = {"labels": score_labels, "pixels": score_pixels, "replay": score_replay}
    sys.exit(0 if scores[what]() else 1)


if __name__ == "__main__":
    main()
