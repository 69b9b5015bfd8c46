"""A result as sound strips of a scene, on channels above all that is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import bpy

from .scene_timeline import scene_rate, strips_of
from .watch_folder import Problem

_MOST_CHANNELS = 128
"""Blender has no more [run, 5.0.1]."""


def lay(scene: bpy.types.Scene, result: dict[str, Any]) -> int:
    """Lay every clip of a result.

    Returns:
        How many strips were made.

    Raises:
        Problem: There are not enough channels, the scene's rate is another, or Blender took a sound for none.
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
    lanes = list(dict.fromkeys(clip["track"] for clip in result["clips"]))
    if highest + len(lanes) > _MOST_CHANNELS:
        raise Problem(f"{scene.name} has no {len(lanes)} free channels above {highest}: clear some.")
    with _linear_keys():
        for clip in result["clips"]:
            _lay(scene, strips, clip, highest + 1 + lanes.index(clip["track"]), rate)
            price = f" ({clip['price']} {result['currency']})" if clip.get("price") else ""
            at = scene.frame_start + clip["record_frame"]
            scene.timeline_markers.new(f"{clip['title']}{price}", frame=at)
    return len(result["clips"])


def _lay(scene: bpy.types.Scene, strips: Any, clip: dict[str, Any], channel: int, rate: Fraction) -> None:
    start = scene.frame_start + clip["record_frame"]
    try:
        strip = strips.new_sound(clip["title"], clip["file"], channel, start)
    except RuntimeError as error:
        raise Problem(f"Blender cannot play {clip['file']}: {error}. Score again.") from error
    strip.frame_final_end = start + clip["frames"]
    gain = 10 ** (clip["gain_db"] / 20)
    strip.volume = gain
    end = start + clip["frames"]
    fade_in, fade_out = (
        min(round(Fraction(clip[name], 1_000_000) * rate), clip["frames"] // 2)
        for name in ("fade_in_us", "fade_out_us")
    )
    keys = [(start, 0.0), (start + fade_in, gain)] if fade_in else []
    keys += [(end - fade_out, gain), (end, 0.0)] if fade_out else []
    for frame, volume in keys:
        strip.volume = volume
        strip.keyframe_insert("volume", frame=frame)


@contextmanager
def _linear_keys() -> Iterator[None]:
    """Key frames that are made meanwhile go straight from one to the next."""
    edit = bpy.context.preferences.edit
    before = edit.keyframe_new_interpolation_type
    edit.keyframe_new_interpolation_type = "LINEAR"
    try:
        yield
    finally:
        edit.keyframe_new_interpolation_type = before
