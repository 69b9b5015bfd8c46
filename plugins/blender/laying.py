"""A result as sound strips of a scene, on channels above all that is there."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from .placing import Place, pieces_of, places_of, volumes_of
from .scene_timeline import scene_rate, strips_of
from .watch_folder import Problem

_MOST_CHANNELS = 128
"""Blender has no more [run, 5.0.1]."""


def lay(scene: bpy.types.Scene, result: dict[str, Any]) -> list[str]:
    """Lay every clip of a result; alternatives muted, above the others.

    Returns:
        What the user should know, one line each.

    Raises:
        Problem: There are not enough channels, the scene's rate is another, or Blender took a sound for none.
            Nothing was laid then.
    """
    rate = scene_rate(scene)
    if Fraction(result["rate"]) != rate:
        raise Problem(
            f"The job is of {float(Fraction(result['rate'])):.3f} frames a second, {scene.name} of "
            f"{float(rate):.3f}: open the scene that it was begun from."
        )
    strips = strips_of(
        scene.sequence_editor_create() if scene.sequence_editor is None else scene.sequence_editor
    )
    highest = max((strip.channel for strip in strips), default=0)
    heard, spare = result["clips"], result.get("spare_clips", [])
    placed, channels = places_of((*heard, *spare), rate)
    if highest + channels > _MOST_CHANNELS:
        raise Problem(f"{scene.name} has no {channels} free channels above {highest}: clear some.")
    is_twice = _is_heard_there(scene, strips, result)
    laid: list[Any] = []
    try:
        for place in placed:
            laid.append(_lay(scene, strips, place, highest + 1, rate))
    except Problem:
        for strip in laid:
            strips.remove(strip)
        raise
    _straighten(scene, laid)
    for strip in laid[len(heard) :]:
        strip.mute = True
    # Blender writes the names of markers over each other: cues that begin together share one.
    cues: dict[int, list[str]] = {}
    for clip in pieces_of(result):
        cues.setdefault(clip["record_frame"], []).append(f"{clip['title']}{_price(clip, result['currency'])}")
    for frame, names in cues.items():
        scene.timeline_markers.new(" + ".join(names), frame=scene.frame_start + frame)
    earlier = ["Sounds of an earlier scoring are heard at the same place: mute or delete them."]
    return _notes(result) + (earlier if is_twice else [])


def _price(clip: dict[str, Any], currency: str) -> str:
    """What a sound costs, for the name of its marker; nothing where that is not known."""
    if clip.get("is_bought"):
        return " (bought)"
    return f" ({clip['price']} {currency})" if clip.get("price") else ""


def _is_heard_there(scene: bpy.types.Scene, strips: Any, result: dict[str, Any]) -> bool:
    """Whether sounds of other jobs are heard where those of this one belong."""
    jobs = Path(result["job"]).parent
    for strip in strips:
        if (
            strip.type != "SOUND"
            or strip.mute
            or jobs not in Path(bpy.path.abspath(strip.sound.filepath)).parents
        ):
            continue
        start, end = (frame - scene.frame_start for frame in (strip.frame_final_start, strip.frame_final_end))
        if any(
            start < clip["record_frame"] + clip["frames"] and end > clip["record_frame"]
            for clip in result["clips"]
        ):
            return True
    return False


def _notes(result: dict[str, Any]) -> list[str]:
    notes = list(result.get("notes", ()))
    paced = [clip for clip in result["clips"] if clip["speed"] != "1"]
    if paced:
        paced_clips = "; ".join(f"{clip['timecode']} {clip['title']}" for clip in paced)
        notes.append(f"These have a speed of their own, which is not set in Blender: {paced_clips}.")
    if any(clip["kind"] == "dialogue" for clip in result["clips"]):
        notes.append("The noise-reduced sound lies beside your own: mute one of them.")
    return notes


def _lay(scene: bpy.types.Scene, strips: Any, place: Place, lowest: int, rate: Fraction) -> Any:
    clip = place.clip
    start, end = scene.frame_start + place.first, scene.frame_start + place.last
    whole = int(place.media_start * rate)
    rest = place.media_start - whole / rate
    try:
        strip = strips.new_sound(clip["title"], clip["file"], lowest + place.channel, start)
    except RuntimeError as error:
        raise Problem(f"Blender cannot play {clip['file']}: {error}. Score again.") from error
    if not hasattr(strip, "sound_offset"):  # Blender before it: the nearest frame
        whole, rest = round(place.media_start * rate), Fraction(0)
    strip.frame_offset_start = whole
    strip.frame_start = start - whole
    if rest:
        # Handles move a sound by whole frames; this one moves it in seconds, to the sample [run, 5.0.1].
        strip.sound_offset = -float(rest)
    strip.frame_final_end = end
    points = volumes_of(place, rate)
    strip.volume = points[0][1]
    for frame, volume in points if len(points) > 1 else ():
        strip.volume = volume
        strip.keyframe_insert("volume", frame=scene.frame_start + frame)
    # Blender moves a strip that meets another one of its channel.
    strip.channel = lowest + place.channel
    return strip


def _straighten(scene: bpy.types.Scene, laid: list[Any]) -> None:
    """Let the volume of what was laid go straight from one key frame to the next, as fades of ours do.

    ``keyframe_insert`` makes curves, whatever the preference for new key frames says [run, 5.0.1].
    """
    if scene.animation_data is None or scene.animation_data.action is None:
        return
    paths = {strip.path_from_id("volume") for strip in laid}
    for curve in _curves(scene.animation_data.action):
        if curve.data_path in paths:
            for key in curve.keyframe_points:
                key.interpolation = "LINEAR"
            curve.update()


def _curves(action: bpy.types.Action) -> Iterator[Any]:
    if hasattr(action, "fcurves"):  # before Blender 5
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves
