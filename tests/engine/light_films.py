"""Pictures made for judging cuts, 64×36 grey: light, particles and wild cameras over shots that stay.

Fireworks, explosions, camera flashes, lightning, strobes, lamps that are switched, whip pans with motion blur
and handheld cameras are no cuts; between them there are true ones, of shots of four frames, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.engine.transition_films import HEIGHT, WIDTH, Manner, Truth, _Shot, _texture

Floats = NDArray[np.float64]
Chance = np.random.Generator

_STEPS = 4
"""Moments of a frame's exposure: what moves fast is blurred."""


@dataclass(frozen=True)
class Light:
    """How films of a set are made.

    Attributes:
        worlds: What shots show: ``textures`` or ``drawings``.
        attack: The most frames in which light comes.
        decay: From, to: frames in which it goes to a third.
        strength: From, to: grey levels that it adds.
        whip: From, to: pixels of the small picture a frame.
        jitter: The most that a handheld camera moves, pixels a frame.
        noise: Grain, grey levels.
        shot: From, to: frames of a shot.
        night: How many of the shots are dark, 0 to 1.
    """

    worlds: str = "textures"
    attack: int = 1
    decay: tuple[float, float] = (3, 14)
    strength: tuple[float, float] = (60, 260)
    whip: tuple[float, float] = (6, 22)
    jitter: float = 3.0
    noise: float = 1.0
    shot: tuple[int, int] = (40, 90)
    night: float = 0.5


TUNED = Light()
HELD_OUT = Light(
    worlds="drawings", attack=3, decay=(2, 20), strength=(45, 330), whip=(5, 28), jitter=4.0, noise=1.6,
    shot=(34, 120), night=0.65,
)  # fmt: skip


def film(seed: int, light: Light, shots: int = 10) -> tuple[NDArray[np.uint8], Truth]:
    """A film, with its cuts as the only truth."""
    chance = np.random.default_rng(seed)
    truth = Truth()
    pieces: list[Floats] = []
    length = 0
    number = 0
    while number < shots:
        if number:
            truth.cuts.append(length)
        many = int(chance.integers(*light.shot))
        pictures = shot(chance, light, many, str(chance.choice(KINDS)))
        cutaway = int(chance.integers(4, 7))
        if number and chance.random() < 0.25 and many > 30:  # somebody else for a moment, and back
            at = many // 2
            pictures[at : at + cutaway] = shot(chance, light, cutaway, "nothing")
            truth.cuts += [length + at, length + at + cutaway]
        pieces.append(pictures)
        length += many
        number += 1
    grain = light.noise * chance.standard_normal((length, HEIGHT, WIDTH))
    return np.clip(np.concatenate(pieces) + grain, 0, 255).astype(np.uint8), truth


def shot(chance: Chance, light: Light, many: int, kind: str) -> Floats:
    """A shot of so many frames, and what happens in it: one of ``KINDS``."""
    pictures = _camera(chance, light, many, kind)
    if kind in _EVENTS and many >= 30:
        _EVENTS[kind](chance, light, pictures)
    return pictures


def _camera(chance: Chance, light: Light, many: int, kind: str) -> Floats:
    """What a camera sees; exposed for the whole of each frame."""
    is_night = chance.random() < light.night
    world = (_texture(chance, 256, 512, Manner()) if light.worlds == "textures" else _drawing(chance)) / 255
    world = 255 * (world**1.3 * 0.35 if is_night else world)
    speed = np.zeros((many, 2))
    if kind == "handheld":
        speed = chance.standard_normal((many, 2)) * light.jitter / 2
        speed = np.clip(speed, -light.jitter, light.jitter)
        for bump in chance.integers(5, max(6, many), 2):
            speed[bump % many] += chance.uniform(-8, 8, 2)
    elif kind == "whip" and many >= 20:
        at, frames = int(chance.integers(6, many - 12)), int(chance.integers(4, 10))
        eased = np.sin(np.pi * (np.arange(frames) + 0.5) / frames)
        speed[at : at + frames, 1] = chance.choice([-1, 1]) * chance.uniform(*light.whip) * eased
    elif chance.random() < 0.4:
        speed += chance.uniform(-0.8, 0.8, 2) * np.array([0.3, 1.0])
    if kind == "explosion":
        speed += chance.standard_normal((many, 2)) * 0.5
    fine = np.repeat(speed / _STEPS, _STEPS, axis=0)
    path = np.cumsum(fine, axis=0) + chance.uniform(60, 200, 2)
    ones = np.ones(len(path))
    seen = _Shot(world, path, ones, ones, []).frames(0, len(path))
    exposed: Floats = seen.reshape(many, _STEPS, HEIGHT, WIDTH).mean(axis=1)
    return exposed


def _drawing(chance: Chance) -> Floats:
    """A sky, a horizon, houses with windows, trees, lamps: hard edges and plain surfaces."""
    high, wide = 256, 512
    plain = np.linspace(*chance.uniform(40, 220, 2), high)[:, None] * np.ones((1, wide))
    for _ in range(int(chance.integers(18, 40))):
        y, x = int(chance.integers(0, high)), int(chance.integers(0, wide))
        tall, across = int(chance.integers(12, 90)), int(chance.integers(8, 60))
        house = plain[y : y + tall, x : x + across]
        house[...] = chance.uniform(10, 245)
        if chance.random() < 0.6:
            house[3::7, 2::6] = house[4::7, 2::6] = chance.uniform(10, 250)
    rows, columns = np.mgrid[:high, :wide]
    for _ in range(int(chance.integers(6, 24))):
        y, x, size = chance.uniform(0, high), chance.uniform(0, wide), chance.uniform(4, 30)
        plain[(rows - y) ** 2 + (columns - x) ** 2 < size**2] = chance.uniform(10, 245)
    return np.clip(plain, 0, 255)


def _envelope(chance: Chance, light: Light, many: int) -> Floats:
    """Light from 0 to 1 and away again."""
    attack = int(chance.integers(1, light.attack + 1))
    come = np.arange(1, attack + 1) / attack
    going = np.exp(-np.arange(1, max(2, many - attack + 1)) / chance.uniform(*light.decay))
    shape: Floats = np.concatenate([come, going])[:many]
    return np.pad(shape, (0, many - len(shape)))


def _glow(chance: Chance, light: Light, size: tuple[float, float]) -> tuple[Floats, float, float]:
    """A light somewhere, 0 to 1, and where it is."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    y, x = chance.uniform(3, HEIGHT - 8), chance.uniform(6, WIDTH - 6)
    away = np.hypot(rows - y, columns - x) / chance.uniform(*size)
    shape: Floats = np.exp(-(away**2)) if light.worlds == "textures" else 1 / (1 + away**2)
    return shape, y, x


def _fireworks(chance: Chance, light: Light, pictures: Floats) -> None:
    many = len(pictures)
    for at in np.cumsum(chance.integers(7, 26, 8)):
        if at >= many - 2:
            break
        glow, y, x = _glow(chance, light, (9, 30))
        shape = _envelope(chance, light, many - at)
        pictures[at:] += (chance.uniform(*light.strength) * shape)[:, None, None] * glow
        turns, reach = chance.uniform(0, 2 * np.pi, 60), chance.uniform(4, 18, 60)
        for age, picture in enumerate(pictures[at : at + 36]):
            spread = reach * (1 - np.exp(-age / 8))
            down = np.clip(y + spread * np.sin(turns) + 0.01 * age * age, 0, HEIGHT - 1).astype(int)
            right = np.clip(x + spread * np.cos(turns), 0, WIDTH - 1).astype(int)
            picture[down, right] += 120 * max(0.0, 1 - age / 36)


def _explosion(chance: Chance, light: Light, pictures: Floats) -> None:
    at = int(chance.integers(8, len(pictures) - 16))
    shape = _envelope(chance, light, len(pictures) - at)[:, None, None]
    glow, y, x = _glow(chance, light, (18, 60))
    pictures[at:] += 1.4 * light.strength[1] * shape * (0.35 + 0.65 * glow)
    for _ in range(14):
        way = chance.uniform(-2.5, 2.5, 2)
        for age, picture in enumerate(pictures[at : at + 20]):
            down, right = int(y + way[0] * age + 0.06 * age * age), int(x + way[1] * age)
            if 0 <= down < HEIGHT - 2 and 0 <= right < WIDTH - 2:
                picture[down : down + 2, right : right + 2] = 12


def _cameras(chance: Chance, light: Light, pictures: Floats) -> None:
    at = int(chance.integers(6, 14))
    while at < len(pictures) - 4:
        glow, _, _ = _glow(chance, light, (25, 90))
        lasts = int(chance.integers(1, 3))
        pictures[at : at + lasts] += chance.uniform(*light.strength) * (0.3 + 0.7 * glow)
        at += int(chance.integers(3, 16))


def _lightning(chance: Chance, light: Light, pictures: Floats) -> None:
    at = int(chance.integers(6, 16))
    side = np.linspace(*chance.permutation([0.3, 1.0]), WIDTH)[None, None, :]
    while at < len(pictures) - 10:
        for _ in range(int(chance.integers(1, 4))):
            lasts = int(chance.integers(1, 8))
            gain = chance.uniform(1.5, 3.5)
            lit = pictures[at : at + lasts]
            lit[...] = lit * (1 + gain * side) + 0.25 * chance.uniform(*light.strength) * side
            at += lasts + int(chance.integers(1, 5))
        at += int(chance.integers(15, 40))


def _strobe(chance: Chance, light: Light, pictures: Floats) -> None:
    period, on = int(chance.integers(4, 14)), int(chance.integers(1, 4))
    at = int(chance.integers(4, 14))
    dark = chance.uniform(0.12, 0.4)
    for number in range(at, len(pictures) - 4):
        is_on = (number - at) % period < on
        pictures[number] = pictures[number] * 1.5 + 20 if is_on else pictures[number] * dark


def _lamp(chance: Chance, light: Light, pictures: Floats) -> None:
    at = int(chance.integers(8, len(pictures) - 8))
    glow, _, _ = _glow(chance, light, (30, 90))
    dim = pictures * chance.uniform(0.25, 0.5)
    lit = pictures * (0.6 + 0.8 * glow) + 20
    first, then = (dim, lit) if chance.random() < 0.5 else (lit, dim)
    pictures[...] = np.concatenate([first[:at], then[at:]])


_EVENTS: dict[str, Callable[[Chance, Light, Floats], None]] = {
    "fireworks": _fireworks, "explosion": _explosion, "cameras": _cameras, "lightning": _lightning,
    "strobe": _strobe, "lamp": _lamp,
}  # fmt: skip
KINDS = (*_EVENTS, "whip", "handheld", "nothing")
