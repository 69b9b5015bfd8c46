"""The layers of every film frame of a plan, decoded, with few files open at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from avm_otio.media.clock import MediaClock
from avm_otio.media.compose import Layer
from avm_otio.media.picture import Pictures
from avm_otio.timeline.model import ImageSequence
from avm_otio.timeline.plan import ExportPlan, MediaSource, PictureLayer, PictureSegment

_MOST_IDLE = 4
"""Files kept open though no layer shows them now: cuts go back and forth between a few."""

OpenPictures = Callable[[MediaSource], Pictures]

_What = tuple[Path, ImageSequence | None, Fraction | None]
"""What is open: clips of one file share it, whatever they are called themselves."""


def layered(
    plan: ExportPlan,
    clocks: Mapping[MediaSource, MediaClock],
    places: Mapping[MediaSource, Path],
    open_pictures: OpenPictures,
) -> Generator[tuple[Layer, ...], None, None]:
    """The layers of each film frame in order, topmost first; what is hidden is not decoded.

    Args:
        plan: What is seen.
        clocks: How media time runs in each source.
        places: Where each source lies.
        open_pictures: Opens one source; the same one twice where two layers show it.

    Raises:
        MediaError: A picture cannot be read.
    """
    idle: list[tuple[_What, Pictures]] = []
    showing: list[tuple[_What, Pictures]] = []
    try:
        for segment in plan.picture:
            idle, showing = idle + showing, []
            for layer in segment.layers:
                media = layer.media
                time = clocks[media].file_time(layer.media_in)
                what = places[media], media.sequence, media.rate if media.sequence else None
                showing.append((what, _nearest(idle, what, time) or open_pictures(media)))
            while len(idle) > _MOST_IDLE:
                idle.pop(0)[1].close()
            for number in range(segment.end - segment.start):
                yield tuple(_shown(plan, segment, number, clocks, [pictures for _, pictures in showing]))
    finally:
        for _, pictures in (*idle, *showing):
            pictures.close()


def _nearest(idle: list[tuple[_What, Pictures]], what: _What, time: Fraction) -> Pictures | None:
    """Take the open file that need not be sought, or sought least, off the idle ones."""

    def distance(entry: tuple[_What, Pictures]) -> tuple[bool, Fraction]:
        position = entry[1].position
        ahead = Fraction(0) if position is None else time - position
        return ahead < 0, abs(ahead)

    fitting = [entry for entry in idle if entry[0] == what]
    if not fitting:
        return None
    best = min(fitting, key=distance)
    idle.remove(best)
    return best[1]


def _shown(
    plan: ExportPlan,
    segment: PictureSegment,
    number: int,
    clocks: Mapping[MediaSource, MediaClock],
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
