"""A WAV of ours holds the sound that was meant, to the sample and to the bit, and says where it belongs."""

from __future__ import annotations

import json
import math
import shutil
import struct
import subprocess
import tracemalloc
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.errors import MediaError, OutputError
from avm_otio.media import broadcast_wav
from avm_otio.media.broadcast_wav import read_header
from avm_otio.media.channel_reader import ChannelReader, Resampler
from avm_otio.media.probe import SoundFacts, probe
from avm_otio.media.wav import write_mono, write_wav
from tests.media.sounds import noise as band
from tests.media.wav_files import chunks_of, floating, noise, pcm, steps_in

STEREO = {1: "mono", 2: "stereo"}


def encoded(path: Path, codec: str, samples: np.ndarray, rate: int = 44_100, **options: str) -> Path:
    """Floats, (samples, channels), each channel group as one stream of a file."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, layout=STEREO[samples.shape[1]], options=options)
        stream.bit_rate = 256_000
        form = stream.codec_context.format.name if stream.codec_context.format else "fltp"
        change = av.AudioResampler(form, STEREO[samples.shape[1]], rate, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.T, np.float32), "fltp", STEREO[samples.shape[1]]
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, F(1, rate)
        for part in (*change.resample(frame), *change.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


def clicks(at_s: list[F], seconds: int, rate: int) -> np.ndarray:
    samples = np.zeros((seconds * rate, 2), np.float32)
    for at in at_s:
        samples[int(at * rate)] = 0.9
    return samples


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_sound_that_is_48_khz_and_24_bit_already_stays_bit_for_bit(tmp_path: Path, channels: int) -> None:
    original = noise(70_001, channels)
    original[0], original[1] = 2**23 - 1, -(2**23)
    facts = write_wav(pcm(tmp_path / "a.wav", original), tmp_path / "b.wav")
    assert facts == SoundFacts(70_001, 48_000, channels)
    assert np.array_equal(steps_in(tmp_path / "b.wav"), original)


def test_sixteen_bits_become_twenty_four_exactly(tmp_path: Path) -> None:
    original = noise(5000, bits=16)
    write_wav(pcm(tmp_path / "a.wav", original, bytes_each=2), tmp_path / "b.wav")
    assert np.array_equal(steps_in(tmp_path / "b.wav"), original * 256)


def test_a_part_begins_and_ends_at_its_sample(tmp_path: Path) -> None:
    original = noise(480_000)
    source = pcm(tmp_path / "a.wav", original)
    facts = write_wav(source, tmp_path / "b.wav", first=F(300_007, 48_000), length=F(1001, 24_000))
    assert facts.samples == 2002
    assert np.array_equal(steps_in(tmp_path / "b.wav"), original[300_007:302_009])


def test_what_lies_before_the_file_is_silence(tmp_path: Path) -> None:
    original = noise(1000)
    source = pcm(tmp_path / "a.wav", original)
    write_wav(source, tmp_path / "b.wav", first=F(-10, 48_000), length=F(20, 48_000))
    found = steps_in(tmp_path / "b.wav")
    assert not found[:10].any()
    assert np.array_equal(found[10:], original[:10])


def test_a_source_short_by_a_rounding_is_filled_up_and_one_that_is_cut_short_is_not(tmp_path: Path) -> None:
    source = pcm(tmp_path / "a.wav", noise(48_000))
    assert write_wav(source, tmp_path / "b.wav", length=F(1) + F(1, 30)).samples == 49_600
    assert not steps_in(tmp_path / "b.wav")[48_000:].any()
    assert write_wav(source, tmp_path / "c.wav", length=F(5)).samples == 48_000


def test_channels_can_be_chosen_and_turned_round(tmp_path: Path) -> None:
    original = noise(1000, 4)
    source = pcm(tmp_path / "a.wav", original)
    write_wav(source, tmp_path / "b.wav", channels=(3, 1))
    assert np.array_equal(steps_in(tmp_path / "b.wav"), original[:, [3, 1]])


def test_channels_count_through_all_streams_of_a_file(tmp_path: Path) -> None:
    original = noise(48_000, 3)
    with av.open(str(tmp_path / "a.mov"), "w") as file:
        streams = [file.add_stream("pcm_s24le", rate=48_000, layout="mono") for _ in range(3)]
        for number, stream in enumerate(streams):
            column = np.ascontiguousarray(original[:, number][None] * 256, np.int32)
            frame = av.AudioFrame.from_ndarray(column, "s32", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, F(1, 48_000)
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    assert write_wav(tmp_path / "a.mov", tmp_path / "all.wav").channels == 3
    assert np.array_equal(steps_in(tmp_path / "all.wav"), original)
    write_wav(tmp_path / "a.mov", tmp_path / "b.wav", channels=(2, 0))
    assert np.array_equal(steps_in(tmp_path / "b.wav"), original[:, [2, 0]])


def test_mono_files_are_split_in_one_pass_and_equal_the_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = noise(60_000, 3)
    source = pcm(tmp_path / "a.wav", original)
    opened = []
    from avm_otio.media import channel_reader

    real = channel_reader.reopened
    monkeypatch.setattr(channel_reader, "reopened", lambda path: opened.append(path) or real(path))
    targets = [tmp_path / f"b.{number}.wav" for number in range(2)]
    facts = write_mono(source, targets, channels=(2, 0), time_reference=5)
    assert facts == SoundFacts(60_000, 48_000, 1)
    assert len(opened) == 1
    for target, channel in zip(targets, (2, 0), strict=True):
        assert np.array_equal(steps_in(target)[:, 0], original[:, channel])
        assert read_header(target).time_reference == 5


@pytest.mark.parametrize("rate", [22_050, 32_000, 44_100, 88_200, 96_000])
def test_a_click_stays_at_its_time_through_resampling(tmp_path: Path, rate: int) -> None:
    step = rate // 50
    at = [F(0), F(step * 7, rate), F(step * 133, rate)]
    samples = np.zeros((rate * 3, 1), np.int64)
    for one in at:
        samples[int(one * rate)] = 1 << 22
    facts = write_wav(pcm(tmp_path / "a.wav", samples, rate), tmp_path / "b.wav")
    assert facts.samples == 144_000
    found = np.abs(steps_in(tmp_path / "b.wav")[:, 0])
    for one in at:
        centre = int(one * 48_000)
        assert centre - 2 <= 0 or found[centre] == found[centre - 900 : centre + 900].max()
        # A filter without delay rings alike before and after.
        if centre > 900:
            before, after = found[centre - 800 : centre][::-1], found[centre + 1 : centre + 801]
            assert np.abs(before - after).max() <= 1


def test_a_part_of_a_resampled_file_is_that_part_of_the_whole(tmp_path: Path) -> None:
    source = pcm(tmp_path / "a.wav", noise(44_100 * 8) // 4, 44_100)  # resampled, it stays in full scale
    write_wav(source, tmp_path / "whole.wav")
    write_wav(source, tmp_path / "part.wav", first=F(5) + F(1, 48_000), length=F(2))
    whole, part = steps_in(tmp_path / "whole.wav"), steps_in(tmp_path / "part.wav")
    assert np.array_equal(part, whole[240_001:336_001])


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.m4a", "aac"),
        ("a.mp3", "libmp3lame"),
        ("a.opus", "libopus"),
        ("a.flac", "flac"),
        ("a.mka", "flac"),
    ],
)
def test_what_a_coder_adds_is_taken_away_again(tmp_path: Path, name: str, codec: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this build of FFmpeg has no {codec}")
    at = [F(1), F(5), F(11, 2)]
    rate = 48_000 if codec == "libopus" else 44_100
    source = encoded(tmp_path / name, codec, clicks(at, 8, rate), rate)
    facts = write_wav(source, tmp_path / "b.wav")
    found = np.abs(steps_in(tmp_path / "b.wav")[:, 0])
    for one in at:
        centre = int(one * 48_000)
        assert int(np.argmax(found[centre - 2000 : centre + 2000])) == 2000
    assert facts.samples == 384_000
    # A part that is sought holds the same samples as the whole.
    write_wav(source, tmp_path / "c.wav", first=F(9, 2), length=F(2))
    assert np.array_equal(steps_in(tmp_path / "c.wav"), steps_in(tmp_path / "b.wav")[216_000:312_000])


def measured(rate: int, frequency: float) -> tuple[float, float]:
    """Level in dB of a full sine after resampling, and of all that is not the sine."""
    wave_in = np.sin(2 * np.pi * frequency * np.arange(rate) / rate)
    one = Resampler(rate)
    out = np.concatenate([one.resampled(wave_in), one.rest()])[4800:43_200]
    turns = 2 * np.pi * frequency * np.arange(4800, 43_200) / 48_000
    basis = np.stack([np.sin(turns), np.cos(turns)], axis=1)
    found, *_ = np.linalg.lstsq(basis, out, rcond=None)
    rest = out - basis @ found
    return 20 * np.log10(np.hypot(*found)), 10 * np.log10(2 * np.mean(rest**2) + 1e-30)


@pytest.mark.parametrize("rate", [44_100, 88_200, 96_000])
def test_the_passband_is_flat_and_clean_to_20_khz(rate: int) -> None:
    for frequency in (20, 997, 5000, 10_000, 15_000, 19_000, 20_000):
        level, rest = measured(rate, frequency)
        assert abs(level) < 0.001
        assert rest < -130


@pytest.mark.parametrize("rate", [88_200, 96_000, 192_000])
def test_what_48_khz_cannot_hold_is_kept_out(rate: int) -> None:
    for frequency in (24_100, 25_000, 28_000, 30_000, 40_000):
        wave_in = np.sin(2 * np.pi * frequency * np.arange(rate) / rate)
        one = Resampler(rate)
        out = np.concatenate([one.resampled(wave_in), one.rest()])[4800:43_200]
        assert 10 * np.log10(2 * np.mean(out**2) + 1e-30) < -100


def test_the_bext_chunk_is_as_the_standard_writes_it(tmp_path: Path) -> None:
    midnight = 23 * 3600 * 48_000 + 17
    source = pcm(tmp_path / "a.wav", noise(1001, 1) // 4, 44_100, 3)
    write_wav(
        source, tmp_path / "b.wav", time_reference=midnight, description="Tür \n 音", reference="x" * 40
    )
    bext = chunks_of(tmp_path / "b.wav")[b"bext"]
    assert bext[:256].rstrip(b"\0") == b"Tur \n ?"
    assert bext[256:288].rstrip(b"\0") == b"avm_otio"
    assert bext[288:320] == b"x" * 32
    assert bext[320:330].decode().count("-") == 2
    assert bext[330:338].decode().count(":") == 2
    low, high, version = struct.unpack_from("<IIH", bext, 338)
    assert (high << 32 | low, version) == (midnight, 1)
    assert high == 0
    assert len(bext) >= 602
    assert bext[602:].decode().splitlines() == [
        "A=PCM,F=44100,M=mono,T=a.wav",
        "A=PCM,F=48000,W=24,M=mono,T=avm_otio",
    ]


def test_the_time_reference_is_read_back_by_others(tmp_path: Path) -> None:
    reference = 5 * 2**32 + 99  # longer than any day, to see all 64 bits
    write_wav(pcm(tmp_path / "a.wav", noise(100)), tmp_path / "b.wav", time_reference=reference)
    assert probe(tmp_path / "b.wav").start == F(reference, 48_000)
    header = read_header(tmp_path / "b.wav")
    assert header is not None
    assert (header.time_reference, header.samples, header.bits) == (reference, 100, 24)
    tool = shutil.which("ffprobe")
    if tool is None:
        pytest.skip("no ffprobe here: read back by PyAV and by our own reader only")
    asked = [tool, "-v", "error", "-show_format", "-show_streams", "-of", "json", str(tmp_path / "b.wav")]
    probed = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    assert probed["format"]["tags"]["time_reference"] == str(reference)
    assert probed["streams"][0]["codec_name"] == "pcm_s24le"
    assert probed["streams"][0]["duration_ts"] == 100


def test_a_file_too_long_for_riff_is_rf64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = noise(4001, 1)
    source = pcm(tmp_path / "a.wav", original)
    monkeypatch.setattr(broadcast_wav, "RIFF_LIMIT", 10_000)
    write_wav(source, tmp_path / "b.wav")
    assert (tmp_path / "b.wav").read_bytes()[:4] == b"RF64"
    assert np.array_equal(steps_in(tmp_path / "b.wav"), original)
    size, data, samples = struct.unpack_from("<QQQ", chunks_of(tmp_path / "b.wav")[b"ds64"])
    assert (size, data, samples) == ((tmp_path / "b.wav").stat().st_size - 8, 12_003, 4001)
    with av.open(str(tmp_path / "b.wav")) as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) == 4001


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def most(seconds: int) -> int:
        source = pcm(tmp_path / f"{seconds}.wav", np.zeros((seconds * 44_100, 2), np.int32), 44_100, 2)
        tracemalloc.start()
        write_wav(source, tmp_path / "b.wav")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most(1)  # what is loaded once
    assert most(40) < most(8) * 1.2


def test_a_source_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF no sound at all")
    with pytest.raises(MediaError):
        write_wav(tmp_path / "a.wav", tmp_path / "b.wav")
    with pytest.raises(MediaError, match="is not there"):
        write_wav(tmp_path / "nothing.wav", tmp_path / "b.wav")
    source = pcm(tmp_path / "c.wav", noise(100))
    with pytest.raises(MediaError, match="2 channels, no channel 3"):
        write_wav(source, tmp_path / "b.wav", channels=(0, 2))
    with pytest.raises(MediaError, match="no sound from"):
        write_wav(source, tmp_path / "b.wav", first=F(10))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.wav", "c.wav"]


def test_a_sound_is_never_written_over_itself(tmp_path: Path) -> None:
    source = pcm(tmp_path / "a.wav", noise(100))
    before = source.read_bytes()
    with pytest.raises(OutputError):
        write_wav(source, tmp_path / "a.wav")
    assert source.read_bytes() == before


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    source = pcm(tmp_path / "a.wav", noise(100))
    with pytest.raises(OutputError, match="does not exist"):
        write_mono(source, [tmp_path / "no" / "b.wav", tmp_path / "no" / "c.wav"])


def test_work_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    source = pcm(tmp_path / "a.wav", noise(200_000))

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_wav(source, tmp_path / "b.wav", advance=stop)
    assert [one.name for one in tmp_path.iterdir()] == ["a.wav"]


def test_finer_steps_go_to_the_nearest(tmp_path: Path) -> None:
    steps = np.array([[-300], [-5], [0], [7], [250]])
    source = pcm(
        tmp_path / "a.wav", steps * 256 + np.array([[200], [-100], [127], [129], [-129]]), bytes_each=4
    )
    write_wav(source, tmp_path / "b.wav")
    assert np.array_equal(steps_in(tmp_path / "b.wav"), steps + np.array([[1], [0], [0], [1], [-1]]))


def test_a_part_of_a_file_with_a_coarse_clock_is_that_part_to_the_sample(tmp_path: Path) -> None:
    """Matroska keeps whole milliseconds: what is sought there lies up to 22 samples off."""
    original = np.random.default_rng(3).normal(0, 0.1, (44_100 * 8, 2)).clip(-1, 1)
    source = encoded(tmp_path / "a.mkv", "pcm_s24le", original)
    write_wav(source, tmp_path / "whole.wav")
    whole = steps_in(tmp_path / "whole.wav")
    for first in (F(4), F(9, 2), F(5), F(6)):
        write_wav(source, tmp_path / "part.wav", first=first, length=F(1))
        at = int(first * 48_000)
        assert np.array_equal(steps_in(tmp_path / "part.wav"), whole[at : at + 48_000])


def _band(seconds: float) -> np.ndarray:
    """Noise on two channels whose peak is full scale."""
    return band(seconds) / np.abs(band(seconds)).max()


@pytest.mark.parametrize("peak", [1.02, 4.0, 40.0])
def test_sound_above_full_scale_keeps_its_shape(tmp_path: Path, peak: float) -> None:
    sound = _band(1) * peak * np.array([1, 0.25])
    source = floating(tmp_path / "hot.wav", sound)
    facts = write_wav(source, tmp_path / "made.wav")
    assert 0 < facts.quieter_db <= 20 * math.log10(peak) + 0.11
    targets = [tmp_path / "L.wav", tmp_path / "R.wav"]
    assert write_mono(source, targets).quieter_db == facts.quieter_db
    with ChannelReader(probe(tmp_path / "made.wav"), 0, [0, 1], 0) as reader:
        made = reader.read(48000)
    assert np.abs(made).max() <= 1
    assert np.abs(made * 10 ** (facts.quieter_db / 20) - sound).max() < peak * 2**-20
    header = read_header(targets[1])
    assert header is not None
    assert header.quieter_db == facts.quieter_db


def test_sound_within_full_scale_is_not_touched(tmp_path: Path) -> None:
    sound = _band(1)
    assert write_wav(floating(tmp_path / "a.wav", sound), tmp_path / "made.wav").quieter_db == 0
