"""A scored cut into a changed cut: every sound that survives stays on its source frame, exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction as F
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.mix.answers import read_item
from avm_otio.mix.attacks import TAIL_FADE_US
from avm_otio.mix.conform.changes import change_of
from avm_otio.mix.conform.follow import Follow
from avm_otio.mix.conform.moves import Moved, lost_clips, moved
from avm_otio.mix.conform.music import Stretch, music_runs
from avm_otio.mix.conform.offers import with_offers
from avm_otio.mix.conform.old_cues import OldCue, old_cues
from avm_otio.mix.conform.shots import Shot, shots_of
from avm_otio.mix.conform.tails import Scenes, TailCutter
from avm_otio.mix.cues import Cue
from avm_otio.mix.heard import Curve, Heard
from avm_otio.mix.used import ServiceItem
from avm_otio.services import EFFECTS
from avm_otio.timeline.model import (
    Clip,
    Generator,
    Media,
    Offer,
    Stem,
    Timeline,
    Track,
    TrackKind,
)
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, FrameSpan, MediaTime, RecordTime, to_micros
from tests.models import RATES

RATE = F(25)


@dataclass(frozen=True)
class Cut:
    """A shot of a cut: its source, its first frame there, how many frames it lasts, how fast it plays."""

    source: str
    first: int
    frames: int
    speed: F = F(1)


def media(name: str, rate: F = RATE) -> Media:
    return Media(
        f"{name}.mov",
        f"/rushes/{name}.mov",
        start=MediaTime(F(3600)),
        duration=10_000 / rate,
        rate=rate,
        has_picture=True,
    )


def film(*cuts: Cut, rate: F = RATE, ours: tuple[Track, ...] = (), above: tuple[Clip, ...] = ()) -> Timeline:
    clips, at = [], 0
    for number, cut in enumerate(cuts):
        if cut.source:
            source = media(cut.source, rate)
            head = source.start + cut.first / rate
            if cut.speed < 0:
                head += cut.frames / rate * -cut.speed
            span = RecordTime(at / rate), RecordTime((at + cut.frames) / rate)
            clips.append(Clip(f"shot {number}", *span, source, MediaTime(head), cut.speed))
        at += cut.frames
    tracks = [Track("V1", TrackKind.VIDEO, tuple(clips))]
    tracks += [Track("V2", TrackKind.VIDEO, above)] if above else []
    return Timeline("cut", rate, (*tracks, *ours), duration=at / rate)


def shots(timeline: Timeline) -> tuple[Shot, ...]:
    return shots_of(timeline, lambda media: media.path)


def follow(old: Timeline, new: Timeline) -> Follow:
    return Follow.of(shots(old), shots(new), old.rate)


def effect(start: F, end: F, title: str = "Hit", number: int = 1, *, on: bool = True, rank: int = 0) -> Clip:
    return Clip(
        title,
        RecordTime(start),
        RecordTime(end),
        Media(f"{title}.wav", f"/sounds/{title}.wav", duration=F(60), channels=2),
        stem=Stem.EFFECTS,
        enabled=on,
        alternative=rank,
        offer=Offer(
            {"id": number + 100 * rank, "title": title},
            (),
            to_micros(max(F(0), start)),
            to_micros(end),
            cue={"n": number},
        ),
    )


def scored(timeline: Timeline, *clips: Clip) -> Timeline:
    lanes = tuple(
        Track(f"AVM Effects {number}", TrackKind.AUDIO, (clip,), stem=Stem.EFFECTS)
        for number, clip in enumerate(clips, 1)
    )
    return replace(timeline, tracks=(*timeline.tracks, *lanes))


def cues_on(timeline: Timeline, heard: Heard | None = None) -> list[OldCue]:
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(timeline.duration))
    found = old_cues(timeline, lambda clip, stem: None, film_map, lambda item: heard)
    return sorted(found, key=lambda cue: cue.start)


def followed(old: Timeline, new: Timeline, heard: Heard | None = None) -> list[Moved]:
    way = follow(old, new)
    return [moved(cue, way, new.duration) for cue in cues_on(old, heard)]


def starts(found: Moved, rate: F = RATE) -> list[F]:
    return [place.span[0] * rate for place in found.places]


A, B, C = Cut("a", 0, 50), Cut("b", 100, 50), Cut("c", 30, 50)
HIT = effect(F(60) / RATE, F(70) / RATE)
"""On frame 10 of shot B of the cut A, B, C."""


def hit_after(*cuts: Cut) -> list[F]:
    (found,) = followed(scored(film(A, B, C), HIT), film(*cuts))
    return starts(found)


# One kind of change each


def test_a_shot_that_moves_takes_its_cue_along() -> None:
    assert hit_after(A, B, C) == [60]
    assert hit_after(B, A, C) == [10]
    assert hit_after(A, C, B) == [110]
    assert hit_after(Cut("new", 0, 7), A, B, C) == [67]
    assert hit_after(B) == [10]


def test_a_trim_moves_the_cue_by_what_was_taken() -> None:
    assert hit_after(replace(A, frames=40), B, C) == [50]
    assert hit_after(A, Cut("b", 105, 45), C) == [55]
    assert hit_after(A, Cut("b", 110, 5)) == [50]  # its own frame is the first that is left
    assert hit_after(A, Cut("b", 111, 5)) == []  # its own frame was cut out
    assert hit_after(A, Cut("b", 90, 60), C) == [70]  # the shot begins earlier


def test_a_duplicated_shot_has_the_cue_twice_and_a_split_one_once() -> None:
    assert hit_after(A, B, C, B) == [60, 160]
    assert hit_after(A, Cut("b", 100, 5), C, Cut("b", 105, 45)) == [110]
    assert hit_after(A, C) == []


def test_a_retimed_shot_has_the_cue_on_the_same_frame() -> None:
    assert hit_after(A, replace(B, speed=F(2), frames=25), C) == [55]
    assert hit_after(A, replace(B, speed=F(1, 2), frames=100), C) == [70]
    assert hit_after(A, replace(B, speed=F(3), frames=17), C) == [50 + F(10, 3)]
    assert hit_after(A, replace(B, speed=F(-1)), C) == [90]  # backwards: 40 frames before its end


def test_a_frozen_frame_is_found_again_and_so_is_the_frame_that_it_was() -> None:
    frozen = Cut("b", 110, 30, F(0))
    (found,) = followed(scored(film(A, frozen, C), effect(F(60) / RATE, F(65) / RATE)), film(frozen, A))
    assert starts(found) == [10]
    assert hit_after(A, frozen) == [50]
    (found,) = followed(scored(film(A, frozen, C), effect(F(50) / RATE, F(65) / RATE)), film(C, B))
    assert starts(found) == [60]


def test_a_shot_inside_a_nest_is_followed() -> None:
    inner = film(A, B)
    nest = Clip("nest", RecordTime(F(0)), RecordTime(F(60) / RATE), inner, MediaTime(F(40) / RATE))
    new = Timeline("cut", RATE, (Track("V1", TrackKind.VIDEO, (nest,)),), duration=F(60) / RATE)
    (found,) = followed(scored(film(A, B, C), HIT), new)
    assert starts(found) == [20]


def test_a_title_above_a_shot_does_not_hide_it() -> None:
    title = Clip("title", RecordTime(F(0)), RecordTime(F(6)), Generator("title"))
    logo = replace(title, content=Media("logo.png", "/g/logo.png", duration=F(99), has_picture=True))
    for above in (title, logo):
        (found,) = followed(scored(film(A, B, C, above=(above,)), HIT), film(B, A, C, above=(above,)))
        assert starts(found) == [10]


def test_two_looks_at_the_same_frames_are_told_apart_by_their_neighbours() -> None:
    first, second = effect(F(10) / RATE, F(11) / RATE), effect(F(110) / RATE, F(111) / RATE, number=2)
    old = scored(film(A, B, A, C), first, second)
    same = followed(old, film(A, B, A, C))
    assert [starts(each) for each in same] == [[10], [110]]
    one_left = followed(old, film(B, A, C))
    assert [starts(each) for each in one_left] == [[], [60]]


def test_room_tone_goes_with_its_stretch_and_is_cut_where_that_is() -> None:
    tone = effect(F(20) / RATE, F(120) / RATE, "Room tone")
    (found,) = followed(scored(film(A, B, C), tone), film(C, Cut("a", 30, 20), B))
    # What lay under C is under C at the head now; A lost its first 30 frames, B follows it as before.
    spans = [(place.span[0] * RATE, place.span[1] * RATE) for place in found.places]
    assert spans == [(0, 20), (50, 120)]
    laid = [place.laid[0].clip for place in found.places]
    assert [clip.media_in * RATE for clip in laid] == [80, 10]
    assert laid[0].mix.fade_in_us > 0
    assert laid[1].mix.fade_out_us > 0


def test_a_riser_ends_where_it_ended() -> None:
    riser = effect(F(30) / RATE, F(50) / RATE, "Riser")  # into shot B
    (found,) = followed(scored(film(A, B, C), riser), film(C, B))
    assert [place.span[1] * RATE for place in found.places] == [50]


def test_what_was_heard_before_its_cue_keeps_its_distance() -> None:
    clip = replace(HIT, start=RecordTime(F(48) / RATE))  # begins in the shot before
    clip = replace(clip, offer=replace(HIT.offer, film_start_us=2_400_000))
    (found,) = followed(scored(film(A, B, C), clip), film(C, C, B))
    assert starts(found) == [98]


def test_what_lost_its_picture_is_kept_switched_off_where_that_was_cut_out() -> None:
    (gone,) = followed(scored(film(A, B, C), HIT), film(A, C))
    (clip,) = lost_clips(gone)
    assert (clip.start * RATE, clip.enabled) == (50, False)


def test_a_clip_that_does_not_say_its_cue_is_followed_as_one_that_does() -> None:
    spoken = replace(HIT, start=RecordTime(F(48) / RATE))  # it begins in the shot before its cue
    items = [read_item(EFFECTS, {"id": number, "title": "Hit"}) for number in (1, 101)]
    cues = [
        Cue(start_us, start_us + 10, tuple(item for item in items if item), {"n": start_us})
        for start_us in (900_000, 2_400_000, 5_000_000)
    ]
    old = scored(film(A, B, C), replace(spoken, offer=None), replace(spoken, offer=None, enabled=False))
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(old.duration))
    offered = with_offers(old, lambda clip, stem: ServiceItem(items[0], "EUR"), lambda name: cues, film_map)
    starts_us = [clip.offer and clip.offer.film_start_us for clip in offered.clips() if clip.stem]
    assert starts_us == [2_400_000] * 2
    (found,) = followed(offered, film(C, C, B))
    assert starts(found) == [98]
    assert [each.clip.alternative for each in found.places[0].laid] == [0, 1]


def test_alternatives_and_what_was_muted_go_along_switched_off() -> None:
    spare = effect(HIT.start, HIT.end, "Hit", on=False, rank=1)
    (found,) = followed(scored(film(A, B, C), HIT, spare), film(B, A))
    (place,) = found.places
    assert [(each.clip.enabled, each.clip.start * RATE, each.rank) for each in place.laid] == [
        (True, 10, 0),
        (False, 10, 1),
    ]
    (muted,) = followed(scored(film(A, B, C), replace(HIT, enabled=False)), film(B, A))
    assert [each.clip.enabled for each in muted.places[0].laid] == [False]


# On a cut

WHOOSH = effect(F(50) / RATE, F(60) / RATE, "Whoosh")
"""On the cut from A to B."""


def whoosh_after(*cuts: Cut, sound: Clip = WHOOSH) -> list[F]:
    (found,) = followed(scored(film(A, B, C), sound), film(*cuts))
    return starts(found)


def test_an_effect_on_a_cut_goes_with_the_cut() -> None:
    assert whoosh_after(A, Cut("b", 101, 49), C) == [50]  # B's head trimmed by one frame
    assert whoosh_after(A, Cut("b", 90, 60), C) == [50]  # B's head longer
    assert whoosh_after(replace(A, frames=49), B, C) == [49]  # A's tail trimmed
    assert whoosh_after(replace(A, frames=70), Cut("b", 120, 30), C) == [70]  # both rolled
    assert whoosh_after(C, A, B) == [100]
    assert whoosh_after(A, B, C, A, Cut("b", 110, 20)) == [50, 200]
    assert whoosh_after(A, B, C, B) == [50]  # before the second B it is another cut


def test_an_effect_whose_cut_is_gone_stays_on_its_source_frame_or_is_switched_off() -> None:
    for kept, cuts in (([50], (C, B)), ([0], (B, A)), ([], (C, Cut("b", 101, 49))), ([], (A, C))):
        (found,) = followed(scored(film(A, B, C), WHOOSH), film(*cuts))
        assert starts(found) == kept
        assert found.lost_cut
        change = change_of(found)
        assert change.state == ("changed" if kept else "gone")
        assert "its cut is gone" in change.message
    (found,) = followed(scored(film(A, B, C), WHOOSH), film(C, A, B))
    assert (change_of(found).state, change_of(found).message) == ("followed", "with its cut")


def test_a_split_of_a_shot_that_plays_on_is_no_cut() -> None:
    split = (A, replace(B, frames=20), Cut("b", 120, 30), C)
    hit = effect(F(70) / RATE, F(75) / RATE)
    (found,) = followed(scored(film(*split), hit), film(A, replace(B, frames=30), Cut("b", 130, 20), C))
    assert starts(found) == [70]
    assert whoosh_after(A, replace(B, frames=20), Cut("b", 120, 30), C) == [50]


def test_a_cut_to_black_and_out_of_it_are_cuts_too() -> None:
    black = Cut("", 0, 20)
    old = film(A, black, B)
    out_of, to = effect(F(70) / RATE, F(75) / RATE), effect(F(50) / RATE, F(55) / RATE, number=2)
    new = film(replace(A, frames=45), replace(black, frames=10), Cut("b", 103, 20))
    assert [starts(each) for each in followed(scored(old, out_of, to), new)] == [[45], [55]]


def heard_with(attack: F, peak: F, ends: F = F(1)) -> Heard:
    attack_us, peak_us, ends_us = map(to_micros, (attack, peak, ends))
    curve = Curve((1.0,) * 10, (1.0,) * 10)
    return Heard(ends_us, curve, 0, ends_us, False, attack_us, peak_us, peak_us, is_rising=peak > attack)


def test_what_an_editor_moved_onto_a_cut_goes_with_the_cut_by_what_is_meant_of_it() -> None:
    heard = heard_with(F(1, 10), F(1, 10))
    peak = heard_with(F(1, 10), F(1, 2))
    for sound, lead in ((heard, F(1, 10)), (peak, F(1, 2))):
        at = F(50) / RATE - lead
        by_hand = replace(WHOOSH, start=RecordTime(at), end=RecordTime(at + 1))
        by_hand = replace(by_hand, offer=replace(WHOOSH.offer, film_start_us=to_micros(at + F(9, 10))))
        (found,) = followed(scored(film(A, B, C), by_hand), film(C, A, Cut("b", 101, 49)), sound)
        assert starts(found) == [(F(4) - lead) * RATE]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(RATES),
    st.tuples(st.integers(-40, 24), st.integers(-24, 40)),
    st.tuples(st.integers(-40, 24), st.integers(-24, 40)),
    st.integers(0, 60),
    st.integers(2, 40),
    st.sampled_from(["Hit", "Whoosh", "Riser"]),
)
def test_trims_of_both_sides_of_a_cut_keep_its_effect_on_it_exactly(
    rate: F, trims_a: tuple[int, int], trims_b: tuple[int, int], more: int, off: int, title: str
) -> None:
    """What lies elsewhere stays on its source frame."""
    a, b = Cut("a", 100, 50), Cut("b", 100, 50)
    before = [a, b, C]
    after = [Cut("new", 0, more)] * bool(more) + [
        Cut(cut.source, cut.first + head, cut.frames - head + tail)
        for cut, (head, tail) in ((a, trims_a), (b, trims_b))
    ]
    after += [C]
    span = (F(40), F(50)) if title == "Riser" else (F(50), F(60))
    on_cut = effect(span[0] / rate, span[1] / rate, title)
    beside = effect((50 + off) / rate, (51 + off) / rate, number=2)
    old, new = film(*before, rate=rate), film(*after, rate=rate)
    found = {each.old.name + str(each.old.start): each for each in followed(scored(old, on_cut, beside), new)}
    cut = sum((each.frames for each in after[:-2]), 0)
    by = (cut - 50) / rate
    (place,) = found.pop(on_cut.name + str(on_cut.start)).places
    assert place.laid[0].clip.start == max(F(0), on_cut.start + by)
    assert place.laid[0].clip.end == on_cut.end + by
    (other,) = found.values()
    places = [
        n for n in range(new.frames) if shown(after, n / rate, rate) == shown(before, (50 + off) / rate, rate)
    ]
    assert [each.laid[0].clip.start for each in other.places] == [n / rate for n in places]


# Tails


RINGS = replace(heard_with(F(0), F(0), F(3, 2)), tail_us=200_000)
"""A hit that rings for a second and a half, and only rings out from its fifth frame on."""

LONG_HIT = effect(F(60) / RATE, F(60) / RATE + F(3, 2), "Hit")
"""From frame 60 to 97.5: in the cut A, B, C it ends within B."""


def rings_to(*cuts: Cut, old: tuple[Cut, ...] = (A, B, C), hit: Clip = LONG_HIT) -> tuple[F, int, str]:
    """To which frame a hit rings in a new cut, how long it fades, and what the list says."""
    was, now = scored(film(*old), hit), film(*cuts)
    tails = TailCutter(Scenes(hard_cuts(was), RATE), Scenes(hard_cuts(now), RATE), lambda item: RINGS)
    (found,) = (tails.cut(each) for each in followed(was, now, RINGS))
    (clip,) = (each.clip for each in found.places[0].laid)
    return clip.end * RATE, clip.mix.fade_out_us, change_of(found).message


def hard_cuts(timeline: Timeline) -> tuple[RecordTime, ...]:
    return tuple(clip.start for clip in timeline.video_tracks[0].clips[1:])


def test_a_tail_does_not_ring_over_a_scene_change_that_is_new() -> None:
    assert rings_to(A, B, C) == (F(195, 2), 0, "kept")
    cut = (F(70), TAIL_FADE_US, "its tail ends at a new cut")
    assert rings_to(A, replace(B, frames=20), C) == cut
    assert rings_to(A, replace(B, frames=20), Cut("new", 0, 9), Cut("b", 120, 30), C) == cut


def test_what_is_meant_of_a_sound_is_heard_also_where_the_new_cut_comes_too_early() -> None:
    """Its tail begins five frames after it: a cut before that ends nothing."""
    assert rings_to(A, replace(B, frames=14), C)[0] == F(195, 2)
    assert rings_to(A, replace(B, frames=15), C)[0] == 65


def test_a_tail_that_rang_over_a_scene_change_rings_over_a_new_one() -> None:
    short = (A, replace(B, frames=30), C)
    assert rings_to(A, replace(B, frames=25), C, old=short)[0] == F(195, 2)


def test_a_sound_whose_length_a_person_gave_keeps_it() -> None:
    offer = LONG_HIT.offer
    assert offer is not None
    timed = replace(LONG_HIT, offer=replace(offer, cue={"avm_spot": "door", "avm_is_timed": True}))
    assert rings_to(A, replace(B, frames=20), C, hit=timed)[0] == F(195, 2)


# The law

sources = st.sampled_from("abc")
speeds = st.sampled_from([F(1)] * 5 + [F(2), F(1, 2), F(-1), F(5, 4)])
cuts = st.builds(Cut, sources, st.integers(0, 200), st.integers(2, 80), speeds)


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[Cut], list[Cut]]:
    """A cut and what somebody made of it: trimmed, moved, deleted, inserted, duplicated, split, retimed."""
    old = draw(st.lists(cuts, min_size=1, max_size=5))
    new = list(old)
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, max(0, len(new) - 1)))
        what = draw(st.sampled_from(["trim", "move", "delete", "insert", "double", "split", "retime"]))
        if what == "insert" or not new:
            new.insert(at, draw(cuts))
        elif what == "delete":
            del new[at]
        elif what == "double":
            new.insert(draw(st.integers(0, len(new))), new[at])
        elif what == "move":
            new.insert(draw(st.integers(0, len(new) - 1)), new.pop(at))
        elif what == "retime":
            new[at] = replace(new[at], speed=draw(speeds))
        elif new[at].frames > 2:
            part = draw(st.integers(1, new[at].frames - 1))
            cut = new[at]
            tail = replace(cut, first=cut.first + part, frames=cut.frames - part)
            new[at : at + 1] = [replace(cut, frames=part), tail][(what == "trim") :]
    return old, new


def meeting(cut: list[Cut], record: F, rate: F) -> tuple[str | None, str | None]:
    """Which sources meet at a moment of the record, which is a cut."""
    found = [shown(cut, record + by / rate, rate) for by in (F(-1, 1000), F(0))]
    return found[0] and found[0][0], found[1] and found[1][0]


def shown(cut: list[Cut], record: F, rate: F) -> tuple[str, F] | None:
    """Which moment of which source a moment of the record shows, found the plainest way."""
    at = F(0)
    for each in cut:
        length = each.frames / rate
        if at <= record < at + length:
            head = each.first / rate + (length * -each.speed if each.speed < 0 else 0)
            return each.source, head + (record - at) * each.speed
        at += length
    return None


@settings(max_examples=60, deadline=None)
@given(
    edits(), st.sampled_from(RATES), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3)), max_size=4)
)
def test_every_surviving_cue_stays_on_its_source_frame_exactly(
    both: tuple[list[Cut], list[Cut]], rate: F, spotted: list[tuple[int, int]]
) -> None:
    before, after = both
    old, new = film(*before, rate=rate), film(*after, rate=rate)
    titles = ["Hit", "Whoosh", "Room tone", "Riser"]
    clips = [
        effect(at / rate, (at + 9) / rate, titles[kind], number)
        for number, (at, kind) in enumerate(spotted)
        if at / rate < old.duration
    ]
    for found in followed(scored(old, *clips), new):
        for place in found.places:
            if place.is_on_cut:
                assert meeting(before, place.old_at, rate) == meeting(after, place.new_at, rate)
            elif not place.is_turned:
                assert shown(before, place.old_at, rate) == shown(after, place.new_at, rate) is not None
        if found.old.anchors and found.places:
            heard = [each.clip for place in found.places for each in place.laid]
            by = [place.new_at - place.old_at for place in found.places]
            wanted = [max(F(0), found.old.start + each) for each in by]
            assert [clip.start for clip in heard] == wanted


@settings(max_examples=50, deadline=None)
@given(edits(), st.integers(0, 200))
def test_a_frame_that_was_seen_once_has_its_cue_at_every_place_where_it_is_seen_now(
    both: tuple[list[Cut], list[Cut]], at: int
) -> None:
    before, after = ([replace(cut, speed=F(1)) for cut in cut_list] for cut_list in both)
    old, new = film(*before), film(*after)
    frame = shown(before, at / RATE, RATE)
    if frame is None or at in accumulate((cut.frames for cut in before), initial=0):
        return
    frames = [shown(before, F(n) / RATE, RATE) for n in range(old.frames)]
    places = [n for n in range(new.frames) if shown(after, F(n) / RATE, RATE) == frame]
    (found,) = followed(scored(old, effect(at / RATE, (at + 1) / RATE)), new)
    if frames.count(frame) == 1:
        assert starts(found) == places
    assert bool(found.places) <= bool(places)


# Music


def runs(old: list[Stretch], before: Timeline, after: Timeline) -> list[tuple[int, int, int]]:
    found = music_runs(old, follow(before, after), after.duration, RATE)
    return [(run.piece, run.span.start, run.span.end) for run in found]


LONG = [Cut(name, 0, 500) for name in "abcd"]
TWO = [Stretch(0, F(0), F(40)), Stretch(1, F(40), F(80))]


def test_music_lies_where_its_picture_stayed() -> None:
    before = film(*LONG)
    assert runs(TWO, before, before) == [(0, 0, 1000), (1, 1000, 2000)]
    assert runs(TWO, before, film(*LONG[2:], *LONG[:2])) == [(1, 0, 1000), (0, 1000, 2000)]
    assert runs(TWO, before, film(*LONG[1:])) == [(0, 0, 500), (1, 500, 1500)]


def test_a_new_shot_has_the_music_before_it() -> None:
    before, new = film(*LONG), Cut("new", 0, 200)
    assert runs(TWO, before, film(*LONG, new)) == [(0, 0, 1000), (1, 1000, 2200)]
    assert runs(TWO, before, film(new, *LONG)) == [(0, 0, 1200), (1, 1200, 2200)]


def test_where_there_was_no_music_there_is_none() -> None:
    before = film(*LONG)
    later = [Stretch(0, F(20), F(60))]
    assert runs(later, before, film(*LONG[1:], LONG[0])) == [(0, 0, 1000)]
    assert runs([], before, before) == []


def test_a_few_seconds_of_a_piece_do_not_change_the_music() -> None:
    before = film(*LONG)
    moved_shot = film(LONG[0], Cut("c", 0, 50), LONG[1], *LONG[2:])
    assert runs(TWO, before, moved_shot) == [(0, 0, 1050), (1, 1050, 2050)]


def test_markers_of_the_new_cut_say_where_music_is_wanted() -> None:
    before = film(*LONG)
    found = music_runs(TWO, follow(before, before), before.duration, RATE, [FrameSpan(500, 1200)])
    assert [(run.piece, run.span.start, run.span.end) for run in found] == [(0, 500, 1000), (1, 1000, 1200)]
