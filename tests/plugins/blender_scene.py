"""Runs inside Blender: builds a cut, writes it as the add-on does, renders it and mixes it.

python blender_scene.py CUT.json MUTED_CHANNELS FPS FPS_BASE FOLDER
"""

import json
import sys
from pathlib import Path

import bpy


def strips_of(editor):
    return editor.strips if hasattr(editor, "strips") else editor.sequences  # before Blender 5


def lay(strips, one):
    """Lay a strip, or a meta strip with what is in it, in ways that users get there."""
    if one["kind"] == "META":
        strip = strips.new_meta("meta", one["channel"], one["inside"][0]["since"])
        for each in one["inside"]:
            lay(strips_of(strip), each)
        strip.frame_offset_start = one["since"] - strip.frame_start
    else:
        make = {"MOVIE": strips.new_movie, "SOUND": strips.new_sound, "IMAGE": strips.new_image}
        strip = make[one["kind"]]("strip", one["path"], one["channel"], one["begins"])
        if one["is_split"]:
            left, strip = strip, strip.split(frame=one["since"], split_method="HARD")
            strips.remove(left)
        else:
            strip.frame_offset_start = one["since"] - one["begins"]
        if one["is_backwards"]:
            strip.use_reverse_frames = True
    strip.frame_final_end = one["until"]
    strip.channel = one["channel"]  # it moved up where its whole length met another
    assert strip.channel == one["channel"]
    strip.mute = one["is_muted"]


def main(cut, muted, fps, fps_base, folder):
    from bl_ext.user_default.avm_otio.scene_timeline import timeline_of

    scene, folder, strips = bpy.context.scene, Path(folder), json.loads(Path(cut).read_text())
    scene.render.fps, scene.render.fps_base = int(fps), float(fps_base)
    scene.frame_start, scene.frame_end = 1, max(one["until"] for one in strips) - 1
    editor = scene.sequence_editor_create()
    for one in strips:
        lay(strips_of(editor), one)
    for channel in json.loads(muted):
        editor.channels[channel].mute = True
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
