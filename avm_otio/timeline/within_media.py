"""Clips held to their media: no editor takes an edit of media that is not there.

A clip that is counted at the timeline's rate often asks for a little more than a file of another rate holds:
144 frames at 23.976 are 6.006 s of a file of 6 s. Final Cut Pro refuses such an edit, others show black or
repeat the last frame.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Media, Timeline, Track, TrackKind
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import MediaTime, RecordTime, format_timestamp, to_micros


def within_media(timeline: Timeline, losses: Losses, *, between_frames: bool) -> Timeline:
    """The same timeline with no clip that plays what its file does not hold.

    Files count that were looked at; what a timeline says of media that are offline may be wrong. A picture
    ends with the last frame that it can show whole, sound with its media or the frame in which that ends.

    Args:
        timeline: The timeline.
        losses: What is cut off by a frame or more is added.
        between_frames: Whether sound may end between two frames.
    """
    tracks = tuple(_held(track, timeline.rate, losses, between_frames) for track in timeline.tracks)
    if all(held is track for held, track in zip(tracks, timeline.tracks, strict=True)):
        return timeline
    return replace(timeline, tracks=tracks)


def _held(track: Track, rate: Fraction, losses: Losses, between_frames: bool) -> Track:
    whole = rate if track.kind is TrackKind.VIDEO or not between_frames else None
    is_sound = track.kind is TrackKind.AUDIO
    joints = {transition.at for transition in track.transitions}
    clips: list[Clip] = []
    is_changed = False
    for clip in track.clips:
        held: Clip | None = clip
        if isinstance(clip.content, Timeline):
            inside = within_media(clip.content, losses.within(clip.content), between_frames=between_frames)
            held = clip if inside is clip.content else replace(clip, content=inside)
        elif not joints & {clip.start, clip.end}:  # what a transition joins is the transition's to say
            held = _clip(clip, whole, is_sound, losses)
        is_changed = is_changed or held is not clip
        if held is not None:
            clips.append(held)
    return replace(track, clips=tuple(clips)) if is_changed else track


def _clip(clip: Clip, rate: Fraction | None, is_sound: bool, losses: Losses) -> Clip | None:
    """One clip; ``None`` where its file holds nothing of it.

    Args:
        clip: It.
        rate: Frames a second, where it ends at whole frames.
        is_sound: Whether its last frame may be partly full.
        losses: Those of its timeline.
    """
    media = clip.media
    if media is None or media.streams is None or media.duration is None:
        return clip
    first, last = media.start, MediaTime(media.start + media.duration)
    if clip.speed == 0:
        return _still(clip, media, first, last, losses)
    begin, end = sorted((clip.media_in, MediaTime(clip.media_in + clip.duration * clip.speed)))
    if first <= begin and end <= last:
        return clip
    low, high = max(first, begin), min(last, end)
    if low >= high:
        message = f"left out: {media.name} ends at {_as_seconds(last - first)} and holds nothing of it"
        losses.add(Feature.MEDIA, clip, message)
        return None
    if clip.speed < 0:
        low, high = high, low
    start = clip.start + (low - clip.media_in) / clip.speed
    stop = clip.start + (high - clip.media_in) / clip.speed
    if rate is not None:
        start, stop = _on_frames(start, stop, rate, is_sound)
    if (start, stop) == (clip.start, clip.end):
        return clip
    if start >= stop:
        losses.add(Feature.MEDIA, clip, f"left out: {media.name} holds less than a frame of it")
        return None
    cut = clip.duration - (stop - start)
    if rate is not None or cut * 24 >= 1:  # less than any frame that is left of sound is nothing
        losses.add(Feature.MEDIA, clip, f"{_as_seconds(cut)} of it cut off: {media.name} ends there")
    return trimmed(clip, RecordTime(start), RecordTime(stop))


def _on_frames(start: Fraction, stop: Fraction, rate: Fraction, is_sound: bool) -> tuple[Fraction, Fraction]:
    """The frames that lie wholly between two moments; of sound those that lie there at all."""
    if is_sound:
        return (start * rate // 1) / rate, -(-stop * rate // 1) / rate
    return -(-start * rate // 1) / rate, (stop * rate // 1) / rate


def _still(clip: Clip, media: Media, first: MediaTime, last: MediaTime, losses: Losses) -> Clip:
    """A clip that stands still shows a frame that is there."""
    frame = 1 / media.rate if media.rate else Fraction(0)
    shown = MediaTime(max(first, min(clip.media_in, last - frame)))
    if shown == clip.media_in:
        return clip
    losses.add(Feature.MEDIA, clip, f"stands on another frame: {media.name} holds none where it stood")
    return replace(clip, media_in=shown)


def _as_seconds(seconds: Fraction) -> str:
    return f"{format_timestamp(to_micros(seconds))}"
