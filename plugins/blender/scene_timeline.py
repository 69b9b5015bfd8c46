"""The strips of a scene as an OTIO timeline. Plain JSON: Blender's Python has no OpenTimelineIO.

Record frame 0 is the scene's first frame. A channel becomes a track, and so does each within a meta strip;
what is above stays above.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import bpy

_Piece = tuple[int, int, dict[str, Any]]
"""A clip from a frame of the scene to another."""

_Place = tuple[int, ...]
"""The channel of a strip, after those of the meta strips that it lies in. They sort from below to above."""

_AUDIBLE = {"SOUND"}
_VISIBLE = {"MOVIE", "IMAGE"}


def scene_rate(scene: bpy.types.Scene) -> Fraction:
    """Frames a second, exactly: Blender keeps 23.976 as 24 / 1.001."""
    base = Fraction(scene.render.fps_base).limit_denominator(1001)
    if abs(float(base) - 1.001) < 1e-4:
        base = Fraction(1001, 1000)
    return Fraction(scene.render.fps) / base


def movie_rate(strip: Any) -> Fraction | None:
    """Frames a second of a movie, exactly: Blender tells 23.976024. None where it does not know."""
    if not strip.fps:
        return None
    near = Fraction(round(strip.fps))
    known = min((near, near / Fraction(1001, 1000)), key=lambda rate: abs(float(rate) - strip.fps))
    return (
        known
        if abs(float(known) - strip.fps) < 1e-4 * strip.fps
        else Fraction(strip.fps).limit_denominator(1001)
    )


def timecode(frame: int, rate: Fraction) -> str:
    """A frame as non-drop timecode."""
    base = -(-rate.numerator // rate.denominator)
    seconds, rest = divmod(frame, base)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"


def strips_of(editor: Any) -> Any:
    """The strips of a sequence editor or a meta strip: Blender 5 gave them another name."""
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def timeline_of(scene: bpy.types.Scene) -> tuple[dict[str, Any], list[str]]:
    """The scene's cut, and what of it could not be said, one line each."""
    rate, notes = scene_rate(scene), []
    first, last = scene.frame_start, scene.frame_end + 1
    places: dict[tuple[str, _Place], list[_Piece]] = {}
    for strip, start, end, place, is_muted in _strips(scene.sequence_editor, first, last, notes):
        kind = "Audio" if strip.type in _AUDIBLE else "Video"
        for since, until, clip in _clips(strip, start, end, rate, notes):
            clip["enabled"] = not is_muted
            places.setdefault((kind, place), []).append((since - first, until - first, clip))
    tracks = [
        _track(f"Channel {'.'.join(map(str, place))}", kind, lane, rate)
        for (kind, place), clips in sorted(places.items(), key=lambda one: (one[0][0] == "Audio", one[0][1]))
        for lane in _lanes(clips)
    ]
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": scene.name,
        "global_start_time": _time(first, rate),
        "metadata": {},
        "tracks": {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": tracks, "metadata": {}},
    }, notes


def _strips(
    editor: Any, first: int, last: int, notes: list[str], outside: _Place = (), is_muted: bool = False
) -> Iterator[tuple[Any, int, int, _Place, bool]]:
    """Every strip with media: from and to which frame it is seen, its place, whether it is muted."""
    muted_channels = {number for number, channel in enumerate(editor.channels) if channel.mute}
    for strip in strips_of(editor):
        start = max(int(strip.frame_final_start), first)
        end = min(int(strip.frame_final_end), last)
        if start >= end:
            continue
        mute = is_muted or strip.mute or strip.channel in muted_channels
        place = (*outside, strip.channel)
        if strip.type == "META":
            yield from _strips(strip, start, end, notes, place, mute)
        elif strip.type in _AUDIBLE | _VISIBLE:
            yield strip, start, end, place, mute
        else:
            notes.append(f"{strip.name}: a strip of the kind {strip.type.title()} is not in the film.")


def _clips(strip: Any, start: int, end: int, rate: Fraction, notes: list[str]) -> Iterator[_Piece]:
    """What is seen or heard of a strip from a frame to another, in order."""
    if len(getattr(strip, "retiming_keys", ())):
        notes.append(f"{strip.name}: its retiming is not in the film, it plays at its own speed there.")
    if strip.type == "MOVIE":
        yield from _movie(strip, start, end, rate, notes)
    elif strip.type == "SOUND":
        yield from _sound(strip, start, end, rate)
    elif len(strip.elements) == 1:
        yield (
            start,
            end,
            _clip(strip, strip.directory + strip.elements[0].filename, _range(0, end - start, rate)),
        )
    else:
        notes.append(f"{strip.name}: a sequence of images is not in the film; make it a movie.")


def _movie(strip: Any, start: int, end: int, rate: Fraction, notes: list[str]) -> Iterator[_Piece]:
    """Blender plays a movie frame by frame at the scene's rate, and holds its first and its last frame."""
    own = movie_rate(strip) or rate
    if own != rate:
        notes.append(f"{strip.name}: {float(own):.3f} frames a second, played at {float(rate):.3f}.")
    first, length = int(strip.frame_start), int(strip.frame_duration)
    cut_away = strip.animation_offset_start  # of the file, by a hard split
    available = _range(0, cut_away + length + strip.animation_offset_end, own)

    def piece(since: int, until: int, number: int, speed: Fraction) -> _Piece:
        span = {**_range(number, 0, own), "duration": _time(until - since, rate)}
        return since, until, _clip(strip, strip.filepath, span, available, speed)

    is_backwards = strip.use_reverse_frames
    last = first + length
    begins, ends = min(max(start, first), end), max(min(end, last), start)
    if start < begins:
        yield piece(start, begins, cut_away + (length - 1 if is_backwards else 0), Fraction(0))
    if begins < ends:
        number = last - ends if is_backwards else begins - first
        yield piece(begins, ends, cut_away + number, rate / own * (-1 if is_backwards else 1))
    if ends < end:
        yield piece(max(ends, begins), end, cut_away + (0 if is_backwards else length - 1), Fraction(0))


def _sound(strip: Any, start: int, end: int, rate: Fraction) -> Iterator[_Piece]:
    """A sound plays at its own pace, and is silent before its first sample and after its last."""
    first = int(strip.frame_start)
    since, until = max(start, first), min(end, first + int(strip.frame_duration))
    if since < until:
        span = _range(since - first + strip.animation_offset_start, until - since, rate)
        yield since, until, _clip(strip, strip.sound.filepath, span)


def _clip(
    strip: Any,
    path: str,
    span: dict[str, Any],
    available: dict[str, Any] | None = None,
    speed: Fraction = Fraction(1),
) -> dict[str, Any]:
    reference: dict[str, Any] = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": bpy.path.abspath(path)}
    if available is not None:
        reference["available_range"] = available
    kind = "LinearTimeWarp" if speed else "FreezeFrame"
    warp = {"OTIO_SCHEMA": f"{kind}.1", "effect_name": kind, "time_scalar": float(speed)}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": strip.name,
        "source_range": span,
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "effects": [] if speed == 1 else [warp],
        "markers": [],
        "metadata": {},
    }


def _lanes(clips: list[_Piece]) -> list[list[_Piece]]:
    """Clips of one place; a script may have laid some over each other, which no track can say."""
    lanes: list[list[_Piece]] = []
    for clip in sorted(clips, key=lambda one: one[:2]):
        free = next((lane for lane in lanes if lane[-1][1] <= clip[0]), None)
        if free is None:
            lanes.append([clip])
        else:
            free.append(clip)
    return lanes


def _track(name: str, kind: str, clips: list[_Piece], rate: Fraction) -> dict[str, Any]:
    children, at = [], 0
    for start, end, clip in clips:
        if start > at:
            children.append({"OTIO_SCHEMA": "Gap.1", "source_range": _range(0, start - at, rate)})
        children.append(clip)
        at = end
    return {"OTIO_SCHEMA": "Track.1", "name": name, "kind": kind, "children": children, "metadata": {}}


def _time(frames: int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(frames)}


def _range(start: int, frames: int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(frames, rate)}
