"""The mix of a timeline is the sum of all that it says is heard, and nothing else."""

from __future__ import annotations

import math
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.media.film import Sources
from avm_otio.media.film_sound import mixed
from avm_otio.media.mixdown import bus_of, true_peak
from avm_otio.timeline.model import Clip, GainKey, Media, Mix, Stem, Timeline, Track, TrackKind
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.select import Selection
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.media.numbered import placed
from tests.media.plain_mix import (
    FRAMES,
    HELD,
    SECOND,
    audio,
    clip_of,
    crossfade,
    heard,
    timeline_at,
    timeline_of,
    tone_file,
)

CLOSE = 10 ** (-90 / 20)

CLIPS_A_TRACK = 3


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Media]:
    folder = tmp_path_factory.mktemp("tones")
    return [tone_file(folder, held, 16) for held in HELD]


def mix_of(timeline: Timeline, **changes: Any) -> np.ndarray:
    plan = plan_playback(timeline)
    sources = Sources.of(plan, placed(plan))
    return np.concatenate([*mixed(plan, sources.infos, sources.clocks, **changes)], axis=1)


@st.composite
def mixes(draw: st.DrawFn, rate: F, frames: int) -> Mix:
    half_us = round(frames / rate * 1_000_000) // 2
    fades = [draw(st.sampled_from([0, 0, 40_000, 200_000, 600_000])) for _ in range(2)]
    keys: tuple[GainKey, ...] = ()
    if draw(st.booleans()):
        moments = sorted(draw(st.sets(st.integers(-2, frames + 2), min_size=1, max_size=4)))
        keys = tuple(GainKey(at / rate, float(draw(st.integers(-30, 6)))) for at in moments)
    return Mix(
        0.0 if keys else draw(st.sampled_from([0.0, -6.0, 3.5, -20.0])),
        *(min(fade, half_us) for fade in fades),
        keys,
        draw(st.sampled_from([0.0, 0.0, -1.0, 0.25])),
    )


@st.composite
def tracks(draw: st.DrawFn, files: list[Media], rate: F, frames: int, nests: bool) -> Track:
    clips: list[Clip] = []
    cuts: list[F] = []
    at = draw(st.integers(0, 10))
    while at < frames - 8 and len(clips) < CLIPS_A_TRACK:
        length = draw(st.integers(6, min(30, frames - at)))
        content: Media | Timeline = draw(st.sampled_from(files))
        fields: dict[str, Any] = {
            "speed": draw(st.sampled_from([F(1), F(1), F(2), F(1, 2), F(-1), F(25, 24)]))
        }
        begin = draw(st.integers(100, 200))
        if nests and draw(st.booleans()):
            inner = [draw(tracks(files, rate, 120, False)) for _ in range(draw(st.integers(1, 2)))]
            content, begin = timeline_of(rate, *inner, frames=120), draw(st.integers(7, 50))
            fields["speed"] = draw(st.sampled_from([F(1), F(2)]))
        elif isinstance(content, Media) and content.channels == 2:
            fields["channels"] = draw(st.sampled_from([(), (0, 1), (0,), (1,), (1, 0)]))
        fields |= {"mix": draw(mixes(rate, length)), "enabled": draw(st.integers(0, 5)) > 0}
        clips.append(clip_of(content, rate, at, at + length, begin, **fields))
        at += length
        if draw(st.booleans()):
            cuts.append(at / rate)
        else:
            at += draw(st.integers(1, 8))
    joins = {clip.start for clip in clips} & {clip.end for clip in clips} & set(cuts)
    crossings = [
        crossfade(cut, draw(st.integers(0, 3)) / rate, draw(st.integers(1, 3)) / rate)
        for cut in sorted(joins)
    ]
    return audio(*clips, transitions=tuple(crossings), enabled=draw(st.integers(0, 5)) > 0)


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data(), rate=st.sampled_from([F(24), F(25), F(24000, 1001)]))
def test_the_mix_is_the_plain_sum_of_what_is_heard(files: list[Media], data: st.DataObject, rate: F) -> None:
    count = data.draw(st.integers(1, 3))
    timeline = timeline_of(rate, *(data.draw(tracks(files, rate, FRAMES, True)) for _ in range(count)))
    if not any(track.clips for track in timeline.tracks):
        return
    expected = heard(timeline)
    found = mix_of(timeline)[0]
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < CLOSE


def test_a_nest_that_plays_backwards_is_heard_backwards(files: list[Media]) -> None:
    rate, soft = F(24), Mix(0.0, 50_000, 80_000)  # silent at its edges, of which a sample more or less is one
    inner = timeline_of(rate, audio(clip_of(files[1], rate, 10, 40, mix=soft)), frames=50)
    nest = clip_of(inner, rate, 5, 45, 45, speed=F(-1), mix=Mix(-3.0, 300_000, 0))
    timeline = timeline_of(rate, audio(nest))
    assert np.abs(mix_of(timeline)[0] - heard(timeline)).max() < CLOSE
    assert np.abs(heard(timeline)).max() > 0.05


def test_fades_of_a_clip_and_of_all_nests_around_it_multiply(files: list[Media]) -> None:
    rate = F(25)
    inner = timeline_of(
        rate, audio(clip_of(files[0], rate, 0, 40, mix=Mix(-1.0, 700_000, 800_000))), frames=40
    )
    middle = timeline_of(
        rate, audio(clip_of(inner, rate, 0, 40, 0, mix=Mix(0.0, 500_000, 400_000))), frames=40
    )
    outer = clip_of(middle, rate, 10, 50, 0, mix=Mix(0.0, 800_000, 600_000))
    timeline = timeline_of(rate, audio(outer))
    assert np.abs(mix_of(timeline)[0] - heard(timeline)).max() < CLOSE


def test_a_range_is_heard_as_in_the_whole(files: list[Media]) -> None:
    rate = F(25)
    keys = (GainKey(F(0), -20.0), GainKey(F(2), 0.0))
    timeline = timeline_of(
        rate, audio(clip_of(files[1], rate, 2, 58, mix=Mix(0.0, 1_000_000, 1_500_000, keys)))
    )
    plan = plan_playback(timeline, Selection(tc_in="00:00:00:15", tc_out="00:00:02:05"))
    sources = Sources.of(plan, placed(plan))
    found = np.concatenate([*mixed(plan, sources.infos, sources.clocks)], axis=1)[0]
    assert np.abs(found - heard(timeline)[15 * 1920 : 55 * 1920]).max() < CLOSE


def test_a_sound_of_ours_lies_at_its_exact_moment_between_two_frames(files: list[Media]) -> None:
    rate = F(25)
    clip = clip_of(files[2], rate, 10, 30)
    exact = (RecordTime(F(19_777, SECOND)), RecordTime(F(57_333, SECOND)))
    moved = Clip("hit", *exact, clip.content, clip.media_in, stem=Stem.EFFECTS, laid=(clip.start, clip.end))
    found = mix_of(timeline_of(rate, audio(moved, name="AVM Effects")))[0]
    plain = Clip("hit", *exact, clip.content, clip.media_in)
    assert np.abs(found - heard(timeline_of(rate, audio(plain)))).max() < CLOSE
    assert not found[:19_777].any()
    assert found[19_777].any()


def test_sounds_add_up_above_full_scale_with_nothing_done_to_them(files: list[Media]) -> None:
    rate = F(25)
    loud = [audio(clip_of(files[0], rate, 0, 60, mix=Mix(12.0))) for _ in range(3)]
    timeline = timeline_of(rate, *loud)
    assert np.abs(mix_of(timeline)[0] - heard(timeline)).max() < CLOSE * 10
    assert np.abs(heard(timeline)).max() > 1.5


def of_stems(files: list[Media]) -> Timeline:
    rate = F(25)
    return timeline_of(
        rate,
        audio(clip_of(files[0], rate, 0, 60, mix=Mix(-3.0))),
        audio(clip_of(files[1], rate, 5, 50, stem=Stem.MUSIC), stem=Stem.MUSIC, name="AVM Music"),
        audio(clip_of(files[2], rate, 20, 30), name="AVM Effects 2"),
        audio(clip_of(files[1], rate, 30, 55, 150), stem=Stem.DIALOGUE, name="AVM Dialogue (noise reduced)"),
    )


def test_each_stem_is_what_lies_on_its_tracks_whether_they_say_so_or_are_named_so(files: list[Media]) -> None:
    timeline = of_stems(files)
    found = mix_of(timeline, bus_of=bus_of, buses=3)
    at = np.arange(found.shape[1], dtype=np.float64)
    for bus, numbers in enumerate(((0, 3), (1,), (2,))):
        wanted = [timeline.tracks[number] for number in numbers]
        expected = timeline_at(timeline, at, lambda track, wanted=wanted: any(track is one for one in wanted))
        assert np.abs(found[bus] - expected).max() < CLOSE
    assert np.abs(found.sum(axis=0) - mix_of(timeline)[0]).max() < 1e-6


def test_without_sound_tracks_of_the_users_own_all_pictures_are_heard_and_ours(tmp_path: Path) -> None:
    from tests.media.numbered import movie
    from tests.media.sounds import noise

    rate = F(25)
    paths = [
        movie(tmp_path / f"{n}.mov", 50, rate, sound=noise(2, seed=n), sound_codec="pcm_s16le")
        for n in (1, 2)
    ]
    shots = [Media(path.name, str(path), MediaTime(F(0)), F(2), rate, has_picture=True) for path in paths]
    below, above = (Track("V", TrackKind.VIDEO, (clip_of(shot, rate, 0, 50, 0),)) for shot in shots)
    ours = audio(clip_of(tone_file(tmp_path, HELD[0], 3), rate, 10, 40, 0), stem=Stem.MUSIC)
    both = mix_of(timeline_of(rate, below, above, ours, frames=50))[0]
    parts = [mix_of(timeline_of(rate, one, frames=50))[0] for one in (below, above)]
    music = mix_of(timeline_of(rate, Track("V", TrackKind.VIDEO), ours, frames=50))[0]
    assert np.abs(both - (parts[0] + parts[1] + music)).max() < 1e-6
    users = audio(clip_of(ours.clips[0].content, rate, 0, 20, 0))
    assert np.array_equal(
        mix_of(timeline_of(rate, below, above, users, frames=50)), mix_of(timeline_of(rate, users, frames=50))
    )


@pytest.mark.parametrize("hz", [997.0, 6000.0, 12_000.0, 19_000.0])
def test_true_peak_finds_what_lies_between_samples(tmp_path: Path, hz: float) -> None:
    """At a quarter of the rate, 45° off, every sample of a sine lies 3 dB below its peak (EBU Tech 3341)."""
    import wave

    at = np.arange(2 * SECOND)
    phase = math.pi / 4 if hz == 12_000 else 0.3
    tone = 0.5 * np.sin(2 * np.pi * hz * at / SECOND + phase)
    tone[: SECOND // 2] *= 0.25
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SECOND)
        file.writeframes(np.rint(tone * 32767).astype("<i2").tobytes())
    rate = F(25)
    media = Media(path.name, str(path), MediaTime(F(0)), F(2), channels=1)
    plan = plan_playback(timeline_of(rate, audio(clip_of(media, rate, 0, 50, 0)), frames=50))
    stretches = [(F(1), F(3, 2)), (F(1, 10), F(2, 5)), (F(0), F(2)), (F(5), F(6))]
    found = true_peak(plan, placed(plan), [(RecordTime(a), RecordTime(b)) for a, b in stretches])
    for level, right in zip(found[:2], (-6.02, -18.06), strict=True):
        assert right - 0.13 <= level <= right + 0.03
    assert -6.15 <= found[2] < -2  # where it jumps, more lies between samples
    assert found[3] == -math.inf
