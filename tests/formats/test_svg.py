"""A picture of a timeline shows what an editor would: names, markers, gains, fades, timecodes."""

from __future__ import annotations

import re
from fractions import Fraction as F
from xml.etree import ElementTree

import pytest

from avm_otio.formats.svg.write import WIDTH, draw
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import RecordTime, nominal_rate, snap_rate

AS_IT_IS = Mix()
SOUND = Media("s.wav", "s.wav", duration=F(600), channels=2)


def clip(
    start: F | int, end: F | int, name: str = "hit", mix: Mix = AS_IT_IS, markers: tuple[Marker, ...] = ()
) -> Clip:
    at = RecordTime(F(start)), RecordTime(F(end))
    return Clip(name, *at, SOUND, mix=mix, channels=(0, 1), markers=markers)


def drawn(timeline: Timeline) -> str:
    text = draw([(timeline.name, timeline)])
    ElementTree.fromstring(text)
    return text


def cut(
    *tracks: Track, rate: F = F(25), start: int = 0, seconds: F | int = 10, drop: bool = False
) -> Timeline:
    return Timeline("cut", rate, tracks, start, drop, F(seconds))


def sound(*clips: Clip, name: str = "A", transitions: tuple[Transition, ...] = ()) -> Track:
    return Track(name, TrackKind.AUDIO, clips, transitions, channels=2)


def texts(text: str) -> list[tuple[float, str]]:
    return [(float(x), words) for x, words in re.findall(r"<text x='([\d.]+)'[^>]*>([^<]*)</text>", text)]


def test_a_tracks_number_is_never_cut_off() -> None:
    names = [f"AVM Effects alternatives of the second reel {number}" for number in (1, 2)]
    shown = [words for _, words in texts(drawn(cut(*(sound(clip(0, 5), name=name) for name in names))))]
    assert [words[-3:] for words in shown if words.startswith(("A1 ", "A2 "))] == [
        "… 1",
        "… 2",
    ]


def test_markers_of_timeline_track_and_clip_stand_at_their_moments() -> None:
    on_clip = Marker("Door", F(1), comment="bought", color="GREEN")
    track = Track(
        "A", TrackKind.AUDIO, (clip(2, 8, markers=(on_clip,)),), channels=2, markers=(Marker("track", F(4)),)
    )
    timeline = Timeline(
        "cut", F(25), (track,), duration=F(10), markers=(Marker("pop & co", F(2), color="RED"),)
    )
    found = re.findall(r"L([\d.]+) \d+Z'[^>]*><title>([^<]*)</title>", drawn(timeline))
    second = (WIDTH - 220 - 24) / 10
    assert {words: round((float(x) - 220) / second, 1) for x, words in found} == {
        "pop &amp; co": 2.0,
        "Door: bought": 3.0,
        "track": 4.0,
    }


def test_gains_fades_key_frames_and_cross_fades_are_seen() -> None:
    plain = drawn(cut(sound(clip(0, 5))))
    assert "dB" not in plain
    assert "polyline" not in plain
    assert "path" not in plain
    mixed = Mix(gain_db=-6, fade_in_us=500_000, fade_out_us=1_000_000)
    keyed = Mix(keys=(GainKey(F(0), 0), GainKey(F(2), -12)))
    crossing = Transition("Cross fade", RecordTime(F(5)), F(1), F(1))
    text = drawn(cut(sound(clip(0, 5, mix=mixed), clip(5, 10, mix=keyed), transitions=(crossing,))))
    assert "−6 dB" in text
    assert text.count("fill-opacity='0.55'") == 2
    assert text.count("<polyline") == 1
    assert "<title>Cross fade</title>" in text


@pytest.mark.parametrize(
    ("rate", "drop"), [("23.976", False), ("25", False), ("29.97", True), ("29.97", False), ("59.94", True)]
)
@pytest.mark.parametrize("start", [0, 17, 1000])
def test_the_ruler_ticks_on_whole_seconds_of_timecode_and_ends_inside(
    rate: str, drop: bool, start: int
) -> None:
    exact = snap_rate(rate)
    first = 3590 * nominal_rate(exact) + start
    text = drawn(cut(sound(clip(0, 130)), rate=exact, start=first, seconds=130, drop=drop))
    ruler = [(x, words) for x, words in texts(text) if re.fullmatch(r"\d\d:\d\d:\d\d[:;]\d\d", words)]
    assert len(ruler) > 5
    for x, words in ruler:
        assert x + 62 <= WIDTH
        assert words.endswith(("00", "02", "04"))
        assert words.endswith("00") or (drop and words[6:8] == "00")
