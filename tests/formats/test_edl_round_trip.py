"""A law: what a CMX3600 list says is read back as it was; what it does not say is in the loss report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings

from avm_otio.formats.edl.common import speed_frames, speed_of
from avm_otio.formats.edl.read import read
from avm_otio.formats.edl.write import documents
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Clip, Marker, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame, to_micros
from tests.formats.edl_text import REAL
from tests.models import differences, plain, seconds, settled, timelines
from tests.real_files import real_file


def lists_again(timeline: Timeline) -> tuple[dict[str, Timeline], tuple[Loss, ...], tuple[str, ...]]:
    """Write lists and read each of them."""
    lists, losses = documents(timeline)
    found, notes = {}, []
    with TemporaryDirectory() as folder:
        for label, text in lists.items():
            path = Path(folder) / f"{label}.edl"
            path.write_text(text, encoding="utf-8", newline="\n")
            (found[label],), new_notes = read(path, timeline.rate)
            notes += new_notes
    return found, losses, tuple(notes)


class Sayable:
    """What lists say of a timeline; collects which features had to change for it."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.rate = timeline.rate
        self.changed: set[Feature] = set()

    def on_frame(self, at: Fraction) -> Fraction:
        frame = seconds(nearest_frame(at, self.rate), self.rate)
        if abs(frame - at) * 48_000 >= 1:
            self.changed.add(Feature.TIME)
        return frame

    def lists(self) -> dict[str, Track]:
        found = {}
        free = [*self.timeline.markers]
        numbers = {TrackKind.VIDEO: 0, TrackKind.AUDIO: 0}
        if any(clip.link is not None for clip in self.timeline.clips()):
            self.changed.add(Feature.LINK)
        for track in self.timeline.tracks:
            numbers[track.kind] += 1
            clips = [clip for clip in track.clips if clip.enabled]
            if len(clips) < len(track.clips):
                self.changed.add(Feature.DISABLED)
            if not clips:
                continue
            label = f"{'V' if track.kind is TrackKind.VIDEO else 'A'}{numbers[track.kind]}"
            found[label] = self.track(track, [self.clip(clip, track) for clip in clips], free)
            free = []
        return found

    def clip(self, clip: Clip, track: Track) -> Clip:
        assert clip.media is not None
        is_sound = track.kind is TrackKind.AUDIO
        speed = speed_of(speed_frames(clip.speed, self.rate), self.rate)
        if speed != clip.speed:
            self.changed.add(Feature.SPEED)
        return replace(
            clip,
            start=RecordTime(self.on_frame(clip.start)),
            end=RecordTime(self.on_frame(clip.end)),
            content=Media(clip.media.name, clip.media.path),
            media_in=MediaTime(self.on_frame(clip.media_in)),
            speed=speed,
            mix=self.mix(clip) if is_sound else Mix(),
            link=None,
            stem=None,
            offer=None,
            markers=tuple(self.marker(marker) for marker in clip.markers),
        )

    def mix(self, clip: Clip) -> Mix:
        fades = []
        for length in (clip.mix.fade_in_us, clip.mix.fade_out_us):
            frames = nearest_frame(Fraction(length, 1_000_000), self.rate)
            fades.append(to_micros(frames / self.rate))
            if fades[-1] != length:
                self.changed.add(Feature.FADE)
        return replace(clip.mix, fade_in_us=fades[0], fade_out_us=fades[1])

    def marker(self, marker: Marker) -> Marker:
        if marker.comment or marker.duration:
            self.changed.add(Feature.MARKER)
        text = f"{marker.name}: {marker.comment}" if marker.comment else marker.name
        return Marker(text, marker.start, color=marker.color)

    def track(self, track: Track, clips: list[Clip], free: list[Marker]) -> Track:
        """Cuts of transitions move to where these begin; the timeline's markers to the clip there."""
        transitions = []
        for one in track.transitions:
            after = next((at for at, clip in enumerate(clips) if clip.start == one.at), None)
            before = next((at for at, clip in enumerate(clips) if clip.end == one.at), None)
            start = RecordTime(one.at - one.before)
            if before is not None and after is None:
                end = RecordTime(one.at + one.after)
                if not any(one.at < clip.start <= end for clip in clips):  # it lasts through its fade
                    clips[before] = replace(clips[before], end=end)
                    transitions.append(Transition(one.name, end, one.before + one.after, Fraction(0)))
                    continue
            if before is not None:
                clips[before] = replace(clips[before], end=start)
            if after is not None:
                clip = clips[after]
                begins = round((clip.media_in - one.before * clip.speed) * self.rate)
                clips[after] = replace(clip, start=start, media_in=MediaTime(begins / self.rate))
                moved = [replace(m, start=m.start + one.before) for m in clip.markers]
                clips[after] = replace(clips[after], markers=tuple(moved))
            if before is None and after is None:
                self.changed.add(Feature.TRANSITION)
                continue
            transitions.append(Transition(one.name, start, Fraction(0), one.before + one.after))
            self.changed.add(Feature.TRANSITION)
        if free:
            self.changed.add(Feature.MARKER)
        return replace(
            track, clips=tuple(clips), transitions=tuple(transitions), markers=(), name="", stem=None
        )


def plainly(track: Track) -> Track:
    """A track as it was read, without what no list says: facts of media, the track's own name."""
    clips = []
    for clip in track.clips:
        assert clip.media is not None
        clips.append(replace(clip, content=Media(clip.media.name, clip.media.path)))
    return replace(track, clips=tuple(clips), name="")


def without_markers(track: Track) -> Track:
    return replace(track, clips=tuple(replace(clip, markers=()) for clip in track.clips))


def places(track: Track, markers: Iterable[Marker] = ()) -> list[tuple[Fraction, str, str]]:
    """Every marker by its record time: a list says where a marker is, not whose it is."""
    found = [(clip.start + m.start, m.name, m.color) for clip in track.clips for m in clip.markers]
    return sorted(found + [(m.start, m.name, m.color) for m in markers])


@settings(max_examples=120, deadline=None)
@given(timelines())
def test_what_is_read_is_what_was_written_up_to_the_loss_report(timeline: Timeline) -> None:
    assume(any(clip.enabled for clip in timeline.clips()))
    found, losses, notes = lists_again(timeline)
    sayable = Sayable(timeline)
    wanted = sayable.lists()

    assert set(found) == set(wanted)
    free = tuple(sayable.marker(marker) for marker in timeline.markers)
    for label, one in found.items():
        (track,) = one.tracks
        assert one.start_frame == timeline.start_frame
        assert one.drop_frame == timeline.drop_frame
        assert not differences(without_markers(plainly(track)), without_markers(wanted[label]))
        assert places(track, one.markers) == places(wanted[label], free)
        free = ()
    assert sayable.changed <= {loss.feature for loss in losses}
    assert not [note for note in notes if "source longer" not in note]


def test_nothing_but_the_rate_and_the_size_is_lost_of_a_plain_cut() -> None:
    cut = plain()
    shots = replace(cut.tracks[0], clips=tuple(replace(clip, link=None) for clip in cut.tracks[0].clips))
    _, losses, notes = lists_again(settled(replace(cut, tracks=(shots,))))
    assert {loss.feature for loss in losses} == {Feature.RATE, Feature.METADATA}
    assert not notes


def test_the_same_list_is_written_again_from_what_was_read() -> None:
    found, _, _ = lists_again(plain(Fraction(30_000, 1001), 107_892))
    for one in found.values():
        (again,) = documents(one)[0].values()
        (first,) = lists_again(one)[0].values()
        assert documents(replace(first, name=one.name))[0].popitem()[1] == again


@pytest.mark.parametrize(
    ("name", "rate"),
    REAL,
)
def test_a_real_list_is_the_same_after_it_was_written_again(name: str, rate: int) -> None:
    (first,), _ = read(real_file(name), Fraction(rate))
    again, losses, _ = lists_again(first)
    lost = {loss.feature for loss in losses}
    written_otherwise = {Feature.NAME, Feature.TIME, Feature.FADE, Feature.TRANSITION}
    assert lost <= {Feature.RATE, Feature.MEDIA, Feature.GENERATOR} | written_otherwise
    tracks = [one.tracks[0] for one in again.values()]
    assert len(tracks) == len(first.tracks)
    for found, wanted in zip(tracks, first.tracks, strict=True):
        assert [(c.name, c.start, c.end, c.media_in, c.speed, c.mix, c.markers) for c in found.clips] == [
            (c.name, c.start, c.end, c.media_in, c.speed, c.mix, c.markers) for c in wanted.clips
        ]
        assert [(t.at, t.after) for t in found.transitions] == [(t.at, t.after) for t in wanted.transitions]
