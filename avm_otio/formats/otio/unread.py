"""What an OTIO timeline says of its tracks and nests that is not played, reported when it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from avm_otio.formats.otio.json_form import NOTHING, Json, said_under
from avm_otio.formats.otio.resolve_words import RESOLVE
from avm_otio.timeline.model import Timeline, TrackKind


def unread(timeline: Timeline) -> tuple[str, ...]:
    """Notes on what stands in a timeline that was read from OTIO and is not played, one for each kind."""
    return tuple(f"{count} × {note}" for note, count in Counter(_found(timeline, outermost=True)).items())


def _found(timeline: Timeline, *, outermost: bool = False) -> Iterator[str]:
    stack = timeline.raw or NOTHING
    if outermost and _is_retimed(stack.get("tracks") or NOTHING):
        yield "timeline with a speed of its own, read at its clips' speeds"
    for track in timeline.tracks:
        raw = track.raw or NOTHING
        # Of a nest that is one track, the speed is the clip's.
        if str(raw.get("OTIO_SCHEMA", "")).startswith("Track.") and raw is not stack and _is_retimed(raw):
            yield "track with a speed of its own, read at its clips' speeds"
        if raw and said_under(raw, RESOLVE).get("SoloOn") is True:
            yield "track that is soloed, read without"
        for clip in track.clips:
            if _has_ramp(clip.raw or NOTHING):
                yield "clip with a time effect that states no one speed, read without"
            if not isinstance(clip.content, Timeline):
                continue
            chosen = () if clip.channels_assumed or track.kind is TrackKind.VIDEO else clip.channels
            is_one_side = len(chosen) == 1 and abs(clip.mix.pan) == 1  # that side of the nest is heard
            if chosen and not is_one_side and (len(chosen) < 2 or chosen != tuple(range(len(chosen)))):
                yield "nest that plays some of its channels, read with all of its sound"
            yield from _found(clip.content)


def _is_retimed(item: Json) -> bool:
    effects: Iterable[Json] = item.get("effects") or ()
    return any(effect.get("time_scalar", 1) != 1 and effect.get("enabled", True) for effect in effects)


def _has_ramp(item: Json) -> bool:
    """Whether a time effect says no speed: OTIO's schema has none for ramps but its general one."""
    effects: Iterable[Json] = item.get("effects") or ()
    return any(
        str(effect.get("OTIO_SCHEMA", "")).startswith("TimeEffect.")
        and "time_scalar" not in effect
        and effect.get("enabled", True)
        for effect in effects
    )
