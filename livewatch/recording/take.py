"""A take: the frames of one constant view, as an OME-Zarr 0.5 image that grows in time.

zarr-python makes the image; each plane is then one chunk of it. A frame's chunks are written
first and the length in time is set after, a number of constant width overwritten in its place, so
that at every moment the take is valid and holds whole frames only.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import zarr
from numcodecs import Blosc
from zarr.codecs import BloscCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from livewatch.model import Pixels, Shot, View

    Together = Callable[[Callable[[tuple[int, Pixels]], Path], Iterable[Any]], Iterable[Path]]

# Measured on noisy cells (see tests/benchmarks/recording_speed.py): half the size of no compression
# for 0.3 ms a megapixel. With bits shuffled instead of bytes a sixth is saved, in 1 ms.
CODEC: Literal["lz4"] = "lz4"
SHUFFLE: Literal["shuffle"] = "shuffle"
LEVEL = 1
BLOSC_HEADER = 16  # bytes; the size unpacked is in bytes 4 to 7, packed in bytes 12 to 15
MOST_PACKED = 256
"""LZ4 makes nothing smaller than by 255 times: what claims more would only fill the memory."""
LENGTH_WIDTH = 8
"""Bytes of the length in time. They lie in one word of a file, which no reader, and no power cut,
sees half written."""
COLORS = {"nk": "00FF00", "tumor": "FF00FF"}
OTHER_COLOR = "FFFFFF"


@dataclass(frozen=True, slots=True)
class Kind:
    """What all frames of a take have in common. Places within a position may differ."""

    position: str
    objective: str
    pixel_um: float
    binning: int
    channels: tuple[str, ...]
    shape: tuple[int, int]
    dtype: str

    @classmethod
    def of(cls, shot: Shot, view: View, image: Pixels) -> Kind:
        """The kind of take in which belongs what came of a shot: of its images, `image` is one."""
        return cls(
            position=view.position,
            objective=view.objective,
            pixel_um=view.pixel_um,
            binning=view.binning,
            channels=tuple(plane.channel for plane in shot.planes),
            shape=view.shape,
            dtype=image.dtype.name,
        )


class Take:
    """An open take. `length` counts its frames.

    `together` is a map-like callable with which the planes of a frame are written at once.
    """

    def __init__(
        self, path: Path, kind: Kind, first: Sequence[Pixels], together: Together = map
    ) -> None:
        self.path = path
        self.length = 0
        self._begun: dict[int, Pixels] = {}
        self._together = together
        self._codec = Blosc(CODEC, LEVEL, Blosc.SHUFFLE)
        self._level = path / "0"
        self._described = self._level / "zarr.json"
        _create(path, kind, first)
        self._length_at = _widen_length(self._described)

    def begin(self, planes: Sequence[Pixels]) -> None:
        """Write the first planes of what may become the next frame, while others are exposed.

        They lie beyond the length in time, where no reader looks, until `append` is given them.
        """
        for numbered in enumerate(planes):
            self._write(numbered)

    def append(self, planes: Sequence[Pixels]) -> list[Path]:
        """Write one frame at the end, what is not written of it; returns all its files."""
        chunks = list(self._together(self._write, enumerate(planes)))
        with self._described.open("r+b", buffering=0) as file:
            file.seek(self._length_at)
            file.write(b"%*d" % (LENGTH_WIDTH, self.length + 1))
        self.length += 1
        self._begun = {}
        return [*chunks, self._described]

    def _write(self, numbered: tuple[int, Pixels]) -> Path:
        channel, plane = numbered
        chunk = self._level / "c" / str(self.length) / str(channel) / "0" / "0"
        if self._begun.get(channel) is not plane:
            little = plane.astype(plane.dtype.newbyteorder("<"), order="C", copy=False)
            chunk.parent.mkdir(parents=True, exist_ok=True)
            chunk.write_bytes(self._codec.encode(little))
            self._begun[channel] = plane
        return chunk


def read_plane(
    path: Path, index: int, channel: int, shape: tuple[int, int], dtype: str
) -> NDArray[np.uint8 | np.uint16]:
    """One plane of a take, straight from its chunk: it needs none of the take's own metadata.

    Raises `OSError` if there is no such chunk, `ValueError` if it does not hold such a plane.
    """
    content = (path / "0" / "c" / str(index) / str(channel) / "0" / "0").read_bytes()
    little = np.dtype(dtype).newbyteorder("<")
    size = shape[0] * shape[1] * little.itemsize
    if len(content) < BLOSC_HEADER or int.from_bytes(content[4:8], "little") != size:
        raise ValueError(f"not {size} bytes of pixels")
    if int.from_bytes(content[12:16], "little") != len(content):
        raise ValueError("cut short, or longer than it was written")
    if size > MOST_PACKED * len(content):
        raise ValueError(f"{size} bytes of pixels do not fit in {len(content)}")
    try:
        pixels = Blosc().decode(content)
    except RuntimeError as error:
        raise ValueError("pixels cannot be decompressed") from error
    return np.frombuffer(pixels, little).reshape(shape).astype(dtype, copy=False)


def replace_file(path: Path, content: bytes) -> None:
    """Put new content in a file's place at once: a reader finds the old or the new.

    The new content is on the disk before it takes the place: after a power cut, too, one of them
    is there whole. On Windows another program may have the file open for a moment, which is waited
    out.
    """
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    for pause_s in (0.001, 0.01, 0.1, 0.5):
        try:
            draft.replace(path)
        except PermissionError:
            time.sleep(pause_s)
        else:
            return
    draft.replace(path)


def _create(path: Path, kind: Kind, first: Sequence[Pixels]) -> None:
    """An OME-Zarr image (time, channel, y, x) with no time points yet."""
    count, (rows, columns) = len(kind.channels), kind.shape
    group = zarr.open_group(
        path, mode="w-", zarr_format=3, attributes={"ome": _described(kind, first)}
    )
    group.create_array(
        "0",
        shape=(0, count, rows, columns),
        chunks=(1, 1, rows, columns),
        dtype=kind.dtype,
        compressors=BloscCodec(
            cname=CODEC,
            clevel=LEVEL,
            shuffle=SHUFFLE,
            typesize=np.dtype(kind.dtype).itemsize,
        ),
        dimension_names=("t", "c", "y", "x"),
    )


def _widen_length(described: Path) -> int:
    """Give the length in time room to grow; where in the file it is, a multiple of its width."""
    metadata = json.dumps(json.loads(described.read_bytes())).encode()
    before, begins, after = metadata.partition(b'"shape": [')
    head = before + begins
    head += b" " * (-len(head) % LENGTH_WIDTH)
    _, comma, rest = after.partition(b",")
    replace_file(described, head + b"%*d" % (LENGTH_WIDTH, 0) + comma + rest)
    return len(head)


def _described(kind: Kind, first: Sequence[Pixels]) -> dict[str, Any]:
    """The `ome` attributes. Intervals vary, so a step in time is one frame, not a second."""
    axes = [
        {"name": "t", "type": "time"},
        {"name": "c", "type": "channel"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    scale = {"type": "scale", "scale": [1.0, 1.0, kind.pixel_um, kind.pixel_um]}
    return {
        "version": "0.5",
        "multiscales": [
            {
                "name": kind.position or "sample",
                "axes": axes,
                "datasets": [{"path": "0", "coordinateTransformations": [scale]}],
            }
        ],
        "omero": {
            "channels": [
                _shown(name, plane) for name, plane in zip(kind.channels, first, strict=True)
            ]
        },
    }


def _shown(channel: str, plane: Pixels) -> dict[str, Any]:
    """How viewers show a channel at first: colored, stretched over what the first frame holds."""
    low, high = np.percentile(plane[::8, ::8], (1, 99.9))
    return {
        "label": channel,
        "color": COLORS.get(channel, OTHER_COLOR),
        "active": True,
        "window": {
            "min": 0,
            "max": int(np.iinfo(plane.dtype).max),
            "start": float(low),
            "end": float(max(high, low + 1)),
        },
    }
