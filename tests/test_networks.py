"""The adapters with the real packages, where these are installed: tiny models made here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from livewatch.analysis.segmentation.networks import Cellpose, StarDist
from livewatch.analysis.segmentation.segmenter import SegmenterError, checked

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # both packages bring dozens of their own
PLACES = ((60, 60), (60, 190), (150, 120), (210, 50), (200, 200))
RADIUS_PX = 20


def discs() -> np.ndarray:
    """Five round cells on noise."""
    y, x = np.mgrid[:256, :256]
    noise = np.random.default_rng(1).normal(100, 3, (256, 256))
    cells = sum(np.hypot(y - row, x - column) < RADIUS_PX for row, column in PLACES)
    return (noise + 500 * cells).astype(np.uint16)


def found(segmenter: Any) -> set[tuple[int, int]]:
    """The places that lie in a cell of their own."""
    image = discs()
    labels, label_um = segmenter(image, 0.5, 2 * RADIUS_PX * 0.5)
    labels = checked(labels, label_um, image, 0.5)
    by = label_um / 0.5
    ids = {place: labels[round(place[0] / by), round(place[1] / by)] for place in PLACES}
    alone = [place for place in PLACES if ids[place] and list(ids.values()).count(ids[place]) == 1]
    return {
        place
        for place in alone
        if abs(by**2 * (labels == ids[place]).sum() / (np.pi * RADIUS_PX**2) - 1) < 0.35
    }


def test_cellpose_finds_cells_by_a_network_that_needs_no_weights() -> None:
    torch = pytest.importorskip("torch", reason="Cellpose is not installed")
    models = pytest.importorskip("cellpose.models", reason="Cellpose is not installed")

    class Downhill(torch.nn.Module):  # type: ignore[misc, name-defined]
        """Flows that lead up the blurred image; a cell where it is bright."""

        dtype, device = torch.float32, torch.device("cpu")

        def forward(self, image: Any) -> tuple[Any, Any]:
            grey = image.mean(1, keepdim=True)
            blurred = torch.nn.functional.avg_pool2d(grey, 31, 1, 15)
            dy, dx = (torch.gradient(blurred, dim=axis)[0] for axis in (2, 3))
            length = torch.sqrt(dy**2 + dx**2) + 1e-6
            bright = 40 * (grey - grey.mean()) / (grey.std() + 1e-6) - 10
            flows = torch.cat([5 * dy / length, 5 * dx / length, bright], 1)
            return flows, torch.zeros(len(image), 256)

    model = models.CellposeModel.__new__(models.CellposeModel)
    model.device, model.gpu, model.backbone = torch.device("cpu"), False, "sam_vitl"
    model.net = Downhill()
    model.pretrained_model, model.net_avg = "", False
    assert found(Cellpose(model)) == set(PLACES)


def test_stardist_finds_cells_by_a_network_trained_for_seconds(tmp_path: Path) -> None:
    stardist = pytest.importorskip("stardist.models", reason="StarDist is not installed")
    config = stardist.Config2D(
        n_rays=16,
        n_channel_in=1,
        unet_n_depth=2,
        unet_n_filter_base=8,
        train_patch_size=(96, 96),
        train_batch_size=4,
        train_epochs=1,
        train_steps_per_epoch=300,
        train_tensorboard=False,
        train_learning_rate=2e-3,
        train_reduce_lr=None,
    )
    model = stardist.StarDist2D(config, name="tiny", basedir=str(tmp_path))
    rng = np.random.default_rng(0)
    images, labels = zip(*(scattered(rng) for _ in range(24)), strict=True)
    model.train(list(images[4:]), list(labels[4:]), (list(images[:4]), list(labels[:4])), seed=0)
    assert len(found(StarDist(model))) >= 4


def scattered(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An image from 0 to 1 of round cells 20 px wide, and their labels."""
    y, x = np.mgrid[:128, :128]
    labels = np.zeros((128, 128), np.int32)
    for number in range(1, 7):
        row, column = rng.uniform(10, 118, 2)
        labels[(np.hypot(y - row, x - column) < rng.uniform(8, 12)) & (labels == 0)] = number
    return ((labels > 0) + rng.normal(0, 0.02, labels.shape)).astype(np.float32), labels


@pytest.mark.parametrize(("package", "adapter"), [("cellpose", Cellpose), ("stardist", StarDist)])
def test_missing_weights_are_said_in_one_line(
    package: str, adapter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed")
    import urllib.request

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    monkeypatch.setattr(urllib.request, "urlretrieve", offline)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("CELLPOSE_LOCAL_MODELS_PATH", str(tmp_path))
    with pytest.raises(SegmenterError, match="no weights here") as refused:
        adapter()
    assert "\n" not in str(refused.value)
