"""A picture of a timeline shows what an editor would: names, markers, gains, fades, waveforms, timecodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction as F
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.formats.svg.layout import LANE, LEFT, WIDTH, wanted
from avm_otio.formats.svg.levels import LOUDEST_DB, SOFTEST_DB
from avm_otio.formats.svg.write import Panel, draw
from avm_otio.timeline.drawings import Drawings, Look, Thumbnail
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Marker,
    Media,
    Mix,
    Offer,
    Stem,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import RecordTime, nominal_rate, snap_rate

AS_IT_IS = Mix()
SOUND = Media("s.wav", "s.wav", duration=F(600), channels=2)
SVG = "{http://www.w3.org/2000/svg}"


def at(seconds: F | float) -> RecordTime:
    return RecordTime(F(seconds))


def clip(
    start: F | int, end: F | int, name: str = "hit", mix: Mix = AS_IT_IS, markers: tuple[Marker, ...] = ()
) -> Clip:
    return Clip(name, at(start), at(end), SOUND, mix=mix, channels=(0, 1), markers=markers)


def drawn(timeline: Timeline, drawings: Drawings | None = None, theme: str = "auto") -> str:
    text = draw([Panel(timeline.name, timeline, drawings)], theme=theme)
    ElementTree.fromstring(text)
    return text


def cut(
    *tracks: Track, rate: F = F(25), start: int = 0, seconds: F | int = 10, drop: bool = False
) -> Timeline:
    return Timeline("cut", rate, tracks, start, drop, F(seconds))


def sound(
    *clips: Clip, name: str = "A", transitions: tuple[Transition, ...] = (), stem: Stem | None = None
) -> Track:
    return Track(name, TrackKind.AUDIO, clips, transitions, channels=2, stem=stem)


def texts(text: str) -> list[tuple[float, str]]:
    return [(float(x), words) for x, words in re.findall(r"<text x='([\d.]+)'[^>]*>([^<]*)</text>", text)]


def words_in(text: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(text).iter(f"{SVG}text")]


def numbers(element: ElementTree.Element, name: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", element.get(name, ""))]


def seconds_at(x: float, seconds: F | int) -> float:
    """The record time that lies ``x`` pixels from the left on a page of so many seconds."""
    return (x - LEFT) / LANE * float(seconds)


def places(element: ElementTree.Element) -> Iterator[tuple[float, float]]:
    points = iter(numbers(element, "points"))
    return zip(points, points, strict=True)


def outline(path: ElementTree.Element) -> tuple[list[tuple[float, float]], float]:
    """Where a waveform's columns begin and how tall each is, in pixels; and how wide a column is."""
    left, _, column, fine = numbers(path, "transform")
    steps = re.findall(r"-?\d+", path.get("d", "").split("V")[0])
    heights = [-int(steps[1])]
    for step in steps[3::2]:
        heights.append(heights[-1] - int(step))
    return [(left + column * number, tall * fine) for number, tall in enumerate(heights[:-1])], column


def test_a_tracks_number_is_never_cut_off() -> None:
    names = [f"AVM Effects alternatives of the second reel {number}" for number in (1, 2)]
    shown = [words for _, words in texts(drawn(cut(*(sound(clip(0, 5), name=name) for name in names))))]
    assert [words[-3:] for words in shown if words.startswith(("A1 ", "A2 "))] == ["… 1", "… 2"]


def test_markers_of_timeline_track_and_clip_stand_at_their_moments() -> None:
    on_clip = Marker("Door", F(1), comment="bought", color="GREEN")
    track = Track(
        "A", TrackKind.AUDIO, (clip(2, 8, markers=(on_clip,)),), channels=2, markers=(Marker("track", F(4)),)
    )
    timeline = Timeline(
        "cut", F(25), (track,), duration=F(10), markers=(Marker("pop & co", F(2), color="RED"),)
    )
    text = drawn(timeline)
    found = re.findall(r"L([\d.]+) [\d.]+Z'[^>]*><title>([^<]*)</title>", text)
    assert {words: round(seconds_at(float(x), 10), 1) for x, words in found} == {
        "pop &amp; co": 2.0,
        "Door: bought": 3.0,
        "track": 4.0,
    }
    assert "pop & co" in words_in(text)


def test_a_marker_stands_above_its_track_and_covers_no_name() -> None:
    text = drawn(cut(sound(clip(0, 5, markers=(Marker("Door", F(1)),))), sound(clip(5, 9))))
    (foot,) = [float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)Z'", text)]
    tops = [float(y) for y in re.findall(r" y='([\d.]+)'[^>]* class='lane'", text)]
    assert len(tops) == 2
    assert foot == tops[0]


def test_a_timeline_without_levels_has_no_lines() -> None:
    text = drawn(cut(sound(clip(0, 5))))
    assert "dB" not in text
    assert "polyline" not in text
    assert "<path" not in text


def test_the_gain_line_passes_through_the_places_of_the_key_frames() -> None:
    keys = (GainKey(F(1), -3), GainKey(F(2), -15), GainKey(F(4), -15), GainKey(F(9, 2), LOUDEST_DB))
    root = ElementTree.fromstring(drawn(cut(sound(clip(3, 9, mix=Mix(keys=keys))))))
    (line,) = (one for one in root.iter(f"{SVG}polyline") if len(one.get("points", "").split()) > 4)
    points = [(seconds_at(x, 10), y) for x, y in places(line)]
    foot, top = 0.0, 1e9
    for box in root.iter(f"{SVG}rect"):
        if box.get("class") == "b" and box.find(f"{SVG}title") is not None:
            top, foot = float(box.get("y", "")), float(box.get("y", "")) + float(box.get("height", ""))
    tall = foot - top - 2

    def depth(gain_db: float) -> float:
        return top + 1 + tall * (LOUDEST_DB - gain_db) / (LOUDEST_DB - SOFTEST_DB)

    meant = [(3.0, -3.0), *((3 + float(key.at), key.gain_db) for key in keys), (9.0, LOUDEST_DB)]
    assert len(points) == len(meant)
    for (time, y), (moment, gain_db) in zip(points, meant, strict=True):
        assert time == pytest.approx(moment, abs=0.002)
        assert y == pytest.approx(depth(gain_db), abs=0.06)
    dots = [
        (seconds_at(float(dot.get("cx", "")), 10), float(dot.get("cy", "")))
        for dot in root.iter(f"{SVG}circle")
    ]
    assert dots == [pytest.approx(point, abs=0.002) for point in points[1:-1]]


def test_fades_run_from_and_to_the_foot_as_long_as_they_are() -> None:
    mix = Mix(gain_db=-6, fade_in_us=500_000, fade_out_us=1_000_000)
    text = drawn(cut(sound(clip(0, 5, mix=mix))))
    assert "−6 dB" in text
    root = ElementTree.fromstring(text)
    line = next(root.iter(f"{SVG}polyline"))
    points = list(places(line))
    assert [round(seconds_at(x, 10), 2) for x, _ in points] == [0, 0.5, 4, 5]
    assert points[0][1] == points[3][1] == max(y for _, y in points)
    assert points[1][1] == points[2][1] < points[0][1]


def test_crossfades_are_crossed_where_they_lie() -> None:
    crossing = Transition("Cross fade", at(5), F(1), F(2))
    text = drawn(cut(sound(clip(0, 5), clip(5, 10), transitions=(crossing,))))
    assert "<title>Cross fade</title>" in text
    (shape,) = re.findall(r"<path d='M([\d.]+) [\d.]+L([\d.]+) [^']*' class='cross'/>", text)
    assert [round(seconds_at(float(x), 10), 2) for x in shape] == [4, 7]
    assert "crossfade" in words_in(text)


def looked_at(timeline: Timeline, peaks: tuple[float, ...] = (), **looks: Look) -> Drawings:
    found = {(0, int(key[1:])): look for key, look in looks.items()}
    return Drawings(wanted(timeline).step, found or {(0, 0): Look(peaks)})


def test_a_waveform_is_as_tall_as_the_sound_is_loud_at_each_moment() -> None:
    timeline = cut(sound(clip(2, 4)))
    step = wanted(timeline).step
    peaks = tuple(0.25 if number < 50 else 1.0 for number in range(int(2 / step) + 1))
    root = ElementTree.fromstring(drawn(timeline, looked_at(timeline, peaks)))
    (path,) = (one for one in root.iter(f"{SVG}path") if one.get("class") == "w")
    columns, wide = outline(path)
    assert seconds_at(columns[0][0], 10) == pytest.approx(2, abs=0.01)
    assert seconds_at(columns[-1][0] + wide, 10) == pytest.approx(4, abs=0.02)
    tall = columns[-1][1]
    assert tall > 10
    assert {round(height / tall, 1) for _, height in columns[:50]} == {0.5}  # the root of a quarter
    assert {height for _, height in columns[51:]} == {tall}


def test_what_is_turned_down_is_lower_and_its_file_stays_behind_it() -> None:
    plain = cut(sound(clip(0, 10)))
    drawings = looked_at(plain, (1.0,) * 2000)
    quiet = cut(sound(clip(0, 10, mix=Mix(gain_db=-12, fade_out_us=2_000_000))))
    assert "class='g' transform" not in drawn(plain, drawings)
    root = ElementTree.fromstring(drawn(quiet, drawings))
    heights = {}
    for path in root.iter(f"{SVG}path"):
        if path.get("transform"):
            heights[path.get("class")] = [tall for _, tall in outline(path)[0]]
    half = len(heights["w"]) // 2
    assert heights["w"][half] / heights["g"][half] == pytest.approx(10 ** (-12 / 40), abs=0.01)
    assert len(set(heights["g"])) == 1
    assert heights["w"][-1] < heights["w"][-80] < heights["w"][half]


def test_holes_in_the_music_are_seen_and_counted() -> None:
    music = sound(clip(0, 4, "Bed"), clip(6, 10, "Bed"), name="AVM Music 1", stem=Stem.MUSIC)
    text = drawn(cut(music))
    assert "no music · 2.0 s" in words_in(text)
    assert any("music covers 80 %" in words for words in words_in(text))
    (hole,) = re.findall(r"<rect x='([\d.]+)'[^>]* width='([\d.]+)'[^>]* class='none'><title>", text)
    assert seconds_at(float(hole[0]), 10) == pytest.approx(4, abs=0.02)
    assert seconds_at(float(hole[0]) + float(hole[1]), 10) == pytest.approx(6, abs=0.02)


def test_a_hole_of_one_frame_is_no_full_coverage() -> None:
    beds = clip(0, 4, "Bed"), clip(F(101, 25), 1000, "Bed")
    text = drawn(cut(sound(*beds, name="AVM Music 1", stem=Stem.MUSIC), seconds=1000))
    assert any("music covers 99 %" in words for words in words_in(text))


def test_prices_are_shown_where_they_are_asked_for_only() -> None:
    offer = Offer({"id": 1, "price": "12.50"}, (), 0, 1, currency="EUR")
    marker = Marker("Bed", F(0), comment="calm; 12.50 EUR")
    bed = replace(clip(0, 10, "Bed", markers=(marker,)), stem=Stem.MUSIC, offer=offer)
    timeline = cut(sound(bed, name="AVM Music 1", stem=Stem.MUSIC))
    assert "12.50" not in drawn(timeline)
    assert "12.50 EUR" in words_in(draw([Panel("cut", timeline)], prices=True))


def test_missing_media_and_what_is_switched_off_are_drawn_as_such() -> None:
    timeline = cut(sound(clip(0, 5), replace(clip(5, 10, "off"), enabled=False)))
    text = drawn(timeline, looked_at(timeline, c0=Look(is_missing=True), c1=Look()))
    assert "class='gone'><title>hit" in text
    assert "missing" in words_in(text)
    assert {"media missing", "switched off"} <= set(words_in(text))
    assert "url(#off)" in text


def test_speech_is_shaded_on_the_sound_of_the_cut() -> None:
    music = sound(clip(0, 10), name="AVM Music 1", stem=Stem.MUSIC)
    timeline = cut(sound(clip(0, 10)), music)
    spoken = replace(looked_at(timeline), speech=((at(1), at(3)), (at(4), at(5))))
    bands = re.findall(r"<rect x='([\d.]+)' y='([\d.]+)'[^>]*class='speech'/>", drawn(timeline, spoken))
    assert len({y for _, y in bands[:-1]}) == 1
    assert [round(seconds_at(float(x), 10), 1) for x, _ in bands[:-1]] == [1, 4]  # the last is the legend's


def test_a_film_is_cut_into_pages_of_one_scale() -> None:
    shots = [clip(60 * minute, 60 * (minute + 1), f"shot {minute}") for minute in range(90)]
    text = drawn(cut(sound(*shots), seconds=5400, start=90_000))
    assert [words for words in words_in(text) if re.fullmatch(r"\d of \d", words)] == [
        f"{number} of 6" for number in range(1, 7)
    ]
    assert [words for x, words in texts(text) if x == LEFT + 5 and words.startswith("shot")] == [
        f"shot {minute}" for minute in range(0, 90, 15)
    ]
    assert sum("<title>shot" in part for part in text.split("<rect")) == 90


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_theme_is_as_asked_for_and_auto_follows_the_viewer(theme: str) -> None:
    text = drawn(cut(sound(clip(0, 5))), theme=theme)
    assert ("prefers-color-scheme" in text) == (theme == "auto")
    assert (".ground{fill:#ffffff}" in text) == (theme != "dark")


def heavy() -> tuple[Timeline, Drawings]:
    """A feature of 90 minutes with twelve tracks of sound, all of it loud, and all thumbnails."""
    keys = tuple(GainKey(F(number), -6.0 if number % 4 < 2 else -18.0) for number in range(0, 5400, 2))
    track = sound(clip(0, 5400, mix=Mix(keys=keys)))
    video = Track("V", TrackKind.VIDEO, (Clip("film", at(0), at(5400), SOUND),))
    timeline = cut(video, *[track] * 12, seconds=5400)
    step = wanted(timeline).step
    loud = tuple(abs(number * 7919 % 1000) / 1000 for number in range(int(5400 / step)))
    shown = [Thumbnail(at(22 * number), at(22 * number + 22), bytes(6000)) for number in range(240)]
    looks = {(0, 0): Look(thumbnails=tuple(shown))} | {(number, 0): Look(loud) for number in range(1, 13)}
    return timeline, Drawings(step, looks)


def test_a_feature_film_stays_under_5_mb_and_is_the_same_each_time() -> None:
    timeline, drawings = heavy()
    text = drawn(timeline, drawings)
    assert len(text) < 5_000_000
    assert drawn(timeline, drawings) == text


TAGS = ("svg", "style", "defs", "pattern", "rect", "text", "title", "g", "line", "path", "polyline", "circle")
NAMES = st.text(max_size=60) | st.sampled_from(
    [
        "<b>&amp;\"'</b>",
        "]]>",
        "\x00\x1b[31m\ud800",
        "שוק הכרמל",
        "最長的夜" * 30,
        "a\u202eb",
        "-->",
        "x" * 5000,
    ]
)


@given(NAMES, NAMES, NAMES, NAMES)
def test_whatever_things_are_called_the_picture_is_well_formed(
    title: str, track: str, name: str, marker: str
) -> None:
    one = clip(0, 9, name, Mix(gain_db=-3), markers=(Marker(marker, F(1), comment=name, color=track),))
    crossing = Transition(marker, at(9), F(1), F(1))
    timeline = replace(
        cut(sound(one, clip(9, 10, marker), name=track, transitions=(crossing,))),
        name=title,
        markers=(Marker(name, F(2)),),
    )
    root = ElementTree.fromstring(draw([Panel(title, timeline)]))
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in TAGS
        for text in (element.text or "", *element.attrib.values()):
            assert not re.search("[\x00-\x08\x0e-\x1f‪-‮]", text)


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
