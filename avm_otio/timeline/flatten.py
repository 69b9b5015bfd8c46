"""A timeline with all its nests as one flat list of clips, each at its exact record time.

OTIO's own ranges are in doubles and in each item's own rate; here every range is summed as exact seconds, so
nothing drifts at 24000/1001 over ten hours. Times of a list stand in one coordinate frame: that of the
composition it was made from, 0 at its first moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from avm_otio.errors import TimelineError
from avm_otio.formats.otio.resolve_words import RESOLVE, path_of_offline, sequence_of
from avm_otio.timeline.model import HIGHEST_FRAME_RATE, ImageSequence
from avm_otio.timeline.time import MediaTime, seconds_of, snap_rate
from avm_otio.timeline.urls import name_in


class MediaKind(StrEnum):
    """What a media reference points at."""

    FILE = "file"
    SEQUENCE = "sequence"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class MediaSource:
    """One piece of media as the timeline names it; where it really lies is found later.

    Attributes:
        clip_name: The clip that uses it (the first one), for messages.
        kind: File, image sequence, or missing.
        url: ``target_url`` (the folder of a sequence) exactly as written; empty where there is none.
        names: File names by which moved or offline media can be found, best first.
        start: Media time of the first frame, from ``available_range``; ``None`` where nothing says.
        rate: The rate at which the timeline labels this media; ``None`` where it does not say.
        sequence: How the images are numbered, for a sequence.
    """

    clip_name: str
    kind: MediaKind
    url: str
    names: tuple[str, ...]
    start: MediaTime | None
    rate: Fraction | None
    sequence: ImageSequence | None = None

    @property
    def counted_from(self) -> MediaTime | None:
        """As ``model.Media`` has it."""
        return self.start

    @property
    def counted_rate(self) -> Fraction | None:
        """As ``model.Media`` has it."""
        return self.rate


VIDEO = otio.schema.TrackKind.Video
AUDIO = otio.schema.TrackKind.Audio


@dataclass(frozen=True, slots=True)
class Ramp:
    """From nothing at ``start`` to full at ``end`` (or back, for a fade out)."""

    start: Fraction
    end: Fraction

    def moved(self, scale: Fraction, shift: Fraction) -> Ramp:
        """The same ramp after ``t → t * scale + shift``."""
        ends = sorted((self.start * scale + shift, self.end * scale + shift))
        return Ramp(ends[0], ends[1])

    def rising(self, time: Fraction) -> Fraction:
        """How far the ramp has come at a moment, 0 to 1."""
        if time >= self.end:
            return Fraction(1)
        return max(Fraction(0), (time - self.start) / (self.end - self.start))


@dataclass(frozen=True, slots=True)
class Placed:
    """One clip where it is seen or heard.

    Attributes:
        clip: The clip itself, to be looked at only.
        track: Index of the top-level track it lies in, among all tracks of the stack, from 0.
        start: Where it begins, seconds in the list's frame.
        end: Where it ends.
        media: Its media; ``None`` for a generator, which no file stands behind.
        media_in: Media time at ``start``; for backwards play the media time from which it runs down.
        speed: Media seconds a second here.
        enabled: Whether it and all that holds it are enabled.
        own_sound: Whether the sound inside its picture file counts: not where its nest has audio tracks.
        fade_in: A dissolve at its head, if any.
        fade_out: A fade at its tail, if any.
    """

    clip: otio.schema.Clip
    track: int
    start: Fraction
    end: Fraction
    media: MediaSource | None
    media_in: Fraction
    speed: Fraction
    enabled: bool = True
    own_sound: bool = True
    fade_in: Ramp | None = None
    fade_out: Ramp | None = None

    def media_at(self, time: Fraction) -> MediaTime:
        """Media time at a moment of the list's frame."""
        return MediaTime(self.media_in + (time - self.start) * self.speed)

    def trimmed(self, start: Fraction, end: Fraction) -> Placed | None:
        """The part of it inside a stretch; ``None`` where there is none. A clip without length stays one."""
        first, last = max(start, self.start), min(end, self.end)
        if first > last or (first == last and self.start != self.end):
            return None
        return replace(self, start=first, end=last, media_in=self.media_at(first))

    def shifted(self, by: Fraction) -> Placed:
        """The same, later by so many seconds."""
        return self._moved(Fraction(1), by, self.start + by, self.media_in, self.speed)

    def sped(self, speed: Fraction, duration: Fraction) -> Placed:
        """The same inside a nest of ``duration`` seconds that is played at ``speed``, not 0."""
        if speed > 0:
            return self._moved(1 / speed, Fraction(0), self.start / speed, self.media_in, self.speed * speed)
        start = duration - self.end / -speed
        return self._moved(1 / speed, duration, start, self.media_at(self.end), self.speed * speed)

    def _moved(
        self, scale: Fraction, shift: Fraction, start: Fraction, media_in: Fraction, speed: Fraction
    ) -> Placed:
        head, tail = (self.fade_in, self.fade_out) if scale > 0 else (self.fade_out, self.fade_in)
        return replace(
            self,
            start=start,
            end=start + (self.end - self.start) * abs(scale),
            media_in=media_in,
            speed=speed,
            fade_in=head and head.moved(scale, shift),
            fade_out=tail and tail.moved(scale, shift),
        )


def flatten(
    timeline: otio.schema.Timeline, kind: str, *, inside: str | None = None, dissolves: bool = True
) -> list[Placed]:
    """Every clip of one kind of track, nests opened, lowest layer first, in record time.

    Args:
        timeline: The timeline; not modified.
        kind: ``VIDEO`` or ``AUDIO``.
        inside: The kind of top-level track to look in, if another: ``AUDIO`` clips of nests that lie on
            ``VIDEO`` tracks.
        dissolves: Whether clips reach under their transitions (for rendering) or end at the cut (for naming).

    Raises:
        TimelineError: A clip has no length, or a range that no clip can have.
    """
    return [
        replace(placed, track=index)
        for index, track in enumerate(timeline.tracks)
        if kind_of(track) == (inside or kind)
        for placed in _placed_in(track, kind, Fraction(0), Fraction(0), dissolves)
    ]


def kind_of(item: otio.core.Composable) -> str:
    """What a member of a stack holds; a bare clip or nest counts as video."""
    return str(item.kind) if isinstance(item, otio.schema.Track) else VIDEO


def duration_of(item: otio.core.Item) -> Fraction:
    """The seconds that an item takes in what holds it.

    Raises:
        TimelineError: The item says nowhere how long it is, or a negative length.
    """
    if item.source_range is not None:
        length = seconds_of(item.source_range.duration)
    elif isinstance(item, otio.schema.Track):
        length = sum((duration_of(child) for child in _items(item)), Fraction(0))
    elif isinstance(item, otio.schema.Stack):
        length = max((duration_of(child) for child in _items(item)), default=Fraction(0))
    else:
        available = getattr(getattr(item, "media_reference", None), "available_range", None)
        if available is None:
            raise TimelineError(
                f"Clip “{item.name}” does not say how long it is.",
                "Give it a source range in your editor and export the timeline again.",
            )
        length = seconds_of(available.duration)
    if length < 0:
        raise TimelineError(
            f"“{item.name}” has a negative length ({float(length):g} s).", "Export the timeline again."
        )
    return length


def timeline_duration(timeline: otio.schema.Timeline) -> Fraction:
    """The timeline's length in seconds."""
    return duration_of(timeline.tracks)


def timeline_rate(timeline: otio.schema.Timeline) -> Fraction:
    """The picture's frame rate: the one that most items of the video tracks are counted in.

    Raises:
        TimelineError: Nothing in the timeline has a frame rate.
    """
    rates: Counter[Fraction] = Counter()
    for kind in (VIDEO, AUDIO):
        for track in timeline.tracks:
            if kind_of(track) == kind and isinstance(track, otio.core.Composition):
                rates.update(_frame_rates(_items(track)))
        if rates:
            return rates.most_common(1)[0][0]
    if timeline.global_start_time is not None:
        return snap_rate(timeline.global_start_time.rate)
    raise TimelineError(f"Timeline “{timeline.name}” is empty.", "Put at least one clip on a video track.")


def _frame_rates(items: Iterable[otio.core.Item]) -> Iterator[Fraction]:
    for item in items:
        span = item.source_range or getattr(getattr(item, "media_reference", None), "available_range", None)
        if span is not None and 0 < span.duration.rate < HIGHEST_FRAME_RATE:
            yield snap_rate(span.duration.rate)
        elif span is None and isinstance(item, otio.core.Composition):
            yield from _frame_rates(_items(item))


def _items(composition: otio.core.Composition) -> Iterator[otio.core.Item]:
    return (child for child in composition if isinstance(child, otio.core.Item))


def _placed_in(
    item: otio.core.Item, kind: str, head: Fraction, tail: Fraction, dissolves: bool
) -> list[Placed]:
    """What one item shows, in its own time: 0 at its cut in, ``-head`` where it dissolves in."""
    duration = duration_of(item)
    speed = speed_of(item)
    if isinstance(item, otio.schema.Clip):
        return [_placed_clip(item, duration, speed, head, tail)]
    if not isinstance(item, otio.core.Composition):
        return []
    first = seconds_of(item.source_range.start_time) if item.source_range is not None else Fraction(0)
    inside = _children(item, kind, dissolves)
    if speed == 0:
        moment = [p for p in inside if p.start <= first < p.end]
        placed = [
            replace(
                p,
                start=-head,
                end=duration + tail,
                media_in=p.media_at(first),
                speed=Fraction(0),
                fade_in=None,
                fade_out=None,
            )
            for p in moment
        ]
    else:
        used = duration * abs(speed)
        lead, trail = (head, tail) if speed > 0 else (tail, head)
        window = (first - lead * abs(speed), first + used + trail * abs(speed))
        cut = (p.trimmed(*window) for p in inside)
        placed = [p.shifted(-first).sped(speed, duration) for p in cut if p is not None]
    if not item.enabled:
        placed = [replace(p, enabled=False) for p in placed]
    if isinstance(item, otio.schema.Stack) and any(kind_of(child) == AUDIO for child in item):
        placed = [replace(p, own_sound=False) for p in placed]
    return placed


def _children(composition: otio.core.Composition, kind: str, dissolves: bool) -> list[Placed]:
    placed: list[Placed] = []
    if isinstance(composition, otio.schema.Track):
        at = Fraction(0)
        children = list(composition)
        for index, child in enumerate(children):
            if not isinstance(child, otio.core.Item):
                continue
            if isinstance(child, otio.schema.Clip) and kind_of(composition) != kind:
                at += duration_of(child)
                continue
            before = _transition(children, index - 1) if dissolves else None
            after = _transition(children, index + 1) if dissolves else None
            head = seconds_of(before.in_offset) if before else Fraction(0)
            tail = seconds_of(after.out_offset) if after else Fraction(0)
            length = duration_of(child)
            rise = Ramp(at - head, at + seconds_of(before.out_offset)) if before else None
            covered = kind == VIDEO and _is_shown(children, index + 2)
            fall = Ramp(at + length - seconds_of(after.in_offset), at + length + tail) if after else None
            if covered:  # the next clip rises over this one; were both to fade, the picture would dip
                fall = None
            for one in _placed_in(child, kind, head, tail, dissolves):
                here = one.shifted(at)
                placed.append(replace(here, fade_in=here.fade_in or rise, fade_out=here.fade_out or fall))
            at += length
        return placed
    for child in _items(composition):
        if kind_of(child) == kind or isinstance(child, otio.core.Composition):
            placed += _placed_in(child, kind, Fraction(0), Fraction(0), dissolves)
    return placed


def _transition(children: list[otio.core.Composable], index: int) -> otio.schema.Transition | None:
    found = children[index] if 0 <= index < len(children) else None
    if isinstance(found, otio.schema.Transition) and found.in_offset.value + found.out_offset.value > 0:
        return found
    return None


def _is_shown(children: list[otio.core.Composable], index: int) -> bool:
    return index < len(children) and not isinstance(children[index], otio.schema.Gap)


def _placed_clip(
    clip: otio.schema.Clip, duration: Fraction, speed: Fraction, head: Fraction, tail: Fraction
) -> Placed:
    span = clip.source_range or clip.media_reference.available_range
    first = seconds_of(span.start_time)
    if speed < 0:
        first += duration * -speed
    return Placed(
        clip=clip,
        track=0,
        start=-head,
        end=duration + tail,
        media=media_of(clip),
        media_in=first - head * speed,
        speed=speed,
        enabled=bool(clip.enabled),
    )


def speed_of(item: otio.core.Item) -> Fraction:
    """How many media seconds pass a second: linear time warps multiplied, 0 for a freeze frame."""
    speed = Fraction(1)
    for effect in item.effects:
        if isinstance(effect, otio.schema.LinearTimeWarp) and getattr(effect, "enabled", True):
            speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
    return speed


def media_of(clip: otio.schema.Clip) -> MediaSource | None:
    """What stands behind a clip; ``None`` for a generator (bars, colour, title)."""
    reference = clip.media_reference
    if isinstance(reference, otio.schema.GeneratorReference):
        return None
    available = getattr(reference, "available_range", None)
    start = MediaTime(seconds_of(available.start_time)) if available is not None else None
    rate = (
        snap_rate(available.start_time.rate)
        if available is not None and available.start_time.rate > 0
        else None
    )
    if rate is not None and rate >= HIGHEST_FRAME_RATE:
        rate = None
    if isinstance(reference, otio.schema.ImageSequenceReference):
        return _sequence(clip, reference, start)
    url = getattr(reference, "target_url", "") or ""
    named = sequence_of(url) if "[" in url and RESOLVE in clip.metadata else None
    if named is not None:
        base, images = named
        names = (images.file_name(0),)
        return MediaSource(clip.name, MediaKind.SEQUENCE, base, names, start, rate, images)
    kind = MediaKind.FILE if url else MediaKind.MISSING
    return MediaSource(clip.name, kind, url, _names(clip, url), start, rate)


def _sequence(
    clip: otio.schema.Clip, reference: otio.schema.ImageSequenceReference, start: MediaTime | None
) -> MediaSource:
    numbering = ImageSequence(
        prefix=reference.name_prefix,
        suffix=reference.name_suffix,
        start_number=reference.start_frame,
        step=reference.frame_step,
        padding=reference.frame_zero_padding,
    )
    rate = snap_rate(reference.rate) if reference.rate > 0 else None
    names = (numbering.file_name(0),)
    return MediaSource(
        clip.name, MediaKind.SEQUENCE, reference.target_url_base or "", names, start, rate, numbering
    )


def _names(clip: otio.schema.Clip, url: str) -> tuple[str, ...]:
    reference, ours = (_of_resolve(one) for one in (clip.media_reference, clip))
    return names_of(url, path_of_offline(reference, ours), clip.media_reference.name, clip.name)


def _of_resolve(item: otio.core.SerializableObjectWithMetadata) -> Mapping[str, Any]:
    noted = item.metadata.get(RESOLVE)
    return noted if isinstance(noted, Mapping) else {}


def names_of(url: str, offline: str, reference: str, clip: str) -> tuple[str, ...]:
    """File names to look for when the media has moved.

    Args:
        url: The ``target_url``; its file name comes first.
        offline: What an editor noted of a path that it could not find.
        reference: The name of the media reference.
        clip: The name of the clip.
    """
    names = [name_in(place) for place in (url, offline) if place]
    return tuple(dict.fromkeys(name for name in [*names, reference, clip] if name))
