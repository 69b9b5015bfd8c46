"""Nests opened: for formats that know none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Timeline, Track, Transition
from avm_otio.timeline.parts import heard_through, mix_between, retimed, trimmed
from avm_otio.timeline.time import RecordTime

NOT_FORWARD = "its clips not written: it does not play forwards"
"""What becomes of a nest that stands still or plays backwards."""

OPENED = "nest opened: its clips lie in its place"
"""What becomes of a nest where only its sound files are left of it."""


def opened_and_reported(timeline: Timeline, losses: Losses, message: str = "nest opened") -> Timeline:
    """The same without nests, and what that loses reported.

    Args:
        timeline: The timeline.
        losses: Where each nest is reported, and each transition that its edge cuts.
        message: What becomes of a nest.
    """
    reported: set[tuple[int, RecordTime]] = set()

    def on_nest(nest: Clip) -> None:
        losses.add(Feature.NEST, nest, message)
        if nest.speed <= 0:
            losses.add(Feature.SPEED, nest, NOT_FORWARD)
        inner = nest.content
        assert isinstance(inner, Timeline)
        if (id(inner), nest.start) in reported:  # its picture and its sound are two clips
            return
        reported.add((id(inner), nest.start))
        markers = (*inner.markers, *(marker for track in inner.tracks for marker in track.markers))
        for name in dict.fromkeys(marker.name for marker in markers):
            losses.add(Feature.MARKER, nest, f"marker “{name}” of the sequence inside it not written")

    def on_cut(nest: Clip, crossing: Transition) -> None:
        cut = f"transition “{crossing.name}” inside it written as a cut: the nest's edge lies in it"
        losses.add(Feature.TRANSITION, nest, cut)

    return opened_nests(timeline, on_nest, on_cut)


def opened_nests(
    timeline: Timeline,
    on_nest: Callable[[Clip], None] = lambda nest: None,
    on_cut: Callable[[Clip, Transition], None] = lambda nest, crossing: None,
) -> Timeline:
    """The same without nests: what a nest shows on the nest's own kind of track lies in its place.

    A nest's tracks become tracks of their own, right above the one that held it.

    Args:
        timeline: The timeline.
        on_nest: Called with each nest that is opened.
        on_cut: Called with a nest and each transition in it that its edge cuts: that is left out.
    """
    tracks: list[Track] = []
    for track in timeline.tracks:
        nests = [clip for clip in track.clips if isinstance(clip.content, Timeline)]
        if not nests:
            tracks.append(track)
            continue
        clips = [[clip for clip in track.clips if not isinstance(clip.content, Timeline)]]
        transitions, markers = [list(track.transitions)], list(track.markers)
        for nest in nests:
            assert isinstance(nest.content, Timeline)
            on_nest(nest)
            inner = opened_nests(nest.content, on_nest, on_cut)
            markers += [replace(marker, start=nest.start + marker.start) for marker in nest.markers]
            same = [layer for layer in inner.tracks if layer.kind is track.kind]
            for depth, layer in enumerate(same):
                if len(clips) <= depth:
                    clips.append([])
                    transitions.append([])
                clips[depth] += _through(nest, layer)
                transitions[depth] += _crossings(nest, layer, on_cut)
        for depth, (some, crossings) in enumerate(zip(clips, transitions, strict=True)):
            tracks.append(
                replace(
                    track,
                    name=f"{track.name} ({depth + 1})" if depth else track.name,
                    clips=tuple(sorted(some, key=lambda item: item.start)),
                    transitions=tuple(sorted(crossings, key=lambda item: item.at)),
                    markers=() if depth else tuple(sorted(markers, key=lambda item: item.start)),
                )
            )
    return replace(timeline, tracks=tuple(tracks))


def _crossings(nest: Clip, layer: Track, on_cut: Callable[[Clip, Transition], None]) -> list[Transition]:
    """The transitions of a nest's track that are seen whole."""
    if nest.speed <= 0:
        return []
    first, last = nest.media_in, nest.media_in + nest.duration * nest.speed
    seen = []
    for crossing in layer.transitions:
        begin, end = crossing.at - crossing.before, crossing.at + crossing.after
        if first <= begin and end <= last:
            at = RecordTime(nest.start + (crossing.at - first) / nest.speed)
            before, after = crossing.before / nest.speed, crossing.after / nest.speed
            seen.append(replace(crossing, at=at, before=before, after=after))
        elif begin < last and first < end:
            on_cut(nest, crossing)
    return seen


def _through(nest: Clip, layer: Track) -> list[Clip]:
    """The clips of a nest's track, as they lie on the timeline that the nest lies on."""
    if nest.speed <= 0:
        return []
    first = nest.media_in
    last = nest.media_in + nest.duration * nest.speed
    moved = []
    for clip in layer.clips:
        start, end = max(clip.start, first), min(clip.end, last)
        if start >= end:
            continue
        part = trimmed(clip, start, end)
        into, until = (start - first) / nest.speed, (end - first) / nest.speed
        over = mix_between(nest.mix, nest.duration, into, until)
        moved.append(
            replace(
                part,
                start=RecordTime(nest.start + into),
                end=RecordTime(nest.start + until),
                speed=part.speed * nest.speed,
                enabled=part.enabled and nest.enabled and layer.enabled,
                mix=heard_through(retimed(part.mix, nest.speed), over, until - into),
                link=None,
            )
        )
    return moved
