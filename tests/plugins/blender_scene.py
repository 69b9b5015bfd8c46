"""Runs inside Blender: builds a cut, writes it as the add-on does, renders it and mixes it.

python blender_scene.py CUT.json FPS FPS_BASE FOLDER
"""

import json
import sys
from pathlib import Path

import bpy


def strips_of(editor):
    return editor.strips if hasattr(editor, "strips") else editor.sequences  # before Blender 5


def lay(strips, number, one):
    """A strip that begins at a frame, is seen from one to another, in ways that users get there."""
    make = {"MOVIE": strips.new_movie, "SOUND": strips.new_sound, "IMAGE": strips.new_image}
    strip = make[one["kind"]](f"strip {number}", one["path"], one["channel"], one["begins"])
    if one["is_split"]:
        right = strip.split(frame=one["from"], split_method="HARD")
        strips.remove(strip)
        strip = right
    else:
        strip.frame_offset_start = one["from"] - one["begins"]
    strip.frame_final_end = one["to"]
    if one["is_backwards"]:
        strip.use_reverse_frames = True


def main(cut, fps, fps_base, folder):
    from bl_ext.user_default.avm_otio.scene_timeline import timeline_of

    scene, folder, strips = bpy.context.scene, Path(folder), json.loads(Path(cut).read_text())
    scene.render.fps, scene.render.fps_base = int(fps), float(fps_base)
    scene.frame_start, scene.frame_end = 1, max(one["to"] for one in strips) - 1
    outside = strips_of(scene.sequence_editor_create())
    for number, one in enumerate(strips):
        if one["trims"]:
            since, until = one["trims"]
            meta = outside.new_meta(f"meta {number}", one["channel"], one["from"])
            lay(strips_of(meta), number, one)
            meta.frame_offset_start, meta.frame_final_end = since - one["from"], until
        else:
            lay(outside, number, one)
    timeline, notes = timeline_of(scene)
    (folder / "cut.otio").write_text(json.dumps(timeline), encoding="utf-8")
    (folder / "notes.json").write_text(json.dumps(notes), encoding="utf-8")
    scene.view_settings.view_transform = "Raw"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 160, 90, 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(folder / "frames" / "frame")
    bpy.ops.render.render(animation=True)
    if any(one["kind"] == "SOUND" for one in strips):
        mix = str(folder / "mix.wav")
        bpy.ops.sound.mixdown(filepath=mix, container="WAV", codec="PCM", format="S16", accuracy=64)


bpy.ops.preferences.addon_enable(module="bl_ext.user_default.avm_otio")
main(*sys.argv[1:])
