"""The effects of the starter library, each a small function of chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from avm_otio.engine.sound_analysis import loudness_of
from avm_otio.engine.synth import (
    Wave,
    clock,
    dice,
    fitted,
    glide,
    in_room,
    lay_in,
    levelled,
    limited,
    moving_noise,
    noise,
    panned,
    shaped,
    span,
    tones,
    widened,
)

_PEAK = 0.84
"""−1.5 dBFS: room for whatever a codec adds."""

Chance = np.random.Generator


def effect_names() -> tuple[str, ...]:
    """The names of all effects, by the Universal Category System."""
    return tuple(_EFFECTS)


def effect(name: str) -> Wave:
    """One effect, stereo at 48 kHz, its ends at silence, as loud as what it does, below −1.5 dBFS.

    Raises:
        KeyError: There is no effect of that name.
    """
    make, what = _EFFECTS[name]
    sound = shaped(levelled(make(dice(name)), 0.5), 0.002, 0.03)
    loudness = loudness_of(sound)
    gain = 1.0 if loudness is None else 10 ** ((_LOUDNESS_LUFS[what] - loudness) / 20)
    loud = limited(sound * np.float32(gain), _PEAK)
    centred: Wave = loud - loud.mean(axis=1, keepdims=True)
    return shaped(centred, 0.002, 0.03)


def _whoosh(
    chance: Chance, seconds: float, low_hz: float, high_hz: float, peak_at: float, side: float = 0.8
) -> Wave:
    time = clock(seconds) / np.float32(seconds)
    near = np.exp(-0.5 * ((time - peak_at) / np.where(time < peak_at, 0.24, 0.13)) ** 2)
    centre_hz = low_hz * (high_hz / low_hz) ** near
    air = [moving_noise(seconds, chance, centre_hz, 0.7) * near for _ in range(2)]
    across = side * (2 * time - 1)
    angle = (across + 1) * np.pi / 4
    mid = air[0] + 0.5 * air[1]
    return np.stack([mid * np.cos(angle) + 0.2 * air[1], mid * np.sin(angle) - 0.2 * air[1]]).astype(
        np.float32
    )


def _impact(
    chance: Chance, seconds: float, start_hz: float, end_hz: float, crack: float, room_s: float
) -> Wave:
    time = clock(seconds)
    body = glide(seconds, start_hz, end_hz, 22) * np.exp(-5.5 * time / seconds * 1.2)
    snap = noise(seconds, chance, 300, 5000, -0.5) * np.exp(-45 * time) * crack
    grit = noise(seconds, chance, 60, 900, -0.7) * np.exp(-9 * time) * 0.35
    return in_room(panned(body + snap + grit, 0.0), chance, room_s, 0.5)


def _riser(chance: Chance, seconds: float, start_hz: float, end_hz: float, tonal: float) -> Wave:
    time = clock(seconds) / np.float32(seconds)
    centre_hz = (start_hz * (end_hz / start_hz) ** (time**1.4)).astype(np.float32)
    rise = (time**2.2).astype(np.float32)
    flutter = 1 - 0.25 * np.sin(2 * np.pi * (3 + 9 * time) * time * seconds)
    sides = [moving_noise(seconds, chance, centre_hz, 0.6) for _ in range(2)]
    pitch = np.cumsum(centre_hz / 4) / 48_000
    tone = np.sin(2 * np.pi * pitch) + 0.5 * np.sin(2 * np.pi * pitch * 1.498)
    mix = np.stack([(side + tonal * tone) * rise * flutter for side in sides]).astype(np.float32)
    return shaped(mix, 0.01, 0.06)


def _tick(chance: Chance, pitch_hz: float, ring: float, air: float) -> Wave:
    ratios = (1.0, 2.76, 5.4)
    body = tones(0.22, [pitch_hz * r for r in ratios], (1, 0.5, 0.25), [ring * r for r in ratios])
    snap = noise(0.22, chance, 2500, 14_000) * np.exp(-400 * clock(0.22)) * air
    return in_room(panned(body + snap, 0.0), chance, 0.18, 0.25)


def _room(chance: Chance, seconds: float, low_hz: float, high_hz: float, tilt: float, sway: float) -> Wave:
    """A steady bed whose level sways slowly."""
    time = clock(seconds)
    phase = chance.uniform(0, 2 * np.pi, 3)
    moves = sum(np.sin(2 * np.pi * (0.11 * n + 0.09) * time + phase[n]) for n in range(3)) / 3
    level = (1 + sway * moves).astype(np.float32)
    left, right = (noise(seconds, chance, low_hz, high_hz, tilt) * level for _ in range(2))
    return shaped(widened(seconds, left + 0.3 * right, right + 0.3 * left), 0.4, 0.6)


def _wind(chance: Chance, seconds: float) -> Wave:
    time = clock(seconds)
    gust = 0.5 + 0.3 * np.sin(2 * np.pi * 0.23 * time) + 0.2 * np.sin(2 * np.pi * 0.61 * time + 1)
    centre_hz = (220 * 4**gust).astype(np.float32)
    sides = [moving_noise(seconds, chance, centre_hz, 0.8) * (0.4 + gust) for _ in range(2)]
    return shaped(np.stack(sides).astype(np.float32), 0.4, 0.6)


def _rain(chance: Chance, seconds: float) -> Wave:
    mix = 0.25 * _room(chance, seconds, 900, 9000, -0.2, 0.1)
    drop = noise(0.02, chance, 1500, 9000) * np.exp(-250 * clock(0.02))
    for at_s in chance.uniform(0.2, seconds - 0.4, int(90 * seconds)):
        lay_in(mix, panned(drop, chance.uniform(-0.9, 0.9)), at_s, chance.uniform(0.05, 0.3))
    return mix


def _stream(chance: Chance, seconds: float) -> Wave:
    mix = 0.3 * _room(chance, seconds, 350, 3500, -0.4, 0.25)
    for at_s in chance.uniform(0.1, seconds - 0.3, int(28 * seconds)):
        lay_in(mix, panned(_bubble(chance), chance.uniform(-0.8, 0.8)), at_s, chance.uniform(0.05, 0.25))
    return mix


def _bubble(chance: Chance) -> Wave:
    start_hz = chance.uniform(500, 1400)
    return glide(0.07, start_hz, start_hz * 1.8, 25) * np.exp(-45 * clock(0.07))


def _drop(chance: Chance) -> Wave:
    drop = glide(0.16, 700, 1900, 14) * np.exp(-26 * clock(0.16))
    mix = fitted(panned(shaped(drop, 0.003, 0.02), 0.0), span(0.9))
    return in_room(mix, chance, 0.7, 0.5)


def _splash(chance: Chance) -> Wave:
    time = clock(1.1)
    body = noise(1.1, chance, 300, 6000, -0.3) * np.exp(-5 * time) * (1 - np.exp(-60 * time))
    mix = panned(body.astype(np.float32), 0.0)
    for at_s in chance.uniform(0.15, 0.8, 14):
        lay_in(mix, panned(_bubble(chance), chance.uniform(-0.7, 0.7)), at_s, 0.3)
    return mix


def _steps(chance: Chance, count: int, low_hz: float, high_hz: float, grains: int, body_hz: float) -> Wave:
    mix = np.zeros((2, span(0.55 * count + 0.15)), np.float32)
    for number in range(count):
        at_s = 0.02 + 0.55 * number + chance.uniform(0, 0.02)
        thump = glide(0.12, body_hz * 1.6, body_hz, 30) * np.exp(-38 * clock(0.12))
        lay_in(mix, panned(shaped(thump, 0.002, 0.02), 0.1 * (-1) ** number), at_s, 0.8)
        for grain_s in np.sort(chance.uniform(0, 0.13, grains)):
            scuff = noise(0.03, chance, low_hz, high_hz) * np.exp(-120 * clock(0.03))
            lay_in(mix, panned(scuff, chance.uniform(-0.3, 0.3)), at_s + grain_s, chance.uniform(0.1, 0.4))
    return in_room(mix, chance, 0.3, 0.25)


def _door(chance: Chance, seconds: float, latch_s: float, weight_hz: float) -> Wave:
    mix = np.zeros((2, span(seconds)), np.float32)
    thud = glide(0.35, weight_hz * 2, weight_hz, 24) * np.exp(-14 * clock(0.35))
    lay_in(mix, panned(thud + 0.3 * noise(0.35, chance, 200, 2500) * np.exp(-50 * clock(0.35)), 0.0), latch_s)
    for offset_s, level in ((-0.06, 0.25), (0.05, 0.35)):
        latch = tones(0.08, (1250, 2210, 3900), (1, 0.7, 0.4), (90, 110, 140))
        lay_in(mix, panned(latch, 0.2), latch_s + offset_s, level)
    return in_room(mix, chance, 0.6, 0.4)


def _creak(chance: Chance) -> Wave:
    time = clock(1.3)
    rate_hz = 38 + 26 * np.sin(2 * np.pi * 0.55 * time) ** 2
    grip = np.maximum(np.sin(2 * np.pi * np.cumsum(rate_hz) / 48_000), 0) ** 8
    wood = noise(1.3, chance, 500, 2600) * 0.6 + tones(1.3, (620, 915, 1480), (1, 0.6, 0.4))
    body = shaped((wood * grip).astype(np.float32), 0.15, 0.3)
    return in_room(panned(body, -0.15), chance, 0.5, 0.35)


def _click(chance: Chance, pitch_hz: float, twice: bool) -> Wave:
    mix = np.zeros((2, span(0.3)), np.float32)
    for number in range(2 if twice else 1):
        snap = noise(0.05, chance, 1200, 9000) * np.exp(-260 * clock(0.05))
        body = tones(0.05, (pitch_hz, pitch_hz * 1.7), (0.7, 0.4), (130, 170))
        lay_in(mix, panned(snap + body, 0.0), 0.005 + 0.11 * number, 1.0 - 0.3 * number)
    return in_room(mix, chance, 0.12, 0.15)


def _swell(chance: Chance, seconds: float, chord: tuple[float, ...]) -> Wave:
    time = clock(seconds) / np.float32(seconds)
    rise = np.where(time < 0.75, (time / 0.75) ** 2, np.maximum(0, (1 - time) / 0.25) ** 1.5)
    left = tones(seconds, [hz * ratio for hz in chord for ratio in (0.998, 2.003)], [1, 0.3] * len(chord))
    right = tones(seconds, [hz * ratio for hz in chord for ratio in (1.002, 1.997)], [1, 0.3] * len(chord))
    air = 0.4 * noise(seconds, chance, 800, 7000, -0.4)
    return in_room(widened(seconds, (left + air) * rise, (right + air) * rise), chance, 0.8, 0.4)


def _glitch(chance: Chance, seconds: float, grain_s: float) -> Wave:
    mix = np.zeros((2, span(seconds)), np.float32)
    for at_s in np.arange(0.005, seconds - grain_s - 0.08, grain_s):
        if chance.random() < 0.3:
            continue
        pitch_hz = float(chance.choice((220, 440, 660, 990, 1480, 2960)))
        grain: Wave = np.sign(tones(grain_s * 0.8, [pitch_hz], [1.0])) * 0.4
        if chance.random() < 0.5:
            grain = noise(grain_s * 0.8, chance, 500, 9000)
        lay_in(mix, panned(shaped(grain, 0.001, 0.002), chance.uniform(-0.7, 0.7)), at_s, 0.6)
    return in_room(mix, chance, 0.15, 0.2)


def _pop(chance: Chance) -> Wave:
    body = glide(0.2, 320, 950, 40) * np.exp(-32 * clock(0.2))
    return in_room(panned(shaped(body, 0.002, 0.04), 0.0), chance, 0.15, 0.2)


def _chime(chance: Chance) -> Wave:
    ratios = (1.0, 2.0, 2.98, 4.1, 5.43)
    bell = tones(2.4, [784 * r for r in ratios], (1, 0.5, 0.4, 0.2, 0.15), (1.8, 2.4, 3.2, 4.6, 6.0))
    return in_room(panned(shaped(bell, 0.002, 0.5), 0.1), chance, 1.2, 0.4)


_LOUDNESS_LUFS = {
    "whoosh": -20.0,
    "hit": -16.0,
    "riser": -20.0,
    "tick": -26.0,
    "room": -38.0,
    "ambience": -30.0,
    "spot": -24.0,
}
"""How loud effects are by what they do: what a person would hear them at beside each other."""

_MINOR, _MAJOR, _FIFTH = (196.0, 233.08, 293.66), (220.0, 277.18, 329.63, 440.0), (110.0, 164.81, 220.0)

_MADE: tuple[tuple[str, str, str, Callable[[Chance], Wave]], ...] = (
    ("DSGNWhsh", "Whoosh Fast Air", "whoosh", lambda c: _whoosh(c, 0.55, 400, 4200, 0.62)),
    ("DSGNWhsh", "Whoosh Soft Pass", "whoosh", lambda c: _whoosh(c, 0.9, 250, 1900, 0.6)),
    ("DSGNWhsh", "Whoosh Deep Swing", "whoosh", lambda c: _whoosh(c, 1.1, 90, 750, 0.62, 0.5)),
    ("DSGNWhsh", "Whoosh Bright Flick", "whoosh", lambda c: _whoosh(c, 0.35, 900, 8000, 0.6)),
    ("DSGNWhsh", "Whoosh Long Air", "whoosh", lambda c: _whoosh(c, 1.6, 200, 2600, 0.66)),
    ("DSGNWhsh", "Whoosh Dark Sweep", "whoosh", lambda c: _whoosh(c, 1.3, 110, 1200, 0.6, 0.6)),
    ("DSGNWhsh", "Whoosh Short Pass", "whoosh", lambda c: _whoosh(c, 0.45, 300, 2800, 0.55)),
    ("DSGNWhsh", "Whoosh Heavy Pass", "whoosh", lambda c: _whoosh(c, 0.8, 70, 1100, 0.58, 0.4)),
    ("DSGNWhsh", "Whoosh High Sweep", "whoosh", lambda c: _whoosh(c, 0.7, 1200, 9000, 0.62)),
    ("DSGNWhsh", "Whoosh Wide Pass", "whoosh", lambda c: _whoosh(c, 1.0, 350, 3400, 0.6, 1.0)),
    ("DSGNWhsh", "Whoosh Quick Snap", "whoosh", lambda c: _whoosh(c, 0.28, 600, 6000, 0.7)),
    ("SWSH", "Swish Thin", "whoosh", lambda c: _whoosh(c, 0.3, 1500, 9500, 0.55)),
    ("DSGNImpt", "Impact Tight Hit", "hit", lambda c: _impact(c, 0.7, 190, 62, 0.9, 0.4)),
    ("DSGNImpt", "Impact Soft Thud", "hit", lambda c: _impact(c, 0.6, 130, 55, 0.12, 0.3)),
    ("DSGNImpt", "Impact Big Hall Drum", "hit", lambda c: _impact(c, 2.4, 150, 52, 0.5, 2.2)),
    ("DSGNImpt", "Impact Dry Hit", "hit", lambda c: _impact(c, 0.45, 210, 70, 0.7, 0.15)),
    ("DSGNImpt", "Impact Distant", "hit", lambda c: _impact(c, 2.0, 110, 46, 0.08, 2.6)),
    ("DSGNImpt", "Impact Hard Short", "hit", lambda c: _impact(c, 0.5, 240, 58, 1.2, 0.25)),
    ("DSGNImpt", "Impact Huge", "hit", lambda c: _impact(c, 3.0, 170, 36, 0.8, 2.8)),
    ("DSGNImpt", "Impact Low Double", "hit", lambda c: _impact(c, 1.2, 140, 44, 0.3, 0.9)),
    ("DSGNBoom", "Boom Deep", "hit", lambda c: _impact(c, 1.8, 120, 38, 0.25, 1.4)),
    ("DSGNBoom", "Boom Sub Long", "hit", lambda c: _impact(c, 2.8, 85, 30, 0.05, 1.8)),
    ("DSGNRise", "Riser Airy Build", "riser", lambda c: _riser(c, 2.4, 250, 6500, 0.05)),
    ("DSGNRise", "Riser Tension Tone", "riser", lambda c: _riser(c, 3.0, 160, 2400, 0.5)),
    ("DSGNRise", "Riser Short Lift", "riser", lambda c: _riser(c, 1.2, 300, 5200, 0.15)),
    ("DSGNRise", "Riser Long Build", "riser", lambda c: _riser(c, 4.5, 180, 5000, 0.2)),
    ("DSGNRise", "Riser Bright", "riser", lambda c: _riser(c, 2.0, 600, 9000, 0.1)),
    ("DSGNRise", "Riser Deep", "riser", lambda c: _riser(c, 2.6, 80, 1200, 0.4)),
    ("DSGNRise", "Swell Warm Chord", "riser", lambda c: _swell(c, 2.4, _MAJOR)),
    ("DSGNRise", "Swell Dark Fifth", "riser", lambda c: _swell(c, 2.8, _FIFTH)),
    ("DSGNRise", "Swell Minor Chord", "riser", lambda c: _swell(c, 3.2, _MINOR)),
    ("UIClick", "Tick Dry", "tick", lambda c: _tick(c, 1250, 70, 0.9)),
    ("UIClick", "Tick High", "tick", lambda c: _tick(c, 2800, 48, 0.4)),
    ("UIClick", "Tick Soft", "tick", lambda c: _tick(c, 820, 55, 0.25)),
    ("UIClick", "Click Short", "tick", lambda c: _click(c, 1700, False)),
    ("WOODTonl", "Tick Wood", "tick", lambda c: _tick(c, 980, 42, 0.5)),
    ("GLASTonl", "Tick Glass", "tick", lambda c: _tick(c, 2350, 24, 0.3)),
    ("CLOCKTick", "Clock Soft", "tick", lambda c: _tick(c, 1450, 60, 0.8)),
    ("UIClick", "Switch", "tick", lambda c: _click(c, 1900, True)),
    ("UIClick", "Button", "tick", lambda c: _click(c, 1300, False)),
    ("UIMisc", "Pop", "tick", lambda c: _pop(c)),
    ("AMBRoom", "Room Quiet Interior", "room", lambda c: _room(c, 8.0, 40, 400, -0.9, 0.12)),
    ("AMBRoom", "Room Large Hall Air", "room", lambda c: _room(c, 8.0, 60, 1500, -0.7, 0.2)),
    ("AMBRoom", "Room Tone Small", "room", lambda c: _room(c, 8.0, 70, 650, -0.8, 0.08)),
    ("AMBRoom", "Room Tone Dark", "room", lambda c: _room(c, 8.0, 35, 240, -1.0, 0.1)),
    ("RAIN", "Rain Steady", "ambience", lambda c: _rain(c, 8.0)),
    ("WATRFlow", "Water Stream", "ambience", lambda c: _stream(c, 8.0)),
    ("WIND", "Wind Gusts", "ambience", lambda c: _wind(c, 8.0)),
    ("WATRDrip", "Water Single Drop", "spot", lambda c: _drop(c)),
    ("WATRSplsh", "Water Small Splash", "spot", lambda c: _splash(c)),
    ("FEETHmn", "Footsteps Wood Floor", "spot", lambda c: _steps(c, 4, 600, 4000, 3, 95)),
    ("FEETHmn", "Footsteps Gravel", "spot", lambda c: _steps(c, 4, 1500, 9000, 16, 70)),
    ("FEETHmn", "Footstep Single Wood", "spot", lambda c: _steps(c, 1, 600, 4000, 3, 95)),
    ("DOORWood", "Door Close", "spot", lambda c: _door(c, 1.0, 0.1, 82)),
    ("DOORWood", "Door Heavy Slam", "spot", lambda c: _door(c, 1.5, 0.1, 54)),
    ("DOORCreak", "Door Creak", "spot", lambda c: _creak(c)),
    ("UIGlitch", "Glitch Digital Burst", "spot", lambda c: _glitch(c, 0.6, 0.03)),
    ("UIGlitch", "Glitch Stutter", "spot", lambda c: _glitch(c, 0.9, 0.06)),
    ("BELLMisc", "Bell Bright Chime", "spot", lambda c: _chime(c)),
    ("WATRBubl", "Bubble", "spot", lambda c: _pop(c)),
)

_EFFECTS: Mapping[str, tuple[Callable[[Chance], Wave], str]] = {
    f"{cat_id}_{name}_AVM_STARTER": (make, what) for cat_id, name, what, make in _MADE
}
