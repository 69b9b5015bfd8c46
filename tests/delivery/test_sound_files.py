"""Media come to an editor in the form it takes, once each, and every sound knows where it belongs."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avm_otio.delivery import conversions, copies
from avm_otio.delivery.sound_files import Deliver, MediaFormat, prepare
from avm_otio.errors import MediaError, OutputError
from avm_otio.formats.format import SoundFiles
from avm_otio.media.broadcast_wav import read_header
from avm_otio.media.probe import probe
from avm_otio.report import Silent
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    ImageSequence,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.nests import OPENED
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.delivery.listening import Listening
from tests.media.wav_files import floating, noise, pcm, steps_in
from tests.models import settled

NTSC = F(24_000, 1001)
DAY = 24 * 3600 * 48_000


def sound(path: Path, start: F = F(0)) -> Media:
    info = probe(path)
    audio = info.audio[0]
    assert audio.samples is not None
    return Media(
        path.name,
        str(path),
        MediaTime(start),
        F(audio.samples, audio.sample_rate_hz),
        sample_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
    )


def clip(
    media: Media | Timeline, start: F, end: F, name: str = "clip", media_in: F = F(0), **more: object
) -> Clip:
    made = Clip(name, RecordTime(start), RecordTime(end), media, MediaTime(media_in), channels=(0, 1))
    return replace(made, **more)


def timeline(
    *tracks: list[Clip], rate: F = F(25), hours: int = 1, video: list[Clip] | None = None
) -> Timeline:
    lanes = [Track("V1", TrackKind.VIDEO, tuple(video or ()))]
    lanes += [
        Track(f"Sound {at}", TrackKind.AUDIO, tuple(one), channels=2) for at, one in enumerate(tracks, 1)
    ]
    nominal = -(-rate.numerator // rate.denominator)
    return settled(Timeline("cut", rate, tuple(lanes), start_frame=hours * 3600 * nominal))


def prepared(
    arrangement: Timeline,
    folder: Path,
    need: SoundFiles = SoundFiles.ANY,
    deliver: Deliver = Deliver.LINK,
    media_format: MediaFormat = MediaFormat.KEEP,
    report: Silent | None = None,
    losses: Losses | None = None,
) -> Timeline:
    return prepare(
        arrangement,
        folder,
        need=need,
        deliver=deliver,
        media_format=media_format,
        report=report or Silent(),
        losses=Losses(arrangement) if losses is None else losses,
    )


def sounds_of(arrangement: Timeline) -> list[Clip]:
    return [one for track in arrangement.audio_tracks for one in track.clips]


def names_in(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return pcm(tmp_path / "in" / "a.wav", noise(96_000))


def test_linked_media_stay_where_they_are_and_no_folder_is_made(tmp_path: Path, stereo: Path) -> None:
    one = timeline([clip(sound(stereo), F(0), F(1))])
    assert prepared(one, tmp_path / "out") == one
    assert not (tmp_path / "out").exists()


def test_copies_keep_their_bytes_and_their_time_and_are_made_once(tmp_path: Path, stereo: Path) -> None:
    os.utime(stereo, ns=(10**18, 10**18))
    media = sound(stereo)
    one = timeline([clip(media, F(0), F(1)), clip(media, F(1), F(2))], video=[clip(media, F(0), F(1))])
    report = Listening()
    done = prepared(one, tmp_path / "out", deliver=Deliver.COPY, report=report)
    assert names_in(tmp_path / "out") == ["a.wav"]
    copy = tmp_path / "out" / "a.wav"
    assert copy.read_bytes() == stereo.read_bytes()
    assert copy.stat().st_mtime_ns == 10**18
    assert {str(copy)} == {one.media.path for one in done.clips() if one.media}
    size = stereo.stat().st_size
    assert report.progress[-1] == (size, size)
    again = Listening()
    assert prepared(one, tmp_path / "out", deliver=Deliver.COPY, report=again) == done
    assert again.steps == []


def test_files_of_one_name_get_names_that_differ_on_any_disk(tmp_path: Path) -> None:
    sources = []
    for folder, name in (("x", "Hit.wav"), ("y", "hit.wav"), ("z", "HIT.wav")):
        (tmp_path / folder).mkdir()
        sources.append(pcm(tmp_path / folder / name, noise(1000) // len(folder * (1 + len(sources)))))
    one = timeline([clip(sound(path), F(at), F(at + 1)) for at, path in enumerate(sources)])
    done = prepared(one, tmp_path / "out", deliver=Deliver.COPY)
    assert len({name.casefold() for name in names_in(tmp_path / "out")}) == 3
    for before, after in zip(sources, sounds_of(done), strict=True):
        assert after.media is not None
        assert Path(after.media.path).read_bytes() == before.read_bytes()


def test_a_file_of_the_users_own_is_never_written_over(tmp_path: Path, stereo: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.wav").write_bytes(b"mine")
    one = timeline([clip(sound(stereo), F(0), F(1))])
    for media_format in MediaFormat:
        prepared(one, tmp_path / "out", deliver=Deliver.COPY, media_format=media_format)
    assert (tmp_path / "out" / "a.wav").read_bytes() == b"mine"
    assert names_in(tmp_path / "out") == ["a-2.wav", "a-3.wav", "a.wav"]


def test_images_of_a_sequence_are_copied_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in (7, 8, 9):
        (tmp_path / "in" / f"shot_{number:04d}.png").write_bytes(bytes([number]))
    (tmp_path / "in" / "other.png").write_bytes(b"no")
    images = Media(
        "shot_0007.png",
        str(tmp_path / "in"),
        rate=F(25),
        has_picture=True,
        sequence=ImageSequence("shot_", ".png", 7, 1, 4),
    )
    one = timeline(video=[clip(images, F(0), F(3, 25), channels=())])
    done = prepared(one, tmp_path / "out", deliver=Deliver.COPY)
    assert names_in(tmp_path / "out") == [f"shot/shot_{number:04d}.png" for number in (7, 8, 9)]
    assert done.media()[0].path == str(tmp_path / "out" / "shot")
    assert prepared(one, tmp_path / "out", deliver=Deliver.COPY) == done
    assert len(names_in(tmp_path / "out")) == 3


def test_offline_media_stay_as_they_are(tmp_path: Path) -> None:
    lost = Media("gone.wav", "/nowhere/gone.wav", channels=2, is_online=False)
    one = timeline([clip(lost, F(0), F(1))])
    for need in SoundFiles:
        for media_format in MediaFormat:
            assert prepared(one, tmp_path / "out", need, Deliver.COPY, media_format) == one


def test_media_inside_nests_are_delivered_too(tmp_path: Path, stereo: Path) -> None:
    inner = timeline([clip(sound(stereo), F(0), F(1))], hours=0)
    one = timeline([clip(inner, F(2), F(3), "nest")])
    done = prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48)
    media = done.media()[0]
    assert Path(media.path).parent == tmp_path / "out"
    # Where the nest lies, not where the clip lies in the nest.
    assert media.start == 3602


def test_a_whole_file_becomes_one_wav_that_begins_where_its_first_use_puts_it(tmp_path: Path) -> None:
    original = noise(44_100 * 3)
    source = pcm(tmp_path / "a b.wav", original, 44_100)
    media = sound(source, start=F(100))
    used = [clip(media, F(7, 25), F(1), media_in=F(100) + F(1, 5)), clip(media, F(2), F(3), media_in=F(101))]
    one = timeline(used, video=[clip(media, F(0), F(1))])
    done = prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48)
    first, second = sounds_of(done)
    assert first.content == second.content
    assert first.media is not None
    assert (first.media.duration, first.media.channels, first.media.sample_rate_hz) == (3, 2, 48_000)
    reference = (3600 * 25 + 7 - 5) * 48_000 // 25
    assert read_header(Path(first.media.path)).time_reference == reference
    assert first.media.start == F(reference, 48_000) == probe(Path(first.media.path)).start
    assert first.media_in - first.media.start == F(1, 5)
    assert second.media_in - second.media.start == 1
    assert done.video_tracks == one.video_tracks


def test_a_time_reference_is_never_negative_and_begins_anew_at_midnight(tmp_path: Path, stereo: Path) -> None:
    early = timeline([clip(sound(stereo), F(0), F(1), media_in=F(1))], hours=0)
    late = timeline([clip(sound(stereo), F(2), F(3))], hours=24)
    done = prepared(early, tmp_path / "one", media_format=MediaFormat.WAV48)
    assert sounds_of(done)[0].media.start == 0
    done = prepared(late, tmp_path / "two", SoundFiles.SPOTTED)
    assert sounds_of(done)[0].media.start == 2


def test_mono_files_hold_the_channels_that_are_used(tmp_path: Path) -> None:
    original = noise(48_000, 6)
    source = pcm(tmp_path / "mix.wav", original)
    media = sound(source)
    one = timeline([clip(media, F(0), F(1), channels=(4, 2)), clip(media, F(1), F(2), channels=(2,))])
    done = prepared(one, tmp_path / "out", SoundFiles.MONO)
    assert names_in(tmp_path / "out") == ["mix.L.wav", "mix.R.wav"]
    first, second = sounds_of(done)
    assert first.media is not None
    assert first.media.path == first.media.mono[0]
    assert first.channels == (0, 1) or first.channels == (1, 0)
    for played, wanted in ((first.channels, (4, 2)), (second.channels, (2,))):
        for column, channel in zip(played, wanted, strict=True):
            found = steps_in(Path(first.media.mono[column]))[:, 0]
            assert np.array_equal(found, original[:, channel])


def test_a_mono_sound_on_a_stereo_track_is_one_file(tmp_path: Path) -> None:
    source = pcm(tmp_path / "voice.wav", noise(1000, 1))
    done = prepared(timeline([clip(sound(source), F(0), F(1, 50))]), tmp_path / "out", SoundFiles.MONO)
    assert names_in(tmp_path / "out") == ["voice.wav"]
    assert sounds_of(done)[0].channels == (0,)


@pytest.mark.parametrize("rate", [F(24), F(25), NTSC, F(30_000, 1001), F(60_000, 1001)])
def test_spotted_files_alone_put_every_click_at_its_sample(tmp_path: Path, rate: F) -> None:
    """The whole way of a sound editor: the files, their time references, nothing else."""
    samples = np.zeros((48_000 * 4, 2), np.int64)
    hits = (4800, 50_000, 120_123)
    for at in hits:
        samples[at] = 1 << 22
    media = sound(pcm(tmp_path / "clicks.wav", samples), start=F(7))
    placed = [
        clip(media, 10 / rate, 60 / rate, "whole", F(7)),
        clip(media, 61 / rate + F(123, 48_000), 80 / rate, "between frames", F(7) + F(49_000, 48_000)),
        clip(media, 100 / rate, 110 / rate, "off", F(7) + F(120_000, 48_000), enabled=False),
    ]
    one = timeline(placed, rate=rate)
    wanted = np.zeros(round(float(120 / rate) * 48_000), np.int64)
    for each in placed:
        for at in hits:
            moment = each.start + (F(at, 48_000) + 7 - each.media_in)
            if each.start <= moment < each.end:
                wanted[round(moment * 48_000)] = 1 << 22
    prepared(one, tmp_path / "out", SoundFiles.SPOTTED)
    session_start = round(one.start * 48_000)
    found = np.zeros_like(wanted)
    for name in names_in(tmp_path / "out"):
        data, header = steps_in(tmp_path / "out" / name)[:, 0], read_header(tmp_path / "out" / name)
        assert header is not None
        at = header.time_reference - session_start
        found[at : at + len(data)] += data
    apart = np.flatnonzero(found) - np.flatnonzero(wanted)
    assert len(np.flatnonzero(wanted)) >= 3
    assert np.abs(apart).max() <= (0 if (48_000 / rate).denominator == 1 else 1)


def test_time_references_are_real_time_at_ntsc_rates(tmp_path: Path, stereo: Path) -> None:
    done = prepared(
        timeline([clip(sound(stereo), F(0), F(1))], rate=NTSC), tmp_path / "out", SoundFiles.SPOTTED
    )
    header = read_header(Path(sounds_of(done)[0].media.path))
    assert header is not None
    assert header.time_reference == 86_400 * 2002  # 3603.6 s, not 3600


def test_spotted_files_are_named_by_track_number_and_title(tmp_path: Path, stereo: Path) -> None:
    media = sound(stereo)
    one = timeline(
        [clip(media, F(0), F(1, 2), "Door: slam/loud"), clip(media, F(1), F(3, 2), "Rain")],
        [clip(media, F(0), F(1), "Bed", enabled=False)],
    )
    done = prepared(one, tmp_path / "out", SoundFiles.SPOTTED)
    assert names_in(tmp_path / "out") == ["A1 001 Door slam loud.wav", "A1 002 Rain.wav", "A2 001 Bed.wav"]
    for each in sounds_of(done):
        assert each.media is not None
        assert each.media_in == each.media.start
        assert each.media.duration == each.duration
    assert [each.enabled for each in sounds_of(done)] == [True, True, False]


def test_a_clip_at_another_speed_keeps_the_sound_that_it_needs(tmp_path: Path) -> None:
    original = noise(96_000)
    media = sound(pcm(tmp_path / "a.wav", original))
    fast = clip(media, F(0), F(1, 2), media_in=F(1, 4), speed=F(2))
    back = clip(media, F(1), F(3, 2), media_in=F(3, 2), speed=F(-1))
    done = prepared(timeline([fast, back]), tmp_path / "out", SoundFiles.SPOTTED)
    first, second = sounds_of(done)
    assert np.array_equal(steps_in(Path(first.media.path)), original[12_000:60_000])
    assert np.array_equal(steps_in(Path(second.media.path)), original[48_000:72_000])
    assert (first.speed, second.speed) == (2, -1)
    assert second.media_start == second.media.start


def test_nests_are_opened_to_be_spotted_and_the_user_is_told(tmp_path: Path, stereo: Path) -> None:
    inner = timeline([clip(sound(stereo), F(0), F(1), "inside")], hours=0)
    one = timeline([clip(inner, F(5), F(6), "nest")])
    losses = Losses(one)
    done = prepared(one, tmp_path / "out", SoundFiles.SPOTTED, losses=losses)
    assert names_in(tmp_path / "out") == ["A1 001 inside.wav"]
    assert sounds_of(done)[0].media.start == 3605
    assert [(loss.feature, loss.message) for loss in losses] == [(Feature.NEST, OPENED)]


def test_what_opening_nests_to_be_spotted_loses_is_told(tmp_path: Path, stereo: Path) -> None:
    media = sound(stereo)
    cuts = [clip(media, F(at, 4), F(at + 1, 4), media_in=F(1, 4)) for at in (0, 1)]
    inner = timeline(cuts, hours=0)
    crossing = Transition("cross", RecordTime(F(1, 4)), F(1, 10), F(1, 10))
    inner = replace(inner, tracks=(replace(inner.audio_tracks[0], transitions=(crossing,)),))
    cut, back = clip(inner, F(0), F(3, 10), "cut"), clip(inner, F(1), F(3, 2), "back", speed=F(-1))
    one = timeline([cut, back])
    losses = Losses(one)
    prepared(one, tmp_path / "out", SoundFiles.SPOTTED, losses=losses)
    reported = {(loss.feature, loss.item.split("”")[0][1:]) for loss in losses}
    assert reported >= {(Feature.TRANSITION, "cut"), (Feature.SPEED, "back")}


@pytest.mark.parametrize(
    ("need", "media_format"),
    [
        (SoundFiles.ANY, MediaFormat.WAV48),
        (SoundFiles.MONO, MediaFormat.KEEP),
        (SoundFiles.SPOTTED, MediaFormat.KEEP),
    ],
)
def test_a_second_run_makes_nothing_anew(
    tmp_path: Path, stereo: Path, need: SoundFiles, media_format: MediaFormat
) -> None:
    media = sound(stereo)
    one = timeline([clip(media, F(0), F(1)), clip(media, F(1), F(2), "two")])
    first = Listening()
    done = prepared(one, tmp_path / "out", need, Deliver.COPY, media_format, first)
    assert first.steps == ["Converting sound"]
    times = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in names_in(tmp_path / "out")}
    second = Listening()
    assert prepared(one, tmp_path / "out", need, Deliver.COPY, media_format, second) == done
    assert second.steps == []
    assert times == {n: (tmp_path / "out" / n).stat().st_mtime_ns for n in names_in(tmp_path / "out")}


def test_a_source_that_changed_is_converted_again_beside_the_old(tmp_path: Path, stereo: Path) -> None:
    one = timeline([clip(sound(stereo), F(0), F(1))])
    prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48)
    pcm(stereo, noise(96_000) // 2)
    os.utime(stereo, (time.time() + 10, time.time() + 10))
    done = prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48)
    assert names_in(tmp_path / "out") == ["a-2.wav", "a.wav"]
    assert np.array_equal(steps_in(Path(sounds_of(done)[0].media.path)), noise(96_000) // 2)


def test_a_file_cut_short_by_others_is_made_again(tmp_path: Path, stereo: Path) -> None:
    one = timeline([clip(sound(stereo), F(0), F(1))])
    prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48)
    made = tmp_path / "out" / "a.wav"
    made.write_bytes(made.read_bytes()[:-100])
    done = prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48)
    assert len(steps_in(Path(sounds_of(done)[0].media.path))) == 96_000


def test_one_sound_that_cannot_be_read_stops_all_and_leaves_no_part(tmp_path: Path, stereo: Path) -> None:
    broken = tmp_path / "in" / "b.wav"
    broken.write_bytes(b"nothing")
    media = sound(stereo)
    one = timeline([clip(media, F(0), F(1)), clip(replace(media, path=str(broken)), F(1), F(2), "bad")])
    with pytest.raises(MediaError, match=r"b\.wav"):
        prepared(one, tmp_path / "out", SoundFiles.SPOTTED)
    assert not [name for name in names_in(tmp_path / "out") if name.startswith(".")]


def test_a_source_that_is_gone_is_a_clear_error(tmp_path: Path, stereo: Path) -> None:
    one = timeline([clip(sound(stereo), F(0), F(1))])
    stereo.unlink()
    with pytest.raises(MediaError, match=r"a\.wav"):
        prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48)
    with pytest.raises(MediaError, match=r"a\.wav"):
        prepared(one, tmp_path / "out", deliver=Deliver.COPY)


def test_a_full_disk_is_a_clear_error(tmp_path: Path, stereo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copies.os, "copy_file_range", full, raising=False)
    real = Path.open

    class Full:
        def __init__(self, file: object) -> None:
            self._file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def __getattr__(self, name: str) -> object:
            return full if name == "write" else getattr(self._file, name)

    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *a: Full(real(path, mode)) if mode == "wb" else real(path, mode, *a),
    )
    with pytest.raises(OutputError, match="disk is full"):
        prepared(timeline([clip(sound(stereo), F(0), F(1))]), tmp_path / "out", deliver=Deliver.COPY)
    assert names_in(tmp_path / "out") == []


def test_files_are_copied_where_the_system_cannot_share_blocks(
    tmp_path: Path, stereo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(copies.os, "copy_file_range", raising=False)
    prepared(timeline([clip(sound(stereo), F(0), F(1))]), tmp_path / "out", deliver=Deliver.COPY)
    assert (tmp_path / "out" / "a.wav").read_bytes() == stereo.read_bytes()


def test_sources_are_never_touched(tmp_path: Path, stereo: Path) -> None:
    before = stereo.read_bytes(), stereo.stat().st_mtime_ns
    one = timeline([clip(sound(stereo), F(0), F(1))])
    for need in SoundFiles:
        for media_format in MediaFormat:
            prepared(one, stereo.parent, need, Deliver.COPY, media_format)
    assert (stereo.read_bytes(), stereo.stat().st_mtime_ns) == before


def test_progress_is_told_in_seconds_of_sound(tmp_path: Path) -> None:
    sources = [pcm(tmp_path / f"{n}.wav", noise(48_000 * 4)) for n in range(3)]
    report = Listening()
    one = timeline([clip(sound(path), F(4 * at), F(4 * at + 4)) for at, path in enumerate(sources)])
    prepared(one, tmp_path / "out", media_format=MediaFormat.WAV48, report=report)
    assert report.progress[-1] == (12, 12)


def test_names_that_windows_keeps_are_not_used(tmp_path: Path) -> None:
    source = pcm(tmp_path / "con.wav", noise(100))
    done = prepared(timeline([clip(sound(source), F(0), F(1, 25))]), tmp_path / "out", deliver=Deliver.COPY)
    assert Path(sounds_of(done)[0].media.path).name == "_con.wav"


def test_a_conversion_is_known_again_by_all_that_makes_it(stereo: Path) -> None:
    plain = conversions.Conversion(stereo, "a")
    others = [
        replace(plain, channels=(0,)),
        replace(plain, first=F(1)),
        replace(plain, length=F(1)),
        replace(plain, split=True),
    ]
    assert len({one.reference for one in (plain, *others)}) == 5
    assert replace(plain, name="other", description="x").reference == plain.reference


@pytest.mark.parametrize("need", [SoundFiles.MONO, SoundFiles.SPOTTED, SoundFiles.ANY])
def test_sound_above_full_scale_is_made_quieter_and_its_clips_louder(
    tmp_path: Path, need: SoundFiles
) -> None:
    hot = sound(floating(tmp_path / "hot.wav", np.full((48_000, 2), 3.9)))
    keys = (GainKey(F(0), -20.0), GainKey(F(1, 2), -6.0))
    first = clip(hot, F(0), F(1, 2), mix=Mix(gain_db=-18))
    second = clip(hot, F(1, 2), F(1), media_in=F(1, 2), mix=Mix(keys=keys))
    cut = timeline([first, second])
    report = Listening()
    for _ in range(2):  # the second time the files are there
        made = prepared(cut, tmp_path / "m", need, media_format=MediaFormat.WAV48, report=report)
        clips = made.audio_tracks[0].clips
        assert clips[0].mix.gain_db == pytest.approx(-18 + 11.9)
        assert clips[1].mix.gain_db == 0
        assert [key.gain_db for key in clips[1].mix.keys] == pytest.approx([-8.1, 5.9])
    assert report.warned[-1].startswith("Above full scale: hot.wav (11.9 dB).")
    assert len(list((tmp_path / "m").iterdir())) == {"spotted": 2, "mono": 2}.get(need.name.lower(), 1)


def test_a_channel_that_a_file_lacks_is_told_and_no_other_takes_its_place(tmp_path: Path) -> None:
    media = sound(pcm(tmp_path / "two.wav", noise(48_000)))
    clips = [
        clip(media, F(0), F(1, 2), channels=(1, 7)),
        clip(media, F(1, 2), F(1), "lost", channels=(6,)),
    ]
    report = Listening()
    made = prepared(timeline(clips), tmp_path / "m", SoundFiles.MONO, report=report).audio_tracks[0].clips
    assert [one.channels for one in made] == [(0,), (6,)]
    first, second = (one.media for one in made)
    assert first is not None
    assert np.array_equal(steps_in(Path(first.mono[0]))[:, 0], steps_in(Path(media.path))[:, 1])
    assert second == media
    assert [text.partition(" plays ")[2] for text in report.warned] == [
        "channel 8 of two.wav, which has 2.",
        "channel 7 of two.wav, which has 2.",
    ]


def test_a_small_file_that_holds_hours_is_weighed_before_the_disk_is_filled(
    tmp_path: Path, stereo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = replace(sound(stereo), duration=F(3600), channels=8)  # as a FLAC of an hour of silence says
    cut = timeline([clip(media, F(0), F(1))])
    listening = Listening()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 10**9))
    with pytest.raises(OutputError, match=r"4\.1 GB, and the disk of .* has 3\.0 GB left"):
        prepared(cut, tmp_path / "media", media_format=MediaFormat.WAV48, report=listening)
    assert not list((tmp_path / "media").glob("*"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=30 * 10**9))
    prepared(cut, tmp_path / "media", media_format=MediaFormat.WAV48, report=listening)
    assert listening.warned[0] == "The sound that is made into WAV comes to about 4.1 GB."


def test_sound_that_is_longer_than_it_says_stops_before_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(OutputError, match="nearly full"):
        conversions._refuse_full(tmp_path, 10**9)
    conversions._refuse_full(tmp_path, 10**6)  # a small disk is no reason
