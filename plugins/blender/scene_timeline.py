"""The strips of a scene as an OTIO timeline. Plain JSON: Blender's Python has no OpenTimelineIO.

Record frame 0 is the scene's first frame. A channel becomes a track; what is above stays above.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import bpy

_AUDIBLE = {"SOUND"}
_VISIBLE = {"MOVIE", "IMAGE"}


def scene_rate(scene: bpy.types.Scene) -> Fraction:
    """Frames a second, exactly: Blender keeps 23.976 as 24 / 1.001."""
    base = Fraction(scene.render.fps_base).limit_denominator(1001)
    if abs(float(base) - 1.001) < 1e-4:
        base = Fraction(1001, 1000)
    return Fraction(scene.render.fps) / base


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
    channels: dict[tuple[str, int], list[tuple[int, int, dict[str, Any]]]] = {}
    for strip, start, end, channel, is_muted in _strips(scene.sequence_editor, first, last, notes):
        kind = "Audio" if strip.type in _AUDIBLE else "Video"
        made = _clip(strip, start, end, rate, not is_muted, notes)
        if made is not None:
            channels.setdefault((kind, channel), []).append((start - first, end - first, made))
    # Metas lie in one channel and may hold many: what overlaps goes onto a track of its own above.
    tracks = []
    for (kind, channel), clips in sorted(
        channels.items(), key=lambda item: (item[0][0] == "Audio", item[0][1])
    ):
        for number, lane in enumerate(_lanes(clips)):
            tracks.append(
                _track(f"Channel {channel}{'' if not number else f' {number + 1}'}", kind, lane, rate)
            )
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": scene.name,
        "global_start_time": _time(first, rate),
        "metadata": {},
        "tracks": {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": tracks, "metadata": {}},
    }, notes


def _strips(
    editor: Any, first: int, last: int, notes: list[str], channel: int = 0, is_muted: bool = False
) -> Iterator[tuple[Any, int, int, int, bool]]:
    """Every strip with media: from and to which frame it is seen, its channel, whether it is muted."""
    muted_channels = {each_index for each_index, each in enumerate(editor.channels) if each.mute}
    for strip in strips_of(editor):
        start = max(int(strip.frame_final_start), first)
        end = min(int(strip.frame_final_end), last)
        if start >= end:
            continue
        mute = is_muted or strip.mute or strip.channel in muted_channels
        place = channel or strip.channel
        if strip.type == "META":
            yield from _strips(strip, start, end, notes, place, mute)
        elif strip.type in _AUDIBLE | _VISIBLE:
            yield strip, start, end, place, mute
        else:
            notes.append(f"{strip.name}: a strip of the kind {strip.type.title()} is not in the film.")


def _clip(
    strip: Any, start: int, end: int, rate: Fraction, enabled: bool, notes: list[str]
) -> dict[str, Any] | None:
    if strip.type == "IMAGE" and len(strip.elements) != 1:
        notes.append(f"{strip.name}: a sequence of images is not in the film; make it a movie.")
        return None
    if strip.type == "IMAGE":
        path, length = strip.directory + strip.elements[0].filename, None
    elif strip.type == "MOVIE":
        path, length = strip.filepath, int(strip.frame_duration)
    else:
        path, length = strip.sound.filepath, None
    if len(getattr(strip, "retiming_keys", ())):
        notes.append(f"{strip.name}: its retiming is not in the film, it plays at its own speed there.")
    source = start - int(strip.frame_start) if strip.type != "IMAGE" else 0
    effects = []
    if strip.type == "MOVIE" and strip.fps and abs(strip.fps / float(rate) - 1) > 1e-3:
        # Blender plays a movie frame by frame at the scene's rate.
        scalar = float(rate) / strip.fps
        effects.append(
            {"OTIO_SCHEMA": "LinearTimeWarp.1", "effect_name": "LinearTimeWarp", "time_scalar": scalar}
        )
        notes.append(f"{strip.name}: {strip.fps:.3f} frames a second, played at {float(rate):.3f}.")
    reference: dict[str, Any] = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": bpy.path.abspath(path)}
    if length is not None:
        reference["available_range"] = _range(0, length, rate)
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": strip.name,
        "source_range": _range(source, end - start, rate),
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "effects": effects,
        "markers": [],
        "enabled": enabled,
        "metadata": {},
    }


def _lanes(clips: list[tuple[int, int, dict[str, Any]]]) -> list[list[tuple[int, int, dict[str, Any]]]]:
    lanes: list[list[tuple[int, int, dict[str, Any]]]] = []
    for clip in sorted(clips, key=lambda each: each[:2]):
        for lane in lanes:
            if lane[-1][1] <= clip[0]:
                lane.append(clip)
                break
        else:
            lanes.append([clip])
    return lanes


def _track(
    name: str, kind: str, clips: list[tuple[int, int, dict[str, Any]]], rate: Fraction
) -> dict[str, Any]:
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
