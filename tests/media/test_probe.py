"""What a file says of itself is checked before it is believed."""

from __future__ import annotations

import struct
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.errors import MediaError
from avm_otio.media.probe import SoundFacts, probe, sound_length
from tests.media.numbered import movie
from tests.media.sounds import noise, wav


def compressed(path: Path, codec: str, sample_rate: int = 44100, seconds: float = 3) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=sample_rate, layout="stereo")
        wanted = av.AudioResampler(stream.codec_context.format.name, "stereo", sample_rate)
        samples = np.ascontiguousarray(noise(seconds, sample_rate).T)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = sample_rate, 0, F(1, sample_rate)
        for part in wanted.resample(frame):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_picture_and_sound_are_described(tmp_path: Path, ending: str) -> None:
    rate = F(24000, 1001)
    info = probe(movie(tmp_path / f"a.{ending}", 48, rate, sound=noise(2), timecode="01:00:00:00"))
    assert info.video is not None
    assert (info.video.width, info.video.height, info.video.rate) == (160, 90, rate)
    assert info.video.start_timecode == 86400
    assert info.start == F(86400 * 1001, 24000)
    assert (info.audio[0].channels, info.audio[0].sample_rate_hz) == (2, 48000)
    assert not info.is_still
    assert info.duration is not None
    assert abs(info.duration - 48 / rate) < F(1, 10)


def test_a_turned_picture_is_described_as_it_is_seen(tmp_path: Path) -> None:
    video = probe(movie(tmp_path / "phone.mp4", 3, F(30), turned=90)).video
    assert video is not None
    assert (video.width, video.height, video.rotation) == (90, 160, 90)


def test_a_folder_a_missing_an_empty_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mov").touch()
    (tmp_path / "page.mov").write_text("<html>not found</html>" * 100)
    for name, words in [
        (".", "folder"),
        ("no.mov", "not there"),
        ("empty.mov", "empty"),
        ("page.mov", "not a media"),
    ]:
        with pytest.raises(MediaError, match=words) as caught:
            probe(tmp_path / name)
        assert str(tmp_path) in caught.value.what
        assert caught.value.hint
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("faststart", [True, False])
def test_a_cut_short_file_is_refused(tmp_path: Path, faststart: bool) -> None:
    path = movie(tmp_path / "a.mp4", 100, F(25), size=(320, 180))
    if faststart:
        with (
            av.open(str(path)) as file,
            av.open(str(tmp_path / "b.mp4"), "w", options={"movflags": "+faststart"}) as copy,
        ):
            stream = copy.add_stream_from_template(file.streams.video[0])
            for packet in file.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    copy.mux(packet)
        path = tmp_path / "b.mp4"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(MediaError, match="cut short"):
        probe(path)


def test_a_wav_header_is_believed_only_as_far_as_the_file_reaches(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", noise(2))
    assert sound_length(path) == SoundFacts(96000, 48000, 2)
    whole = path.read_bytes()
    path.write_bytes(whole[: 44 + 4 * 30000])
    assert sound_length(path).samples == 30000
    lying = bytearray(whole)
    struct.pack_into("<I", lying, 40, 4 * 500_000)
    path.write_bytes(bytes(lying))
    assert sound_length(path).samples == 96000


@pytest.mark.parametrize(
    ("name", "codec", "slack"), [("a.flac", "flac", 0), ("a.m4a", "aac", 1024), ("a.mp3", "libmp3lame", 1152)]
)
def test_compressed_sound_is_decoded_and_counted(tmp_path: Path, name: str, codec: str, slack: int) -> None:
    path = compressed(tmp_path / name, codec)
    facts = sound_length(path)
    assert (facts.sample_rate_hz, facts.channels) == (44100, 2)
    assert 132300 <= facts.samples <= 132300 + slack
    assert probe(path).video is None


@pytest.mark.parametrize(("name", "codec"), [("a.flac", "flac"), ("a.mp3", "libmp3lame")])
def test_cut_short_sound_counts_only_what_is_there(tmp_path: Path, name: str, codec: str) -> None:
    path = compressed(tmp_path / name, codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 30000 < sound_length(path).samples < 90000


def test_sound_that_does_not_decode_or_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no sound"):
        sound_length(movie(tmp_path / "mute.mp4", 5, F(25)))
    with pytest.raises(MediaError):
        sound_length(wav(tmp_path / "nothing.wav", np.zeros((0, 2), np.float32)))
    (tmp_path / "a.mp3").write_bytes(b"<!doctype html>" * 50)
    with pytest.raises(MediaError):
        sound_length(tmp_path / "a.mp3")
