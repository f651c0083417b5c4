"""Score ../shared/data/msc_tracking with the Cell Tracking Challenge's measures.

    python -m tests.scoring.stem_cells

The whole analysis sees the movie as the tumor channel; its outlines, filled, are matched with the
challenge's markers by traccuracy, which also computes TRA, DET and LNK; SEG is of the same
outlines. 1 is perfect. Below it the same for tracking alone, which is shown the markers themselves
as cells, without their identities.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import networkx as nx
import numpy as np
import tifffile
from traccuracy import TrackingGraph, run_metrics
from traccuracy.matchers import CTCMatcher
from traccuracy.metrics import CTCMetrics

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.places import rules_of
from livewatch.analysis.sightings import Look
from livewatch.analysis.tracking import track
from livewatch.analysis.tracks import nobody
from livewatch.model import Cell, Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.settings import Cells, Experiment
from tests.scoring.segmentation import seg

Mothers = dict[int, int]
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "msc_tracking"
WIDTH_UM = 15.0
"""Typical width of these cells' bodies."""
EXPERIMENT = Experiment(cells=Cells(tumor_diameter_um=WIDTH_UM, tumor_segmenter="spread"))


def view_of(movie: np.ndarray, pixel_um: float) -> View:
    """The view of a movie whose corner is at (0, 0)."""
    height, width = movie.shape[1:]
    stage = (width / 2 * pixel_um, height / 2 * pixel_um)
    return View("msc", *stage, None, "", pixel_um, 1, (width, height))


def tracked(movie: np.ndarray, pixel_um: float, interval_s: float) -> list[tuple[Cell, ...]]:
    """The cells livewatch sees in each frame."""
    view, analyst = view_of(movie, pixel_um), Analyst(EXPERIMENT)
    state, seen = analyst.begin(), []
    for index, image in enumerate(movie):
        at_s = index * interval_s
        shot = Shot(view, (Plane("tumor", 50.0),), at_s, Purpose.SURVEY)
        exposure = Exposure("tumor", at_s, at_s + 0.05, 50.0)
        frame = Frame(index, shot, view, (image,), (exposure,), at_s)
        state, observation = analyst.observe(state, frame)
        if observation.problem is not None:
            print(f"        frame {index} not used: {observation.problem}")
        seen.append(observation.cells)
    return seen


def linked(truth: np.ndarray, pixel_um: float, interval_s: float) -> tuple[np.ndarray, Mothers]:
    """The markers under the identities that tracking gives them, and the mothers it sees."""
    view, rules = view_of(truth, pixel_um), rules_of(Kind.TUMOR, EXPERIMENT)
    tracks, next_id = nobody(), 1
    labels, mothers = np.zeros_like(truth), {}
    for index, image in enumerate(truth):
        of = {}
        for label in np.unique(image[image > 0]).tolist():
            cell = marked(image == label, pixel_um)
            of[cell.x_um, cell.y_um] = cell, label
        look = Look(view, index * interval_s)
        tracks, named = track(tracks, [cell for cell, _ in of.values()], look, next_id, rules)
        next_id = max([next_id, *(cell.id + 1 for cell in named)])
        for cell in named:
            _, label = of.get((cell.x_um, cell.y_um), (cell, -1))
            labels[index][image == label] = cell.id
        mothers |= {cell.id: cell.parent_id for cell in named if cell.parent_id is not None}
    return labels, mothers


def marked(mask: np.ndarray, pixel_um: float) -> Cell:
    """A marker as a cell; all are equally bright, so that brightness tells nothing."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline_um = (max(contours, key=len)[:, 0] + 0.5) * pixel_um
    x_um, y_um = ((np.argwhere(mask).mean(0) + 0.5) * pixel_um)[::-1].tolist()
    length_um = cv2.arcLength(outline_um.astype(np.float32), closed=True)
    at_edge = bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())
    return Cell(
        -1, Kind.TUMOR, x_um, y_um, float(mask.sum() * pixel_um**2), length_um, 500.0, at_edge,
        outline_um.astype(np.float32),
    )  # fmt: skip


def painted(seen: list[tuple[Cell, ...]], shape: tuple[int, ...], pixel_um: float) -> np.ndarray:
    """Label images: each cell's outline, filled with its identity."""
    labels = np.zeros(shape, np.int32)
    for image, cells in zip(labels, seen, strict=True):
        for cell in cells:
            corners = np.round((cell.outline_um / pixel_um - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(image, [corners], cell.id, shift=4)
    return labels


def graph_of(labels: np.ndarray, mothers: Mothers) -> TrackingGraph:
    """Tracks as the scorer wants them: a node per cell and frame, edges along each track."""
    graph, last = nx.DiGraph(), {}
    for frame, image in enumerate(labels):
        for label in np.unique(image[image > 0]).tolist():
            node = graph.number_of_nodes() + 1
            y, x = np.argwhere(image == label).mean(0).tolist()
            graph.add_node(node, t=frame, segmentation_id=label, x=x, y=y)
            before = last.get(label) or last.get(mothers.get(label, -1))
            if before is not None:
                graph.add_edge(before, node)
            last[label] = node
    return TrackingGraph(graph, segmentation=labels, location_keys=("y", "x"))


def main() -> None:
    """Print the measures."""
    if not DATA.is_dir():
        print(f"skipped: no {DATA.parent.name}/{DATA.name} beside this checkout")
        return
    meta = json.loads((DATA / "meta.json").read_text(encoding="utf-8"))
    movie = tifffile.imread(DATA / "images.tif")
    truth = tifffile.imread(DATA / "tra_markers.tif").astype(np.int32)
    seen = tracked(movie, meta["pixel_um"], meta["frame_min"] * 60.0)
    found = painted(seen, movie.shape, meta["pixel_um"])
    annotated = zip(tifffile.imread(DATA / "seg_gt.tif"), meta["seg_frames"], strict=True)
    covered = [score for true, at in annotated for score in seg(true, found[at])]
    print(f"{'SEG':28} {np.mean(covered):.3f}")
    mothers = {c.id: c.parent_id for cells in seen for c in cells if c.parent_id is not None}
    told("the whole analysis", truth, found, mothers)
    told("tracking alone", truth, *linked(truth, meta["pixel_um"], meta["frame_min"] * 60.0))


def told(what: str, truth: np.ndarray, found: np.ndarray, mothers: Mothers) -> None:
    """Print the measures of label images (frames, rows, columns)."""
    results, _ = run_metrics(
        graph_of(truth, {}),
        graph_of(found, mothers),
        CTCMatcher(),
        [CTCMetrics()],
        relax_skips_gt=True,
        relax_skips_pred=True,
    )
    print(what)
    for name, value in results[0]["results"].items():
        print(f"  {name:26} {value:.3f}" if isinstance(value, float) else f"  {name:26} {value}")


if __name__ == "__main__":
    sys.exit(main())
