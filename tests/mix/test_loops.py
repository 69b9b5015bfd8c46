"""Room tone that is shorter than its scene goes on through it, on one track, and fades at both ends."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.heard import Curve, Heard
from avm_otio.mix.levels import level
from avm_otio.mix.loops import FADE_IN_US, FADE_OUT_US, looped
from avm_otio.mix.placement import Laid, lay
from avm_otio.request import Request
from avm_otio.services import EFFECTS
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, from_micros, snap_rate

HIT = Heard(500_000, Curve((0.01,) * 5, (0.3,) * 5), 0, 500_000, False, 0, 0, 100_000)
RATES = st.sampled_from([F(24), F(25), snap_rate(F("23.976")), snap_rate(F("29.97")), F(50)])


def room(seconds: float, fade_steps: int = 4) -> Heard:
    """Room tone with fades of its own."""
    steps = round(seconds * 10)
    power = [1e-4] * steps
    for step in range(fade_steps):
        power[step] = power[-1 - step] = 1e-4 * (step / fade_steps) ** 2
    curve = Curve(tuple(power), tuple(each**0.5 * 4 for each in power))
    return Heard(steps * 100_000, curve, 50_000, steps * 100_000 - 50_000, False, 50_000, 1_000_000, 0)


def laid(
    tone: Heard, end: float, rate: F = F(24), *, request: Request | None = None, hits: tuple[float, ...] = ()
) -> Laid:
    cues = [Cue(2_000_000, round(end * 1e6), (Item(1, "Room tone", None, None, None, {"id": 1}),), {})]
    for number, at in enumerate(hits, 2):
        item = Item(number, "Hit", None, None, None, {"id": number})
        cues.append(Cue(round(at * 1e6), round(at * 1e6) + 500_000, (item,), {}))
    heard = {1: tone} | dict.fromkeys(range(2, 2 + len(hits)), HIT)
    return lay(
        Cues({EFFECTS: tuple(cues)}),
        FilmMap(RecordTime(F(100)), F(1), FilmTime(F(120))),
        rate,
        lambda item: Media(f"{item.id}.wav", "x", duration=from_micros(heard[item.id].length_us)),
        request or Request(),
        heard=lambda item: heard[item.id],
    )


@given(st.floats(3.5, 20), st.floats(3, 110), RATES)
def test_parts_abut_from_the_scenes_start_to_its_end_and_never_leave_their_file(
    seconds: float, end: float, rate: F
) -> None:
    tone = room(seconds)
    start, last = RecordTime(F(102)), RecordTime(100 + F(str(round(end, 3))))
    parts = looped(start, last, tone, rate)
    lasts = last - start
    if lasts <= from_micros(tone.ends_us - tone.begins_us):
        assert parts == ()
        return
    assert abs(parts[0].start - start) <= F(1, 2) / rate
    assert parts[-1].end == last
    for before, part in pairwise(parts):
        assert before.end == part.start
        assert (part.start * rate).denominator == 1
        before_out = before.media_in + before.end - before.start
        # Past the fades of the file, with what the crossfade takes on both sides.
        assert F(3, 10) <= part.media_in - part.crossfade / 2
        assert before_out + part.crossfade / 2 <= from_micros(tone.length_us - 300_000)
        assert part.end - part.start >= part.crossfade
    assert len(parts) <= 2 + lasts / from_micros(tone.length_us) * 2


def test_it_lies_on_one_track_with_crossfades_whatever_else_starts_where_it_is_cut() -> None:
    alone = laid(room(8), 60)
    (lane,) = alone.lanes
    assert len(lane.transitions) == len(lane.clips) - 1 > 5
    assert [clip.part for clip in lane.clips] == list(range(len(lane.clips)))
    cuts = tuple(float(clip.clip.start - 100) for clip in lane.clips[1:])
    beside = laid(room(8), 60, hits=(1.5, *cuts))
    tracks = [[clip for clip in lane.clips if clip.item.id == 1] for lane in beside.lanes]
    (track,) = [track for track in tracks if track]
    assert len(track) == len(lane.clips)
    assert sum(len(lane.transitions) for lane in beside.lanes) == len(track) - 1


def test_it_fades_in_and_out_once_and_is_as_loud_in_all_its_parts() -> None:
    tone = room(8)
    found = laid(tone, 31.3)
    clips = [clip.clip for clip in found.clips]
    assert [clip.mix.fade_in_us for clip in clips] == [FADE_IN_US, *[0] * (len(clips) - 1)]
    assert [clip.mix.fade_out_us for clip in clips] == [*[0] * (len(clips) - 1), FADE_OUT_US]
    film = FilmMap(RecordTime(F(100)), F(1), FilmTime(F(120)))
    levelled = level(found, film, lambda _: tone)
    assert len({clip.clip.mix.gain_db for clip in levelled.laid.clips}) == 1
    assert sum(len(lane.transitions) for lane in levelled.laid.lanes) == len(clips) - 1


def test_one_that_is_long_enough_is_cut_and_fades_and_a_natural_length_is_kept() -> None:
    (clip,) = laid(room(20), 10).clips
    assert (clip.clip.start, clip.clip.end) == (102, 110)
    assert (clip.clip.mix.fade_in_us, clip.clip.mix.fade_out_us) == (FADE_IN_US, FADE_OUT_US)
    (clip,) = laid(room(8), 60, request=Request(effects_length="natural")).clips
    assert clip.clip.duration < 8
