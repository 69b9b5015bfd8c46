"""Runs inside Blender: lays a result by the add-on's own code, and mixes it.

python blender_lays.py RESULT.json FPS FPS_BASE FRAMES OUT.json MIX.wav
"""

import json
import sys
from pathlib import Path

import bpy


def main(result, fps, fps_base, frames, out, mix):
    bpy.ops.preferences.addon_enable(module="bl_ext.user_default.avm_otio")
    from bl_ext.user_default.avm_otio import laying

    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = int(fps), float(fps_base)
    scene.frame_start, scene.frame_end = 1, int(frames)
    notes = laying.lay(scene, json.loads(Path(result).read_text()))
    strips = [
        (strip.channel, int(strip.frame_final_start), int(strip.frame_final_end))
        for strip in scene.sequence_editor.strips
    ]
    markers = [(marker.frame, marker.name) for marker in scene.timeline_markers]
    volumes = {}
    for strip in scene.sequence_editor.strips:
        for curve in laying._curves(scene.animation_data.action):
            if curve.data_path == strip.path_from_id("volume"):
                frames = range(int(strip.frame_final_start), int(strip.frame_final_end) + 1)
                volumes[strip.channel, frames[0]] = [curve.evaluate(frame) for frame in frames]
    bpy.ops.sound.mixdown(filepath=mix, container="WAV", codec="PCM", format="S16", accuracy=64)
    report = {"notes": notes, "strips": sorted(strips, key=lambda one: one[1]), "markers": markers}
    report["volumes"] = [volumes[strip[:2]] for strip in report["strips"]]
    Path(out).write_text(json.dumps(report))


main(*sys.argv[1:])
