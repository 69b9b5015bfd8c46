"""The sound of the scenes: each a function from a length to samples, in step with what is seen.

Samples are floats, one row a sample, two columns (left, right), at ``RATE`` hertz.
"""

from __future__ import annotations

from math import pi

import numpy as np
from events import (
    BOUNCES_S,
    BURSTS_S,
    DRUMS_S,
    POLE_S,
    STEP_S,
    TALK_S,
    TALK_SEED,
    TICK_S,
    WAVE_S,
    Syllable,
    ball_speed_at,
    speech,
)
from numpy.typing import NDArray

RATE = 48_000
"""Sample rate of every sound here but the music, in hertz."""

MUSIC_RATE = 44_100
"""Sample rate of the music, on purpose another one."""

Samples = NDArray[np.float64]

_FORMANTS_HZ = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
"""First three formants of five vowels of a grown man: Peterson and Barney, 1952."""


def train(seconds: float) -> Samples:
    """Rumble, the double beat of the wheels, and a swish at every pole."""
    mix = _stereo(_noise(1, seconds, 40, 400), _noise(2, seconds, 40, 400)) * 0.10
    for number, start in enumerate(np.arange(0.2, seconds, 0.62)):
        for beat, level in ((0.0, 0.5), (0.13, 0.38)):
            _add(mix, start + beat, _knock(10 + number, 0.16, 95, 700) * level, 0.1)
    for number, start in enumerate(np.arange(POLE_S, seconds, POLE_S)):
        _add(mix, start - 0.16, _swish(40 + number, 0.32) * 0.5, 0.0)
    return mix


def walker(seconds: float) -> Samples:
    """Footsteps on paving, over the murmur of a city."""
    mix = _city(seconds, 3)
    for number, start in enumerate(np.arange(STEP_S, seconds, STEP_S)):
        side = 0.12 if number % 2 else -0.12
        _add(mix, start, _knock(80 + number, 0.11, 150, 2600) * 0.75, side)
    return mix


def talker(seconds: float) -> Samples:
    """A voice in a room that hums and hisses a little."""
    mix = _stereo(_noise(5, seconds, 80, 7000), _noise(6, seconds, 80, 7000)) * 0.012
    mix += (0.010 * np.sin(2 * pi * 100 * _time(seconds)))[:, None]
    mix += _voice(TALK_SEED, TALK_S, 118)[: len(mix), None] * (0.62, 0.58)
    return mix


def clock(seconds: float) -> Samples:
    """Ticks in a quiet room."""
    mix = _stereo(_noise(7, seconds, 60, 3000), _noise(8, seconds, 60, 3000)) * 0.008
    for number, start in enumerate(np.arange(TICK_S, seconds, TICK_S)):
        _add(mix, start, _click(120 + number, 0.05, 2300) * 0.7, 0.0)
        _add(mix, start + 0.5, _click(140 + number, 0.05, 1700) * 0.3, 0.0)
    return mix


def ball(seconds: float) -> Samples:
    """A ball's bounces, each as loud as it is fast, in a room."""
    mix = _stereo(_noise(9, seconds, 60, 2500), _noise(10, seconds, 60, 2500)) * 0.010
    for number, start in enumerate(one for one in BOUNCES_S if one < seconds):
        loud = 0.16 * ball_speed_at(number)
        _add(mix, start, _knock(160 + number, 0.2, 130 + 12 * number, 900) * loud, -0.5 + 0.2 * start)
    return mix


def rain(seconds: float) -> Samples:
    """Rain on a pane, single drops among it."""
    mix = _stereo(_noise(11, seconds, 900, 9000), _noise(12, seconds, 900, 9000)) * 0.05
    rng = np.random.default_rng(13)
    for start in np.sort(rng.uniform(0, seconds, int(22 * seconds))):
        drop = _click(int(start * 1000), 0.03, rng.uniform(1400, 3800)) * rng.uniform(0.06, 0.3)
        _add(mix, start, drop, rng.uniform(-0.8, 0.8))
    return mix


def fireworks(seconds: float) -> Samples:
    """A whistle, a thump and crackle for every burst, and a crowd far off."""
    mix = _city(seconds, 14) * 0.6
    for number, start in enumerate(one for one in BURSTS_S if one < seconds):
        side = (-0.5, 0.4, -0.1, 0.6)[number % 4]
        rise = _time(0.55)
        whistle = np.sin(2 * pi * (1500 * rise + 900 * rise**2)) * np.sin(pi * rise / 0.55) ** 2
        _add(mix, start - 0.55, whistle * 0.05, side)
        _add(mix, start, _knock(180 + number, 0.7, 58, 1200) * 0.85, side)
        rng = np.random.default_rng(200 + number)
        for later in rng.uniform(0.25, 1.1, 18):
            _add(mix, start + later, _click(int(later * 999), 0.02, 3000) * rng.uniform(0.05, 0.2), side)
    return mix


def drive(seconds: float) -> Samples:
    """An engine, the road, a car that comes past, and the joints of a bridge."""
    t = _time(seconds)
    hum: Samples = np.sum(
        [np.sin(2 * pi * 46 * n * t + 0.9 * n * np.sin(1.7 * t)) / n for n in range(1, 8)], axis=0
    )
    mix = _stereo(_noise(15, seconds, 50, 900), _noise(16, seconds, 50, 900)) * 0.09 + 0.035 * hum[:, None]
    for number, start in enumerate(np.arange(0.9, seconds, 1.55)):
        _add(mix, start, _swish(220 + number, 0.7) * 0.35, -0.6)
    for number, start in enumerate(np.arange(0.4, seconds, 1.1)):
        _add(mix, start, _knock(240 + number, 0.1, 80, 500) * 0.5, 0.0)
    return mix


def shore(seconds: float) -> Samples:
    """Waves that break and draw back, and a gull or two."""
    t = _time(seconds)
    swell = (0.5 + 0.5 * np.sin(2 * pi * t / WAVE_S))[:, None] ** 2
    far = _stereo(_noise(17, seconds, 80, 1500), _noise(18, seconds, 80, 1500)) * 0.06
    mix = far + _stereo(_noise(19, seconds, 300, 7000), _noise(20, seconds, 300, 7000)) * swell * 0.13
    for start, side in ((0.9, -0.5), (1.25, -0.5), (3.6, 0.6), (3.9, 0.6)):
        cry = _time(0.26)
        gull = np.sin(2 * pi * (1500 * cry - 1400 * cry**2)) + 0.4 * np.sin(
            2 * pi * (3000 * cry - 2800 * cry**2)
        )
        _add(mix, start, gull * np.sin(pi * cry / 0.26) ** 2 * 0.10, side)
    return mix


def balloons(seconds: float) -> Samples:
    """Wind, the roar of burners, and two people who talk in a basket."""
    mix = _stereo(_noise(21, seconds, 60, 700), _noise(22, seconds, 60, 700)) * 0.06
    for number, start in enumerate(np.arange(0.6, seconds, 2.62)):
        length = 1.1
        roar = _noise(260 + number, length, 150, 5000) * np.sin(pi * _time(length) / length) ** 0.4
        _add(mix, start, roar * 0.2, 0.2)
    mix += _voice(23, seconds, 205)[: len(mix), None] * (0.22, 0.12)
    return mix


def lanterns(seconds: float) -> Samples:
    """A festival drum with its rim, among a crowd."""
    mix = _city(seconds, 24) * 0.8
    for number, start in enumerate(one for one in DRUMS_S if one < seconds):
        _add(mix, start, _knock(280 + number, 0.5, 72, 500) * 0.9, 0.0)
        if number % 3 == 2:
            _add(mix, start + 0.125, _click(300 + number, 0.06, 1250) * 0.4, 0.3)
    for seed, pitch, level in ((25, 140, 0.07), (26, 220, 0.06)):
        mix += _voice(seed, seconds, pitch)[: len(mix), None] * (level, level * 0.7)
    return mix


def interview(seconds: float) -> Samples:
    """The talker's voice through one cheap microphone: mains hum and hiss, for noise reduction to work on."""
    t = _time(seconds)
    hum: Samples = np.sum([np.sin(2 * pi * 50 * n * t) / n for n in (1, 2, 3, 5)], axis=0)
    mono = (
        _voice(TALK_SEED, TALK_S, 118)[: len(t)] * 0.6 + _noise(32, seconds, 60, 12_000) * 0.035 + 0.018 * hum
    )
    return mono[:, None]


def music(seconds: float) -> Samples:
    """Plucked chords over a bass at 96 beats a minute, at ``MUSIC_RATE``."""
    mix = np.zeros((round(seconds * MUSIC_RATE), 2))
    beat = 60 / 96
    chords = (
        (220.0, 261.63, 329.63),
        (174.61, 220.0, 261.63),
        (261.63, 329.63, 392.0),
        (196.0, 246.94, 293.66),
    )
    for number in range(int(seconds / beat)):
        chord = chords[number // 4 % 4]
        if number % 2 == 0:
            _add(mix, number * beat, _pluck(chord[0] / 2, 1.1) * 0.30, 0.0, MUSIC_RATE)
        for half in (0, 1):
            note = chord[(2 * number + half) % 3] * (2 if half else 1)
            _add(mix, (number + half / 2) * beat, _pluck(note, 0.8) * 0.2, -0.4 + 0.8 * half, MUSIC_RATE)
    return mix


def _time(seconds: float, rate: int = RATE) -> Samples:
    return np.arange(round(seconds * rate)) / rate


def _stereo(left: Samples, right: Samples) -> Samples:
    return np.stack([left, right], axis=1)


def _add(mix: Samples, start: float, sound: Samples, side: float, rate: int = RATE) -> None:
    """Lay a mono sound into a mix; ``side`` is -1 (left) to 1 (right). What sticks out is cut off."""
    first = round(start * rate)
    sound = sound[max(0, -first) : max(0, len(mix) - first)]
    first = max(first, 0)
    mix[first : first + len(sound)] += sound[:, None] * (1 - max(side, 0), 1 + min(side, 0))


def _noise(seed: int, seconds: float, low_hz: float, high_hz: float) -> Samples:
    """Noise between two frequencies with soft edges, about 1 RMS, darker towards the top."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 1)
    spectrum *= (
        np.sqrt(low_hz / (hertz + low_hz)) / (1 + (low_hz / hertz) ** 4) / (1 + (hertz / high_hz) ** 4)
    )
    shaped: Samples = np.fft.irfft(spectrum, count)
    shaped /= np.sqrt(np.mean(shaped**2))
    return shaped


def _knock(seed: int, seconds: float, pitch_hz: float, bright_hz: float) -> Samples:
    """Something hits something: a dull tone that sinks, and a burst of noise."""
    t = _time(seconds)
    body = np.sin(2 * pi * pitch_hz * (t + 0.02 * (1 - np.exp(-t / 0.02)))) * np.exp(-t * 5 / seconds)
    burst = _noise(seed, seconds, pitch_hz, bright_hz) * np.exp(-t * 90)
    return (0.8 * body + 0.35 * burst) * np.minimum(t * 2000, 1)


def _click(seed: int, seconds: float, pitch_hz: float) -> Samples:
    """A short bright hit."""
    t = _time(seconds)
    tone = np.sin(2 * pi * pitch_hz * t) + 0.6 * np.sin(2 * pi * 2.71 * pitch_hz * t)
    return (0.6 * tone + 0.3 * _noise(seed, seconds, 800, 9000)) * np.exp(-t * 6 / seconds)


def _swish(seed: int, seconds: float) -> Samples:
    """Air that goes past."""
    swell: Samples = 0.6 * np.sin(pi * _time(seconds) / seconds) ** 3
    return _noise(seed, seconds, 300, 4000) * swell


def _pluck(pitch_hz: float, seconds: float) -> Samples:
    t = _time(seconds, MUSIC_RATE)
    tone: Samples = np.sum(
        [np.sin(2 * pi * pitch_hz * n * t) / n**1.4 * np.exp(-t * (2.2 + 1.5 * n)) for n in range(1, 9)],
        axis=0,
    )
    return tone * np.minimum(t * 400, 1) * np.minimum((seconds - t) * 40, 1)


def _city(seconds: float, seed: int) -> Samples:
    """Traffic far off."""
    return _stereo(_noise(seed, seconds, 50, 1200), _noise(seed + 500, seconds, 50, 1200)) * 0.035


def _voice(seed: int, seconds: float, pitch_hz: float) -> Samples:
    """Speech in no language: a voice through the formants of its syllables, some with a consonant."""
    mix = np.zeros((round((seconds + 0.3) * RATE), 2))
    rng = np.random.default_rng(seed + 1)
    for syllable in speech(seed, seconds):
        _add(mix, syllable.start, _vowel(syllable, pitch_hz * rng.uniform(0.92, 1.08)), 0.0)
        if rng.random() < 0.55:
            hiss = _noise(int(syllable.start * 1000) + seed, 0.06, 2500, 8000)
            _add(mix, syllable.start - 0.045, hiss * np.sin(pi * _time(0.06) / 0.06) * 0.10, 0.0)
    return mix[:, 0]


def _vowel(syllable: Syllable, pitch_hz: float) -> Samples:
    length = syllable.end - syllable.start
    t = _time(length)
    glide = pitch_hz * (0.9 + 0.25 * syllable.stress) * (1 - 0.22 * t / length)
    phase = np.cumsum(glide) / RATE + 0.004 * np.sin(2 * pi * 5.5 * t)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    spectrum = np.fft.rfft(pulses, 2 * len(t))
    hertz = np.fft.rfftfreq(2 * len(t), 1 / RATE)
    throat: Samples = np.sum(
        [
            level / np.sqrt((1 - (hertz / peak) ** 2) ** 2 + (hertz * width / peak**2) ** 2)
            for peak, width, level in zip(
                _FORMANTS_HZ[syllable.vowel], (80, 110, 160), (1.0, 0.5, 0.25), strict=True
            )
        ],
        axis=0,
    )
    voiced: Samples = np.fft.irfft(spectrum * throat / (1 + (hertz / 1500) ** 2) * (hertz > 60))[: len(t)]
    loud = np.sin(pi * t / length) ** 0.6 * (0.45 + 0.55 * syllable.stress)
    voiced *= 0.8 * loud / np.abs(voiced).max()
    return voiced
