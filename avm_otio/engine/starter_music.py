"""The music of the starter library: sixteen beds with chords, bass, melody, percussion and an ending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from avm_otio.engine.sound_analysis import loudness_of
from avm_otio.engine.synth import (
    Wave,
    clock,
    dice,
    glide,
    hertz,
    in_room,
    lay_in,
    levelled,
    limited,
    noise,
    panned,
    shaped,
    span,
    tones,
)

_LOUDNESS_LUFS = -18.0
_CEILING = 0.84
_TAIL_S = 3.0
"""How long the last chord rings."""

_BEATS = 4
Chord = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Bed:
    """How a bed is made.

    Attributes:
        bpm: Beats a minute, four to a bar.
        key: MIDI pitch of the tonic, in the octave of the chords.
        chords: One a bar, in semitones over the tonic; they come around again.
        bars: How many bars before the last chord.
        lead, comp: The voices of melody and chords.
        scale: What the melody may use, in semitones over the tonic.
        comp_beats: Where the chord is struck within a bar; only 0 holds it.
        bass_beats: Where the bass is played.
        kick, snare, hat: Where each is struck, in beats.
        melody: How likely a melody note is on a half beat; 0 for none.
        form: Its sections, a letter each, see ``_LAYERS``; empty where it is one.
    """

    bpm: int
    key: int
    chords: tuple[Chord, ...]
    bars: int
    lead: str
    comp: str
    scale: tuple[int, ...]
    comp_beats: tuple[float, ...] = (0,)
    bass_beats: tuple[float, ...] = (0, 2)
    kick: tuple[float, ...] = ()
    snare: tuple[float, ...] = ()
    hat: tuple[float, ...] = ()
    melody: float = 0.45
    form: str = ""

    def section(self, bar: int) -> int:
        """In which section a bar lies."""
        return bar * len(self.form) // self.bars

    def plays(self, layer: str, bar: int) -> bool:
        """Whether a layer is heard in a bar."""
        return not self.form or layer in _LAYERS[self.form[self.section(bar)]]


_LAYERS: Mapping[str, str] = {"a": "c", "b": "cb", "m": "cbm", "d": "cbmd", "r": "cbd"}
"""By the letter of a section what is heard in it: chords, bass, melody, drums."""


def bed_names() -> tuple[str, ...]:
    """The names of all beds, which carry their tags and tempo."""
    return tuple(_BEDS)


def bed(name: str) -> Wave:
    """One bed, stereo at 48 kHz, at −18 LUFS: begins on its first beat, ends on a chord that rings out.

    Raises:
        KeyError: There is no bed of that name.
    """
    plan, chance = _BEDS[name], dice(name)
    beat_s = 60.0 / plan.bpm
    length_s = plan.bars * _BEATS * beat_s + _TAIL_S
    mix = np.zeros((2, span(length_s)), np.float32)
    _chords(mix, plan, beat_s)
    _bass(mix, plan, beat_s)
    _melody(mix, plan, beat_s, chance)
    mix = in_room(mix, chance, 1.6, 0.35)
    _percussion(mix, plan, beat_s, chance)
    mix = shaped(levelled(mix, 0.5), 0.001, _TAIL_S * 0.6)
    for _ in range(2):  # rounding off the peaks takes some loudness with it
        loudness = loudness_of(mix) or _LOUDNESS_LUFS
        mix = limited(mix * np.float32(10 ** ((_LOUDNESS_LUFS - loudness) / 20)), _CEILING)
    centred: Wave = mix - mix.mean(axis=1, keepdims=True)
    return centred


def _chords(mix: Wave, plan: _Bed, beat_s: float) -> None:
    voice = _VOICES[plan.comp]
    for bar in range(plan.bars + 1):
        last = bar == plan.bars
        chord = plan.chords[0 if last else bar % len(plan.chords)]
        beats = (0.0,) if last else plan.comp_beats
        for number, beat in enumerate(beats):
            until = beats[number + 1] if number + 1 < len(beats) else _BEATS
            held_s = _TAIL_S if last else (until - beat) * beat_s + 0.25
            for order, step in enumerate(chord):
                place = 0.6 * (order / max(len(chord) - 1, 1) * 2 - 1)
                strum_s = 0.012 * order if len(plan.comp_beats) > 1 else 0.0
                note = voice(plan.key + step, round(held_s, 3))
                lay_in(mix, panned(note, place), (bar * _BEATS + beat) * beat_s + strum_s, 0.2)


def _bass(mix: Wave, plan: _Bed, beat_s: float) -> None:
    for bar in range(plan.bars + 1):
        last = bar == plan.bars
        if not last and not plan.plays("b", bar):
            continue
        root = plan.key - 12 + plan.chords[0 if last else bar % len(plan.chords)][0]
        while root > 48:
            root -= 12
        for number, beat in enumerate((0.0,) if last else plan.bass_beats):
            step = 7 if number % 4 == 3 else 0
            held_s = _TAIL_S * 0.8 if last else 1.4 * beat_s
            lay_in(
                mix, panned(_low(root + step, round(held_s, 3)), 0.0), (bar * _BEATS + beat) * beat_s, 0.34
            )


def _melody(mix: Wave, plan: _Bed, beat_s: float, chance: np.random.Generator) -> None:
    """A two-bar phrase, answered with a changed ending; strong beats land on the chord."""
    if not plan.melody:
        return
    voice = _VOICES[plan.lead]
    steps = 2 * _BEATS * 2
    phrases = []
    for _ in range(1 + len(set(plan.form))):
        rhythm = chance.random(steps) < plan.melody
        rhythm[0] = True
        phrases.append((rhythm, np.cumsum(chance.integers(-2, 3, steps))))
    enters = 2 if plan.bars > 6 and not plan.form else 0
    for bar in range(enters, plan.bars):
        if not plan.plays("m", bar):
            continue
        # The theme comes back; between there is another.
        rhythm, walk = phrases[plan.section(bar) // 2 % 2 if plan.form else 0]
        answer = (bar - enters) // 2 % 2
        for half in range(_BEATS * 2):
            step = (bar - enters) % 2 * _BEATS * 2 + half
            if not rhythm[step] or (answer and step >= steps - 3):
                continue
            degree = int(walk[step]) + (2 if answer and step >= steps // 2 else 0)
            pitch = (
                plan.key + 12 + _scale_step(plan.scale, degree % (2 * len(plan.scale)) - len(plan.scale) // 2)
            )
            if half % 4 == 0:
                pitch = _nearest_of(plan.chords[bar % len(plan.chords)], plan.key, pitch)
            at_s = (bar * _BEATS + half / 2) * beat_s
            side = 0.35 * (-1) ** step
            lay_in(mix, panned(voice(pitch, round(1.6 * beat_s, 3)), side), at_s, 0.26 if half % 2 else 0.32)


def _scale_step(scale: tuple[int, ...], degree: int) -> int:
    octave, step = divmod(degree, len(scale))
    return 12 * octave + scale[step]


def _nearest_of(chord: Chord, key: int, pitch: int) -> int:
    options = [key + step + 12 * octave for step in chord for octave in range(-1, 4)]
    return min(options, key=lambda option: (abs(option - pitch), option))


def _percussion(mix: Wave, plan: _Bed, beat_s: float, chance: np.random.Generator) -> None:
    for bar in range(plan.bars):
        if not plan.plays("d", bar):
            continue
        if bar < 2 and plan.bars > 8 and not plan.form:
            continue  # the drums come in after the theme has begun
        for beats, make, level, place in (
            (plan.kick, _kick, 0.8, 0.0),
            (plan.snare, _snare, 0.32, 0.1),
            (plan.hat, _hat, 0.12, -0.35),
        ):
            for beat in beats:
                human = 1 - 0.25 * chance.random()
                lay_in(mix, panned(make(), place), (bar * _BEATS + beat) * beat_s, level * human)


@cache
def _kick() -> Wave:
    return shaped(glide(0.28, 130, 48, 35) * np.exp(-13 * clock(0.28)), 0.001, 0.05)


@cache
def _snare() -> Wave:
    chance = dice("brush")
    brush = noise(0.2, chance, 900, 7000) * np.exp(-22 * clock(0.2))
    return shaped(brush + 0.4 * tones(0.2, [196], [1.0], [25]), 0.002, 0.05)


@cache
def _hat() -> Wave:
    return shaped(noise(0.09, dice("hat"), 6500, 15_000) * np.exp(-50 * clock(0.09)), 0.001, 0.02)


@cache
def _low(pitch: int, seconds: float) -> Wave:
    base_hz = hertz(pitch)
    wave = tones(seconds, [base_hz, 2 * base_hz, 3 * base_hz], (1, 0.45, 0.18), (1.2, 2.2, 3.5))
    return shaped(wave, 0.008, 0.12)


@cache
def _pluck(pitch: int, seconds: float) -> Wave:
    """A plucked string."""
    base_hz, partials = hertz(pitch), range(1, 12)
    frequencies_hz = [base_hz * k * (1 + 0.00012 * k * k) for k in partials]
    levels = [np.sin(np.pi * k * 0.22) / k**1.15 for k in partials]
    return shaped(tones(seconds, frequencies_hz, levels, [1.8 + 1.1 * k for k in partials]), 0.002, 0.1)


@cache
def _keys(pitch: int, seconds: float) -> Wave:
    """A soft piano."""
    base_hz, partials = hertz(pitch), range(1, 9)
    frequencies_hz = [base_hz * k * (1 + 0.0002 * k * k) for k in partials]
    levels = [0.9 / k**1.5 for k in partials]
    return shaped(tones(seconds, frequencies_hz, levels, [0.9 + 0.7 * k for k in partials]), 0.006, 0.18)


@cache
def _bell(pitch: int, seconds: float) -> Wave:
    """A music box."""
    base_hz = hertz(pitch)
    wave = tones(seconds, [base_hz * r for r in (1, 2.01, 3.9, 6.1)], (1, 0.3, 0.2, 0.08), (3, 4.5, 8, 14))
    return shaped(wave, 0.002, 0.15)


@cache
def _strings(pitch: int, seconds: float) -> Wave:
    """Bowed strings: two detuned rows of partials that come in slowly."""
    base_hz, partials = hertz(pitch), range(1, 8)
    frequencies_hz = [base_hz * k * detune for k in partials for detune in (0.9975, 1.0025)]
    levels = [0.32 / k**1.3 for k in partials for _ in range(2)]
    return shaped(tones(seconds, frequencies_hz, levels), min(0.35, seconds / 3), min(0.4, seconds / 3))


@cache
def _warm(pitch: int, seconds: float) -> Wave:
    """A pad with few partials."""
    base_hz = hertz(pitch)
    frequencies_hz = [base_hz * r for r in (0.998, 1.002, 1.999, 3.003)]
    return shaped(tones(seconds, frequencies_hz, (0.5, 0.5, 0.2, 0.08)), 0.25, 0.3)


@cache
def _synth(pitch: int, seconds: float) -> Wave:
    """A short, bright synthesiser note."""
    base_hz, partials = hertz(pitch), (1, 3, 5, 7, 9)
    frequencies_hz = [base_hz * k for k in partials]
    return shaped(
        tones(seconds, frequencies_hz, [0.8 / k for k in partials], [2.5 + k for k in partials]), 0.004, 0.1
    )


_VOICES: Mapping[str, Callable[[int, float], Wave]] = {
    "pluck": _pluck,
    "keys": _keys,
    "bell": _bell,
    "strings": _strings,
    "warm": _warm,
    "synth": _synth,
}

_PENTATONIC = (0, 2, 4, 7, 9)
_MINOR_PENTATONIC = (0, 3, 5, 7, 10)
_I, _IV, _V, _VI, _II = (0, 4, 7, 12), (5, 9, 12, 17), (7, 11, 14, 19), (9, 12, 16, 21), (2, 5, 9, 14)
_MI, _MIV, _MVI, _MVII, _MIII = (
    (0, 3, 7, 12),
    (5, 8, 12, 17),
    (8, 12, 15, 20),
    (10, 14, 17, 22),
    (3, 7, 10, 15),
)
_EIGHTHS = tuple(n / 2 for n in range(8))

_BEDS: Mapping[str, _Bed] = {
    "Warm Sunrise – Folk Guitar – 92 bpm": _Bed(
        92,
        55,
        (_I, _VI, _IV, _V),
        8,
        "keys",
        "pluck",
        _PENTATONIC,
        comp_beats=(0, 1, 1.5, 2.5, 3),
        kick=(0, 2),
        snare=(1, 3),
        hat=(0.5, 1.5, 2.5, 3.5),
    ),
    "Quiet Letter – Calm Piano – 70 bpm": _Bed(
        70,
        60,
        (_I, _V, _VI, _IV),
        6,
        "keys",
        "keys",
        _PENTATONIC,
        comp_beats=(0, 2),
        bass_beats=(0,),
        melody=0.35,
    ),
    "Night Drive – Electronic Synth – 108 bpm": _Bed(
        108,
        57,
        (_MI, _MVI, _MIII, _MVII),
        12,
        "synth",
        "warm",
        _MINOR_PENTATONIC,
        bass_beats=_EIGHTHS,
        kick=(0, 1, 2, 3),
        snare=(1, 3),
        hat=_EIGHTHS,
        melody=0.4,
    ),
    "Bright Steps – Happy Pop Ukulele – 120 bpm": _Bed(
        120,
        60,
        (_I, _IV, _V, _IV),
        12,
        "bell",
        "pluck",
        _PENTATONIC,
        comp_beats=(0, 1, 1.5, 2, 3, 3.5),
        bass_beats=(0, 1.5, 2, 3),
        kick=(0, 2, 2.5),
        snare=(1, 3),
        hat=_EIGHTHS,
        melody=0.55,
    ),
    "Rising Tide – Epic Cinematic Strings – 84 bpm": _Bed(
        84,
        50,
        (_MI, _MVI, _MIII, _MVII),
        8,
        "strings",
        "strings",
        _MINOR_PENTATONIC,
        bass_beats=_EIGHTHS,
        kick=(0, 1.5, 3),
        melody=0.3,
    ),
    "Slow Fog – Dark Ambient Drone – 60 bpm": _Bed(
        60,
        48,
        (_MI, _MIV, _MVI, _MI),
        5,
        "bell",
        "warm",
        _MINOR_PENTATONIC,
        bass_beats=(0,),
        melody=0.15,
    ),
    "Closing In – Tense Suspense Pulse – 132 bpm": _Bed(
        132,
        52,
        (_MI, _MI, _MVI, _MIV),
        12,
        "pluck",
        "strings",
        _MINOR_PENTATONIC,
        bass_beats=_EIGHTHS,
        kick=(0, 2),
        hat=tuple(n / 4 for n in range(16)),
        melody=0.3,
    ),
    "Small Wonders – Playful Music Box – 100 bpm": _Bed(
        100,
        65,
        (_I, _II, _IV, _V),
        8,
        "bell",
        "pluck",
        _PENTATONIC,
        comp_beats=(0, 1, 2, 3),
        bass_beats=(0, 2),
        hat=(1, 3),
        melody=0.5,
    ),
    "Long Road Home – Hopeful Folk Acoustic Guitar – 96 bpm": _Bed(
        96,
        55,
        (_I, _V, _VI, _IV),
        52,
        "keys",
        "pluck",
        _PENTATONIC,
        comp_beats=(0, 1.5, 2, 3, 3.5),
        kick=(0, 2),
        snare=(1, 3),
        hat=(0.5, 1.5, 2.5, 3.5),
        form="abmdrmdabmdda",
    ),
    "Deep Horizon – Calm Ambient Pad – 64 bpm": _Bed(
        64,
        53,
        (_I, _II, _IV, _I),
        34,
        "bell",
        "warm",
        _PENTATONIC,
        bass_beats=(0,),
        melody=0.2,
        form="aabmmbammmba",
    ),
    "Paper Planes – Happy Indie Pop – 112 bpm": _Bed(
        112,
        62,
        (_IV, _I, _V, _VI),
        12,
        "synth",
        "pluck",
        _PENTATONIC,
        comp_beats=(0, 0.5, 1.5, 2, 2.5, 3.5),
        kick=(0, 1, 2, 3),
        snare=(1, 3),
        hat=(0.5, 1.5, 2.5, 3.5),
        melody=0.5,
        form="bdd",
    ),
    "Blue Corner – Jazz Swing Piano – 126 bpm": _Bed(
        126,
        58,
        (_II, _V, _I, _VI),
        14,
        "keys",
        "keys",
        (0, 2, 3, 4, 7, 9),
        comp_beats=(0, 1.67, 3),
        bass_beats=(0, 1, 2, 3),
        snare=(1, 3),
        hat=(0, 1, 1.67, 2, 3, 3.67),
        melody=0.5,
    ),
    "Full Tilt – Action Electronic Drive – 140 bpm": _Bed(
        140,
        49,
        (_MI, _MVII, _MVI, _MVII),
        16,
        "synth",
        "synth",
        _MINOR_PENTATONIC,
        comp_beats=(0, 0.75, 1.5, 2.5, 3.25),
        bass_beats=_EIGHTHS,
        kick=(0, 1, 2, 3),
        snare=(1, 3),
        hat=tuple(n / 4 for n in range(16)),
        melody=0.35,
        form="brdd",
    ),
    "First Light – Tender Piano Strings – 76 bpm": _Bed(
        76,
        57,
        (_VI, _IV, _I, _V),
        8,
        "keys",
        "strings",
        _PENTATONIC,
        bass_beats=(0,),
        melody=0.4,
        form="am",
    ),
    "Empty Chair – Sad Slow Strings – 66 bpm": _Bed(
        66,
        55,
        (_MI, _MVI, _MIV, _MVII),
        6,
        "strings",
        "strings",
        _MINOR_PENTATONIC,
        bass_beats=(0,),
        melody=0.25,
    ),
    "Stone Gate – Epic Hero Strings – 104 bpm": _Bed(
        104,
        48,
        (_MVI, _MVII, _MI, _MI),
        12,
        "strings",
        "strings",
        _MINOR_PENTATONIC,
        bass_beats=_EIGHTHS,
        kick=(0, 0.5, 2, 3),
        snare=(3.5,),
        melody=0.4,
        form="rdd",
    ),
}
