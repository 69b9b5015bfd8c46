"""What people spot, by markers or in a list, is read in their words, on their frames."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.errors import InputError
from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.heard import Curve, Heard
from avm_otio.mix.placement import lay
from avm_otio.mix.spot_list import Clock, read_spot_list
from avm_otio.mix.spotted import Spot, SpotKind, spots_of
from avm_otio.services import EFFECTS
from avm_otio.timeline.model import Clip, Marker, Media, Timeline, Track, TrackKind
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import (
    FilmTime,
    MediaTime,
    RecordTime,
    format_timecode,
    from_micros,
    snap_rate,
    to_micros,
)

NTSC, DROP = snap_rate("23.976"), snap_rate("29.97")
RATES = st.sampled_from([NTSC, F(25), DROP, F(24), F(50), snap_rate("59.94")])
EFFECT, AMBIENCE, MUSIC = SpotKind.EFFECT, SpotKind.AMBIENCE, SpotKind.MUSIC


def marked(*markers: Marker, rate: F = F(25)) -> Timeline:
    return Timeline("cut", rate, (), round(3600 * rate), markers=markers, duration=F(600))


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("SFX: door slam", EFFECT, "door slam"),
        ("sfx:Door  Slam", EFFECT, "Door Slam"),
        ("FX: glass", EFFECT, "glass"),
        ("SFX glass breaks", EFFECT, "glass breaks"),
        ("Foley: footsteps", EFFECT, "footsteps"),
        ("音效:關門", EFFECT, "關門"),
        ("AMB: rain", AMBIENCE, "rain"),
        ("Room tone: kitchen", AMBIENCE, "kitchen"),
        ("AMB forest", AMBIENCE, "forest"),
        ("MX in", MUSIC, "MX in"),
        ("MUSIC OUT", MUSIC, "MUSIC OUT"),
    ],
)
def test_a_marker_says_what_it_wants_by_how_it_begins(name: str, kind: SpotKind, words: str) -> None:
    for marker in (Marker(name, F(2)), Marker("Marker 3", F(2), comment=name)):
        (spot,) = spots_of(marked(marker), {}).spots
        assert (spot.kind, spot.words, spot.at, spot.until) == (kind, words, 2, None)


@pytest.mark.parametrize("name", ["fx work to do", "Sound is bad here", "Ambulance", "effects", "", "Bg"])
def test_other_notes_are_no_spots(name: str) -> None:
    assert spots_of(marked(Marker(name, F(2), comment="see mail")), {}).spots == ()


def test_a_colour_says_it_where_that_is_agreed_whatever_the_name() -> None:
    colors = {"RED": EFFECT, "GREEN": AMBIENCE}
    found = spots_of(
        marked(
            Marker("door slam", F(1), color="RED"),
            Marker("Marker 7", F(2), comment="light rain", color="GREEN"),
            Marker("AMB: wind", F(3), color="RED"),
            Marker("glass", F(4), color="BLUE"),
            Marker("Marker 8", F(5), color="RED"),
        ),
        colors,
    )
    assert [(spot.kind, spot.words) for spot in found.spots] == [
        (EFFECT, "door slam"),
        (AMBIENCE, "light rain"),
        (AMBIENCE, "wind"),
    ]
    assert found.notes == (
        "Left out: marker “Marker 8” at 01:00:05:00 has no words for what is to be heard.",
    )


def test_markers_on_tracks_and_clips_count_where_their_clip_lies_and_shows_them() -> None:
    clip = Clip(
        "shot",
        RecordTime(F(10)),
        RecordTime(F(14)),
        Media("a.mov", "a.mov", duration=F(60)),
        MediaTime(F(5)),
        markers=(Marker("SFX: knock", F(1), F(2)), Marker("SFX: trimmed", F(5))),
    )
    track = Track("V1", TrackKind.VIDEO, (clip,), markers=(Marker("SFX: bell", F(3)),))
    timeline = Timeline("cut", F(25), (track,), duration=F(20), markers=(Marker("SFX: bell", F(3)),))
    found = [(spot.words, spot.at, spot.until) for spot in spots_of(timeline, {}).spots]
    assert found == [("bell", 3, None), ("knock", 11, 13)]


CLOCK = Clock(F(25), 90_000, False)


def test_a_list_has_columns_by_their_heads_or_a_start_words_and_an_end() -> None:
    ours = "start,words,end\n01:00:10:05,door slam,\n01:00:02:00,AMB: rain,01:00:08:00\n"
    plain = "# by hand\n\n01:00:10:05,door slam\n01:00:02:00,AMB: rain,01:00:08:00\n"
    premiere = (
        "Marker Name\tDescription\tIn\tOut\tDuration\tMarker Type\n"
        "SFX: door slam\t\t01:00:10:05\t01:00:10:05\t00:00:00:00\tComment\n"
        "AMB: rain\tlight\t01:00:02:00\t01:00:08:00\t00:00:06:00\tComment\n"
    )
    german = "tc;kind;sound;duration\n01:00:10:05;SFX;door slam;\n01:00:02:00;ambience;rain;6\n"
    for text in (ours, plain, premiere, german, "\ufeff" + ours.replace("\n", "\r\n")):
        found = read_spot_list(text, CLOCK, "spots.csv")
        assert [(spot.kind, spot.words, spot.at, spot.until) for spot in found.spots] == [
            (AMBIENCE, "rain", 2, 8),
            (EFFECT, "door slam", F(51, 5), None),
        ]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("start,words\n01:00:10:05,a\n01:00:10:25,b\n", 3, "does not exist at 25 fps"),
        ("start,words\nten past,b\n", 2, "is not a timecode"),
        ("start,words,end\n01:00:10:05,a,01:00:09:00\n", 2, "ends at 01:00:09:00, before it starts"),
        ("start,words\n00:59:59:00,a\n", 2, "before the timeline begins"),
        ("start,words,kind\n01:00:01:00,a,efects\n", 2, "no kind “efects”"),
        ("start,sond\n01:00:01:00,a\n", 1, "no column says the words"),
        ("start,words\n,a\n", 2, "has no start"),
        ('start,words\n01:00:01:00,"one\ntwo"\n01:00:99:00,b\n', 4, "does not exist"),
    ],
)
def test_what_is_wrong_in_a_list_is_told_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(InputError, match=says) as raised:
        read_spot_list(text, CLOCK, "spots.csv")
    assert f"spots.csv, line {line}" in raised.value.what


def test_a_line_without_words_is_left_out_and_an_empty_list_refused() -> None:
    found = read_spot_list("start,words\n01:00:01:00,\n", CLOCK, "spots.csv")
    assert found.spots == ()
    assert found.notes == ("Left out: spots.csv, line 2 has no words for what is to be heard.",)
    with pytest.raises(InputError, match="holds no spots"):
        read_spot_list("\n# nothing\n", CLOCK, "spots.csv")


@given(RATES, st.integers(0, 3600 * 30), st.integers(0, 40))
def test_a_timecode_is_the_frame_that_it_is_in_a_list(rate: F, frame: int, lasts: int) -> None:
    drop = rate in (DROP, snap_rate("59.94"))
    start = round(3600 * rate)
    clock = Clock(rate, start, drop)
    first, last = (format_timecode(start + at, rate, drop) for at in (frame, frame + lasts))
    (spot,) = read_spot_list(f"{first},door,{last}", clock, "x.csv").spots
    assert spot.at == frame / rate
    assert spot.until == ((frame + lasts) / rate if lasts > 1 else None)


@given(
    RATES,
    st.integers(100, 3600 * 24),
    st.integers(0, 400_000),
    st.integers(0, 300_000),
    st.booleans(),
)
def test_the_attack_lies_on_the_spots_frame_in_editors_that_keep_frames_alone(
    rate: F, frame: int, begins_us: int, until_attack_us: int, is_timed: bool
) -> None:
    attack_us = begins_us + until_attack_us
    heard = Heard(
        2_000_000, Curve((), ()), begins_us, 1_900_000, False, attack_us, attack_us + 20_000, 1_500_000
    )
    at = frame / rate
    clip = laid_at(heard, at, at + 1 if is_timed else None, rate)
    # What the clip says, with its start on a frame: the in point is exact.
    assert (clip.start * rate).denominator == 1
    attack = clip.start + from_micros(attack_us) - clip.media_in
    assert abs(attack - at) < F(1, 1_000_000)
    if is_timed:
        assert abs(clip.end - (at + 1)) <= F(1, 2) / rate + F(1, 10**6)


def laid_at(heard: Heard, at: F, until: F | None, rate: F) -> Clip:
    served = {"avm_spot": 0, "avm_is_timed": until is not None}
    end_us = to_micros(at) + 40_000 if until is None else to_micros(until)
    cue = Cue(to_micros(at), end_us, (Item(1, "Door slam", None, None, None, {"id": 1}),), served)
    laid = lay(
        Cues({EFFECTS: (cue,)}),
        FilmMap(RecordTime(F(0)), F(1), FilmTime(F(90_000))),
        rate,
        lambda _: Media("x.wav", "x.wav", duration=from_micros(heard.length_us)),
        heard=lambda _: heard,
    )
    return laid.clips[0].clip


def test_a_length_that_was_given_is_kept_and_no_length_is_the_sounds_own() -> None:
    heard = Heard(4_000_000, Curve((), ()), 0, 4_000_000, False, 0, 0, 3_500_000)
    assert laid_at(heard, F(2), F(3), F(25)).duration == 1
    assert laid_at(heard, F(2), None, F(25)).duration == 4
    assert Spot(EFFECT, RecordTime(F(1)), RecordTime(F(3)), "MX in", "").as_marker.duration == 2
