"""A preview: the film's own picture beside the whole sound; stems that add up to it."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avm_otio.errors import InputError, OutputError, UsageError
from avm_otio.media import broadcast_wav, stems
from avm_otio.media.broadcast_wav import read_header
from avm_otio.media.film import Sources
from avm_otio.media.film_sound import mixed
from avm_otio.media.mixdown import Preview, write_preview
from avm_otio.media.remux import ready_picture
from avm_otio.timeline.model import Media, Mix, Stem, Timeline, Track, TrackKind
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.time import MediaTime
from tests.media.numbered import movie, numbers, packets, placed
from tests.media.plain_mix import HELD, SECOND, audio, clip_of, timeline_of, tone_file
from tests.media.sounds import sound_of
from tests.media.wav_files import steps_in

RATE = F(25)
STEP = 2.0**-23


@pytest.fixture
def shot(tmp_path: Path) -> Media:
    return seen(movie(tmp_path / "shot.mp4", 60, RATE))


@pytest.fixture
def tone(tmp_path: Path) -> Media:
    return tone_file(tmp_path, HELD[1], 4)


def seen(path: Path) -> Media:
    return Media(path.name, str(path), MediaTime(F(0)), F(60) / RATE, RATE, has_picture=True)


def of_all(shot: Media, tone: Media, *, rate: F = RATE, **fields: Any) -> Timeline:
    """A picture, dialogue, music and an effect."""
    return timeline_of(
        rate,
        Track("V", TrackKind.VIDEO, (clip_of(shot, rate, 0, 60, 0),)),
        audio(clip_of(tone, rate, 0, 60, 0)),
        audio(clip_of(tone, rate, 10, 60, 7, mix=Mix(-6.0)), stem=Stem.MUSIC),
        audio(clip_of(tone, rate, 30, 45, 11, mix=Mix(-3.0)), stem=Stem.EFFECTS),
        **fields,
    )


def made(timeline: Timeline, out: Path, **options: Any) -> Preview:
    plan = plan_playback(timeline)
    return write_preview(plan, placed(plan), out, **options)


def mix_of(timeline: Timeline) -> np.ndarray:
    plan = plan_playback(timeline)
    sources = Sources.of(plan, placed(plan))
    return np.concatenate([block[0] for block in mixed(plan, sources.infos, sources.clocks)])


def test_the_picture_of_a_film_is_copied_packet_for_packet(shot: Media, tone: Media, tmp_path: Path) -> None:
    film = movie(tmp_path / "film.mp4", 60, RATE, sound=np.zeros((3 * SECOND, 2)))
    preview = made(of_all(shot, tone), tmp_path / "p.mp4", film=ready_picture(film, 0, 60, RATE))
    assert not preview.reencoded
    assert packets(preview.path) == packets(film)
    assert numbers(preview.path) == list(range(60))
    assert (preview.width, preview.height, preview.frames) == (160, 90, 60)


def test_a_part_of_a_film_is_copied_from_key_frame_to_key_frame(
    shot: Media, tone: Media, tmp_path: Path
) -> None:
    options = {"g": "20", "bf": "2", "x264-params": "scenecut=0:keyint=20:min-keyint=20"}
    film = movie(tmp_path / "film.mp4", 60, RATE, options=options)
    copied = []
    for frames in range(14, 21):
        ready = ready_picture(film, 20, frames, RATE)
        if ready is not None:
            short = timeline_of(RATE, *of_all(shot, tone).tracks[:2], frames=frames)
            preview = made(short, tmp_path / "p.mp4", film=ready)
            assert numbers(preview.path) == list(range(20, 20 + frames))
            assert packets(preview.path)[0][0] == 0
            copied.append(frames)
    assert copied[-1] == 20
    assert len(copied) < 7, "a frame that others are made of is none to stop before"
    assert ready_picture(film, 21, 19, RATE) is None
    assert ready_picture(film, 45, 20, RATE) is None


def test_a_film_of_another_rate_or_of_holes_is_not_copied(tmp_path: Path) -> None:
    slow = movie(tmp_path / "slow.mp4", 60, F(24))
    assert ready_picture(slow, 0, 60, RATE) is None
    times = [F(number, 25) + (F(1, 25) if number > 30 else 0) for number in range(60)]
    assert ready_picture(movie(tmp_path / "hole.mov", 60, RATE, times=times), 0, 60, RATE) is None
    assert ready_picture(movie(tmp_path / "turned.mov", 60, RATE, turned=90), 0, 60, RATE) is None


@pytest.mark.parametrize("rate", [F(25), F(24000, 1001), F(30000, 1001), F(1000, 33)])
def test_the_sound_of_a_preview_lies_to_the_sample_at_any_rate(tmp_path: Path, tone: Media, rate: F) -> None:
    shot = movie(tmp_path / "shot.mp4", 60, rate)
    media = Media(shot.name, str(shot), MediaTime(F(0)), 60 / rate, rate, has_picture=True)
    timeline = of_all(media, tone, rate=rate)
    preview = made(timeline, tmp_path / "p.mp4")
    assert preview.reencoded
    assert numbers(preview.path) == list(range(60))
    expected, found = mix_of(timeline), sound_of(preview.path)
    assert 0 <= len(found) - len(expected) < 2048  # AAC's frames have 1024 samples
    assert np.abs(found[: len(expected)] - expected)[2000:-2000].max() < 0.01


def test_stems_add_up_to_the_mix_and_begin_at_its_timecode(shot: Media, tone: Media, tmp_path: Path) -> None:
    timeline = of_all(shot, tone)
    preview = made(timeline, tmp_path / "p.mp4", stems=tmp_path / "new" / "stems", start=F(3600))
    assert [path.name for path in preview.stems] == ["p_DX.wav", "p_MX.wav", "p_FX.wav", "p_ME.wav"]
    dialogue, music, effects, both = map(steps_in, preview.stems)
    assert np.array_equal(both, music + effects)
    assert np.abs((dialogue + music + effects) * STEP - mix_of(timeline)).max() < 2 * STEP
    assert not music[: 10 * 1920].any()
    assert not effects[: 30 * 1920].any()
    assert all(stem.any() for stem in (music, effects, dialogue))
    for path in preview.stems:
        header = read_header(path)
        assert header is not None
        assert (header.samples, header.channels, header.bits) == (60 * 1920, 2, 24)
        assert header.time_reference == 3600 * SECOND
        assert header.description == path.stem.replace("_", " ")


def test_a_stem_of_over_four_gigabytes_is_rf64(
    shot: Media, tone: Media, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_wav, "RIFF_LIMIT", 1000)
    preview = made(of_all(shot, tone), tmp_path / "p.m4a", stems=tmp_path)
    for path in preview.stems:
        assert path.read_bytes()[:4] == b"RF64"
        header = read_header(path)
        assert header is not None
        assert header.samples == 60 * 1920


def test_what_is_above_full_scale_is_reported_and_cut_off_there_and_nothing_else_is(
    shot: Media, tone: Media, tmp_path: Path
) -> None:
    loud = audio(clip_of(tone, RATE, 0, 25, 0, mix=Mix(24.0)), clip_of(tone, RATE, 25, 60, 25))
    picture, _, *ours = of_all(shot, tone).tracks
    timeline = timeline_of(RATE, picture, loud, *ours)
    expected = mix_of(timeline)
    preview = made(timeline, tmp_path / "p.mp4", stems=tmp_path)
    over = [one for one in preview.overs if one.of == "mix"]
    peak = 20 * math.log10(np.abs(expected).max())
    assert preview.peak_db == pytest.approx(peak, abs=1e-4)
    assert max(one.over_db for one in over) == pytest.approx(peak, abs=1e-4)
    first = int(np.flatnonzero(np.abs(expected).max(axis=1) > 1)[0])
    assert over[0].start == F(first, SECOND)
    assert len(over) == 1, "what is above again within a second is one stretch"
    assert {one.of for one in preview.overs} == {"mix", "DX"}
    found = sound_of(preview.path)[: len(expected)]
    below = np.abs(expected).max(axis=1) < 0.99
    near = np.convolve(~below, np.ones(2401), "same") < 0.5
    assert np.abs(found - expected)[near].max() < 0.02
    cut = steps_in(preview.stems[0])
    assert cut.max() == 2**23 - 1
    assert np.abs(cut).max() <= 2**23


def test_a_timeline_of_sound_alone_is_a_preview_of_sound_alone(tone: Media, tmp_path: Path) -> None:
    timeline = timeline_of(RATE, audio(clip_of(tone, RATE, 0, 50, 0)), frames=50)
    for name in ("p.mp4", "p.m4a"):
        preview = made(timeline, tmp_path / name)
        assert (preview.has_picture, preview.has_sound, preview.frames) == (False, True, 50)
        with av.open(str(preview.path)) as file:
            assert [stream.type for stream in file.streams] == ["audio"]
        assert np.abs(sound_of(preview.path)[2000:90000] - mix_of(timeline)[2000:90000]).max() < 0.01


def test_a_timeline_without_sound_is_a_picture_and_its_stems_are_silence(shot: Media, tmp_path: Path) -> None:
    timeline = timeline_of(RATE, Track("V", TrackKind.VIDEO, (clip_of(shot, RATE, 0, 50, 0),)), frames=50)
    preview = made(timeline, tmp_path / "p.mp4", stems=tmp_path / "s")
    assert (preview.has_picture, preview.has_sound, preview.peak_db) == (True, False, -math.inf)
    assert [len(steps_in(path)) for path in preview.stems] == [50 * 1920] * 4
    assert not any(steps_in(path).any() for path in preview.stems)
    with pytest.raises(InputError, match="plays no sound"):
        made(timeline, tmp_path / "p.m4a")


@pytest.mark.parametrize("name", ["p.mov", "p", "p.wav", "p.MP3"])
def test_another_suffix_is_refused(shot: Media, tone: Media, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"does not end in \.mp4"):
        made(of_all(shot, tone), tmp_path / name)


def test_a_preview_or_a_stem_never_takes_the_place_of_media(shot: Media, tone: Media, tmp_path: Path) -> None:
    before = Path(shot.path).read_bytes()
    with pytest.raises(OutputError, match="media of the timeline itself"):
        made(of_all(shot, tone), Path(shot.path))
    assert Path(shot.path).read_bytes() == before
    stem = Path(tone.path).rename(tmp_path / "p_MX.wav")
    moved = Media(tone.name, str(stem), MediaTime(F(0)), F(4), channels=2)
    with pytest.raises(OutputError, match=r"p_MX\.wav is media"):
        made(of_all(shot, moved), tmp_path / "p.mp4", stems=tmp_path)
    assert not (tmp_path / "p.mp4").exists()


def test_a_disk_that_is_full_leaves_nothing(
    shot: Media, tone: Media, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: stems.Stems, block: np.ndarray) -> Iterator[Any]:
        with stems._naming(self.paths[1]):
            raise OSError(errno.ENOSPC, "No space left on device")
        yield

    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(stems.Stems, "write", full)
    with pytest.raises(OutputError, match=r"The disk is full: .*p_MX\.wav"):
        made(of_all(shot, tone), out / "p.mp4", stems=out)
    assert list(out.iterdir()) == []
    monkeypatch.setattr(stems.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(OutputError, match="The stems come to"):
        made(of_all(shot, tone), out / "p.mp4", stems=out)
    assert list(out.iterdir()) == []
