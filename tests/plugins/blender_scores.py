"""Runs inside Blender: builds a scene, scores it from the menu's operator, mixes it, undoes it.

python blender_scores.py MOVIE FPS FPS_BASE OUT.json MIX.wav [STEP]
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import bpy


def strips_of(editor):
    return editor.strips if hasattr(editor, "strips") else editor.sequences  # before Blender 5


def sounds(scene):
    return sorted(
        (strip.name, strip.channel, int(strip.frame_final_start), int(strip.frame_final_duration), strip.mute)
        for strip in strips_of(scene.sequence_editor)
        if strip.type == "SOUND"
    )


def volumes(scene):
    """By channel and first frame: volumes of sounds with key frames, frame by frame, as Blender has them."""
    found = {}
    for strip in strips_of(scene.sequence_editor):
        if strip.type == "SOUND":
            path = strip.path_from_id("volume")
            curve = next((one for one in curves(scene) if one.data_path == path), None)
            if curve is not None:
                first, last = int(strip.frame_final_start), int(strip.frame_final_end)
                found[f"{strip.channel} {first}"] = [
                    curve.evaluate(frame) for frame in range(first, last + 1)
                ]
    return found


def curves(scene):
    action = scene.animation_data.action if scene.animation_data else None
    if action is None:
        return []
    if hasattr(action, "fcurves"):  # before Blender 5
        return list(action.fcurves)
    strips = [strip for layer in action.layers for strip in layer.strips]
    return [curve for strip in strips for bag in strip.channelbags for curve in bag.fcurves]


def errors_of(call):
    try:
        return sorted(call()), None
    except RuntimeError as error:
        return [], str(error)


def escape(outcome):
    """What Blender does when Esc is pressed while the operator waits: here is no window to press it in."""
    from bl_ext.user_default.avm_otio import Settings, _Waiting, watch_folder

    class Waiting(_Waiting):
        def report(self, kinds, text):
            outcome["error"] = text

    waiting = Waiting()
    settings = Settings(Path(watch_folder.__file__).with_name("avm_settings.json"))
    waiting.request = watch_folder.Request.leave(settings, "Scene", {}, {})
    other = waiting.modal(bpy.context, SimpleNamespace(type="MOUSEMOVE"))
    assert other == {"PASS_THROUGH"}, other
    outcome["answer"] = sorted(waiting.modal(bpy.context, SimpleNamespace(type="ESC")))


def main(movie, fps, fps_base, out, mix, step="score"):
    bpy.ops.preferences.addon_enable(module="bl_ext.user_default.avm_otio")
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = int(fps), float(fps_base)
    scene.frame_start, scene.frame_end = 1, 120
    outcome = {"enabled": "bl_ext.user_default.avm_otio" in bpy.context.preferences.addons}
    if step != "empty":
        strips = strips_of(scene.sequence_editor_create())
        strips.new_movie("shot", movie, 2, 1).frame_final_end = 121
        strips.new_sound("shot sound", movie, 1, 1).frame_final_end = 121
    before = sounds(scene) if scene.sequence_editor else []
    bpy.ops.ed.undo_push(message="before")
    if step == "die":  # the request is left, then the host is gone
        import os

        from bl_ext.user_default.avm_otio import watch_folder

        looked = watch_folder.Request.result

        def result(self):
            looked(self)  # calls the program
            os.kill(os.getpid(), 9)

        watch_folder.Request.result = result
    if step == "escape":
        escape(outcome)
        step = "nothing"
    call = {"last": bpy.ops.avm.import_last, "audition": bpy.ops.avm.audition}.get(step, bpy.ops.avm.score)
    if step != "nothing":  # as a menu calls it
        outcome["answer"], outcome["error"] = errors_of(lambda: call("EXEC_DEFAULT", True))
    outcome["before"] = before
    outcome["sounds"] = sounds(scene) if scene.sequence_editor else []
    outcome["volumes"] = volumes(scene) if scene.sequence_editor else {}
    outcome["markers"] = sorted((marker.frame, marker.name) for marker in scene.timeline_markers)
    if outcome["sounds"]:
        bpy.ops.sound.mixdown(filepath=mix, container="WAV", codec="PCM", format="S16", accuracy=64)
    if step == "twice":
        outcome["answer"], outcome["error"] = errors_of(lambda: call("EXEC_DEFAULT", True))
    outcome["undone"], _ = errors_of(bpy.ops.ed.undo)
    scene = bpy.context.scene
    outcome["after undo"] = sounds(scene) if scene.sequence_editor else []
    Path(out).write_text(json.dumps(outcome), encoding="utf-8")


main(*sys.argv[1:])
