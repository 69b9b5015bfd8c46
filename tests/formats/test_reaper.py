"""A Reaper project has every clip at its sample, as loud as it was, and opens on another machine."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction as F
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.formats.reaper.write import document
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    ImageSequence,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
)
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.models import RATES, mixes, plain, settled, timelines

FOLDER = Path("/media")
HIT = Media("hit.wav", "/media/sounds/hit.wav", duration=F(20), sample_rate_hz=48_000, channels=2)


class Chunk:
    """A chunk of a project by a reader of our own: its words, its lines, its chunks."""

    def __init__(self, head: list[str]) -> None:
        self.head = head
        self.lines: list[list[str]] = []
        self.inside: list[Chunk] = []

    def one(self, word: str) -> list[str]:
        found = [line[1:] for line in self.lines if line[0] == word]
        assert len(found) == 1, (word, found)
        return found[0]

    def all(self, word: str) -> list[list[str]]:
        return [line[1:] for line in self.lines if line[0] == word]

    def chunks(self, word: str) -> list[Chunk]:
        return [one for one in self.inside if one.head[0] == word]


def words(line: str) -> list[str]:
    found = re.findall(r'"([^"]*)"|\'([^\']*)\'|`([^`]*)`|(\S+)', line)
    return [next((part for part in one if part), "") for one in found]


def parsed(text: str) -> Chunk:
    assert text.endswith("\n>\n")
    root = Chunk([])
    stack = [root]
    for line in text.splitlines():
        plain_line = line.strip()
        if plain_line.startswith("<"):
            assert line.startswith("  " * (len(stack) - 1) + "<"), line
            stack.append(Chunk(words(plain_line[1:])))
            stack[-2].inside.append(stack[-1])
        elif plain_line == ">":
            stack.pop()
        else:
            stack[-1].lines.append(words(plain_line))
    assert len(stack) == 1
    return root.inside[0]


def written(timeline: Timeline, folder: Path = FOLDER) -> tuple[Chunk, tuple[Loss, ...]]:
    text, losses = document(timeline, folder)
    return parsed(text), losses


def items(project: Chunk) -> list[Chunk]:
    return [item for track in project.chunks("TRACK") for item in track.chunks("ITEM")]


def alone(clip: Clip, rate: F = F(24), **more: Any) -> Timeline:
    channels = more.pop("channels", 2)
    track = Track("A", TrackKind.AUDIO, (clip,), channels=channels)
    return settled(replace(Timeline("cut", rate, (track,)), **more))


def hit(start: F = F(0), end: F = F(1), **more: Any) -> Clip:
    made = Clip("Hit", RecordTime(start), RecordTime(end), HIT, channels=(0, 1))
    return replace(made, **more)


def sample(text: str) -> F:
    return F(text) * 48_000


@settings(max_examples=60, deadline=None)
@given(timelines())
def test_every_clip_lies_at_its_sample_and_plays_from_its_sample(one: Timeline) -> None:
    project, _ = written(one)
    tracks = [*reversed(one.video_tracks), *one.audio_tracks]
    assert [track.one("NAME")[0] for track in project.chunks("TRACK")] == [track.name for track in tracks]
    clips = [clip for track in tracks for clip in track.clips]
    assert len(items(project)) == len(clips)
    for clip, item in zip(clips, items(project), strict=True):
        position, length = sample(item.one("POSITION")[0]), sample(item.one("LENGTH")[0])
        tiny = F(1, 1_000_000)
        assert abs(position - round(position)) < tiny
        assert abs(position - clip.start * 48_000) <= F(1, 2) + tiny
        assert abs(position + length - clip.end * 48_000) <= F(1, 2) + tiny
        assert clip.media is not None
        offset = sample(item.one("SOFFS")[0])
        assert abs(offset - (clip.media_in - clip.media.start) * 48_000) <= F(1, 2) + tiny
        assert F(item.one("PLAYRATE")[0]) == clip.speed
        assert item.one("PLAYRATE")[1] == "0"
        assert item.one("MUTE") == [str(int(not clip.enabled)), "0"]
        assert item.one("NAME") == [clip.name]
        assert [group[0] for group in item.all("GROUP")] == ([] if clip.link is None else [str(clip.link)])
        for word, fade_us in (("FADEIN", clip.mix.fade_in_us), ("FADEOUT", clip.mix.fade_out_us)):
            assert item.one(word)[0] == "0"
            assert abs(F(item.one(word)[1]) - F(fade_us, 1_000_000)) < F(1, 10**9)
        if not clip.mix.keys:
            assert float(item.one("VOLPAN")[0]) == pytest.approx(10 ** (clip.mix.gain_db / 20), rel=1e-9)
            assert not item.chunks("VOLENV")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RATES).flatmap(lambda rate: mixes(rate, 100)).filter(lambda mix: bool(mix.keys)))
def test_key_frames_are_heard_as_they_run_in_decibels(mix: Mix) -> None:
    project, _ = written(alone(hit(mix=mix)))
    points = [(F(line[0]), float(line[1])) for line in items(project)[0].chunks("VOLENV")[0].all("PT")]
    assert [at for at, _ in points] == sorted(at for at, _ in points)
    for before, after in pairwise(mix.keys):
        for part in (F(0), F(1, 7), F(1, 2), F(5, 6)):
            at = before.at + (after.at - before.at) * part
            wanted = before.gain_db + (after.gain_db - before.gain_db) * float(part)
            earlier = max((one for one in points if one[0] <= at + F(1, 10**9)), key=lambda one: one[0])
            later = min((one for one in points if one[0] > at), key=lambda one: one[0], default=earlier)
            run = float((at - earlier[0]) / (later[0] - earlier[0])) if later != earlier else 0.0
            heard = earlier[1] + (later[1] - earlier[1]) * run
            assert 20 * math.log10(heard) == pytest.approx(wanted, abs=0.06)


def test_key_frames_before_the_head_are_heard_from_where_they_are_by_then() -> None:
    mix = Mix(keys=(GainKey(F(-1), -12.0), GainKey(F(1), 0.0)))
    project, _ = written(alone(hit(mix=mix)))
    points = items(project)[0].chunks("VOLENV")[0].all("PT")
    assert points[0][0] == "0"
    assert float(points[0][1]) == pytest.approx(10 ** (-6 / 20))


def test_key_frames_of_a_retimed_clip_count_seconds_of_its_media() -> None:
    mix = Mix(keys=(GainKey(F(0), 0.0), GainKey(F(1, 2), -1.0)))
    project, _ = written(alone(hit(mix=mix, speed=F(2))))
    assert [line[0] for line in items(project)[0].chunks("VOLENV")[0].all("PT")] == ["0", "1"]


@pytest.mark.parametrize(
    ("rate", "drop", "mode"),
    [
        (F(24_000, 1001), False, "5 0 -1 24 2 -1 0 0"),
        (F(24), False, "5 1 -1 24 0 -1 0 0"),
        (F(25), False, "5 2 -1 25 0 -1 0 0"),
        (F(30_000, 1001), True, "5 3 -1 30 1 -1 0 0"),
        (F(30_000, 1001), False, "5 4 -1 30 2 -1 0 0"),
        (F(30), False, "5 5 -1 30 0 -1 0 0"),
        (F(50), False, "5 8 -1 50 0 -1 0 0"),
        (F(60), False, "5 9 -1 60 0 -1 0 0"),
    ],
)
def test_the_ruler_counts_as_the_timeline_does(rate: F, drop: bool, mode: str) -> None:
    project, losses = written(replace(plain(rate), drop_frame=drop))
    assert project.one("TIMEMODE") == mode.split()
    assert Feature.RATE not in {loss.feature for loss in losses}


@pytest.mark.parametrize(("drop", "preset"), [(True, "3"), (False, "4")])
def test_a_rate_that_reaper_lacks_is_told(drop: bool, preset: str) -> None:
    project, losses = written(replace(plain(F(60_000, 1001)), drop_frame=drop))
    assert project.one("TIMEMODE")[1] == preset
    assert [str(loss) for loss in losses if loss.feature is Feature.RATE] == [
        "Timeline “cut”: Reaper knows no 59.94 fps: its ruler counts 29.97"
    ]


def test_the_project_begins_at_the_start_timecode_in_real_time() -> None:
    project, _ = written(plain(F(24_000, 1001), 86_400))
    assert project.one("PROJOFFS")[0] == "3603.6"
    assert project.one("SAMPLERATE") == ["48000", "1", "0"]
    assert items(project)[0].one("POSITION") == ["0"]


def test_media_below_the_project_are_named_from_there() -> None:
    project, _ = written(alone(hit()))
    assert items(project)[0].chunks("SOURCE")[0].one("FILE") == ["sounds/hit.wav"]
    project, _ = written(alone(hit()), Path("/elsewhere"))
    assert items(project)[0].chunks("SOURCE")[0].one("FILE") == ["/media/sounds/hit.wav"]
    windows = replace(HIT, path="C:\\sounds\\hit.wav")
    project, _ = written(alone(hit(content=windows)))
    assert items(project)[0].chunks("SOURCE")[0].one("FILE") == ["C:\\sounds\\hit.wav"]


@pytest.mark.parametrize(
    ("ending", "kind"), [("wav", "WAVE"), ("aif", "WAVE"), ("mp3", "MP3"), ("flac", "FLAC"), ("m4a", "VIDEO")]
)
def test_a_source_says_what_decodes_it(ending: str, kind: str) -> None:
    project, _ = written(alone(hit(content=replace(HIT, path=f"/x/a.{ending}"))))
    assert items(project)[0].chunks("SOURCE")[0].head == ["SOURCE", kind]


def test_pictures_come_without_their_sound_topmost_first() -> None:
    one = plain()
    above = replace(one.video_tracks[0], name="V2")
    project, _ = written(replace(one, tracks=(one.tracks[0], above, *one.tracks[1:])))
    names = [track.one("NAME")[0] for track in project.chunks("TRACK")]
    assert names == ["V2", "V1", "A1", "AVM Music 1", "AVM Effects 1"]
    source = items(project)[0].chunks("SOURCE")[0]
    assert source.head == ["SOURCE", "VIDEO"]
    assert source.one("AUDIO") == ["0"]


@pytest.mark.parametrize(
    ("channels", "of", "mode"),
    [
        ((0, 1), 2, 0),
        ((0,), 2, 3),
        ((1,), 2, 4),
        ((4,), 6, 7),
        ((2, 3), 6, 69),
        ((1, 0), 2, 1),
        ((0, 1), 1, 0),
    ],
)
def test_the_channels_that_are_heard(channels: tuple[int, ...], of: int, mode: int) -> None:
    clip = hit(content=replace(HIT, channels=of), channels=channels)
    project, losses = written(alone(clip))
    assert items(project)[0].one("CHANMODE") == [str(mode)]
    assert Feature.CHANNELS not in {loss.feature for loss in losses}


def test_channels_that_reaper_cannot_pick_are_told() -> None:
    _, losses = written(alone(hit(content=replace(HIT, channels=6), channels=(0, 3))))
    assert [loss.feature for loss in losses] == [Feature.CHANNELS]


@pytest.mark.parametrize(("channels", "wanted"), [(1, "2"), (2, "2"), (5, "6"), (6, "6")])
def test_tracks_have_an_even_number_of_channels(channels: int, wanted: str) -> None:
    project, _ = written(alone(hit(), channels=channels))
    assert project.chunks("TRACK")[0].one("NCHAN") == [wanted]


def test_backwards_is_a_section_played_backwards() -> None:
    clip = hit(F(0), F(2), speed=F(-1, 2), media_in=MediaTime(F(5)))
    project, _ = written(alone(clip))
    section = items(project)[0].chunks("SOURCE")[0]
    assert section.head == ["SOURCE", "SECTION"]
    assert (section.one("STARTPOS"), section.one("LENGTH"), section.one("MODE")) == (["4"], ["1"], ["2"])
    assert section.chunks("SOURCE")[0].head == ["SOURCE", "WAVE"]
    assert (items(project)[0].one("SOFFS"), items(project)[0].one("PLAYRATE")[0]) == (["0"], "0.5")


def test_markers_and_regions() -> None:
    marks = (
        Marker("one", F(1, 2), comment="42 EUR", color="RED"),
        Marker("two", F(1), F(3)),
    )
    clip = hit(markers=(Marker("in it", F(1, 4)),), media_in=MediaTime(F(2)))
    project, losses = written(alone(clip, markers=marks))
    assert project.all("MARKER") == [
        ["1", "0.5", "one: 42 EUR", "0", str(0x1FF0000), "1", "B"],
        ["2", "1", "two", "1"],
        ["2", "4", "", "1"],
    ]
    assert items(project)[0].all("TKM") == [["2.25", "in it", "0"]]
    assert not losses


def test_switched_off_and_locked_tracks() -> None:
    one = alone(hit())
    off = replace(one.tracks[0], enabled=False, locked=True, markers=(Marker("lost", F(0)),))
    project, losses = written(replace(one, tracks=(off,)))
    track = project.chunks("TRACK")[0]
    assert track.one("MUTESOLO")[0] == "1"
    assert track.one("LOCK") == ["1"]
    assert [str(loss) for loss in losses] == ["Track “A”: marker “lost” not written"]


@pytest.mark.parametrize(
    "name",
    [
        'say "hi"',
        "it's",
        "\"both' of",
        "all \"of' the`m",
        "",
        " ",
        "new\nline",
        "tab\there",
        "bell\x07",
        "\ud800",
        ">",
        "<x",
        "日本 🎬",
    ],
)
def test_any_name_stays_one_word_of_one_line(name: str) -> None:
    project, losses = written(alone(hit(name=name)))
    found = items(project)[0].one("NAME")
    clean = name.replace("\n", " ").replace("\t", " ").replace("\x07", " ").replace("\ud800", "?")
    if {'"', "'", "`"} <= set(name):
        clean = clean.replace("`", "'")
    assert found == [clean] or (not clean.strip() and found in ([clean], [""]))
    assert (Feature.NAME in {loss.feature for loss in losses}) == (clean != name)


def test_what_cannot_be_said_is_told() -> None:
    still = Media("i", "/i", rate=F(24), has_picture=True, sequence=ImageSequence("i", ".png", 0, 1, 4))
    inner = alone(hit())
    video = Track(
        "V",
        TrackKind.VIDEO,
        (
            Clip("bars", RecordTime(F(0)), RecordTime(F(1)), Generator("bars")),
            Clip("images", RecordTime(F(1)), RecordTime(F(2)), still),
            Clip("frozen", RecordTime(F(2)), RecordTime(F(3)), HIT, speed=F(0)),
        ),
    )
    sound = Track("A", TrackKind.AUDIO, (hit(content=inner, name="nest"),), channels=2)
    one = settled(Timeline("cut", F(24), (video, sound)))
    project, losses = written(one)
    assert {loss.feature for loss in losses} == {
        Feature.GENERATOR,
        Feature.MEDIA,
        Feature.SPEED,
        Feature.NEST,
    }
    assert [item.one("NAME")[0] for item in items(project)] == ["Hit"]


@settings(max_examples=25, deadline=None)
@given(timelines())
def test_another_parser_reads_it(one: Timeline) -> None:
    rpp = pytest.importorskip("rpp", reason="the parser `rpp` (PyPI) is not installed")
    text, _ = document(one, FOLDER)
    project = rpp.loads(text)
    found = project.findall(".//ITEM")
    clips = [clip for track in (*reversed(one.video_tracks), *one.audio_tracks) for clip in track.clips]
    assert len(found) == len(clips)
    for item, clip in zip(found, clips, strict=True):
        assert abs(Decimal(item.find("POSITION")[1]) * 48_000 - Decimal(float(clip.start * 48_000))) < 1
        assert item.find("NAME")[1] == clip.name
        assert clip.media is not None
        wanted = str(PurePosixPath(clip.media.path).relative_to("/media"))
        assert item.find("SOURCE").find("FILE")[1] == wanted


def test_five_thousand_clips_are_written_in_under_a_second() -> None:
    clips = tuple(hit(F(at), F(at) + F(1, 2)) for at in range(5000))
    one = settled(Timeline("cut", F(24), (Track("A", TrackKind.AUDIO, clips, channels=2),)))
    began = time.process_time()
    document(one, FOLDER)
    assert time.process_time() - began < 1.5


def test_a_pan_and_a_jump_of_the_gain_are_said() -> None:
    jumping = (GainKey(F(0), -6.0), GainKey(F(1), -6.0), GainKey(F(1), -60.0))
    base = plain()
    track = base.audio_tracks[0]
    one = replace(track.clips[0], mix=Mix(keys=jumping, pan=-1.0))
    text, _ = document(replace(base, tracks=(replace(track, clips=(one,)),)), Path("/p"))
    assert "VOLPAN 1 -1 1 -1" in text
    points = [line.split()[1:3] for line in text.splitlines() if line.strip().startswith("PT ")]
    assert points == [["0", "0.501187233627"], ["1", "0.501187233627"], ["1", "0.001"]]
