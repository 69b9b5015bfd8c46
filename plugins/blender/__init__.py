"""A.V. Mapping in Blender: Video Sequencer › Strip › Score with A.V. Mapping….

The scene's strips go to the watch folder as a timeline, avm-otio scores them, the sounds come back as strips
on channels above all others. The window is never blocked; Esc ends it. A job goes on when Blender is closed:
*Import Last Scored Job* lays it later. *Audition…* opens a page on which the alternatives are heard against
picture and chosen; what it writes is laid by *Import Last Scored Job*.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bpy

from .laying import lay
from .placing import pieces_of
from .scene_timeline import scene_rate, strips_of, timecode, timeline_of
from .watch_folder import LOOK_S, Problem, Request, Settings


class _Waiting:
    """What both operators share: wait for a request without blocking the window, then lay its result."""

    request: Request
    scene_name: str
    _timer: Any = None
    _looked_s = 0.0

    def begin(self, context: bpy.types.Context) -> Request:
        """Leave the request, or find it.

        Raises:
            Problem: It cannot be.
        """
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin; where there is no window, wait here."""
        try:
            self.request = self.begin(context)
            self.scene_name = context.scene.name  # the user may look at another one meanwhile
            if context.window is None or bpy.app.background:
                while self.step(context) is None:
                    time.sleep(LOOK_S)
                return {"FINISHED"}
        except Problem as problem:
            return self._fail(context, problem)
        manager = context.window_manager
        self._timer = manager.event_timer_add(LOOK_S, window=context.window)
        manager.modal_handler_add(self)
        manager.progress_begin(0, 100)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look now and then; Esc ends it."""
        if event.type == "ESC":
            self.request.cancel()
            self._leave(context)
            self.report({"WARNING"}, "Cancelled. What was paid for is kept: score again, and it goes on.")
            return {"CANCELLED"}
        # Timers of others come by, too, and go on to them.
        if event.type != "TIMER" or time.monotonic() - self._looked_s < 0.8 * LOOK_S:
            return {"PASS_THROUGH"}
        self._looked_s = time.monotonic()
        try:
            result = self.step(context)
        except Problem as problem:
            return self._fail(context, problem)
        if result is None:
            return {"PASS_THROUGH"}
        self._leave(context)
        return {"FINISHED"}

    def show_progress(self, context: bpy.types.Context) -> None:
        """Show how far the request is."""
        label, share = self.request.progress()
        _tell(context, label if share is None else f"{label} {share:.0%}")
        if share is not None:
            context.window_manager.progress_update(100 * share)

    def step(self, context: bpy.types.Context) -> dict[str, Any] | None:
        """Look once; lay the result where it is there.

        Raises:
            Problem: It failed.
        """
        result = self.request.result()
        if result is None:
            self.show_progress(context)
            return None
        scene = bpy.data.scenes.get(self.scene_name)
        if scene is None:
            raise Problem(
                f"{self.scene_name} is gone: open its scene again and choose Import Last Scored Job."
            )
        for note in lay(scene, result):
            self.report({"WARNING"}, note)
        count, price = len(pieces_of(result)), f"{result['total_price']} {result['currency']}"
        self.report({"INFO"}, f"{count} sounds laid, {price}.")
        return result

    def _fail(self, context: bpy.types.Context, problem: Problem) -> set[str]:
        self._leave(context)
        self.report({"ERROR"}, str(problem))
        return {"CANCELLED"}

    def _leave(self, context: bpy.types.Context) -> None:
        _tell(context, None)
        if self._timer is not None:
            context.window_manager.progress_end()
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


class AVM_OT_score(_Waiting, bpy.types.Operator):
    """Find music and effects for the strips of this scene, and lay them on free channels"""

    bl_idname = "avm.score"
    bl_label = "Score with A.V. Mapping…"
    bl_options = {"UNDO"}  # not in the panel of the last operation, where a changed box would score anew

    music: bpy.props.BoolProperty(name="Music", default=True)
    effects: bpy.props.BoolProperty(name="Sound effects", default=True)
    denoise: bpy.props.BoolProperty(name="Noise reduction", default=False)
    alternatives: bpy.props.IntProperty(
        name="Alternatives", description="How many others are laid with each, muted", min=0, max=99, default=1
    )
    budget: bpy.props.FloatProperty(
        name="Budget", description="The most that music may cost; 0 for any price", min=0.0, default=0.0
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask what is wanted."""
        return context.window_manager.invoke_props_dialog(self, confirm_text="Score")

    def begin(self, context: bpy.types.Context) -> Request:
        """Leave the request for this scene."""
        scene = context.scene
        settings = Settings(Path(__file__).with_name("avm_settings.json"))
        services = [name for name in ("music", "effects", "denoise") if getattr(self, name)]
        if not services:
            raise Problem("Nothing is asked for: choose music, sound effects or noise reduction.")
        if scene.sequence_editor is None or not strips_of(scene.sequence_editor):
            raise Problem("No timeline is open: add strips in the Video Sequencer and run this again.")
        timeline, notes = timeline_of(scene)
        if not any(track["kind"] == "Video" for track in timeline["tracks"]["children"]):
            raise Problem(f"{scene.name} has no movie between its first and its last frame: add one.")
        for note in notes:
            self.report({"WARNING"}, note)
        options: dict[str, Any] = {"services": services, "alternatives": self.alternatives}
        if self.budget:
            options["budget_max"] = round(self.budget, 2)  # Blender keeps fewer digits than money has
        if scene.use_preview_range:
            rate = scene_rate(scene)
            first = max(scene.frame_preview_start, scene.frame_start)
            last = min(scene.frame_preview_end, scene.frame_end)
            if first > last:
                raise Problem(f"The preview range lies outside {scene.name}: move it, or switch it off.")
            options["tc_in"], options["tc_out"] = timecode(first, rate), timecode(last + 1, rate)
        return Request.leave(settings, scene.name, timeline, options)


class AVM_OT_import_last(_Waiting, bpy.types.Operator):
    """Lay what was scored last, also by a Blender that was closed meanwhile; waits where it is under way"""

    bl_idname = "avm.import_last"
    bl_label = "Import Last Scored Job"
    bl_options = {"UNDO"}  # not in the panel of the last operation, where a changed box would score anew

    def begin(self, context: bpy.types.Context) -> Request:
        """Find the request."""
        return Request.last(Settings(Path(__file__).with_name("avm_settings.json")))


class AVM_OT_audition(_Waiting, bpy.types.Operator):
    """Hear the alternatives of what was scored last against picture, and choose, in the browser"""

    bl_idname = "avm.audition"
    bl_label = "Audition…"

    def begin(self, context: bpy.types.Context) -> Request:
        """Ask for the page."""
        return Request.last(Settings(Path(__file__).with_name("avm_settings.json"))).ask_for_page()

    def step(self, context: bpy.types.Context) -> dict[str, Any] | None:
        """Look once; open the page where it is there."""
        page = self.request.page()
        if page is None:
            self.show_progress(context)
            return None
        if page["address"]:
            bpy.ops.wm.url_open(url=page["address"])
        self.report(
            {"INFO"}, "Choose in the browser and press Update the timeline, then Import Last Scored Job."
        )
        return page


_OPERATORS = (AVM_OT_score, AVM_OT_import_last, AVM_OT_audition)


def _tell(context: bpy.types.Context, text: str | None) -> None:
    if context.workspace is not None:
        context.workspace.status_text_set(None if text is None else f"A.V. Mapping: {text}   (Esc: end)")


def _menu(self: Any, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator_context = "INVOKE_DEFAULT"
    for one in _OPERATORS:
        self.layout.operator(one.bl_idname, text=one.bl_label)


def register() -> None:
    """Called by Blender."""
    for one in _OPERATORS:
        bpy.utils.register_class(one)
    bpy.types.SEQUENCER_MT_strip.append(_menu)


def unregister() -> None:
    """Called by Blender."""
    bpy.types.SEQUENCER_MT_strip.remove(_menu)
    for one in reversed(_OPERATORS):
        bpy.utils.unregister_class(one)
