"""Nests opened: what is seen and heard of them stays."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest

from avm_otio.timeline.completed import completed
from avm_otio.timeline.gain import SILENCE_DB, pan_of, sides_of, through
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, GainKey, Marker, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.nests import opened_and_reported, opened_nests
from avm_otio.timeline.placed import Placements
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.models import plain, settled

INNER = plain()
AS_IT_IS = Mix()


def around(mix: Mix = AS_IT_IS, *, cut: F = F(0), markers: tuple[Marker, ...] = ()) -> Timeline:
    """The plain timeline as a nest on a picture and a sound track, its first ``cut`` seconds left out."""
    nest = Clip(
        "nest",
        RecordTime(F(1)),
        RecordTime(F(1) + INNER.duration - cut),
        INNER,
        MediaTime(cut),
        mix=mix,
        markers=markers,
    )
    return settled(
        replace(
            INNER,
            tracks=(
                Track("V1", TrackKind.VIDEO, (nest,)),
                Track("A1", TrackKind.AUDIO, (replace(nest, channels=(0, 1)),), channels=2),
            ),
        )
    )


def bed(opened: Timeline) -> Clip:
    return next(clip for clip in opened.clips() if clip.name == "Bed")


def test_a_nests_gain_adds_to_the_key_frames_of_its_clips() -> None:
    keyed = replace(bed(INNER), mix=Mix(keys=(GainKey(F(0), -6.0), GainKey(F(1), 0.0))))
    tracks = tuple(replace(one, clips=(keyed,)) if bed(INNER) in one.clips else one for one in INNER.tracks)
    whole = around(Mix(gain_db=-3.0))
    nest = replace(whole.tracks[1].clips[0], content=replace(INNER, tracks=tracks))
    opened = opened_nests(replace(whole, tracks=(replace(whole.tracks[1], clips=(nest,)),)))
    assert bed(opened).mix == Mix(keys=(GainKey(F(0), -9.0), GainKey(F(1), -3.0)))


def test_a_nests_key_frames_are_its_clips() -> None:
    opened = opened_nests(around(Mix(keys=(GainKey(F(0), 0.0), GainKey(F(2), -20.0))), cut=F(1)))
    assert bed(opened).mix.keys == (GainKey(F(0), -6.0), GainKey(F(2), -26.0))
    hit = next(clip for clip in opened.clips() if clip.name == "Hit" and clip.enabled)
    assert hit.mix.keys[0].at == -(hit.start - F(1))  # the nest's first key, counted from the clip's head


def test_a_nests_fades_are_those_of_what_lies_at_its_edges() -> None:
    opened = opened_nests(around(Mix(fade_in_us=500_000, fade_out_us=3_000_000)))
    assert (bed(opened).mix.fade_in_us, bed(opened).mix.fade_out_us) == (500_000, 3_000_000)
    hits = [clip for clip in opened.clips() if clip.name == "Hit"]
    assert not any(clip.mix.fade_in_us or clip.mix.fade_out_us for clip in hits)


def test_transitions_and_markers_of_a_nest_lie_where_they_were_seen() -> None:
    cross = Transition("Dissolve", RecordTime(F(4)), F(1, 2), F(1, 2))
    inner = replace(INNER, tracks=(replace(INNER.tracks[0], transitions=(cross,)), *INNER.tracks[1:]))
    whole = around(cut=F(1), markers=(Marker("here", F(1)),))
    nest = replace(whole.tracks[0].clips[0], content=inner)
    opened = opened_nests(replace(whole, tracks=(replace(whole.tracks[0], clips=(nest,)),)))
    (track,) = opened.tracks
    assert track.transitions == (replace(cross, at=RecordTime(F(4))),)
    assert track.clips[1].start == F(4)
    assert track.markers == (Marker("here", F(2)),)


def test_a_nest_is_as_large_as_what_it_lies_in() -> None:
    whole = around()
    small = replace(whole.tracks[0].clips[0], content=replace(INNER, size=None))
    large = completed(
        replace(whole, size=(3840, 2160), tracks=(replace(whole.tracks[0], clips=(small,)), whole.tracks[1]))
    )
    sizes = [clip.content.size for clip in large.clips() if isinstance(clip.content, Timeline)]
    assert sizes == [(3840, 2160), (1920, 1080)]  # what says its own keeps it


def test_a_pan_through_a_nest_leaves_of_each_side_what_both_leave():
    for inner, outer, sides in ((-0.5, 0.0, (1, 0.5)), (0.0, 1.0, (0, 1)), (-0.5, 0.5, (0.5, 0.5))):
        nest = around(Mix(pan=outer))
        tracks = tuple(
            replace(track, clips=tuple(replace(clip, mix=Mix(pan=inner)) for clip in track.clips))
            for track in INNER.tracks
        )
        tracks = tuple(
            replace(t, clips=tuple(replace(c, content=replace(INNER, tracks=tracks)) for c in t.clips))
            for t in nest.tracks
        )
        nest = replace(nest, tracks=tracks)
        heard = [one for one in Placements(nest).of(TrackKind.AUDIO) if one.clip.stem is None]
        assert {one.level.sides for one in heard} == {sides}
        for clip in (clip for track in opened_nests(nest).audio_tracks for clip in track.clips):
            level = 10 ** (clip.mix.gain_db / 20)
            assert tuple(level * side for side in sides_of(clip.mix.pan)) == pytest.approx(sides)


def test_sides_that_leave_nothing_are_silence():
    assert pan_of(through(sides_of(-1.0), sides_of(1.0))) == (SILENCE_DB, 0.0)


@pytest.mark.parametrize(("left_out", "count"), [(F(0), 0), (F(9, 5), 1), (F(11, 5), 1), (F(3), 0)])
def test_a_transition_that_a_nests_edge_cuts_is_told(left_out: F, count: int) -> None:
    crossing = Transition("Cross Dissolve", RecordTime(F(2)), F(2, 5), F(2, 5))
    whole = around(cut=left_out)
    (nest,) = whole.tracks[0].clips
    assert isinstance(nest.content, Timeline)
    first, *rest = nest.content.tracks
    inner = replace(nest.content, tracks=(replace(first, transitions=(crossing,)), *rest))
    cut = replace(whole, tracks=(replace(whole.tracks[0], clips=(replace(nest, content=inner),)),))
    losses = Losses(cut)
    opened = opened_and_reported(cut, losses)
    assert [loss.message for loss in losses if loss.feature.name == "TRANSITION"] == [
        "transition “Cross Dissolve” inside it written as a cut: the nest's edge lies in it"
    ] * count
    assert sum(len(track.transitions) for track in opened.tracks) == (left_out == 0)


@pytest.mark.parametrize("speed", [F(0), F(-1)])
def test_a_nest_that_cannot_be_opened_is_told(speed: F) -> None:
    whole = around()
    (nest,) = whole.tracks[0].clips
    cut = replace(whole, tracks=(replace(whole.tracks[0], clips=(replace(nest, speed=speed),)),))
    losses = Losses(cut)
    assert not list(opened_and_reported(cut, losses).clips())
    assert any("its clips not written" in loss.message for loss in losses)


def test_markers_of_a_sequence_inside_are_told_once() -> None:
    whole = around()
    (nest,) = whole.tracks[0].clips
    assert isinstance(nest.content, Timeline)
    first, *rest = nest.content.tracks
    inner = replace(
        nest.content,
        markers=(Marker("of all", F(1)),),
        tracks=(replace(first, markers=(Marker("of a track", F(1)),)), *rest),
    )
    tracks = tuple(replace(track, clips=(replace(track.clips[0], content=inner),)) for track in whole.tracks)
    losses = Losses(whole)
    opened_and_reported(replace(whole, tracks=tracks), losses)
    assert [loss.message for loss in losses if loss.feature.name == "MARKER"] == [
        f"marker “{name}” of the sequence inside it not written" for name in ("of all", "of a track")
    ]
