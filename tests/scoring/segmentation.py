"""Score segmentation: synthetic scenes, and real cells where ../shared/data is there.

    python -m tests.scoring.segmentation [--recipe]

F1 at IoU 0.5 (a cell found if its intersection over union with a true one is at least half),
and SEG as in the Cell Tracking Challenge. Seeds 0 to 4 were looked at while building; those
reported here begin at 100. `--recipe` sets the usual scikit-image recipe beside it.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, str(Path(__file__).parents[1]))

from cell_scene import Scene, draw
from spread_scene import SpreadScene, draw_spread

from livewatch.analysis.segmentation.classic import classic
from livewatch.analysis.segmentation.spread import spread
from livewatch.report.recipe import recipe

if TYPE_CHECKING:
    from livewatch.analysis.segmentation.segmenter import Segmenter

SHARED = Path(__file__).parents[3] / "shared" / "data"
FIRST_SEED = 100
STEM_CELL_UM, NUCLEUS_UM = 15.0, 15.0
"""What a user would state: the width of a stem cell's body; that of a nucleus."""
SCENES = {
    "tumor, sparse": Scene(cells=40, touching=0.0),
    "tumor": Scene(),
    "tumor, islands": Scene(cells=150, touching=0.8),
    "tumor, 20x": Scene(cells=60, pixel_um=0.325),
    "tumor, dim": Scene(photons=30.0),
    "tumor, dimmer": Scene(photons=12.0),
    "NK": Scene(diameter_um=9.0),
    "NK, clumps": Scene(cells=150, diameter_um=9.0, touching=0.7),
    "NK, 20x": Scene(cells=60, diameter_um=9.0, pixel_um=0.325),
    "NK, stretched": Scene(diameter_um=9.0, stretch=2.2, wobble=0.2),
    "NK, dim": Scene(diameter_um=9.0, photons=30.0),
    "NK, dimmer": Scene(diameter_um=9.0, photons=12.0),
    "dim beside bright": Scene(spread=0.9),
    "empty": Scene(cells=0, debris=0),
}
SPREAD_SCENES = {
    "spread": SpreadScene(),
    "spread, dim": SpreadScene(photons=25.0),
    "spread, bright": SpreadScene(photons=300.0),
    "spread, crowded": SpreadScene(cells=30, touching=0.6),
}


def found(
    image: np.ndarray, pixel_um: float, diameter_um: float, by: Segmenter = classic
) -> np.ndarray:
    """livewatch's labels at the image's own resolution, by one of its own segmenters."""
    labels, label_um = by(image, pixel_um, diameter_um)
    return enlarged(labels, round(label_um / pixel_um), image.shape)


def enlarged(labels: np.ndarray, by: int, shape: tuple[int, int]) -> np.ndarray:
    """Labels at `by` times their resolution, the rest that was cut off empty."""
    size = labels.shape[1] * by, labels.shape[0] * by
    large = cv2.resize(labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    full = np.zeros(shape, np.int32)
    full[: size[1], : size[0]] = large
    return full


def ious(true: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(true cells, seen cells) intersection over union; labels need not be consecutive."""
    true_ids, t = np.unique(true, return_inverse=True)
    seen_ids, s = np.unique(seen, return_inverse=True)
    table = np.zeros((len(true_ids), len(seen_ids)), np.int64)
    np.add.at(table, (t.ravel(), s.ravel()), 1)
    union = table.sum(1, keepdims=True) + table.sum(0, keepdims=True) - table
    ratio = table / np.maximum(union, 1)
    return ratio[true_ids != 0][:, seen_ids != 0]


def tally(true: np.ndarray, seen: np.ndarray, at: float = 0.5) -> np.ndarray:
    """(found, missed, invented)."""
    table = ious(true, seen)
    rows, columns = linear_sum_assignment(-table) if table.size else ([], [])
    hits = int((table[rows, columns] >= at).sum()) if table.size else 0
    return np.array((hits, table.shape[0] - hits, table.shape[1] - hits))


def f1(counts: np.ndarray) -> float:
    """F1 of a tally; 1 when there was nothing and nothing was found."""
    hits, missed, invented = counts
    return 1.0 if not counts.sum() else 2 * hits / (2 * hits + missed + invented)


def seg(true: np.ndarray, seen: np.ndarray) -> list[float]:
    """The Jaccard index of each true cell with the seen one that covers most of it, else 0."""
    scores = []
    for label in np.unique(true[true > 0]):
        mask = true == label
        over = np.bincount(seen[mask])
        best = int(over[1:].argmax()) + 1 if len(over) > 1 and over[1:].max() > 0 else 0
        hit = over[best] if best else 0
        union = mask.sum() + (seen == best).sum() - hit
        scores.append(float(hit / union) if best and hit > 0.5 * mask.sum() else 0.0)
    return scores


def synthetic(way, seeds: range) -> dict[str, np.ndarray]:  # type: ignore[no-untyped-def]
    """Tally of each scene over the seeds."""
    totals = {}
    for name, scene in SCENES.items():
        total = np.zeros(3, int)
        for seed in seeds:
            image, true = draw(scene, seed)
            total += tally(true, way(image, scene.pixel_um, scene.diameter_um))
        totals[name] = total
    return totals


def synthetic_spread(way, seeds: range) -> dict[str, tuple[np.ndarray, float]]:  # type: ignore[no-untyped-def]
    """Tally and SEG of each scene of spread cells over the seeds."""
    totals = {}
    for name, scene in SPREAD_SCENES.items():
        total, covered = np.zeros(3, int), []
        for seed in seeds:
            image, true = draw_spread(scene, seed)
            seen = way(image, scene.pixel_um, scene.width_um)
            total += tally(true, seen)
            covered += seg(true, seen)
        totals[name] = total, float(np.mean(covered))
    return totals


def stem_cells(way) -> float | None:  # type: ignore[no-untyped-def]
    """SEG on msc_tracking, or None where it is absent."""
    folder = SHARED / "msc_tracking"
    if not folder.exists():
        return None
    import json

    import tifffile

    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    images = tifffile.imread(folder / "images.tif")
    truth = tifffile.imread(folder / "seg_gt.tif")
    scores: list[float] = []
    for true, at in zip(truth, meta["seg_frames"], strict=True):
        scores += seg(true, way(images[at], meta["pixel_um"], STEM_CELL_UM))
    return float(np.mean(scores))


def nuclei(way) -> np.ndarray | None:  # type: ignore[no-untyped-def]
    """Tally on the nuclei of nk_mcf7_still, or None where it is absent."""
    folder = SHARED / "nk_mcf7_still"
    if not folder.exists():
        return None
    import tifffile

    image = tifffile.imread(folder / "sample.tif")[3]
    true = tifffile.imread(folder / "sample_labelled.tif").astype(np.int32)
    return tally(true, way(image, 0.3112, NUCLEUS_UM))


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--first", type=int, default=FIRST_SEED)
    arguments.add_argument("--recipe", action="store_true")
    asked = arguments.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    ways = {"livewatch": (found, partial(found, by=spread))}
    ways |= {"scikit-image": (recipe, recipe)} if asked.recipe else {}
    for name, (way, of_spread) in ways.items():
        print(f"{name}\n{'scene':20} {'F1':>6} {'found':>6} {'missed':>6} {'invented':>8}")
        for scene, counts in synthetic(way, seeds).items():
            print(f"{scene:20} {f1(counts):6.3f} {counts[0]:6d} {counts[1]:6d} {counts[2]:8d}")
        for scene, (counts, covered) in synthetic_spread(of_spread, seeds).items():
            told = f"{f1(counts):6.3f} {counts[0]:6d} {counts[1]:6d} {counts[2]:8d}"
            print(f"{scene:20} {told}   SEG {covered:.3f}")
        score, counts = stem_cells(of_spread), nuclei(way)
        if score is None or counts is None:
            print("real cells: skipped, ../shared/data is not here")
            continue
        print(f"{'msc_tracking':20} SEG {score:.3f}")
        print(
            f"{'nk_mcf7_still':20} {f1(counts):6.3f} {counts[0]:6d} {counts[1]:6d} {counts[2]:8d}"
        )


if __name__ == "__main__":
    main()
