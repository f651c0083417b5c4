"""OME-Zarr images (0.4 and 0.5), such as a take of a session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from livewatch.errors import BadInput
from livewatch.recording.folder import SessionFolder
from livewatch.recording.layout import SESSION, TAKE_SUFFIX, TAKES
from livewatch.replay.stack import About
from livewatch.replay.unit import seconds, um

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from livewatch.model import Pixels

MARKS = ("zarr.json", ".zgroup", ".zattrs")


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr group."""
    return any((path / mark).is_file() for mark in MARKS)


class ZarrStack:
    """A `Stack` out of the largest resolution of an OME-Zarr image; `BadInput` if it is none.

    Of a take, the session around it knows when and where each frame was taken.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            group = zarr.open_group(path, mode="r")
            attributes = dict(group.attrs)
            ome: Any = attributes.get("ome", attributes)
            image = ome["multiscales"][0]
            self._array: Any = group[image["datasets"][0]["path"]]
            self._axes = tuple(axis["name"] for axis in image["axes"])
            about = _about(self._array, self._axes, image, ome)
        except BadInput:
            raise
        except Exception as error:
            raise BadInput(f"{path}: not an OME-Zarr image livewatch can read") from error
        self.about = _of_session(path, about)

    def read(self, time: int, channel: int) -> Pixels:
        """One image (rows, columns); `BadInput` if it cannot be decoded."""
        place = {"t": time, "c": channel, "z": 0}
        try:
            index = tuple(slice(None) if axis in "yx" else place[axis] for axis in self._axes)
            return np.asarray(self._array[index])
        except Exception as error:
            raise BadInput(
                f"{self._path}: time point {time}, channel {channel} is damaged"
            ) from error


def _of_session(path: Path, about: About) -> About:
    """A take's times and place, from the ledger of the session it is in; else as it was."""
    folder = path.absolute().parent.parent
    if path.absolute().parent.name != TAKES or not (folder / SESSION).is_file():
        return about
    entries = SessionFolder.open(folder).entries()
    own = [entry for entry in entries if f"{entry.take}{TAKE_SUFFIX}" == path.name]
    if len(own) != about.shape[0]:
        return about
    view = own[0].view
    return replace(
        about,
        times_s=tuple(entry.time_s for entry in own),
        stage_um=(view.x_um, view.y_um),
    )


def _about(
    array: Any, axes: Sequence[str], image: Mapping[str, Any], ome: Mapping[str, Any]
) -> About:
    sizes = dict(zip(axes, array.shape, strict=True))
    if not {"t", "y", "x"} <= set(axes) or not set(axes) <= set("tczyx") or axes[-2:] != ("y", "x"):
        raise BadInput(f"{array.path}: axes {', '.join(axes)}; need a time-lapse: t, c, y, x")
    if sizes.get("z", 1) > 1:
        raise BadInput(f"{array.path}: {sizes['z']} planes in z; save a projection, or one plane")
    units = {axis["name"]: axis.get("unit") for axis in image["axes"]}
    scale = dict(zip(axes, _scale(image), strict=True))
    pixel_um = um(scale["x"], units["x"]), um(scale["y"], units["y"])
    shown = ome.get("omero", {}).get("channels", [])
    return About(
        shape=(sizes["t"], sizes.get("c", 1), sizes["y"], sizes["x"]),
        dtype=array.dtype.name,
        channels=tuple(str(channel.get("label", "")) for channel in shown),
        pixel_um=None if None in pixel_um else pixel_um,  # type: ignore[arg-type]
        interval_s=seconds(scale["t"], units["t"]),
    )


def _scale(image: Mapping[str, Any]) -> Sequence[float]:
    """The scale of the largest resolution, times that of the whole image where there is one."""
    whole = image.get("coordinateTransformations", [])
    steps = [*image["datasets"][0]["coordinateTransformations"], *whole]
    scales = [step["scale"] for step in steps if step["type"] == "scale"]
    return [float(value) for value in np.prod(np.array(scales, np.float64), axis=0)]
