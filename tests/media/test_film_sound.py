"""A sound comes out at its moment, to the sample."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.errors import MediaError
from avm_otio.media.film import FilmFile, export_film
from avm_otio.timeline.plan import ExportPlan
from tests.media.numbered import file_source, film_plan, heard, layer, movie, placed
from tests.media.sounds import noise, sound_of, streams, wav

RATE = F(25)


def clicks(at_s: list[float], seconds: float, sample_rate: int = 48000, level: float = 0.5) -> np.ndarray:
    """Short bursts that begin at given seconds: silence before, a decaying 1 kHz tone after."""
    samples = np.zeros(round(seconds * sample_rate), np.float32)
    length = sample_rate // 50
    time = np.arange(length) / sample_rate
    burst = level * np.sin(2 * np.pi * 1000 * time) * np.exp(-time * 300)
    for at in at_s:
        first = round(at * sample_rate)
        samples[first : first + length] += burst[: max(0, len(samples) - first)]
    return np.repeat(samples[:, None], 2, axis=1)


def delay(found: np.ndarray, original: np.ndarray, at: int, length: int = 24000) -> int:
    """How many samples later than ``at`` a piece of ``original`` is found."""
    around = 2000
    window = found[at - around if at >= around else 0 : at + length + around, 0]
    offset = min(at, around)
    size = len(window) + length
    matched = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(original[:length, 0], size)), size)
    return int(np.argmax(matched[: len(window) - length + 1])) - offset


def exported(plan: ExportPlan, tmp_path: Path) -> tuple[FilmFile, np.ndarray]:
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    return film, sound_of(film.path)


@pytest.mark.slow
@pytest.mark.parametrize("sample_rate", [48000, 44100, 96000, 22050])
def test_a_sound_file_is_heard_at_its_film_time_to_the_sample(tmp_path: Path, sample_rate: int) -> None:
    original = noise(4, sample_rate)
    source = file_source(wav(tmp_path / "a.wav", original, sample_rate))
    plan = film_plan(
        RATE,
        (150, ()),
        sound=[heard(F(1), F(2), source, F(3, 2)), heard(F(7, 2), F(5), source, F(1, 2))],
    )
    film, found = exported(plan, tmp_path)
    with av.open(str(tmp_path / "a.wav")) as file:
        resampler = av.AudioResampler("fltp", "stereo", 48000)
        parts = [p for frame in [*file.decode(audio=0), None] for p in resampler.resample(frame)]
        at_48k = np.concatenate([np.asarray(part.to_ndarray()).T for part in parts])
    assert film.has_sound
    assert abs(delay(found, at_48k[72000:], 48000)) <= 1
    assert abs(delay(found, at_48k[24000:], 168000)) <= 1
    assert np.abs(found[:47000]).max() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "ts"])
def test_a_videos_own_sound_stays_in_sync_with_its_picture(tmp_path: Path, ending: str) -> None:
    original = noise(12)
    source = file_source(movie(tmp_path / f"a.{ending}", 300, RATE, sound=original))
    plan = film_plan(
        RATE,
        (50, (layer(source, F(8)),)),
        (50, (layer(source, F(2)),)),
        sound=[heard(F(0), F(2), source, F(8)), heard(F(2), F(4), source, F(2))],
    )
    _, found = exported(plan, tmp_path)
    allowed = 48 if ending == "mkv" else 1  # Matroska keeps whole milliseconds
    assert abs(delay(found, original[8 * 48000 :], 0)) <= allowed
    assert abs(delay(found, original[2 * 48000 :], 96000)) <= allowed


def test_the_end_of_a_block_is_no_seam(tmp_path: Path) -> None:
    time = np.arange(48000 * 9) / 44100
    tone = np.repeat((0.4 * np.sin(2 * np.pi * 100 * time))[:, None], 2, axis=1).astype(np.float32)
    source = file_source(wav(tmp_path / "a.wav", tone, 44100))
    _, found = exported(film_plan(RATE, (200, ()), sound=[heard(F(0), F(8), source)]), tmp_path)
    steps = np.abs(np.diff(found[2400:-2400, 0]))
    assert steps.max() < 0.4 * 2 * np.pi * 100 / 48000 * 1.3


def test_sounds_add_up_and_never_wrap_around(tmp_path: Path) -> None:
    time = np.arange(48000 * 2) / 48000
    tone = np.repeat((0.8 * np.sin(2 * np.pi * 200 * time))[:, None], 2, axis=1)
    one, two = (file_source(wav(tmp_path / f"{name}.wav", tone)) for name in "ab")
    plan = film_plan(RATE, (50, ()), sound=[heard(F(0), F(1), one), heard(F(0), F(2), two)])
    _, found = exported(plan, tmp_path)
    assert 0.9 < np.abs(found[10000:40000]).max() < 1.1
    assert 0.75 < np.abs(found[60000:90000]).max() < 0.85
    assert np.abs(np.diff(found[:, 0])).max() < 0.2


@pytest.mark.parametrize("speed", [F(2), F(1, 2), F(-1), F(25, 24), F(1001, 1000)])
def test_a_changed_speed_moves_each_moment_to_where_the_picture_shows_it(tmp_path: Path, speed: F) -> None:
    media_in = F(1) if speed > 0 else F(5)
    at = media_in + F(3, 2) * speed
    sample_rate = 44100
    source = file_source(wav(tmp_path / "a.wav", clicks([float(at)], 6, sample_rate), sample_rate))
    _, found = exported(
        film_plan(RATE, (75, ()), sound=[heard(F(0), F(3), source, media_in, speed)]), tmp_path
    )
    loud = np.flatnonzero(np.abs(found[:, 0]) > 0.1)
    edge = loud[0] if speed > 0 else loud[-1]
    assert abs(edge - 72000) <= 48 / abs(speed)


def test_fades_run_linearly_from_and_to_silence(tmp_path: Path) -> None:
    level = np.full((48000 * 3, 2), 0.5, np.float32) * np.sign(np.sin(np.arange(48000 * 3) * 0.4))[:, None]
    source = file_source(wav(tmp_path / "a.wav", level))
    plan = film_plan(RATE, (50, ()), sound=[heard(F(0), F(2), source, F(0), F(1), (F(1), F(1, 2)))])
    _, found = exported(plan, tmp_path)
    loudness = [
        float(np.sqrt(np.mean(found[at - 500 : at + 500] ** 2))) for at in (12000, 24000, 60000, 84000)
    ]
    full = loudness[2]
    assert loudness[0] == pytest.approx(full / 4, rel=0.1)
    assert loudness[1] == pytest.approx(full / 2, rel=0.1)
    assert loudness[3] == pytest.approx(full / 2, rel=0.1)


def test_mono_is_heard_on_both_sides_at_its_level(tmp_path: Path) -> None:
    mono = noise(2)[:, :1]
    _, found = exported(
        film_plan(RATE, (50, ()), sound=[heard(F(0), F(2), file_source(wav(tmp_path / "a.wav", mono)))]),
        tmp_path,
    )
    both = found[4800:90000]
    assert np.std(both[:, 0]) == pytest.approx(np.std(mono), rel=0.1)
    assert np.corrcoef(both.T)[0, 1] > 0.99


def test_two_mono_streams_are_left_and_right(tmp_path: Path) -> None:
    sides = [noise(2, seed=1)[:, :1], noise(2, seed=2)[:, :1]]
    path = streams(tmp_path / "a.mov", sides, ["mono", "mono"])
    _, found = exported(film_plan(RATE, (50, ()), sound=[heard(F(0), F(2), file_source(path))]), tmp_path)
    for number, side in enumerate(sides):
        assert np.corrcoef(found[4800:90000, number], side[4800:90000, 0])[0, 1] > 0.9
        assert abs(np.corrcoef(found[4800:90000, 1 - number], side[4800:90000, 0])[0, 1]) < 0.2


def test_a_sound_is_in_sync_a_long_way_into_a_compressed_file(tmp_path: Path) -> None:
    original = noise(40)
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(original.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, F(1, 48000)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    at = F(33) + F(1, 48000) * 777
    _, found = exported(
        film_plan(RATE, (50, ()), sound=[heard(F(1, 2), F(2), file_source(path), at)]), tmp_path
    )
    assert abs(delay(found, original[33 * 48000 + 777 :], 24000)) <= 1


def test_a_film_none_of_whose_sources_has_sound_has_no_sound_track(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "a.mp4", 50, RATE))
    plan = film_plan(RATE, (25, (layer(source, F(0)),)), sound=[heard(F(0), F(1), source)])
    film = export_film(plan, placed(plan), tmp_path / "film.mp4")
    with av.open(str(film.path)) as file:
        assert not file.streams.audio
    assert not film.has_sound
    assert film.notes == ("a.mp4 has no sound: silence there.",)


def test_a_source_that_is_only_heard_must_have_sound(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "a.mp4", 50, RATE))
    plan = film_plan(RATE, (25, ()), sound=[heard(F(0), F(1), source)])
    with pytest.raises(MediaError, match="has no sound"):
        export_film(plan, placed(plan), tmp_path / "film.mp4")


def test_the_sound_is_as_long_as_the_picture(tmp_path: Path) -> None:
    rate = F(30000, 1001)
    source = file_source(wav(tmp_path / "a.wav", noise(1)))
    film, _ = exported(film_plan(rate, (100, ()), sound=[heard(F(0), F(1), source)]), tmp_path)
    with av.open(str(film.path)) as file:
        stream = file.streams.audio[0]
        assert abs(stream.duration * stream.time_base - 100 / rate) < F(1024, 48000)
