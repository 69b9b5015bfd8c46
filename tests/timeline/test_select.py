"""A selection becomes the plan of a film: what each frame shows, and where film time lies on the record."""

from __future__ import annotations

from fractions import Fraction as F

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.errors import SelectionError, TimeFormatError, TimelineError
from avm_otio.formats.otio.read import from_otio
from avm_otio.timeline.model import Timeline, TrackKind
from avm_otio.timeline.placed import Placements
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.select import Selection, plan_film, record_span
from avm_otio.timeline.time import FilmTime, FrameSpan, RecordTime
from tests.timelines import clip, gap, time_range, track
from tests.timelines import timeline as otio_timeline


def timeline(*tracks: otio.core.Composable, start: int | None = None) -> Timeline:
    return from_otio(otio_timeline(*tracks, start=start))


def shown(plan: ExportPlan) -> list[tuple[str, F] | None]:
    """Clip name and media time of the frame of the topmost layer, film frame by film frame."""
    frames: list[tuple[str, F] | None] = []
    for segment in plan.picture:
        for frame in range(segment.end - segment.start):
            top = segment.layers[0] if segment.layers else None
            back = 1 / plan.rate if top and top.speed < 0 else 0  # the frame that ends then
            frames.append(top and (top.media.clip_name, top.media_in + frame / plan.rate * top.speed - back))
    return frames


def names(plan: ExportPlan) -> str:
    return "".join(frame[0] if frame else "-" for frame in shown(plan))


def test_the_whole_timeline_is_the_default() -> None:
    plan = plan_film(timeline(track(clip("a", 10, 3), gap(2), clip("b", 0, 4))))
    assert names(plan) == "aaa--bbbb"
    assert (plan.frames, plan.rate) == (9, 24)
    assert [frame[1] * 24 for frame in shown(plan)[:3] if frame] == [10, 11, 12]


def test_the_topmost_enabled_clip_wins() -> None:
    low = track(clip("a", 0, 10))
    middle = track(gap(2), clip("b", 0, 4))
    high = track(gap(3), clip("c", 0, 2, enabled=False), gap(2), clip("d", 0, 1))
    assert names(plan_film(timeline(low, middle, high))) == "aabbbbadaa"[:10]


def test_a_disabled_track_is_not_seen() -> None:
    high = track(clip("b", 0, 5))
    high.enabled = False
    assert names(plan_film(timeline(track(clip("a", 0, 5)), high))) == "aaaaa"


def test_in_and_out_are_record_timecodes_and_out_is_the_first_frame_not_shown() -> None:
    cut = timeline(track(clip("a", 0, 48), clip("b", 0, 48)), start=86_400)
    plan = plan_film(cut, Selection(tc_in="01:00:01:22", tc_out="01:00:02:03"))
    assert names(plan) == "aabbb"
    assert plan.film_map.to_record(FilmTime(F(0))) == F(46, 24)


def test_a_nest_is_opened_trimmed_and_sped() -> None:
    inner = otio.schema.Stack("nest", source_range=time_range(2, 4, F(24)))
    inner.extend([track(clip("a", 0, 4), clip("b", 100, 20)), track(gap(9), clip("c", 0, 1))])
    inner.effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0))
    plan = plan_film(timeline(track(clip("x", 0, 1), inner)))
    assert shown(plan)[1:] == [("a", F(2, 24)), ("b", F(100, 24)), ("b", F(102, 24)), ("b", F(104, 24))]


def test_a_reversed_nest_runs_backwards() -> None:
    inner = otio.schema.Stack("nest", source_range=time_range(0, 4, F(24)))
    inner.append(track(clip("a", 0, 2), clip("b", 10, 2)))
    inner.effects.append(otio.schema.LinearTimeWarp(time_scalar=-1.0))
    assert shown(plan_film(timeline(track(inner)))) == [
        ("b", F(11, 24)),
        ("b", F(10, 24)),
        ("a", F(1, 24)),
        ("a", F(0, 24)),
    ]


@pytest.mark.parametrize(
    ("speed", "frames"),
    [(1, [5, 6, 7, 8]), (2, [5, 7, 9, 11]), (0, [5, 5, 5, 5]), (-1, [8, 7, 6, 5]), (-2, [12, 10, 8, 6])],
)
def test_speed_changes_decide_which_media_frame_is_seen(speed: int, frames: list[int]) -> None:
    plan = plan_film(timeline(track(clip("a", 5, 4, speed=speed))))
    assert [frame[1] * 24 for frame in shown(plan) if frame] == frames


def test_half_speed_shows_each_frame_twice() -> None:
    plan = plan_film(timeline(track(clip("a", 5, 4, speed=0.5))))
    assert [int(frame[1] * 24) for frame in shown(plan) if frame] == [5, 5, 6, 6]


def test_a_dissolve_shows_both_sides() -> None:
    mix = otio.schema.Transition(
        "", "SMPTE_Dissolve", otio.opentime.RationalTime(2, 24), otio.opentime.RationalTime(2, 24)
    )
    plan = plan_film(timeline(track(clip("a", 0, 6), mix, clip("b", 10, 6))))
    assert [(s.start, s.end, [layer.media.clip_name for layer in s.layers]) for s in plan.picture] == [
        (0, 4, ["a"]),
        (4, 8, ["b", "a"]),
        (8, 12, ["b"]),
    ]
    rising, under = plan.picture[1].layers
    assert (rising.opacity_in, rising.opacity_out, under.opacity_in, under.opacity_out) == (0, 1, 1, 1)
    assert rising.media_in == F(8, 24)
    fades = {(s.media.clip_name, s.fade_in > 0, s.fade_out > 0) for s in plan.sound}
    assert {("b", True, False), ("a", False, True)} <= fades


def test_a_dissolve_to_nothing_fades_out() -> None:
    mix = otio.schema.Transition(
        "", "SMPTE_Dissolve", otio.opentime.RationalTime(2, 24), otio.opentime.RationalTime(0, 24)
    )
    plan = plan_film(timeline(track(clip("a", 0, 6), mix, gap(2))))
    last = plan.picture[1].layers[0]
    assert (last.opacity_in, last.opacity_out) == (1, 0)


def test_a_single_clip_is_its_source_range_at_the_speed_it_was_shot() -> None:
    cut = timeline(track(clip("x", 0, 10), clip("fast", 100, 12, speed=2)))
    plan = plan_film(cut, Selection(clip="fast"))
    assert plan.frames == 24
    assert [frame[1] * 24 for frame in shown(plan)[:3] if frame] == [100, 101, 102]
    assert plan.film_map.to_record(FilmTime(F(12, 24))) == F(16, 24)
    assert plan.film_map.record_end == F(22, 24)


def test_a_single_clip_runs_at_its_medias_own_rate() -> None:
    other = clip("pal", 0, 48)
    other.media_reference.available_range = time_range(0, 1000, F(25))
    plan = plan_film(timeline(track(other)), Selection(clip="pal"))
    assert (plan.rate, plan.frames) == (25, 50)


@pytest.mark.parametrize("speed", [0, -1])
def test_a_freeze_or_a_backwards_clip_is_shown_as_it_plays(speed: int) -> None:
    plan = plan_film(timeline(track(clip("a", 5, 4, speed=speed))), Selection(clip="a"))
    assert plan.frames == 4
    assert plan.film_map.record_per_film == 1


def test_a_clip_is_found_by_number_and_a_name_wins_over_a_number() -> None:
    cut = timeline(track(clip("a"), clip("1"), clip("c")), track(clip("d")))
    assert plan_film(cut, Selection(clip="3")).name == "c"
    assert plan_film(cut, Selection(clip="4")).name == "d"
    assert plan_film(cut, Selection(clip="1")).name == "1"
    assert plan_film(cut, Selection(clip="1", track="V2")).name == "d"


def test_a_clip_inside_a_nest_is_found_at_its_record_time() -> None:
    inner = otio.schema.Stack("nest", source_range=time_range(2, 6, F(24)))
    inner.append(track(clip("a", 0, 4), clip("b", 0, 4)))
    plan = plan_film(timeline(track(gap(10), inner)), Selection(clip="b"))
    assert plan.film_map.record_start == RecordTime(F(12, 24))


def test_a_name_that_matches_nothing_lists_the_names() -> None:
    cut = timeline(track(clip("sunset"), clip("train")))
    with pytest.raises(SelectionError, match=r"“sunst”.*Did you mean “sunset”.*1 “sunset”, 2 “train”"):
        plan_film(cut, Selection(clip="sunst"))


def test_a_name_that_matches_two_asks_for_the_number() -> None:
    with pytest.raises(SelectionError, match=r"2 clips.*numbers 1, 3.*--clip N"):
        plan_film(timeline(track(clip("a"), clip("b"), clip("a"))), Selection(clip="a"))


@pytest.mark.parametrize(
    ("tc_in", "tc_out"),
    [
        ("00:00:00:00", "01:00:02:00"),
        ("01:00:00:00", "01:00:02:01"),
        ("01:00:01:00", "01:00:01:00"),
        ("01:00:01:00", "01:00:00:00"),
    ],
)
def test_a_range_outside_empty_or_reversed_is_refused(tc_in: str, tc_out: str) -> None:
    cut = timeline(track(clip("a", 0, 48)), start=86_400)
    with pytest.raises(SelectionError):
        plan_film(cut, Selection(tc_in=tc_in, tc_out=tc_out))


def test_what_is_no_timecode_is_refused() -> None:
    with pytest.raises(TimeFormatError):
        plan_film(timeline(track(clip("a"))), Selection(tc_in="soon"))


def test_an_empty_timeline_and_one_without_video_are_refused() -> None:
    with pytest.raises(TimelineError, match="empty"):
        plan_film(from_otio(otio.schema.Timeline("nothing")))
    with pytest.raises(TimelineError, match="no video"):
        plan_film(timeline(track(clip("a"), kind="Audio")))
    with pytest.raises(SelectionError, match="no picture"):
        plan_film(timeline(track(gap(10)), track(clip("a"), kind="Audio")))
    with pytest.raises(SelectionError, match="no length"):
        plan_film(timeline(track(clip("a"), clip("none", 0, 0))), Selection(clip="none"))


def test_a_clip_that_says_no_length_is_named() -> None:
    lost = otio.schema.Clip("lost", otio.schema.ExternalReference("x.mp4"))
    with pytest.raises(TimelineError, match="lost"):
        plan_film(timeline(track(clip("a"), lost)))


def test_sound_comes_from_the_audio_tracks_where_there_are_any() -> None:
    plan = plan_film(timeline(track(clip("a", 0, 10)), track(gap(2), clip("wav", 5, 4), kind="Audio")))
    assert [(s.media.clip_name, s.start * 24, s.end * 24, s.media_in * 24) for s in plan.sound] == [
        ("wav", 2, 6, 5)
    ]


def test_sound_is_the_pictures_own_where_there_is_no_audio_track() -> None:
    low, high = track(clip("a", 0, 10)), track(gap(4), clip("b", 7, 2))
    plan = plan_film(timeline(low, high))
    assert [(s.media.clip_name, s.start * 24, s.end * 24, s.media_in * 24) for s in plan.sound] == [
        ("a", 0, 4, 0),
        ("b", 4, 6, 7),
        ("a", 6, 10, 6),
    ]


def test_a_nest_with_audio_tracks_is_heard_by_them() -> None:
    nest = otio.schema.Stack("nest")
    nest.extend([track(clip("a", 0, 4)), track(clip("wav", 0, 4), kind="Audio")])
    assert [s.media.clip_name for s in plan_film(timeline(track(nest))).sound] == ["wav"]


def test_a_freeze_is_silent() -> None:
    assert plan_film(timeline(track(clip("a", speed=0)))).sound == ()


def test_a_disabled_audio_track_is_not_heard() -> None:
    dead = track(clip("wav"), kind="Audio")
    dead.enabled = False
    assert plan_film(timeline(track(clip("a")), dead)).sound == ()


speeds = st.sampled_from([F(1), F(2), F(1, 2), F(-1), F(3, 2)])
rates = st.sampled_from([F(24), F(25), F(24000, 1001), F(30000, 1001), F(60000, 1001)])
shots = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 40), st.booleans(), st.booleans(), speeds),
    min_size=1,
    max_size=12,
)


@given(st.lists(shots, min_size=1, max_size=3), rates)
def test_every_frame_of_a_random_timeline_is_what_lies_topmost(
    layers: list[list[tuple[int, int, bool, bool, F]]], rate: F
) -> None:
    tracks, truth = [], {}
    for number, layer in enumerate(layers):
        children: list[otio.core.Composable] = []
        at = 0
        for start, frames, is_gap, enabled, speed in layer:
            if is_gap:
                children.append(gap(frames, rate))
            else:
                name = f"{number}.{at}"
                children.append(clip(name, start, frames, rate=rate, speed=float(speed), enabled=enabled))
                for frame in range(frames) if enabled else ():
                    first = start if speed > 0 else start + frames * -speed - 1
                    truth[at + frame] = (name, (first + frame * speed) / rate)
            at += frames
        tracks.append(track(*children))
    cut = timeline(*tracks)
    if not truth:
        return
    plan = plan_film(cut)
    assert plan.picture[0].start == 0
    assert plan.picture[-1].end == plan.frames == max(sum(s[1] for s in layer) for layer in layers)
    assert shown(plan) == [truth.get(frame) for frame in range(plan.frames)]


@given(st.integers(0, 10**6), st.integers(1, 10**5), speeds.filter(lambda s: s > 0), rates)
def test_film_time_maps_to_record_time_and_back_exactly(film: int, frames: int, speed: F, rate: F) -> None:
    cut = timeline(
        track(gap(17, rate), clip("a", 3, frames, rate=rate, speed=float(speed), available=(0, 10**7)))
    )
    film_map = plan_film(cut, Selection(clip="a")).film_map
    moment = FilmTime(F(film, 10**6))
    assert (film_map.to_record(moment) - film_map.record_start) / film_map.record_per_film == moment
    assert film_map.to_record(moment) == 17 / rate + moment / speed


def test_the_timeline_is_not_modified() -> None:
    cut = otio_timeline(track(clip("a", speed=2), gap(3)), track(clip("w"), kind="Audio"))
    before = cut.to_json_string()
    model = from_otio(cut)
    plan_film(model)
    Placements(model).of(TrackKind.VIDEO)
    assert cut.to_json_string() == before
    assert model == from_otio(cut)


def test_a_timeline_that_drops_frames_is_counted_so_whichever_sign_is_typed() -> None:
    drop = Timeline(
        "drop",
        F(30_000, 1001),
        from_otio(otio_timeline(track(clip("a", 0, 3000, rate=F(30_000, 1001))))).tracks,
        start_frame=107_892,
        drop_frame=True,
        duration=F(3000 * 1001, 30_000),
    )
    spans = {
        record_span(drop, Selection(tc_in=f"01:01:00{sign}02", tc_out=f"01:01:10{sign}00")) for sign in ":;."
    }
    assert spans == {FrameSpan(1800, 2098)}


@pytest.mark.parametrize("typed", ["Cut  1", "Cut 1", "Cut\n1"])
def test_a_name_is_found_as_it_is_written_and_as_it_is_seen(typed: str) -> None:
    cut = timeline(track(clip("Cut  1", 0, 2), clip("Cut  2", 0, 3)))
    assert plan_film(cut, Selection(clip=typed)).frames == 2


def test_of_two_names_that_look_alike_the_exact_one_is_meant_and_no_other_guessed() -> None:
    cut = timeline(track(clip("Cut  1", 0, 2), clip("Cut 1", 0, 3)))
    assert plan_film(cut, Selection(clip="Cut 1")).frames == 3
    with pytest.raises(SelectionError, match="No clip"):
        plan_film(cut, Selection(clip="Cut   1"))


@pytest.mark.parametrize(
    ("name", "has_a_curve"),
    [
        ("Cross Fade (+3dB)", True),
        ("Cross Fade +3 dB", True),
        ("Constant Power", True),
        ("Exponential Fade", True),
        ("Cross Fade ( 0dB)", False),
        ("Cross Fade 0 dB", False),
        ("Constant Gain", False),
    ],
)
def test_a_cross_fade_with_a_curve_is_reported_as_straight(name: str, has_a_curve: bool) -> None:
    sound = track(clip("s", 5, 10), clip("t", 5, 10), kind="Audio")
    sound.insert(1, otio.schema.Transition(name, "SMPTE_Dissolve", frames(2), frames(2)))
    cut = timeline(track(clip("a", 0, 20)), sound)
    for plan in (plan_film(cut), plan_playback(cut, Selection())):
        assert any("straight" in note for note in plan.notes) is has_a_curve


def frames(count: int) -> otio.opentime.RationalTime:
    return otio.opentime.RationalTime(count, 24)
