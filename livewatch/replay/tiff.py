"""TIFF time-lapses: OME-TIFF, ImageJ hyperstacks, and stacks that say nothing but their shape.

Images are read one at a time, so a file may be larger than memory.
"""

from __future__ import annotations

import re
import weakref
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import tifffile
import zarr

from livewatch.errors import BadInput
from livewatch.replay.stack import About
from livewatch.replay.unit import seconds, um

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from livewatch.model import Pixels

UNNAMED = frozenset("QI")  # tifffile's letters for axes a file does not name
FEW = 8  # an unnamed axis this short beside a longer one holds channels


class TiffStack:
    """A `Stack` out of a TIFF file; `BadInput` if it is none livewatch can read.

    `interleaved` channels follow each other in a stack that does not say how it is ordered.
    """

    def __init__(self, path: Path, interleaved: int = 1) -> None:
        self._path = path
        self._interleaved = 1
        try:
            self._file = tifffile.TiffFile(path)
            weakref.finalize(self, self._file.close)
            series = self._file.series[0]
            self._axes = _axes(series.axes, series.shape, path)
            if "C" not in self._axes and set(series.axes) & UNNAMED:
                self._interleaved = interleaved
            store = series.aszarr()
            weakref.finalize(self, store.close)
            self._array: Any = zarr.open_array(store, mode="r")
            self.about = self._described(series)
        except BadInput:
            raise
        except Exception as error:
            raise BadInput(f"{path}: not a TIFF file livewatch can read ({_short(error)})") from (
                error
            )

    def read(self, time: int, channel: int) -> Pixels:
        """One image (rows, columns); `BadInput` if it cannot be decoded."""
        place = {"T": time * self._interleaved + channel % self._interleaved, "C": channel}
        index = tuple(slice(None) if axis in "YX" else place.get(axis, 0) for axis in self._axes)
        try:
            image = np.asarray(self._array[index])
        except Exception as error:
            raise BadInput(
                f"{self._path}: time point {time}, channel {channel} is damaged ({_short(error)})"
            ) from error
        return image if self._axes.index("Y") < self._axes.index("X") else image.T

    def _described(self, series: tifffile.TiffPageSeries) -> About:
        sizes = dict(zip(self._axes, series.shape, strict=True))
        stated: dict[str, Any] = {}
        if self._file.is_ome:
            stated = _of_ome(ElementTree.fromstring(self._file.ome_metadata or ""))
        elif self._file.is_imagej:
            stated = _of_imagej(self._file.imagej_metadata or {}, self._file.pages[0])
        return About(
            shape=(
                sizes.get("T", 1) // self._interleaved,
                sizes.get("C", self._interleaved),
                sizes["Y"],
                sizes["X"],
            ),
            dtype=np.dtype(series.dtype).name,
            **stated,
        )


def _short(error: Exception) -> str:
    """An error in at most one short line."""
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def _axes(axes: str, shape: Sequence[int], path: Path) -> str:
    """The axes of a stack as letters of T, C, Y, X; other letters have length 1."""
    if "S" in axes:
        raise BadInput(f"{path}: is a colour picture; save each channel as grey values")
    sizes = dict(zip(axes, shape, strict=True))
    if sizes.get("Z", 1) > 1 and sizes.get("T", 1) == 1 and "C" in axes:
        return axes.replace("T", "_").replace("Z", "T")  # ImageJ saves a time-lapse so by default
    if sizes.get("Z", 1) > 1:
        raise BadInput(f"{path}: {sizes['Z']} planes in z; save a projection, or one plane")
    unnamed = [place for place, axis in enumerate(axes) if axis in UNNAMED]
    named = list(axes)
    for place, meaning in zip(unnamed, _meanings([shape[at] for at in unnamed]), strict=True):
        named[place] = meaning
    known = "".join(named)
    others = [
        axis for axis, size in zip(known, shape, strict=True) if axis not in "TCYX" and size > 1
    ]
    if others or known.count("T") > 1 or known.count("C") > 1:
        raise BadInput(f"{path}: axes {axes} of {tuple(shape)}; need time, channel, y, x")
    return known


def _meanings(sizes: Sequence[int]) -> list[str]:
    """What unnamed axes of these sizes mean: time, or channel where one is short."""
    if len(sizes) == 2 and min(sizes) <= FEW:
        return ["C", "T"] if sizes[0] < sizes[1] else ["T", "C"]
    return ["T"] * len(sizes)


def _of_ome(root: ElementTree.Element) -> dict[str, Any]:
    """What OME-XML says of the first image."""
    space = {"ome": root.tag.partition("}")[0].strip("{")}
    pixels = root.find(".//ome:Pixels", space)
    if pixels is None:
        return {}
    said = pixels.attrib
    sizes = [
        um(float(said[f"PhysicalSize{axis}"]), said.get(f"PhysicalSize{axis}Unit", "um"))
        for axis in "XY"
        if f"PhysicalSize{axis}" in said
    ]
    planes = pixels.findall("ome:Plane", space)
    return {
        "channels": tuple(each.get("Name", "") for each in pixels.findall("ome:Channel", space)),
        "pixel_um": tuple(sizes) if len(sizes) == 2 and None not in sizes else None,
        "interval_s": _step_s(said),
        "times_s": _plane_times_s([plane.attrib for plane in planes], int(said["SizeT"])),
        "stage_um": _stage_um(planes[0].attrib) if planes else None,
    }


def _step_s(said: Mapping[str, str]) -> float | None:
    if "TimeIncrement" not in said:
        return None
    return seconds(float(said["TimeIncrement"]), said.get("TimeIncrementUnit", "s"))


def _plane_times_s(planes: Sequence[Mapping[str, str]], count: int) -> tuple[float, ...] | None:
    """The first time each time point's planes state; None unless all of them state one."""
    times: dict[int, float] = {}
    for plane in planes:
        if "DeltaT" in plane:
            time_s = seconds(float(plane["DeltaT"]), plane.get("DeltaTUnit", "s"))
            at = int(plane["TheT"])
            if time_s is not None:
                times[at] = min(time_s, times.get(at, time_s))
    return tuple(times[at] for at in range(count)) if set(times) == set(range(count)) else None


def _stage_um(plane: Mapping[str, str]) -> tuple[float, float] | None:
    places = [
        um(float(plane[f"Position{axis}"]), plane.get(f"Position{axis}Unit", ""))
        for axis in "XY"
        if f"Position{axis}" in plane
    ]
    x_um, y_um = places if len(places) == 2 else (None, None)
    return None if x_um is None or y_um is None else (x_um, y_um)


def _of_imagej(said: Mapping[str, Any], page: Any) -> dict[str, Any]:
    """What an ImageJ hyperstack says: pixel size in the resolution, names in the slice labels."""
    unit = re.sub(r"\\u00b5", "µ", str(said.get("unit", "")))
    sizes = [
        um(den / num, unit)
        for tag in ("XResolution", "YResolution")
        if tag in page.tags
        for num, den in [page.tags[tag].value]
        if num
    ]
    interval = float(said.get("finterval", 0))
    labels = said.get("Labels") or []
    return {
        "channels": tuple(str(label) for label in labels[: int(said.get("channels", 1))]),
        "pixel_um": tuple(sizes) if len(sizes) == 2 and None not in sizes else None,
        "interval_s": seconds(interval, str(said.get("tunit", "s"))) if interval > 0 else None,
    }
