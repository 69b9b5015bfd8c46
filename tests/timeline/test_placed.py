"""Nests opened for a film: what each clip sounds like through all that holds it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest

from avm_otio.formats.otio.read import from_otio
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.placed import Level, Placements, Ramp
from avm_otio.timeline.plan import SoundSegment
from avm_otio.timeline.select import Selection, plan_film
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.timelines import clip, gap, time_range, track
from tests.timelines import timeline as otio_timeline

RATE = F(25)
WAV = Media("a.wav", "a.wav", duration=F(100), sample_rate_hz=48_000, channels=4)
PICTURE = Media("a.mov", "a.mov", duration=F(100), rate=RATE, counted_rate=RATE, has_picture=True)
SAME = Mix()


def placed(start: int, end: int, content: Media | Timeline = WAV, mix: Mix = SAME, **more: object) -> Clip:
    """A clip between two seconds of the record."""
    made = Clip("a", RecordTime(F(start)), RecordTime(F(end)), content, mix=mix, channels_assumed=True)
    return replace(made, **more)


def cut(*sounds: Clip, picture: tuple[Clip, ...] = (), transitions: tuple[Transition, ...] = ()) -> Timeline:
    end = max(one.end for one in (*sounds, *picture))
    seen = picture or (placed(0, int(end), PICTURE),)
    tracks = [Track("V1", TrackKind.VIDEO, seen)]
    if sounds:
        tracks.append(Track("A1", TrackKind.AUDIO, sounds, transitions, channels=2))
    return Timeline("cut", RATE, tuple(tracks), duration=F(end))


def heard(timeline: Timeline, **selection: str) -> SoundSegment:
    (segment,) = plan_film(timeline, Selection(**selection)).sound
    return segment


def nest(*sounds: Clip) -> Timeline:
    return Timeline("nest", RATE, (Track("A1", TrackKind.AUDIO, sounds, channels=2),), duration=F(8))


def test_a_clip_is_heard_at_its_gain() -> None:
    assert heard(cut(placed(0, 4, mix=Mix(-20.0)))).gain_db == -20.0


def test_gains_of_a_clip_and_of_the_nests_around_it_add_up() -> None:
    inner = nest(placed(0, 8, mix=Mix(-6.0)))
    outer = nest(placed(0, 8, inner, Mix(-3.0)))
    assert heard(cut(placed(0, 8, outer, Mix(-1.0)))).gain_db == -10.0


def test_key_frames_count_from_the_segments_start_whatever_the_range() -> None:
    keys = (GainKey(F(1), -6.0), GainKey(F(3), 0.0))
    segment = heard(cut(placed(2, 8, mix=Mix(keys=keys))), tc_in="00:00:04:00", tc_out="00:00:08:00")
    assert segment.keys == (GainKey(F(-1), -6.0), GainKey(F(1), 0.0))


def test_key_frames_of_a_nest_add_to_those_of_its_clips_in_record_time() -> None:
    inner = nest(placed(0, 8, mix=Mix(keys=(GainKey(F(0), 0.0), GainKey(F(4), -8.0)))))
    fast = placed(0, 4, inner, Mix(keys=(GainKey(F(0), -1.0), GainKey(F(4), -5.0))), speed=F(2))
    assert heard(cut(fast)).keys == (GainKey(F(0), -1.0), GainKey(F(2), -11.0), GainKey(F(4), -13.0))


def test_a_jump_of_one_curve_stays_a_jump_of_the_sum() -> None:
    jump = (GainKey(F(2), 0.0), GainKey(F(2), -10.0))
    inner = nest(placed(0, 8, mix=Mix(keys=jump)))
    whole = placed(0, 8, inner, Mix(keys=(GainKey(F(0), -1.0), GainKey(F(4), -3.0))))
    assert heard(cut(whole)).keys == (
        GainKey(F(0), -1.0),
        GainKey(F(2), -2.0),
        GainKey(F(2), -12.0),
        GainKey(F(4), -13.0),
    )


def test_a_clip_of_a_nest_that_plays_backwards_fades_the_other_way() -> None:
    inner = nest(placed(0, 8, mix=Mix(fade_in_us=2_000_000)))
    back = placed(0, 8, inner, speed=F(-1), media_in=MediaTime(F(8)))
    segment = heard(cut(back))
    assert (segment.fade_in, segment.fade_out) == (0, 2)


def test_a_film_that_begins_or_ends_within_a_fade_has_the_rest_of_it() -> None:
    faded = placed(0, 8, mix=Mix(fade_in_us=4_000_000, fade_out_us=2_000_000))
    segment = heard(cut(faded), tc_in="00:00:01:00", tc_out="00:00:07:00")
    assert (segment.fade_in, segment.fade_in_from) == (3, F(1, 4))
    assert (segment.fade_out, segment.fade_out_to) == (1, F(1, 2))


def test_both_halves_of_a_cross_fade_are_heard() -> None:
    cross = Transition("", RecordTime(F(4)), F(1), F(1))
    two = cut(placed(0, 4), placed(4, 8, media_in=MediaTime(F(50))), transitions=(cross,))
    first, second = plan_film(two).sound
    assert (first.end, first.fade_out, second.start, second.fade_in) == (5, 2, 3, 2)


def test_a_transition_takes_the_place_of_a_fade_at_its_edge() -> None:
    cross = Transition("", RecordTime(F(4)), F(1), F(1))
    faded = placed(4, 8, media_in=MediaTime(F(50)), mix=Mix(fade_in_us=1_000_000))
    _, second = plan_film(cut(placed(0, 4), faded, transitions=(cross,))).sound
    assert (second.fade_in, second.keys) == (2, ())


def test_a_fade_of_a_nest_is_heard_on_all_that_it_holds() -> None:
    """A segment has one fade at its head; the rest of the nest's is key frames on the clips after it."""
    inner = nest(placed(0, 1), placed(1, 8))
    whole = placed(0, 8, inner, Mix(fade_in_us=2_000_000))
    first, second = plan_film(cut(whole)).sound
    assert (first.fade_in, second.fade_in, second.fade_in_from) == (2, 1, F(1, 2))


def test_two_fades_at_one_edge_multiply() -> None:
    inner = nest(placed(0, 8, mix=Mix(fade_in_us=2_000_000)))
    segment = heard(cut(placed(0, 8, inner, Mix(fade_in_us=2_000_000))))
    assert segment.fade_in == 2
    half = next(key for key in segment.keys if key.at == F(1, 2))
    assert half.gain_db == pytest.approx(-12.04, abs=0.01)


def test_a_clip_that_chooses_channels_is_heard_by_them_alone() -> None:
    chosen = placed(0, 4, channels=(2,), channels_assumed=False)
    assert heard(cut(chosen)).channels == (2,)
    assert heard(cut(placed(0, 4, channels=(0, 1)))).channels == ()


def test_what_is_switched_off_is_not_heard_through_any_nest() -> None:
    off = nest(placed(0, 8, enabled=False))
    assert plan_film(cut(placed(0, 8, off))).sound == ()
    assert plan_film(cut(placed(0, 8, nest(placed(0, 8)), enabled=False))).sound == ()


def test_the_gain_of_a_picture_is_that_of_the_sound_inside_it() -> None:
    loud = placed(2, 6, PICTURE, Mix(-6.0, 2_000_000))
    (segment,) = plan_film(cut(picture=(loud,))).sound
    assert (segment.start, segment.gain_db) == (2, -6.0)
    assert segment.keys[0] == GainKey(F(0), -144.0)
    assert segment.keys[-1] == GainKey(F(2), 0.0)


def test_a_single_clips_film_is_at_its_gain_in_film_time() -> None:
    keyed = placed(2, 6, PICTURE, Mix(keys=(GainKey(F(0), -6.0), GainKey(F(2), 0.0))), speed=F(2))
    (segment,) = plan_film(cut(picture=(keyed,)), Selection(clip="a")).sound
    assert segment.keys == (GainKey(F(0), -6.0), GainKey(F(4), 0.0))


def test_a_single_clip_is_heard_as_the_sound_tracks_play_it() -> None:
    """So the noise-reduced sound that takes its place is as loud, and of the same channel."""
    shot = placed(2, 6, PICTURE, speed=F(2))
    sound = Media("a.mov", "a.mov", duration=F(100), channels=2, counted_rate=RATE)
    quiet = placed(
        0, 8, sound, Mix(-20.0), speed=F(2), media_in=MediaTime(F(-4)), channels=(1,), channels_assumed=False
    )
    (segment,) = plan_film(cut(quiet, picture=(shot,)), Selection(clip="a")).sound
    assert (segment.start, segment.end, segment.media_in, segment.speed) == (0, 8, 0, 1)
    assert (segment.gain_db, segment.channels) == (-20.0, (1,))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"channels": (0, 1), "channels_assumed": False},
        {"mix": Mix(-20.0), "enabled": False},
        {"mix": Mix(-20.0), "media_in": MediaTime(F(50))},
    ],
)
def test_a_single_clips_film_is_its_files_sound_where_nothing_changes_it(change: dict[str, object]) -> None:
    shot = placed(0, 8, PICTURE)
    alone = plan_film(cut(picture=(shot,)), Selection(clip="a"))
    sound = replace(placed(0, 8, replace(PICTURE, channels=2, has_picture=False)), **change)
    assert plan_film(cut(sound, picture=(shot,)), Selection(clip="a")) == alone


def test_sound_between_two_frames_is_in_the_film_where_otio_lays_it() -> None:
    """So an export as XML and the same timeline as OTIO are one film."""
    between = placed(0, 4, laid=(RecordTime(F(0)), RecordTime(F(4))))
    between = replace(between, start=RecordTime(F(1, 1000)))
    assert heard(cut(between)).start == 0


def test_what_a_tracks_window_hides_is_not_seen() -> None:
    windowed = track(clip("a", 0, 24), clip("b", 0, 24))
    windowed.source_range = time_range(12, 24, F(24))
    model = from_otio(otio_timeline(windowed, track(gap(48), kind="Video")))
    assert [(one.clip.name, one.start, one.end) for one in Placements(model).of(TrackKind.VIDEO)] == [
        ("a", 0, F(1, 2)),
        ("b", F(1, 2), 1),
    ]


def test_a_level_moves_with_its_clip() -> None:
    level = Level(-1.0, ((GainKey(F(0), 0.0), GainKey(F(2), -6.0)),), (Ramp(F(0), F(1)),))
    assert level.moved(F(-1), F(4)) == Level(
        -1.0, ((GainKey(F(2), -6.0), GainKey(F(4), 0.0)),), (), (Ramp(F(3), F(4)),)
    )
