"""What a picture shows of the media: peaks and thumbnails as each clip plays them, read once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as F
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.media import drawings as looking
from avm_otio.media.drawings import drawings
from avm_otio.media.originals import located
from avm_otio.report import Silent
from avm_otio.timeline.drawings import Drawings, Look, Wanted
from avm_otio.timeline.model import Clip, Media, Timeline, Track, TrackKind
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.media.numbered import movie
from tests.media.sounds import as_stored, noise, streams, wav

STEP = F(1, 25)
WANTED = Wanted(step=STEP, page=F(60), slot=F(1, 2), least=F(1, 4), height=36)


def clip(start: F | int, end: F | int, path: Path, **more: Any) -> Clip:
    return Clip(path.stem, RecordTime(F(start)), RecordTime(F(end)), Media(path.name, str(path)), **more)


def looks(*clips: Clip, kind: TrackKind = TrackKind.AUDIO, wanted: Wanted = WANTED) -> list[Look]:
    """What is drawn of clips, each on a track of its own."""
    tracks = tuple(Track("A", kind, (one,), channels=2) for one in clips)
    found = drawn(tracks, wanted)
    return [found.looks[index, 0] for index in range(len(clips))]


def drawn(tracks: tuple[Track, ...], wanted: Wanted = WANTED) -> Drawings:
    timeline = Timeline("cut", F(25), tracks, duration=max(track.end for track in tracks))
    there = located(timeline, Path("/"), (), Silent())
    return drawings(there, wanted, Silent())


def peaks_of(samples: np.ndarray, first: float, seconds: float, count: int) -> list[float]:
    """The highest amplitude of each of ``count`` equal parts of a stretch, the plain way; 48 kHz."""
    edges = [round((first + seconds * number / count) * 48_000) for number in range(count + 1)]
    parts = [samples[max(a, 0) : max(b, 0)] for a, b in pairwise(edges)]
    return [float(np.abs(part).max()) if part.size else 0.0 for part in parts]


@pytest.fixture(scope="module")
def sides() -> np.ndarray:
    """Two seconds of two different noises, the right one quieter, with a swell."""
    swell = np.linspace(0.1, 1, 96_000)[:, None]
    return np.concatenate([noise(2, seed=1)[:, :1], noise(2, seed=2)[:, :1] * 0.4], axis=1) * swell


@pytest.fixture(scope="module")
def stereo(sides: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wav(tmp_path_factory.mktemp("sound") / "a.wav", sides)


@pytest.mark.parametrize("channels", [(0, 1), (0,), (1,), ()])
def test_peaks_are_those_of_the_channels_that_a_clip_plays(
    stereo: Path, sides: np.ndarray, channels: tuple[int, ...]
) -> None:
    (look,) = looks(clip(3, 4, stereo, media_in=MediaTime(F(1, 2)), channels=channels))
    heard = as_stored(sides)[:, list(channels or (0, 1))]
    assert look.peaks == pytest.approx(peaks_of(heard, 0.5, 1, 25), abs=1e-9)


@pytest.mark.parametrize("speed", [F(1), F(2), F(1, 2), F(-1), F(-2)])
def test_peaks_follow_the_speed_and_the_way_a_clip_plays(stereo: Path, sides: np.ndarray, speed: F) -> None:
    length = F(4, 5)
    head = F(0) if speed > 0 else F(2)
    (look,) = looks(clip(0, length, stereo, media_in=MediaTime(head), speed=speed, channels=(0, 1)))
    first, seconds = (head, length * speed) if speed > 0 else (head + length * speed, -length * speed)
    meant = peaks_of(as_stored(sides), float(first), float(seconds), 20)
    assert look.peaks == pytest.approx(meant if speed > 0 else meant[::-1], abs=1e-9)


def test_beyond_the_file_there_is_silence(stereo: Path) -> None:
    (look,) = looks(clip(0, 3, stereo, channels=(0, 1)))
    assert all(look.peaks[:50])
    assert not any(look.peaks[50:])


def test_channels_are_counted_through_all_streams(tmp_path: Path) -> None:
    sounds = [noise(1, seed=seed)[:, :1] * (seed / 4) for seed in range(1, 5)]
    path = streams(tmp_path / "a.mov", sounds, ["mono"] * 4)
    for channel, samples in enumerate(sounds):
        (look,) = looks(clip(0, 1, path, channels=(channel,)))
        assert look.peaks == pytest.approx(peaks_of(as_stored(samples), 0, 1, 25), abs=1e-9)
    (look,) = looks(clip(0, 1, path, channels=(0, 3)))
    assert look.peaks == pytest.approx(peaks_of(as_stored(sounds[3]), 0, 1, 25), abs=0.05)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 45), st.integers(1, 25), st.sampled_from([1, -1, 2])), min_size=1, max_size=6
    )
)
def test_many_clips_of_one_file_each_have_their_own_peaks(
    stereo: Path, sides: np.ndarray, parts: Sequence[tuple[int, int, int]]
) -> None:
    clips = [
        clip(0, F(length, 25), stereo, media_in=MediaTime(F(head, 25)), speed=F(speed), channels=(0, 1))
        for head, length, speed in parts
    ]
    for (head, length, speed), look in zip(parts, looks(*clips), strict=True):
        first = head / 25 if speed > 0 else (head - length) / 25
        meant = peaks_of(as_stored(sides), first, abs(speed) * length / 25, length)
        assert look.peaks == pytest.approx(meant if speed > 0 else meant[::-1], abs=1e-9)


def test_a_file_at_another_rate_and_compressed_is_as_loud_as_it_was(tmp_path: Path) -> None:
    samples = np.where(np.arange(88_200) % 44_100 < 2205, 0.8, 0.05).astype(np.float32)
    tone = (samples * np.sin(2 * np.pi * 1000 * np.arange(88_200) / 44_100))[:, None]
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=44_100, layout="mono", options={"b": "192k"})
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(tone.T, np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = 44_100, 0, F(1, 44_100)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    (look,) = looks(clip(0, 2, path, channels=(0,)))
    assert [number for number, peak in enumerate(look.peaks) if peak > 0.5] == [0, 1, 25, 26]
    assert max(look.peaks) == pytest.approx(0.8, abs=0.1)


def test_a_stretch_is_decoded_once_whoever_plays_it(stereo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def counting(*arguments: Any) -> Any:
        nonlocal read
        for at, samples in sound_from(*arguments):
            read += len(samples)
            yield at, samples

    sound_from = looking.sound_from
    monkeypatch.setattr(looking, "sound_from", counting)
    looks(*[clip(0, 2, stereo, channels=(channel,)) for channel in (0, 1, 0, 1)])
    assert read <= 96_000


def test_a_nest_shows_what_is_heard_in_it(stereo: Path, sides: np.ndarray) -> None:
    inner = Timeline(
        "scene", F(25), (Track("A", TrackKind.AUDIO, (clip(1, 3, stereo, channels=(0, 1)),)),), duration=F(3)
    )
    nest = Clip("scene", RecordTime(F(2)), RecordTime(F(4)), inner, MediaTime(F(1, 2)))
    (look,) = looks(nest)
    peaks = look.peaks
    assert not any(peaks[:12])
    assert peaks[13:] == pytest.approx(peaks_of(as_stored(sides), 0.02, 1.48, 37), abs=1e-9)


def test_what_is_missing_unreadable_or_switched_off_is_no_error(tmp_path: Path, stereo: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    off = replace(clip(0, 1, stereo, channels=(0, 1)), enabled=False)
    gone, damaged, quiet = looks(clip(0, 1, tmp_path / "gone.wav"), clip(0, 1, broken), off)
    assert gone == Look(is_missing=True)
    assert damaged == Look(is_missing=True)
    assert quiet == Look()
    (seen,) = looks(clip(0, 1, tmp_path / "gone.mov"), kind=TrackKind.VIDEO)
    assert seen == Look(is_missing=True)


COLOURS = {"red": (200, 30, 30), "green": (20, 160, 40), "blue": (30, 40, 200), "grey": (128, 128, 128)}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of each colour."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "12", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(100):
            colour = list(COLOURS.values())[number // 25]
            picture = np.broadcast_to(np.array(colour, np.uint8), (36, 64, 3))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def colour_of(jpeg: bytes) -> str:
    with av.open(BytesIO(jpeg)) as file:
        (frame,) = file.decode(video=0)
        assert (frame.width, frame.height) == (64, 36)
        seen = frame.to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0)
    return min(COLOURS, key=lambda name: float(np.abs(seen - COLOURS[name]).sum()))


def strip(*clips: Clip, wanted: Wanted = WANTED) -> list[tuple[float, float, str]]:
    """The thumbnails of a track: from when to when, and which colour."""
    found = drawn((Track("V", TrackKind.VIDEO, clips),), wanted)
    shown = [one for number in range(len(clips)) for one in found.looks[0, number].thumbnails]
    return [(float(one.start), float(one.end), colour_of(one.jpeg)) for one in shown]


def test_thumbnails_show_what_a_clip_shows_there(film: Path) -> None:
    assert strip(clip(0, 1, film, media_in=MediaTime(F(2))), clip(2, F(7, 2), film)) == [
        (0, 0.5, "blue"),
        (0.5, 1, "blue"),
        (2, 2.5, "red"),
        (2.5, 3, "red"),
        (3, 3.5, "green"),
    ]
    assert [colour for *_, colour in strip(clip(0, 2, film, media_in=MediaTime(F(4)), speed=F(-2)))] == [
        "grey",
        "blue",
        "green",
        "red",
    ]


def test_thumbnails_begin_anew_on_each_page_and_reach_over_short_clips(film: Path) -> None:
    paged = replace(WANTED, page=F(3, 4))
    assert [one[:2] for one in strip(clip(0, F(3, 2), film), wanted=paged)] == [
        (0, 0.5),
        (0.5, 0.75),
        (0.75, 1.25),
        (1.25, 1.5),
    ]
    short = [clip(F(n, 10), F(n + 1, 10), film, media_in=MediaTime(F(n % 4))) for n in range(12)]
    assert [one[:2] for one in strip(*short)] == [(0, 0.5), (0.5, 1)]


def test_there_are_never_too_many_thumbnails_and_each_weighs_little(film: Path) -> None:
    fine = replace(WANTED, slot=F(1, 100), least=F(1, 200), height=96)
    found = drawn((Track("V", TrackKind.VIDEO, (clip(0, 4, film),)),), fine).looks[0, 0].thumbnails
    assert 50 < len(found) <= 240
    assert max(len(one.jpeg) for one in found) < 6000


def test_more_tracks_than_thumbnails_still_end(film: Path) -> None:
    tracks = tuple(Track(f"V{n}", TrackKind.VIDEO, (clip(0, 1, film),)) for n in range(250))
    shown = [one for look in drawn(tracks, WANTED).looks.values() for one in look.thumbnails]
    assert 100 < len(shown) <= 240


def test_the_same_media_give_the_same_drawings(film: Path, stereo: Path) -> None:
    tracks = (
        Track("V", TrackKind.VIDEO, (clip(0, 1, film),)),
        Track("A", TrackKind.AUDIO, (clip(0, 1, stereo),)),
    )
    assert drawn(tracks) == drawn(tracks)


def test_a_sound_above_full_scale_or_that_is_no_number_is_bounded(tmp_path: Path) -> None:
    samples = np.zeros((48_000, 1), np.float32)
    samples[:100], samples[20_000:20_100], samples[40_000:40_100] = 1.5, math.nan, math.inf
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_f32le", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, F(1, 48_000)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    (look,) = looks(clip(0, 1, path, channels=(0,)))
    assert look.peaks[0] == 1.5
    assert set(look.peaks[1:]) == {0.0}


def test_what_was_drawn_is_kept_and_what_was_damaged_or_changed_is_drawn_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, shot = noise(2), movie(tmp_path / "b.mp4", 50, F(25))
    path = wav(tmp_path / "a.wav", sound)
    tracks = (
        Track("V", TrackKind.VIDEO, (clip(0, 2, shot),)),
        Track("A", TrackKind.AUDIO, (clip(0, 2, path),), channels=2),
    )
    timeline = located(Timeline("cut", F(25), tracks, duration=RecordTime(F(2))), Path("/"), (), Silent())
    opened: list[Path] = []
    reopened, small = looking.reopened, looking.Thumbnails.at

    def counted(path: Path) -> Any:
        opened.append(path)
        return reopened(path)

    def seen(self: Any, media: Media, *more: Any) -> bytes | None:
        opened.append(Path(media.path))
        return small(self, media, *more)

    monkeypatch.setattr(looking, "reopened", counted)
    monkeypatch.setattr(looking.Thumbnails, "at", seen)

    def look() -> Drawings:
        opened.clear()
        return drawings(timeline, WANTED, Silent(), keep=tmp_path / "kept")

    first = look()
    assert set(opened) == {path, shot}
    assert look() == first
    assert opened == []
    for kept in (tmp_path / "kept").iterdir():
        kept.write_bytes(kept.read_bytes()[:-1] + b"\x00\x01")
    assert look() == first
    assert set(opened) == {path, shot}
    wav(path, 0.5 * sound)
    assert look() != first
    assert opened == [path]


def test_no_more_is_kept_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avm_otio.media import kept_drawings

    monkeypatch.setattr(kept_drawings, "_MOST_BYTES", 300)
    for number in range(4):
        kept = kept_drawings.KeptDrawings(tmp_path / "kept")
        kept.put(tmp_path, number, bytes(100))
        kept.cleanup()
    found = [kept.get(tmp_path, number) for number in range(4)]
    assert found == [None, None, bytes(100), bytes(100)]
