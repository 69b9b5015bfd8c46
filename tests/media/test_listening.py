"""Listening to sounds whose loudness, beginning, attack and end are known because they were made so."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.errors import MediaError
from avm_otio.media.listening import hear
from avm_otio.media.loudness import Meter
from avm_otio.mix.heard import Heard, lufs
from avm_otio.mix.loudness import integrated, loudness_range, true_peak, windows
from tests.media.sounds import noise, streams, wav

RATE = 48_000


def tone(hertz: float, seconds: float, level_db: float, phase: float = 0.0) -> np.ndarray:
    """A sine whose peaks are at a level, stereo."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.repeat((10 ** (level_db / 20) * np.sin(2 * np.pi * hertz * time + phase))[:, None], 2, axis=1)


def measured(samples: np.ndarray, block: int = 10_000) -> Heard:
    """A curve alone, without a file."""
    meter = Meter(samples.shape[1])
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block].astype(np.float32))
    curve, _ = meter.finish()
    return Heard(0, curve, 0, 0, False, 0, 0, 0)


def loudest(heard: Heard, steps: int) -> float:
    """The loudness of the loudest stretch of so many steps of 100 ms."""
    return lufs(max(windows(heard.curve.power, steps)))


def by_ffmpeg(samples: np.ndarray) -> dict[str, float]:
    """What libavfilter's ebur128 measures: integrated loudness, range and true peak."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="flt", layout="stereo", time_base="1/48000")
    meter = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    graph.link_nodes(source, meter, sink).configure()
    found: dict[str, float] = {}
    for start in range(0, len(samples), 4800):
        part = np.ascontiguousarray(samples[start : start + 4800], np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, "flt", "stereo")
        frame.sample_rate, frame.pts = RATE, start
        source.push(frame)
        while True:
            try:
                metadata = sink.pull().metadata
            except (BlockingIOError, EOFError):
                break
            found |= {key.removeprefix("lavfi.r128."): float(value) for key, value in metadata.items()}
    return found


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
    ids=["1", "2", "3", "4", "5"],
)
def test_signals_of_ebu_tech_3341_measure_right(parts: list[tuple[float, float]], expected: float) -> None:
    samples = np.concatenate([tone(1000, seconds, level) for level, seconds in parts])
    assert integrated(measured(samples).curve.power) == pytest.approx(expected, abs=0.1)


def test_momentary_and_short_term_of_ebu_tech_3341() -> None:
    """Cases 9 and 12: tones that take turns, so that every window comes to −23 LUFS."""
    for turns, steps in (((1.34, 1.66), 30), ((0.18, 0.22), 4)):
        loud, quiet = (tone(1000, seconds, level) for seconds, level in zip(turns, (-20, -30), strict=True))
        heard = measured(np.concatenate([loud, quiet] * 5))
        assert loudest(heard, steps) == pytest.approx(-23, abs=0.15)


@pytest.mark.parametrize(
    ("hertz", "phase_degrees"), [(12_000, 0), (12_000, 45), (8000, 60), (6000, 67.5), (997, 0)]
)
def test_true_peaks_of_ebu_tech_3341(hertz: float, phase_degrees: float) -> None:
    """Cases 15 to 18, tolerance +0.2 and −0.4 dB."""
    samples = tone(hertz, 1, 20 * math.log10(0.5), math.radians(phase_degrees))
    fade = np.minimum(np.arange(len(samples)) / 480, 1)[:, None]
    level = true_peak(measured(samples * fade * fade[::-1]).curve.peak)
    assert -6.4 <= level <= -5.8


@pytest.mark.parametrize("shift", range(4))
def test_true_peak_of_a_short_burst_between_samples(shift: int) -> None:
    """Cases 20 to 23: made at four times the rate, band-limited, then every fourth sample is taken."""
    time = np.arange(4 * RATE // 2)
    wave = 0.5 * np.sin(2 * np.pi * time / 16)
    burst = np.abs(time - len(time) // 2) < 8
    wave = wave * np.where(burst, 2.0, 1.0)
    spectrum = np.fft.rfft(wave)
    spectrum[np.fft.rfftfreq(len(wave), 1 / (4 * RATE)) > 20_000] = 0
    wave = np.fft.irfft(spectrum)
    samples = np.repeat(wave[shift::4, None], 2, axis=1)
    expected = 20 * math.log10(np.abs(wave[400:-400]).max())
    level = true_peak(measured(samples[100:-100]).curve.peak)
    assert expected - 0.4 <= level <= expected + 0.2


def test_all_measures_agree_with_ffmpeg_on_sound_that_changes() -> None:
    chance = np.random.default_rng(3)
    steps_db = np.repeat(chance.uniform(-40, -8, 40), RATE // 2)
    samples = 10 ** (steps_db[:, None] / 20) * chance.uniform(-1, 1, (len(steps_db), 2))
    samples = np.apply_along_axis(np.convolve, 0, samples, np.full(4, 0.5), "same")
    heard, theirs = measured(samples), by_ffmpeg(samples)
    assert integrated(heard.curve.power) == pytest.approx(theirs["I"], abs=0.1)
    assert loudness_range(heard.curve.power) == pytest.approx(theirs["LRA"], abs=0.2)
    assert true_peak(heard.curve.peak) == pytest.approx(
        20 * math.log10(theirs["true_peaks_ch0"]), abs=0.2
    ) or (
        true_peak(heard.curve.peak)
        == pytest.approx(20 * math.log10(max(theirs["true_peaks_ch0"], theirs["true_peaks_ch1"])), abs=0.2)
    )


def test_a_rumble_below_hearing_and_direct_current_have_hardly_any_loudness() -> None:
    samples = tone(5, 4, -6) + 0.3
    assert integrated(measured(samples).curve.power) == pytest.approx(by_ffmpeg(samples)["I"], abs=0.1)


def test_a_meter_hears_the_same_in_whatever_blocks_it_is_told() -> None:
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (30_011, 2))
    assert measured(samples, 777).curve == measured(samples, 30_011).curve


def test_mono_is_heard_on_both_sides_and_surround_as_it_is_mixed_down(tmp_path: Path) -> None:
    sine = tone(1000, 2, -20)
    stereo = hear(wav(tmp_path / "stereo.wav", sine))
    mono = hear(wav(tmp_path / "mono.wav", sine[:, :1]))
    assert integrated(mono.curve.power) == pytest.approx(integrated(stereo.curve.power), abs=0.02)
    assert integrated(stereo.curve.power) == pytest.approx(-20, abs=0.1)
    channels = np.zeros((len(sine), 6))
    channels[:, 2] = sine[:, 0]
    centre = hear(streams(tmp_path / "centre.wav", [channels], ["5.1"]))
    assert integrated(centre.curve.power) == pytest.approx(-20 - 3.01, abs=0.1)


def test_44100_hz_and_mp3_keep_their_loudness_length_and_places(tmp_path: Path) -> None:
    time = np.arange(2 * 44_100) / 44_100
    sine = 0.1 * np.sin(2 * np.pi * 1000 * time) * (time >= 0.5)
    samples = np.repeat(sine[:, None], 2, axis=1)
    path = wav(tmp_path / "a.wav", samples, 44_100)
    heard = hear(path)
    assert heard.length_us == pytest.approx(2_000_000, abs=50)
    assert loudest(heard, 4) == pytest.approx(-20, abs=0.1)
    assert heard.begins_us == pytest.approx(500_000, abs=500)
    assert heard.attack_us == pytest.approx(500_000, abs=500)
    with av.open(str(tmp_path / "a.mp3"), "w") as file, av.open(str(path)) as source:
        stream = file.add_stream("libmp3lame", rate=44_100, layout="stereo")
        for frame in source.decode(audio=0):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    heard = hear(tmp_path / "a.mp3")
    assert loudest(heard, 4) == pytest.approx(-20.45, abs=0.1)  # LAME takes 5 % off
    assert heard.attack_us == pytest.approx(500_000, abs=5_000)


def effect(at: int, seconds: float = 1.0, decay: float = 12.0, seed: int = 1) -> np.ndarray:
    """A burst of noise that begins at once at a sample and dies away."""
    count = round(seconds * RATE)
    sound = np.zeros((count, 2))
    time = np.arange(count - at) / RATE
    burst = np.random.default_rng(seed).uniform(-1, 1, (count - at, 2)) * np.exp(-decay * time)[:, None]
    burst[0] = 0.9
    sound[at:] = 0.8 * burst
    return sound


@pytest.mark.parametrize("at", [0, 1, 479, 480, 4801, 20_003])
@pytest.mark.parametrize("noise_db", [-120, -70, -45])
def test_an_attack_is_found_to_the_sample(tmp_path: Path, at: int, noise_db: float) -> None:
    sound = effect(at)
    sound[:at] += 10 ** (noise_db / 20) * np.random.default_rng(2).uniform(-1, 1, (at, 2))
    heard = hear(wav(tmp_path / "hit.wav", sound))
    assert heard.attack_us == round(at * 1_000_000 / RATE)
    assert at / RATE <= heard.peak_us / 1e6 <= at / RATE + 0.02
    assert not heard.is_rising
    assert not heard.is_cut_off
    assert heard.attack_us < heard.tail_us <= heard.attack_us + 100_000


@pytest.mark.parametrize("hertz", [55.0, 440.0, 5000.0])
def test_the_attack_of_a_struck_tone_is_found_within_a_third_of_a_millisecond(
    tmp_path: Path, hertz: float
) -> None:
    at = 10_001
    sound = np.zeros((RATE, 2))
    sound[at:] = tone(hertz, 1, -3)[: RATE - at] * np.exp(-8 * np.arange(RATE - at) / RATE)[:, None]
    assert hear(wav(tmp_path / "a.wav", sound)).attack_us == pytest.approx(at * 1e6 / RATE, abs=333)


def test_direct_current_is_no_sound(tmp_path: Path) -> None:
    heard = hear(wav(tmp_path / "a.wav", 0.9 * effect(9600) + 0.05))
    assert heard.attack_us == 200_000


@pytest.mark.parametrize("kind", ["riser", "whoosh"])
def test_what_swells_is_meant_by_its_peak(tmp_path: Path, kind: str) -> None:
    time = np.arange(RATE) / RATE
    swell = time**2 if kind == "riser" else np.sin(np.pi * time) ** 2
    sound = 0.7 * swell[:, None] * np.random.default_rng(1).uniform(-1, 1, (RATE, 2))
    silence = np.zeros((RATE // 2, 2))
    heard = hear(wav(tmp_path / "a.wav", np.concatenate([silence, sound, silence])))
    assert heard.is_rising
    expected = 1.5 if kind == "riser" else 1.0
    assert heard.peak_us / 1e6 == pytest.approx(expected, abs=0.011 if kind == "riser" else 0.05)
    assert heard.attack_us == heard.begins_us


def test_a_steady_sound_does_not_rise(tmp_path: Path) -> None:
    sound = 0.2 * np.random.default_rng(1).uniform(-1, 1, (3 * RATE, 2))
    sound *= np.minimum(np.arange(len(sound)) / 9600, 1)[:, None]
    assert not hear(wav(tmp_path / "a.wav", sound)).is_rising


@pytest.mark.parametrize(
    ("ending", "is_cut_off"), [("stop", True), ("fade", False), ("ring", False), ("silence after", True)]
)
def test_a_piece_that_stops_dead_is_told_from_one_that_ends(
    tmp_path: Path, ending: str, is_cut_off: bool
) -> None:
    sound = tone(220, 3, -12) + tone(331, 3, -14)
    time = np.arange(len(sound)) / RATE
    if ending == "fade":
        sound *= np.clip((3 - time) / 1.5, 0, 1)[:, None]
    elif ending == "ring":
        sound *= np.exp(-6 * np.maximum(time - 1.5, 0))[:, None]
    elif ending == "silence after":
        sound[2 * RATE :] = 0
    heard = hear(wav(tmp_path / "a.wav", sound))
    assert heard.is_cut_off is is_cut_off
    if ending == "silence after":
        assert heard.ends_us == pytest.approx(2_000_000, abs=500)
    if ending == "ring":
        assert 1_400_000 <= heard.tail_us <= 1_700_000


def test_silence_begins_and_ends_nowhere(tmp_path: Path) -> None:
    heard = hear(wav(tmp_path / "a.wav", np.zeros((RATE, 2))))
    assert heard.length_us == 1_000_000
    assert (heard.begins_us, heard.ends_us, heard.attack_us, heard.peak_us, heard.tail_us) == (0, 0, 0, 0, 0)
    assert heard.curve.power == heard.curve.peak == (0.0,) * 10
    assert integrated(heard.curve.power) == -math.inf


def test_a_file_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"nothing that plays")
    with pytest.raises(MediaError):
        hear(path)
    with pytest.raises(MediaError, match="holds no sound"):
        hear(wav(tmp_path / "b.wav", np.zeros((0, 2))))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38])
@pytest.mark.parametrize("at", [0, 70_000])
def test_what_is_no_number_is_no_sound(tmp_path: Path, value: float, at: int) -> None:
    samples = noise(3).astype("<f4")
    samples[at] = value
    data = samples.tobytes()
    form = (b"WAVEfmt ", 16, 3, 1, RATE, RATE * 4, 4, 32)
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(data), *form, b"data", len(data))
    (tmp_path / "a.wav").write_bytes(head + data)
    with pytest.raises(MediaError, match="is no number"):
        hear(tmp_path / "a.wav", music=True)


def test_listening_can_be_broken_off(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hear(wav(tmp_path / "a.wav", effect(0)), check=stop)
