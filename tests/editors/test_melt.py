"""MLT plays our .kdenlive files: every sound in its place, as loud as it should be."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from avm_otio.formats.kdenlive.write import document
from avm_otio.timeline.model import Clip, Media, Mix, Streams, Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime
from tests.editors.hearing import hear, noise, read_wav
from tests.editors.programs import melt, program
from tests.editors.scene import check, check_alike, make_scene, preview_of

pytestmark = pytest.mark.editors

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)]


@pytest.mark.parametrize("rate", RATES, ids=["23.976", "25", "29.97"])
def test_melt_hears_the_whole_scene(tmp_path: Path, rate: Fraction) -> None:
    program("melt")
    scene = make_scene(tmp_path, rate)
    text, _ = document(scene.timeline, tmp_path)
    project = tmp_path / "scene.kdenlive"
    project.write_text(text, encoding="utf-8")
    check(read_wav(melt(project, tmp_path / "mix.wav")), scene)


def test_a_project_and_its_media_can_move(tmp_path: Path) -> None:
    program("melt")
    here = tmp_path / "here"
    here.mkdir()
    scene = make_scene(here, Fraction(25))
    effects = replace(scene.timeline.tracks[3], clips=scene.timeline.tracks[3].clips[:1])
    text, _ = document(replace(scene.timeline, tracks=(effects,), duration=Fraction(2)), here)
    (here / "scene.kdenlive").write_text(text, encoding="utf-8")
    there = here.rename(tmp_path / "there")
    mix = read_wav(melt(there / "scene.kdenlive", tmp_path / "mix.wav"))
    assert hear(mix, scene.part("plain", 0, 30)).likeness > 0.9


@pytest.mark.parametrize(("speed", "source"), [(Fraction(2), 20), (Fraction(1, 2), 20), (Fraction(-1), 60)])
def test_speed_begins_and_runs_as_said(tmp_path: Path, speed: Fraction, source: int) -> None:
    program("melt")
    rate = Fraction(25)
    scene = make_scene(tmp_path, rate)
    track = scene.timeline.tracks[3]
    clip = replace(track.clips[0], speed=speed, media_in=source / rate)
    made = replace(scene.timeline, tracks=(replace(track, clips=(clip,)),), duration=Fraction(2))
    text, _ = document(made, tmp_path)
    (tmp_path / "scene.kdenlive").write_text(text, encoding="utf-8")
    mix = read_wav(melt(tmp_path / "scene.kdenlive", tmp_path / "mix.wav"))
    sound = scene.sounds["plain"][:, 0]
    step = abs(speed)
    first = scene.samples(source)
    length = int(scene.samples(20) * step)
    part = sound[first - length : first][::-1] if speed < 0 else sound[first : first + length]
    if step > 1:
        part = (part[::2] + part[1::2]) / 2
    elif step < 1:
        part = part.repeat(2)
    found = hear(mix, part)
    assert abs(found.at - scene.samples(10)) <= scene.samples(1)
    assert found.likeness > 0.3


@pytest.mark.parametrize("pan", [-1.0, -0.5, 1.0])
def test_a_pan_turns_the_other_side_down(tmp_path: Path, pan: float) -> None:
    program("melt")
    scene = make_scene(tmp_path, Fraction(25))
    track = scene.timeline.tracks[3]
    mixes = []
    for name, mix in (("plain", Mix()), ("panned", Mix(pan=pan))):
        one = replace(track, clips=(replace(track.clips[0], mix=mix),))
        made = replace(scene.timeline, tracks=(one,), duration=Fraction(2))
        (tmp_path / f"{name}.kdenlive").write_text(document(made, tmp_path)[0], encoding="utf-8")
        mixes.append(read_wav(melt(tmp_path / f"{name}.kdenlive", tmp_path / f"{name}.wav")))
    left, right = min(1.0, 1 - pan), min(1.0, 1 + pan)
    assert abs(mixes[1][:, 0] - mixes[0][:, 0] * left).max() < 1e-3
    assert abs(mixes[1][:, 1] - mixes[0][:, 1] * right).max() < 1e-3


@pytest.mark.parametrize("pan", [0.0, 0.5])
def test_a_stereo_clip_of_two_mono_streams_is_heard_on_both_sides(tmp_path: Path, pan: float) -> None:
    program("melt")
    sides = [noise(seed, 2.0, channels=1) for seed in (1, 2)]
    with av.open(str(tmp_path / "cam.mov"), "w") as file:
        streams = [file.add_stream("pcm_s16le", rate=48_000, layout="mono") for _ in sides]
        for stream, side in zip(streams, sides, strict=True):
            samples = (side.T * 32767).round().astype("<i2")
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = 48_000
            file.mux(stream.encode(frame))
    media = Media(
        "cam.mov",
        str(tmp_path / "cam.mov"),
        duration=Fraction(2),
        channels=2,
        streams=Streams(None, ((0, 1), (1, 1))),
    )
    clip = Clip(
        "cam", RecordTime(Fraction(0)), RecordTime(Fraction(2)), media, channels=(0, 1), mix=Mix(pan=pan)
    )
    track = Track("A1", TrackKind.AUDIO, (clip,), channels=2)
    text, _ = document(Timeline("cut", Fraction(25), (track,), duration=Fraction(2)), tmp_path)
    (tmp_path / "cut.kdenlive").write_text(text, encoding="utf-8")
    mix = read_wav(melt(tmp_path / "cut.kdenlive", tmp_path / "mix.wav"))
    for channel, share in ((0, 1 - pan), (1, 1)):
        assert abs(mix[:, channel] - sides[channel][: len(mix), 0] * share).max() < 2e-3


@pytest.mark.parametrize("rate", RATES[:2], ids=["23.976", "25"])
def test_a_preview_sounds_as_melt_plays_our_file_of_the_same_timeline(tmp_path: Path, rate: Fraction) -> None:
    """Within half a decibel and a millisecond, sound by sound, where a project of whole frames can say it."""
    program("melt")
    scene = make_scene(tmp_path, rate)
    text, _ = document(scene.timeline, tmp_path)
    (tmp_path / "scene.kdenlive").write_text(text, encoding="utf-8")
    theirs = read_wav(melt(tmp_path / "scene.kdenlive", tmp_path / "mix.wav"))
    check_alike(preview_of(scene, tmp_path), theirs, scene)
