"""Runs inside Blender: lays an .otio in a scene as an add-on would, with nothing but its JSON, and mixes it.

python blender_lay.py CUT.otio MIX.wav LAID.json

Gain, fades and key frames are taken from what Resolve says of a clip.
"""

import itertools
import json
import sys
from pathlib import Path

import bpy


def frames(time, rate):
    return time["value"] * rate / time["rate"]


def is_a(child, schema):
    return child["OTIO_SCHEMA"].startswith(schema)


def sound_of(clip):
    """Gain in dB, fades in frames, and gains in dB by frames from the clip's head."""
    for effect in clip["effects"]:
        raw = effect["metadata"].get("Resolve_OTIO", {})
        if raw.get("Effect Name") == "Fairlight Clip Volume and Fades":
            found = {one["Parameter ID"]: one for one in raw["Parameters"]}
            volume = found.get("volume", {"Parameter Value": 0.0, "Key Frames": {}})
            keys = sorted((float(at), key["Value"]) for at, key in volume["Key Frames"].items())
            fades = [
                found.get(name, {"Parameter Value": 0})["Parameter Value"] for name in ("faderIn", "faderOut")
            ]
            return volume["Parameter Value"], *fades, keys
    return 0.0, 0, 0, []


def volume(at, count, sound, head, tail):
    """The volume at a frame of a clip that lasts ``count``, with cross fades of so many frames."""
    gain_db, fade_in, fade_out, keys = sound
    if keys:
        gain_db = keys[0][1] if at <= keys[0][0] else keys[-1][1]
    for (first, one), (last, other) in itertools.pairwise(keys):
        if first <= at <= last:
            gain_db = one + (other - one) * (at - first) / (last - first)
    value = 10 ** (gain_db / 20)
    for length, spent in ((max(fade_in, head), at), (max(fade_out, tail), count - at)):
        if length:
            value *= min(max(spent / length, 0.0), 1.0)
    return value


def crossed(beside, near, far, rate):
    """How far a clip reaches over its edge into a cross fade beside it, and the fade's length."""
    if not beside or not is_a(beside[0], "Transition"):
        return 0.0, 0.0
    reach = frames(beside[0][near], rate)
    return reach, reach + frames(beside[0][far], rate)


def lay_track(strips, track, number, rate):
    """Lay a track on two channels, so that clips may overlap; where it ends."""
    at = 0.0
    children = track["children"]
    for index, child in enumerate(children):
        if is_a(child, "Transition"):
            continue
        count = frames(child["source_range"]["duration"], rate)
        if is_a(child, "Clip"):
            reference = child["media_references"][child["active_media_reference_key"]]
            early, head = crossed(children[max(index - 1, 0) : index], "in_offset", "out_offset", rate)
            late, tail = crossed(children[index + 1 : index + 2], "out_offset", "in_offset", rate)
            begins = child["source_range"]["start_time"], reference["available_range"]["start_time"]
            into = frames(begins[0], rate) - frames(begins[1], rate) - early
            first, lasts = at - early, count + early + late
            make = strips.new_sound if track["kind"] == "Audio" else strips.new_movie
            strip = make(
                name=child["name"],
                filepath=reference["target_url"],
                channel=1 + 2 * number + index % 4 // 2,
                frame_start=round(1 + first - into),
            )
            strip.frame_offset_start = into
            strip.frame_final_duration = round(lasts)
            strip.mute = not (child["enabled"] and track["enabled"])
            if track["kind"] == "Audio":
                sound = sound_of(child)
                strip.volume = volume(0, lasts, (sound[0], 0, 0, []), 0, 0)
                if sound[3] or any((*sound[1:3], head, tail)):
                    for frame in range(round(lasts) + 1):
                        strip.volume = volume(frame, lasts, sound, head, tail)
                        strip.keyframe_insert("volume", frame=1 + first + frame)
        at += count
    return at


def main(otio, mix, laid):
    tracks = json.loads(Path(otio).read_text(encoding="utf-8"))["tracks"]["children"]
    spans = [
        child["source_range"] for track in tracks for child in track["children"] if "source_range" in child
    ]
    rate = spans[0]["duration"]["rate"]
    scene = bpy.context.scene
    scene.render.fps = round(rate)
    scene.render.fps_base = round(rate) / rate
    strips = scene.sequence_editor_create().strips
    ends = [lay_track(strips, track, number, rate) for number, track in enumerate(tracks)]
    scene.frame_start, scene.frame_end = 1, round(max(ends))
    scene.render.ffmpeg.audio_mixrate = 48_000
    bpy.ops.sound.bake_animation()
    wav = {"container": "WAV", "codec": "PCM", "format": "S16"}
    bpy.ops.sound.mixdown(filepath=mix, check_existing=False, accuracy=64, **wav)
    found = [
        {
            "name": strip.name,
            "type": strip.type,
            "first": strip.frame_final_start - 1,
            "end": strip.frame_final_end - 1,
            "into": strip.frame_offset_start,
            "muted": strip.mute,
        }
        for strip in strips
    ]
    Path(laid).write_text(json.dumps(found), encoding="utf-8")


main(*sys.argv[1:])
