"""Placed clips over a range of record frames → the film's picture segments and sound segments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import PurePosixPath

from avm_otio.timeline.flatten import Placed, Ramp
from avm_otio.timeline.plan import MediaKind, MediaSource, PictureLayer, PictureSegment, SoundSegment
from avm_otio.timeline.time import FilmTime, FrameSpan, MediaTime, nearest_frame

_NEVER_TRANSPARENT = {".mp4", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".dv", ".jpg", ".jpeg", ".mxf"}
"""File types that carry no alpha: nothing below such a clip is seen."""


def picture_segments(placed: Sequence[Placed], span: FrameSpan, rate: Fraction) -> tuple[PictureSegment, ...]:
    """What each frame of a range shows.

    Args:
        placed: Enabled clips in record time, lowest first.
        span: The record frames of the range.
        rate: Frames a second, of the record and of the film.

    Returns:
        Segments in film frames (0 is the first frame of the range) that cover the range without a hole.
    """
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    edges = {span.start, span.end}
    for layer, one in enumerate(placed):
        if one.media is None:
            continue
        first = max(nearest_frame(one.start, rate), span.start)
        last = min(nearest_frame(one.end, rate), span.end)
        if first >= last:
            continue
        starts.setdefault(first, []).append(layer)
        ends.setdefault(last, []).append(layer)
        ramps = [ramp for ramp in (one.fade_in, one.fade_out) if ramp is not None]
        inner = {nearest_frame(edge, rate) for ramp in ramps for edge in (ramp.start, ramp.end)}
        edges |= {first, last} | {edge for edge in inner if first < edge < last}
    seen: set[int] = set()
    segments: list[PictureSegment] = []
    ordered = sorted(edges)
    for first, last in pairwise(ordered):
        seen.difference_update(ends.get(first, ()))
        seen.update(starts.get(first, ()))
        stack = [placed[layer] for layer in sorted(seen, reverse=True)]
        layers = _visible(stack, first, last, rate)
        _append(segments, PictureSegment(first - span.start, last - span.start, layers), rate)
    return tuple(segments)


def _visible(stack: Sequence[Placed], first: int, last: int, rate: Fraction) -> tuple[PictureLayer, ...]:
    layers: list[PictureLayer] = []
    for one in stack:
        layer = _layer(one, Fraction(first) / rate, Fraction(last) / rate, rate)
        layers.append(layer)
        if layer.opacity_in == layer.opacity_out == 1 and _hides_below(layer.media):
            break
    return tuple(layers)


def _layer(one: Placed, start: Fraction, end: Fraction, rate: Fraction) -> PictureLayer:
    assert one.media is not None
    media_in = one.media_at(start)
    if one.speed < 0:  # the frame shown is the one that ends here
        media_in = MediaTime(media_in - 1 / (one.media.rate or rate))
    return PictureLayer(one.media, media_in, one.speed, _opacity(one, start), _opacity(one, end))


def _opacity(one: Placed, time: Fraction) -> Fraction:
    rise = one.fade_in.rising(time) if one.fade_in else Fraction(1)
    fall = (
        1 - one.fade_out.rising(time)
        if one.fade_out and one.fade_out.end > one.fade_out.start
        else Fraction(1)
    )
    return rise * fall


def _hides_below(media: MediaSource) -> bool:
    name = media.names[0] if media.names else media.url
    return media.kind is MediaKind.FILE and PurePosixPath(name).suffix.lower() in _NEVER_TRANSPARENT


def _append(segments: list[PictureSegment], new: PictureSegment, rate: Fraction) -> None:
    """Add a segment; where it only continues the one before, lengthen that one."""
    if segments:
        old = segments[-1]
        passed = (new.start - old.start) / rate
        if len(old.layers) == len(new.layers) and all(
            before.opacity_in == before.opacity_out == after.opacity_in == after.opacity_out
            and before.media == after.media
            and before.speed == after.speed
            and before.media_in + passed * before.speed == after.media_in
            for before, after in zip(old.layers, new.layers, strict=True)
        ):
            segments[-1] = replace(old, end=new.end)
            return
    segments.append(new)


def sound_segments(placed: Iterable[Placed], span: FrameSpan, rate: Fraction) -> tuple[SoundSegment, ...]:
    """The sound of audio clips over a range, exact to the moment.

    Args:
        placed: Enabled clips in record time.
        span: The record frames of the range.
        rate: Frames a second of the record.
    """
    first, last = span.start / rate, span.end / rate
    segments = []
    for one in placed:
        cut = one.trimmed(first, last)
        if cut is None or cut.start == cut.end or cut.media is None or cut.speed == 0:
            continue
        segments.append(
            SoundSegment(
                start=FilmTime(cut.start - first),
                end=FilmTime(cut.end - first),
                media=cut.media,
                media_in=MediaTime(cut.media_in),
                speed=cut.speed,
                fade_in=_remaining(cut.fade_in, cut.start, cut.end, head=True),
                fade_out=_remaining(cut.fade_out, cut.start, cut.end, head=False),
            )
        )
    return tuple(segments)


def _remaining(ramp: Ramp | None, start: Fraction, end: Fraction, *, head: bool) -> Fraction:
    if ramp is None:
        return Fraction(0)
    inside = ramp.end - start if head else end - ramp.start
    return min(max(inside, Fraction(0)), end - start)


def sound_of_picture(
    picture: Sequence[PictureSegment], rate: Fraction, silent: Collection[MediaSource] = ()
) -> tuple[SoundSegment, ...]:
    """The sound inside the files that the picture shows, as it is seen: frozen is silent.

    Args:
        picture: The film's picture.
        rate: Frames a second of the film.
        silent: Media whose own sound does not count.
    """
    segments = []
    for segment in picture:
        length = FilmTime((segment.end - segment.start) / rate)
        above = Fraction(0)
        for layer in segment.layers:
            rises = layer.opacity_out - layer.opacity_in or -above
            above = rises
            if layer.media.kind is MediaKind.FILE and layer.speed != 0 and layer.media not in silent:
                # A backwards layer's media_in is the start of the frame shown; its sound runs from the end.
                edge = 1 / (layer.media.rate or rate) if layer.speed < 0 else 0
                segments.append(
                    SoundSegment(
                        start=FilmTime(segment.start / rate),
                        end=FilmTime(segment.start / rate + length),
                        media=layer.media,
                        media_in=MediaTime(layer.media_in + edge),
                        speed=layer.speed,
                        fade_in=length if rises > 0 else Fraction(0),
                        fade_out=length if rises < 0 else Fraction(0),
                    )
                )
            if layer.opacity_in == layer.opacity_out == 1:
                break
    return tuple(segments)
