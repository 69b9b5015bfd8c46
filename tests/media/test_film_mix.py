"""The film plays each clip at its level, key frame by key frame, and only the channels that it plays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as F
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.media.film import export_film
from avm_otio.timeline.model import GainKey, Media
from avm_otio.timeline.plan import SoundSegment
from avm_otio.timeline.time import FilmTime, MediaTime, nearest_frame
from tests.media.numbered import file_source, film_plan, heard, placed
from tests.media.sounds import as_stored, mixed, noise, sound_of, streams, wav

RATE = F(25)
SECOND = 48_000
CENTRE = math.sqrt(0.5)

Keys = Sequence[tuple[F, float]]


def segment(source: Media, length: F = F(2), **changes: Any) -> SoundSegment:
    return replace(heard(F(0), length, source), **changes)


def keys(*pairs: tuple[F, float]) -> tuple[GainKey, ...]:
    return tuple(GainKey(at, gain_db) for at, gain_db in pairs)


def film_of(*sounds: SoundSegment, frames: int = 50) -> np.ndarray:
    return mixed(film_plan(RATE, (frames, ()), sound=sounds))


def channels(count: int, seconds: float = 2, level: float = 0.1) -> np.ndarray:
    """As many different noises, each at the same peak."""
    sides = [noise(seconds, seed=number)[:, :1] for number in range(count)]
    return np.concatenate(sides, axis=1) * level / 0.5


def level_db(samples: np.ndarray, full: np.ndarray) -> float:
    return 20 * math.log10(float(np.sqrt(np.mean(samples**2)) / np.sqrt(np.mean(full**2))))


@pytest.fixture
def stereo(tmp_path: Path) -> Media:
    return file_source(wav(tmp_path / "a.wav", channels(2)))


def test_a_clip_at_a_tenth_of_its_level_is_20_db_lower(stereo: Media) -> None:
    full, low = film_of(segment(stereo)), film_of(segment(stereo, gain_db=-20.0))
    assert level_db(low, full) == pytest.approx(-20, abs=0.001)
    assert np.abs(low - full / 10).max() < 1e-7


def test_the_level_of_a_clip_arrives_in_the_encoded_film(stereo: Media, tmp_path: Path) -> None:
    found = []
    for name, gain_db in (("full", 0.0), ("low", -20.0)):
        plan = film_plan(RATE, (50, ()), sound=[segment(stereo, gain_db=gain_db)])
        film = export_film(plan, placed(plan), tmp_path / f"{name}.mp4")
        found.append(sound_of(film.path)[4800:90000])
    assert level_db(found[1], found[0]) == pytest.approx(-20, abs=0.1)


@pytest.mark.parametrize("gain_db", [-math.inf, -144.0, -1000.0])
def test_a_gain_of_nothing_is_silence(stereo: Media, gain_db: float) -> None:
    assert not film_of(segment(stereo, gain_db=gain_db)).any()
    assert not film_of(segment(stereo, keys=keys((F(0), gain_db)))).any()
    assert not film_of(segment(stereo, gain_db=12.0, keys=keys((F(0), -math.inf)))).any()


def test_between_two_key_frames_the_gain_runs_straight_in_decibels(stereo: Media) -> None:
    full = film_of(segment(stereo))
    moved = film_of(segment(stereo, gain_db=-3.0, keys=keys((F(1, 2), 0.0), (F(3, 2), -40.0))))
    for at_s, gain_db in (
        (0.25, -3),
        (0.5, -3),
        (0.75, -13),
        (1.0, -23),
        (1.25, -33),
        (1.5, -43),
        (1.9, -43),
    ):
        at = round(at_s * SECOND)
        assert moved[at] == pytest.approx(full[at] * 10 ** (gain_db / 20), abs=1e-7)


def test_key_frames_count_from_the_head_of_the_clip_and_may_lie_outside_it(stereo: Media) -> None:
    later = replace(heard(F(1), F(2), stereo), keys=keys((F(-1), 0.0), (F(3), -40.0)))
    full, moved = film_of(heard(F(1), F(2), stereo)), film_of(later)
    assert moved[SECOND] == pytest.approx(full[SECOND] * 10 ** (-10 / 20), abs=1e-7)
    assert moved[SECOND * 3 // 2] == pytest.approx(full[SECOND * 3 // 2] * 10 ** (-15 / 20), abs=1e-7)


def test_two_key_frames_at_one_moment_are_a_jump(stereo: Media) -> None:
    full = film_of(segment(stereo))
    jumping = keys((F(0), -6.0), (F(1), -6.0), (F(1), -60.0), (F(2), -60.0))
    moved = film_of(segment(stereo, keys=jumping))
    assert np.abs(moved[:SECOND] - full[:SECOND] * 10 ** (-6 / 20)).max() < 1e-7
    assert np.abs(moved[SECOND:] - full[SECOND:] * 10 ** (-60 / 20)).max() < 1e-7


def test_a_cross_fade_of_one_sound_with_itself_is_that_sound(stereo: Media) -> None:
    going = segment(stereo, F(3, 2), fade_out=F(1))
    coming = replace(heard(F(1, 2), F(2), stereo, F(1, 2)), fade_in=F(1))
    assert np.abs(film_of(going, coming) - film_of(segment(stereo))).max() < 1e-6


def test_a_film_that_begins_or_ends_within_a_fade_has_the_rest_of_it(stereo: Media) -> None:
    whole = film_of(segment(stereo, fade_in=F(1), fade_out=F(1)))
    head = replace(heard(F(0), F(1), stereo, F(1, 4)), fade_in=F(3, 4), fade_in_from=F(1, 4))
    tail = replace(heard(F(0), F(1, 2), stereo, F(5, 4)), fade_out=F(1, 4), fade_out_to=F(3, 4))
    assert np.abs(film_of(head, frames=18) - whole[SECOND // 4 :][: 18 * 1920]).max() < 1e-6
    full = film_of(segment(stereo))[SECOND * 5 // 4 :][: SECOND // 2]
    faded = film_of(tail, frames=12)[: SECOND // 2]
    assert np.abs(faded[: SECOND // 4] - full[: SECOND // 4]).max() < 1e-7
    assert faded[23039] == pytest.approx(full[23039] * (3 / 4 + (1 / 4) * 961 / 12000), abs=1e-6)


@pytest.mark.parametrize("speed", [F(2), F(1, 2), F(-1), F(-3, 2), F(1001, 1000)])
def test_gain_runs_in_film_time_whatever_the_speed(stereo: Media, speed: F) -> None:
    plain = heard(F(1, 4), F(5, 4), stereo, F(1) if speed < 0 else F(0), speed)
    line = ((F(0), -12.0), (F(1, 2), 0.0), (F(1, 2), -20.0), (F(1), -3.0))
    found = film_of(replace(plain, gain_db=-2.0, keys=keys(*line)))
    assert np.abs(film_of(plain)).max() > 0.05
    assert np.abs(found - film_of(plain) * curve(F(1, 4), -2.0, line, 2 * SECOND)[:, None]).max() < 1e-6


@pytest.mark.parametrize("sample_rate", [48000, 44100])
@pytest.mark.parametrize("channel", [0, 1])
def test_a_clip_that_plays_one_channel_of_two_is_that_channel_alone(
    tmp_path: Path, channel: int, sample_rate: int
) -> None:
    time = np.arange(2 * sample_rate) / sample_rate
    tones = np.stack([0.3 * np.sin(2 * np.pi * hz * time) for hz in (440, 1000)], axis=1)
    source = file_source(wav(tmp_path / "a.wav", tones, sample_rate))
    found = film_of(segment(source, channels=(channel,)))
    assert np.array_equal(found[:, 0], found[:, 1])
    at_48k = 0.3 * np.sin(2 * np.pi * (440, 1000)[channel] * np.arange(2 * SECOND) / SECOND)
    assert np.abs(found[2000:-2000, 0] - at_48k[2000:-2000]).max() < (1e-4 if sample_rate == SECOND else 0.01)
    spectrum = np.abs(np.fft.rfft(found[2000:-2000, 0] * np.hanning(2 * SECOND - 4000)))
    silent = round((1000, 440)[channel] * (2 * SECOND - 4000) / SECOND)
    assert spectrum[silent - 5 : silent + 6].max() < spectrum.max() * 1e-4


def test_channels_may_change_sides(stereo: Media) -> None:
    assert np.array_equal(film_of(segment(stereo, channels=(1, 0))), film_of(segment(stereo))[:, ::-1])


def test_all_channels_of_a_file_are_the_file(tmp_path: Path) -> None:
    for count in (1, 2, 6, 9):
        source = file_source(wav(tmp_path / f"{count}.wav", channels(count)))
        chosen = segment(source, channels=tuple(range(count)))
        assert np.array_equal(film_of(chosen), film_of(segment(source)))
        assert film_of(chosen).any()


@pytest.mark.parametrize("channel", [0, 1, 2, 3])
def test_of_four_mono_streams_the_one_is_heard_that_the_channel_names(tmp_path: Path, channel: int) -> None:
    sounds = channels(4)
    source = file_source(streams(tmp_path / "a.mov", np.split(sounds, 4, axis=1), ["mono"] * 4))
    found = film_of(segment(source, channels=(channel,)))
    assert np.abs(found - as_stored(sounds)[:, [channel, channel]]).max() < 1e-6


def test_two_of_four_mono_streams_are_left_and_right(tmp_path: Path) -> None:
    sounds = channels(4)
    source = file_source(streams(tmp_path / "a.mov", np.split(sounds, 4, axis=1), ["mono"] * 4))
    assert np.abs(film_of(segment(source, channels=(2, 1))) - as_stored(sounds)[:, [2, 1]]).max() < 1e-6
    assert np.array_equal(film_of(segment(source)), film_of(segment(source, channels=(0, 1))))


def test_channels_are_counted_over_streams_of_several_channels(tmp_path: Path) -> None:
    sounds = channels(5)
    path = streams(
        tmp_path / "a.mov", [sounds[:, :2], sounds[:, 2:3], sounds[:, 3:]], ["stereo", "mono", "stereo"]
    )
    found = film_of(segment(file_source(path), channels=(1, 3)))
    assert np.abs(found - as_stored(sounds)[:, [1, 3]]).max() < 1e-6


def test_six_mono_streams_are_mixed_down_as_surround(tmp_path: Path) -> None:
    sounds = channels(6)
    source = file_source(streams(tmp_path / "a.mov", np.split(sounds, 6, axis=1), ["mono"] * 6))
    left, right, centre, _, left_back, right_back = as_stored(sounds).T
    found = film_of(segment(source, channels=tuple(range(6))))
    assert np.abs(found[:, 0] - (left + CENTRE * (centre + left_back))).max() < 1e-5
    assert np.abs(found[:, 1] - (right + CENTRE * (centre + right_back))).max() < 1e-5


def test_some_channels_of_surround_keep_their_places(tmp_path: Path) -> None:
    sounds = channels(6)
    source = file_source(streams(tmp_path / "a.mka", [sounds], ["5.1"], codec="flac"))
    left, _, centre, _, _, right_back = as_stored(sounds).T
    found = film_of(segment(source, channels=(0, 2, 5)))
    assert np.abs(found[:, 0] - (left + CENTRE * centre)).max() < 1e-5
    assert np.abs(found[:, 1] - CENTRE * (centre + right_back)).max() < 1e-5


def test_of_three_microphones_the_third_is_heard(tmp_path: Path) -> None:
    sounds = channels(4)
    source = file_source(wav(tmp_path / "a.wav", sounds))
    found = film_of(segment(source, channels=(1, 2, 3)))
    expected = as_stored(sounds)[:, [1, 2]] + CENTRE * as_stored(sounds)[:, [3]]
    assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("count", [9, 18])
def test_more_channels_than_any_layout_has_are_heard_in_turns_left_and_right(
    tmp_path: Path, count: int
) -> None:
    sounds = channels(count, level=0.03)
    source = file_source(wav(tmp_path / "a.wav", sounds))
    found = film_of(segment(source))
    assert np.abs(found[:, 0] - CENTRE * as_stored(sounds)[:, ::2].sum(axis=1)).max() < 1e-5
    assert np.abs(found[:, 1] - CENTRE * as_stored(sounds)[:, 1::2].sum(axis=1)).max() < 1e-5


def test_a_channel_that_the_file_lacks_is_silence_and_is_reported(tmp_path: Path, stereo: Media) -> None:
    plan = film_plan(RATE, (50, ()), sound=[segment(stereo, channels=(1, 4))])
    found = mixed(plan)
    assert np.array_equal(found[:, 0], film_of(segment(stereo))[:, 1])
    assert not found[:, 1].any()
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    assert film.notes == ("a.wav has no channel 5: silence there.",)


def test_what_is_not_heard_does_not_spoil_what_is(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mka"
    sounds = np.stack([np.full(2 * SECOND, 0.25), np.full(2 * SECOND, np.nan)], axis=1).astype(np.float32)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_f32le", rate=SECOND, layout="stereo")
        frame = av.AudioFrame.from_ndarray(sounds.reshape(1, -1), "flt", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = SECOND, 0, F(1, SECOND)
        file.mux(stream.encode(frame))
    assert (film_of(segment(file_source(path), channels=(0,))) == 0.25).all()


def curve(start: F, gain_db: float, line: Keys, count: int) -> np.ndarray:
    """The amplitude of each film sample by a gain and key frames from a start on, told the plain way."""
    times = np.arange(count) / SECOND - float(start)
    decibels = np.full(count, line[0][1] if line else 0.0)
    for number, (at, value) in enumerate(line):
        after = times >= float(at) - 1e-9
        decibels[after] = value
        if number + 1 < len(line) and line[number + 1][0] > at:
            following, next_value = line[number + 1]
            share = (times[after] - float(at)) / float(following - at)
            decibels[after] = value + (next_value - value) * share
    return 10 ** ((decibels + gain_db) / 20)


LAYOUTS = {"mono": ["mono"], "stereo": ["stereo"], "split": ["mono"] * 4, "surround": ["5.1"]}
COUNTS = {"mono": 1, "stereo": 2, "split": 4, "surround": 6}
DEFAULTS = {
    "mono": np.array([[1.0, 1.0]]),
    "stereo": np.eye(2),
    "split": np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]),
    "surround": np.array([[1, 0], [0, 1], [CENTRE, CENTRE], [0, 0], [CENTRE, 0], [0, CENTRE]]),
}
TIMES = st.integers(0, 2 * SECOND).map(lambda samples: F(samples, SECOND))
DECIBELS = st.floats(-60, 6)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Media, np.ndarray]]:
    folder = tmp_path_factory.mktemp("law")
    made = {}
    for name, layouts in LAYOUTS.items():
        sounds = channels(COUNTS[name], level=0.02)
        parts = np.split(sounds, 4, axis=1) if name == "split" else [sounds]
        path = streams(folder / f"{name}.mov", parts, layouts)
        made[name] = file_source(path), as_stored(sounds)
    return made


@st.composite
def drawn_segments(draw: st.DrawFn) -> tuple[str, SoundSegment, Keys]:
    name = draw(st.sampled_from(sorted(LAYOUTS)))
    start, end = sorted((draw(TIMES), draw(TIMES)))
    line = sorted(draw(st.lists(st.tuples(TIMES, DECIBELS), max_size=4)), key=lambda key: key[0])
    drawn = SoundSegment(
        start=FilmTime(start),
        end=FilmTime(end),
        media=file_source(Path(name)),
        media_in=MediaTime(draw(TIMES) / 2),
        speed=F(1),
        fade_in=draw(st.just(F(0)) | TIMES),
        fade_out=draw(st.just(F(0)) | TIMES),
        gain_db=draw(st.just(0.0) | DECIBELS),
        keys=keys(*line),
        channels=draw(
            st.just(()) | st.lists(st.integers(0, COUNTS[name] - 1), min_size=1, max_size=2).map(tuple)
        ),
        fade_in_from=draw(st.just(F(0)) | st.fractions(0, 1, max_denominator=8)),
    )
    return name, drawn, line


@cache
def sides(name: str, chosen: tuple[int, ...]) -> np.ndarray:
    """How much of each channel is heard left and right."""
    if not chosen:
        return DEFAULTS[name]
    weights = np.zeros((COUNTS[name], 2))
    for number, channel in enumerate(chosen):
        weights[channel] += (1, 1) if len(chosen) == 1 else np.eye(2)[number]
    return weights


def reference(sounds: Sequence[tuple[SoundSegment, Keys, str, np.ndarray]], count: int) -> np.ndarray:
    """The mix, told the plain way."""
    total = np.zeros((count, 2))
    for sound, line, name, stored in sounds:
        first, end = round(sound.start * SECOND), round(sound.end * SECOND)
        media_first = nearest_frame(F(sound.media_in), F(SECOND))
        samples = stored[media_first : media_first + end - first] @ sides(name, sound.channels)
        samples = np.concatenate([samples, np.zeros((end - first - len(samples), 2))])
        passed = np.arange(end - first) / SECOND
        if sound.fade_in:
            lowest = float(sound.fade_in_from)
            rise = np.minimum(passed / float(sound.fade_in), 1)
            samples *= (lowest + (1 - lowest) * rise)[:, None]
        if sound.fade_out:
            samples *= np.minimum((float(sound.end - sound.start) - passed) / float(sound.fade_out), 1)[
                :, None
            ]
        total[first:end] += samples * curve(F(sound.start), sound.gain_db, line, count)[first:end, None]
    return total


@given(drawn=st.lists(drawn_segments(), min_size=1, max_size=4))
@settings(max_examples=60)
def test_the_films_sound_is_the_sum_of_its_segments_each_at_its_gain(
    sources: dict[str, tuple[Media, np.ndarray]], drawn: list[tuple[str, SoundSegment, Keys]]
) -> None:
    placed_here = [
        (replace(sound, media=sources[name][0]), line, name, sources[name][1]) for name, sound, line in drawn
    ]
    found = film_of(*(sound for sound, *_ in placed_here))
    assert np.abs(found - reference(placed_here, 2 * SECOND)).max() < 10 ** (-100 / 20)


@pytest.mark.parametrize("sides", [(1.0, 0.0), (0.0, 1.0), (1.0, 0.25)])
def test_each_side_is_as_loud_as_the_pan_leaves_it(stereo: Media, sides: tuple[float, float]) -> None:
    full = film_of(segment(stereo))
    assert np.abs(film_of(segment(stereo, sides=sides)) - full * np.array(sides)).max() < 1e-7


def test_the_two_channels_each_on_its_side_are_the_file(stereo: Media) -> None:
    halves = [segment(stereo, channels=(n,), sides=(1.0 - n, float(n))) for n in (0, 1)]
    assert np.abs(film_of(*halves) - film_of(segment(stereo))).max() < 1e-7
