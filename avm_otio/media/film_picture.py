"""The film's picture: the layers of every frame, decoded, fitted into one raster, letterboxed, mixed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from avm_otio.media.clock import MediaClock
from avm_otio.media.picture import Pictures
from avm_otio.media.probe import VideoInfo
from avm_otio.timeline.model import ImageSequence, Media
from avm_otio.timeline.plan import ExportPlan, PictureLayer, PictureSegment

_HD_LINES = 720
"""Untagged video of this height or more is BT.709, below it BT.601: what players assume."""

_UNTAGGED = 2
_MOST_SCALERS = 16
"""Kinds of frames for which scaling is set up at the same time."""

_BLACK = (16, 128, 128)
"""Limited-range black, Y, U, V (ITU-R BT.709)."""

_Plane = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.float32]

_MOST_IDLE = 4
"""Files kept open though no layer shows them now: cuts go back and forth between a few."""

OpenPictures = Callable[[Media], Pictures]

_Source = tuple[Path, ImageSequence | None, Fraction | None]
"""What an open file shows. Clips of one file share it, whatever their names."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One source's frame as one layer of a film frame."""

    frame: av.VideoFrame
    video: VideoInfo
    opacity: float

    @property
    def hides_below(self) -> bool:
        """Whether nothing of the layers below is seen (save beside it, where it is letterboxed)."""
        return self.opacity >= 1 and not self.video.has_alpha


@dataclass(frozen=True, slots=True)
class Box:
    """A place in the raster, in pixels, all even."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Raster:
    """The size of the film's frames, in pixels, both even."""

    width: int
    height: int

    def box(self, video: VideoInfo) -> Box:
        """Where a source is shown: as large as fits, its aspect kept, in the middle."""
        scale = min(self.width / video.width, self.height / video.height)
        width = min(even(video.width * scale), self.width)
        height = min(even(video.height * scale), self.height)
        # A source of the raster's own shape fills it, though rounding to even could leave a line over.
        width = self.width if self.width - width <= 2 else width
        height = self.height if self.height - height <= 2 else height
        return Box((self.width - width) // 4 * 2, (self.height - height) // 4 * 2, width, height)


def even(length: float | Fraction) -> int:
    """The nearest even number of pixels, at least 2: 4:2:0 has no odd sizes."""
    return max(2, round(length / 2) * 2)


def layered(
    plan: ExportPlan,
    clocks: Mapping[Media, MediaClock],
    places: Mapping[Media, Path],
    open_pictures: OpenPictures,
) -> Generator[tuple[Layer, ...], None, None]:
    """The layers of each film frame in order, topmost first; what is hidden is not decoded.

    Args:
        plan: What is seen.
        clocks: How media time runs in each source.
        places: Where each source lies.
        open_pictures: Opens one source; twice where two layers show the same one.

    Raises:
        MediaError: A picture cannot be read.
    """
    idle: list[tuple[_Source, Pictures]] = []
    showing: list[tuple[_Source, Pictures]] = []
    try:
        for segment in plan.picture:
            idle, showing = idle + showing, []
            for layer in segment.layers:
                media = layer.media
                time = clocks[media].file_time(layer.media_in)
                wanted = places[media], media.sequence, media.counted_rate if media.sequence else None
                showing.append((wanted, _nearest(idle, wanted, time) or open_pictures(media)))
            while len(idle) > _MOST_IDLE:
                idle.pop(0)[1].close()
            for number in range(segment.end - segment.start):
                yield tuple(_shown(plan, segment, number, clocks, [pictures for _, pictures in showing]))
    finally:
        for _, pictures in (*idle, *showing):
            pictures.close()


def _nearest(idle: list[tuple[_Source, Pictures]], wanted: _Source, time: Fraction) -> Pictures | None:
    """Take the open file that need not be sought, or sought least, off the idle ones."""

    def distance(entry: tuple[_Source, Pictures]) -> tuple[bool, Fraction]:
        position = entry[1].position
        ahead = Fraction(0) if position is None else time - position
        return ahead < 0, abs(ahead)

    fitting = [entry for entry in idle if entry[0] == wanted]
    if not fitting:
        return None
    best = min(fitting, key=distance)
    idle.remove(best)
    return best[1]


def _shown(
    plan: ExportPlan,
    segment: PictureSegment,
    number: int,
    clocks: Mapping[Media, MediaClock],
    showing: Sequence[Pictures],
) -> Generator[Layer, None, None]:
    for layer, pictures in zip(segment.layers, showing, strict=True):
        opacity = _opacity(layer, Fraction(number, segment.end - segment.start))
        if opacity <= 0:
            continue
        time = clocks[layer.media].file_time(layer.media_in + number / plan.rate * layer.speed)
        frame = pictures.frame_at(time, backwards=layer.speed < 0)
        if frame is None:
            continue
        shown = Layer(frame, pictures.video, float(opacity))
        yield shown
        if shown.hides_below:
            return


def _opacity(layer: PictureLayer, part: Fraction) -> Fraction:
    return layer.opacity_in + (layer.opacity_out - layer.opacity_in) * part


def compose(
    layered: Iterable[tuple[Layer, ...]], raster: Raster, *, finely: bool = True
) -> Generator[av.VideoFrame, None, None]:
    """Film frames (yuv420p, BT.709, limited range) out of their layers, topmost first.

    The same layers as in the frame before give the same frame object.

    Args:
        layered: The layers of each frame.
        raster: The size of the film.
        finely: Scale as well as can be; what nobody looks at is scaled by the mean of its areas.
    """
    scale = _Scaler("BICUBIC" if finely else "AREA")
    last: tuple[Layer, ...] | None = None
    fitted: dict[av.VideoFrame, tuple[av.VideoFrame, _Mask | None]] = {}
    film_frame = black = _black(raster)
    for layers in layered:
        if layers != last:
            fitted = {
                layer.frame: fitted.get(layer.frame) or scale.fit(layer, raster.box(layer.video))
                for layer in layers
            }
            film_frame = _stack(layers, raster, fitted) if layers else black
            last = layers
        yield film_frame


class _Scaler:
    """Scales frames; what is set up for one serves those after it of its kind.

    Args:
        interpolation: FFmpeg's name of how.
    """

    def __init__(self, interpolation: str) -> None:
        self._interpolation = interpolation
        # A frame's own reformat() would set its scaler up anew each time, which takes longer than scaling.
        self._scalers: dict[tuple[str, int, int, str], VideoReformatter] = {}

    def fit(self, layer: Layer, box: Box) -> tuple[av.VideoFrame, _Mask | None]:
        """A frame scaled to its box as yuv420p (not yet turned), and how opaque each pixel is."""
        frame, video = layer.frame, layer.video
        width, height = (box.height, box.width) if video.rotation in (90, 270) else (box.width, box.height)
        untagged = frame.colorspace == _UNTAGGED
        scaled = self._of(frame, "yuv420p").reformat(
            frame,
            width,
            height,
            "yuv420p",
            src_colorspace=(Colorspace.ITU709 if frame.height >= _HD_LINES else Colorspace.ITU601)
            if untagged and not frame.format.is_rgb
            else None,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=self._interpolation,
            threads=1,  # its own thread as it is: slices of it cost a third more CPU for no time won
        )
        if not video.has_alpha:
            return scaled, None
        seen = self._of(frame, "rgba").reformat(
            frame, width, height, "rgba", interpolation=self._interpolation
        )
        return scaled, seen.to_ndarray()[..., 3].astype(np.float32) / np.float32(255)

    def _of(self, frame: av.VideoFrame, made: str) -> VideoReformatter:
        kind = frame.format.name, frame.width, frame.height, made
        if kind not in self._scalers and len(self._scalers) >= _MOST_SCALERS:
            self._scalers.clear()
        return self._scalers.setdefault(kind, VideoReformatter())


def _stack(
    layers: tuple[Layer, ...],
    raster: Raster,
    fitted: dict[av.VideoFrame, tuple[av.VideoFrame, _Mask | None]],
) -> av.VideoFrame:
    top = layers[0]
    if top.hides_below and not top.video.rotation and not top.video.mirrored:
        frame = fitted[top.frame][0]
        if (frame.width, frame.height) == (raster.width, raster.height):
            return frame
    canvas = [plane.copy() for plane in planes(_black(raster))]
    for layer in reversed(layers):
        frame, mask = fitted[layer.frame]
        box = raster.box(layer.video)
        mask = None if mask is None else _upright(mask, layer.video)
        for number, plane in enumerate(planes(frame)):
            part = 2 if number else 1
            into = canvas[number][
                box.top // part : (box.top + box.height) // part,
                box.left // part : (box.left + box.width) // part,
            ]
            _lay(
                _upright(plane, layer.video),
                into,
                None if mask is None else _shrunk(mask, part),
                layer.opacity,
            )
    return joined(canvas[0], np.concatenate(canvas[1:]))


_Any = TypeVar("_Any", _Plane, _Mask)


def _upright(plane: _Any, video: VideoInfo) -> _Any:
    """A plane as it is to be seen: turned, then mirrored."""
    turned = np.rot90(plane, video.rotation // 90)
    return turned[:, ::-1] if video.mirrored else turned


def _lay(plane: _Plane, into: _Plane, mask: _Mask | None, opacity: float) -> None:
    if mask is None and opacity >= 1:
        into[:] = plane
        return
    alpha = np.float32(opacity) if mask is None else mask * np.float32(opacity)
    into[:] = np.rint(into + (plane.astype(np.float32) - into) * alpha).astype(np.uint8)


def _shrunk(mask: _Mask, part: int) -> _Mask:
    if part == 1:
        return mask
    quarters = mask[::2, ::2] + mask[1::2, ::2] + mask[::2, 1::2] + mask[1::2, 1::2]
    return (quarters / np.float32(4)).astype(np.float32)


def planes(frame: av.VideoFrame) -> tuple[_Plane, _Plane, _Plane]:
    """The luma of a yuv420p frame, and its two planes of colour."""
    whole = np.asarray(frame.to_ndarray(), np.uint8)
    height, width = frame.height, frame.width
    luma, rest = whole[:height], whole[height:].reshape(2, height // 2, width // 2)
    return luma, rest[0], rest[1]


def _black(raster: Raster) -> av.VideoFrame:
    luma = np.full((raster.height, raster.width), _BLACK[0], np.uint8)
    chroma = np.full((raster.height // 2, raster.width), _BLACK[1], np.uint8)
    return joined(luma, chroma)


def joined(luma: _Plane, chroma: _Plane) -> av.VideoFrame:
    """A yuv420p frame of its luma, and of its planes of colour, one below the other."""
    whole = np.concatenate([luma, chroma.reshape(-1, luma.shape[1])])
    frame = av.VideoFrame.from_ndarray(whole, format="yuv420p")
    frame.colorspace = Colorspace.ITU709
    frame.color_range = ColorRange.MPEG
    return frame
