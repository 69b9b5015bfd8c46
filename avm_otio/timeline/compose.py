"""Placed clips over a range of record frames → the film's picture segments and sound segments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import PurePosixPath

from avm_otio.timeline.gain import added, falling_keys, rising_keys
from avm_otio.timeline.model import GainKey, Media
from avm_otio.timeline.placed import UNCHANGED, Placed, Ramp
from avm_otio.timeline.plan import PictureLayer, PictureSegment, SoundSegment
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
    for layer, clip in enumerate(placed):
        if clip.media is None:
            continue
        first = max(nearest_frame(clip.start, rate), span.start)
        last = min(nearest_frame(clip.end, rate), span.end)
        if first >= last:
            continue
        starts.setdefault(first, []).append(layer)
        ends.setdefault(last, []).append(layer)
        ramps = [ramp for ramp in (clip.fade_in, clip.fade_out) if ramp is not None]
        inner = {nearest_frame(edge, rate) for ramp in ramps for edge in (ramp.start, ramp.end)}
        edges |= {first, last} | {edge for edge in inner if first < edge < last}
    seen: set[int] = set()
    segments: list[PictureSegment] = []
    ordered = sorted(edges)
    for first, last in pairwise(ordered):
        seen.difference_update(ends.get(first, ()))
        seen.update(starts.get(first, ()))
        stack = [placed[layer] for layer in sorted(seen, reverse=True)]
        layers = _visible(stack, first, last, rate, span.start / rate)
        _append(segments, PictureSegment(first - span.start, last - span.start, layers), rate)
    return tuple(segments)


def _visible(
    stack: Sequence[Placed], first: int, last: int, rate: Fraction, origin: Fraction
) -> tuple[PictureLayer, ...]:
    layers: list[PictureLayer] = []
    for placed in stack:
        layer = _layer(placed, Fraction(first) / rate, Fraction(last) / rate, origin)
        layers.append(layer)
        if layer.opacity_in == layer.opacity_out == 1 and _hides_below(layer.media):
            break
    return tuple(layers)


def _layer(placed: Placed, start: Fraction, end: Fraction, origin: Fraction) -> PictureLayer:
    assert placed.media is not None
    opacities = _opacity(placed, start), _opacity(placed, end)
    layer = PictureLayer(placed.media, placed.media_at(start), placed.speed, *opacities)
    if placed.level == UNCHANGED:
        return layer
    curves = (*placed.level.curves, *map(_curve_of_rise, placed.level.rises))
    curves += tuple(map(_curve_of_fall, placed.level.falls))
    keys = tuple(replace(key, at=key.at - origin) for key in added(curves))
    return replace(layer, gain_db=placed.level.gain_db, keys=keys, sides=placed.level.sides)


def _opacity(placed: Placed, time: Fraction) -> Fraction:
    rise = placed.fade_in.rising(time) if placed.fade_in else Fraction(1)
    fall = (
        1 - placed.fade_out.rising(time)
        if placed.fade_out and placed.fade_out.end > placed.fade_out.start
        else Fraction(1)
    )
    return rise * fall


def _hides_below(media: Media) -> bool:
    name = media.names[0] if media.names else media.url
    return media.is_file and PurePosixPath(name).suffix.lower() in _NEVER_TRANSPARENT


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
            and (before.gain_db, before.keys, before.sides) == (after.gain_db, after.keys, after.sides)
            for before, after in zip(old.layers, new.layers, strict=True)
        ):
            segments[-1] = replace(old, end=new.end)
            return
    segments.append(new)


def sound_segments(
    placed: Iterable[Placed], span: FrameSpan, rate: Fraction, *, all_fades: bool = False
) -> tuple[SoundSegment, ...]:
    """The sound of audio clips over a range, exact to the moment.

    Args:
        placed: Enabled clips in record time.
        span: The record frames of the range.
        rate: Frames a second of the record.
        all_fades: Whether each fade is kept as it is. A film has one at either end of a sound, and key frames
            for what else rises or falls: so it was always asked for.
    """
    first, last = span.start / rate, span.end / rate
    segments = []
    for clip in placed:
        cut = clip.trimmed(first, last)
        if cut is None or cut.start == cut.end or cut.media is None or cut.speed == 0:
            continue
        heard = cut.clip
        segment = SoundSegment(
            start=FilmTime(cut.start - first),
            end=FilmTime(cut.end - first),
            media=cut.media,
            media_in=MediaTime(cut.media_in),
            speed=cut.speed,
            channels=() if heard.channels_assumed else heard.channels,
            stem=cut.stem,
        )
        segments.append(_at_level(segment, cut, all_fades))
    return tuple(segments)


def _at_level(segment: SoundSegment, placed: Placed, all_fades: bool) -> SoundSegment:
    """A sound as loud as the clip and all that holds it say."""
    start, end, level = placed.start, placed.end, placed.level
    rises = [ramp for ramp in (placed.fade_in, *level.rises) if ramp is not None and ramp.end > start]
    falls = [ramp for ramp in (placed.fade_out, *level.falls) if ramp is not None and ramp.start < end]
    curves = list(level.curves)
    if rises and rises[0].start <= start:
        segment = _rising(segment, rises.pop(0), start)
    if falls and falls[0].end >= end:
        segment = _falling(segment, falls.pop(0), end)
    if all_fades:
        rises, falls = (
            [ramp.moved(Fraction(1), -start) for ramp in ramps if ramp.end > ramp.start]
            for ramps in (rises, falls)
        )
        segment = replace(segment, rises=tuple(rises), falls=tuple(falls))
        rises, falls = [], []
    # A film's segment has one fade at either end: what else rises or falls is key frames.
    curves += [*map(_curve_of_rise, rises), *map(_curve_of_fall, falls)]
    keys = tuple(replace(key, at=key.at - start) for key in added(curves))
    return replace(segment, gain_db=level.gain_db, keys=keys, sides=level.sides)


def _rising(segment: SoundSegment, ramp: Ramp, start: Fraction) -> SoundSegment:
    return replace(segment, fade_in=ramp.end - start, fade_in_from=ramp.rising(start))


def _falling(segment: SoundSegment, ramp: Ramp, end: Fraction) -> SoundSegment:
    if ramp.end == ramp.start:
        return segment
    return replace(segment, fade_out=end - ramp.start, fade_out_to=1 - ramp.rising(end))


def _curve_of_rise(ramp: Ramp) -> tuple[GainKey, ...]:
    return rising_keys(ramp.start, ramp.end)


def _curve_of_fall(ramp: Ramp) -> tuple[GainKey, ...]:
    return falling_keys(ramp.start, ramp.end)


def sound_of_picture(
    picture: Sequence[PictureSegment], rate: Fraction, silent: Collection[Media] = ()
) -> tuple[SoundSegment, ...]:
    """The sound inside the files that the picture shows, as it is seen: frozen is silent.

    Args:
        picture: The film's picture.
        rate: Frames a second of the film.
        silent: Media whose own sound does not count.
    """
    segments = []
    for segment in picture:
        start, end = segment.start / rate, segment.end / rate
        above = Fraction(0), Fraction(0)
        for layer in segment.layers:
            head, tail = layer.opacity_in, layer.opacity_out
            if head == tail:  # what lies above uncovers or covers it
                head, tail = 1 - above[0], 1 - above[1]
            above = (layer.opacity_in, layer.opacity_out) if layer.opacity_in != layer.opacity_out else above
            if layer.media.is_file and layer.speed != 0 and layer.media not in silent:
                sound = SoundSegment(
                    start=FilmTime(start),
                    end=FilmTime(end),
                    media=layer.media,
                    media_in=layer.media_in,
                    speed=layer.speed,
                    gain_db=layer.gain_db,
                    keys=tuple(replace(key, at=key.at - start) for key in layer.keys),
                    sides=layer.sides,
                )
                if head < tail:
                    whole = (end - start) * (1 - head) / (tail - head)
                    sound = replace(sound, fade_in=whole, fade_in_from=head)
                elif tail < head:
                    whole = (end - start) * (1 - tail) / (head - tail)
                    sound = replace(sound, fade_out=whole, fade_out_to=tail)
                segments.append(sound)
            if layer.opacity_in == layer.opacity_out == 1:
                break
    return tuple(segments)
