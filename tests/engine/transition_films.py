"""Pictures made for judging transitions, 64×36 grey: textured shots that move, cut, dissolve, fade and flash.

The hard cases are in: pans, zooms, whips, shakes, things that pass close to the camera, light that swells,
flicker and flashes are no transitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FINE = 64, 36, 2
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Manner:
    """How films of a set are made.

    Attributes:
        roughness: From, to: how steeply the spectra of textures fall; the larger, the smoother.
        speed: The most a camera moves, pixels of the small picture a frame.
        dissolve: From, to: frames.
        shot: From, to: frames that a shot stands alone.
        noise: Grain, grey levels.
        contrast: From, to: grey levels that a texture spreads around its mean.
        sprites: The most things that move in a shot.
        eased: Whether some dissolves are not linear.
    """

    roughness: tuple[float, float] = (0.9, 1.7)
    speed: float = 1.2
    dissolve: tuple[int, int] = (8, 50)
    shot: tuple[int, int] = (24, 90)
    noise: float = 1.0
    contrast: tuple[float, float] = (25, 60)
    sprites: int = 3
    eased: bool = False


TUNED = Manner()
HELD_OUT = Manner(
    roughness=(0.7, 2.0), speed=1.6, shot=(18, 120), noise=1.8, contrast=(18, 70), sprites=5, eased=True
)


@dataclass
class Truth:
    """What is in a film: frames at which shots begin; stretches, the last frame not included."""

    cuts: list[int] = field(default_factory=list)
    dissolves: list[tuple[int, int]] = field(default_factory=list)
    fades: list[tuple[int, int]] = field(default_factory=list)
    flashes: list[int] = field(default_factory=list)


def film(seed: int, manner: Manner, shots: int = 12) -> tuple[NDArray[np.uint8], Truth]:
    """A film and what is in it."""
    chance = np.random.default_rng(seed)
    truth = Truth()
    pieces: list[Floats] = []
    length = 0
    made = [_shot(chance, manner) for _ in range(shots)]
    before = made[0]
    at = 0
    for number, shot in enumerate(made):
        alone = int(chance.integers(*manner.shot))
        part = shot.frames(at, alone)
        _tricks(chance, part, length, truth)
        pieces.append(part)
        length += alone
        if number + 1 == shots:
            break
        at += alone
        before, after = shot, made[number + 1]
        kind = chance.choice(["cut", "dissolve", "black", "white"], p=[0.4, 0.42, 0.13, 0.05])
        if kind == "cut":
            truth.cuts.append(length)
            at = 0
            continue
        frames = int(chance.integers(manner.dissolve[0], manner.dissolve[1] + 1))
        if kind == "dissolve":
            a = (np.arange(1, frames + 1) / (frames + 1))[:, None, None]
            if manner.eased and chance.random() < 0.3:
                a = a * a * (3 - 2 * a)
            pieces.append((1 - a) * before.frames(at, frames) + a * after.frames(0, frames))
            truth.dissolves.append((length, length + frames))
            length += frames
            at = frames
            continue
        level = 4.0 if kind == "black" else 250.0
        down = (np.arange(1, frames + 1) / frames)[:, None, None]
        hold = int(chance.integers(1, 12))
        out = (1 - down) * before.frames(at, frames) + down * level
        into = down[::-1] * level + (1 - down[::-1]) * after.frames(0, frames)
        pieces += [out, np.full((hold, HEIGHT * FINE, WIDTH * FINE), level)[:, ::FINE, ::FINE], into]
        truth.fades += [
            (length, length + frames), (length + frames + hold, length + 2 * frames + hold),
        ]  # out and in  # fmt: skip
        length += 2 * frames + hold
        at = frames
    grain = manner.noise * chance.standard_normal((length, HEIGHT, WIDTH))
    return np.clip(np.concatenate(pieces) + grain, 0, 255).astype(np.uint8), truth


def _tricks(chance: np.random.Generator, part: Floats, start: int, truth: Truth) -> None:
    """What looks like a transition and is none."""
    length = len(part)
    kind = chance.choice(["none", "flash", "flicker"], p=[0.7, 0.15, 0.15])
    if length < 24 or kind == "none":
        return
    at = int(chance.integers(8, length - 12))
    if kind == "flash":
        many = int(chance.integers(1, 4))
        part[at : at + many] = part[at : at + many] * 0.4 + 150
        truth.flashes.append(start + at)
    else:
        part *= 1 + 0.08 * chance.standard_normal((length, 1, 1))


@dataclass
class _Sprite:
    texture: Floats
    size: tuple[int, int]
    place: Floats
    speed: Floats


class _Shot:
    def __init__(
        self, world: Floats, path: Floats, zoom: Floats, light: Floats, sprites: list[_Sprite]
    ) -> None:
        self._world, self._path, self._zoom, self._light = world, path, zoom, light
        self._sprites = sprites

    def frames(self, first: int, many: int) -> Floats:
        return np.stack(list(self._each(first, many)))

    def _each(self, first: int, many: int) -> Iterator[Floats]:
        high, wide = self._world.shape
        rows = np.arange(HEIGHT * FINE) - HEIGHT * FINE / 2
        columns = np.arange(WIDTH * FINE) - WIDTH * FINE / 2
        for number in range(first, first + many):
            (down, right), zoom = self._path[number], self._zoom[number]
            y, x = rows * zoom + down * FINE, columns * zoom + right * FINE
            y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
            fy, fx = (y - y0)[:, None], (x - x0)[None]
            top, low = self._world[y0 % high], self._world[(y0 + 1) % high]
            upper = top[:, x0 % wide] * (1 - fx) + top[:, (x0 + 1) % wide] * fx
            lower = low[:, x0 % wide] * (1 - fx) + low[:, (x0 + 1) % wide] * fx
            seen = upper * (1 - fy) + lower * fy
            for sprite in self._sprites:
                py, px = np.round((sprite.place + number * sprite.speed) * FINE).astype(int)
                hy, hx = sprite.size
                a, b = max(py, 0), min(py + hy, HEIGHT * FINE)
                c, d = max(px, 0), min(px + hx, WIDTH * FINE)
                if a < b and c < d:
                    seen[a:b, c:d] = sprite.texture[a - py : b - py, c - px : d - px]
            yield seen.reshape(HEIGHT, FINE, WIDTH, FINE).mean(axis=(1, 3)) * self._light[number]


def _texture(chance: np.random.Generator, high: int, wide: int, manner: Manner) -> Floats:
    steep = chance.uniform(*manner.roughness)
    fy, fx = np.fft.fftfreq(high)[:, None], np.fft.fftfreq(wide)[None]
    fall = np.maximum(np.hypot(fy, fx), 1 / 256) ** -steep
    spectrum = fall * np.exp(2j * np.pi * chance.random((high, wide)))
    plain = np.real(np.fft.ifft2(spectrum))
    plain = (plain - plain.mean()) / plain.std() * chance.uniform(*manner.contrast)
    if chance.random() < 0.5:  # hard edges: walls, windows, skylines
        for _ in range(int(chance.integers(4, 16))):
            y, x = int(chance.integers(high)), int(chance.integers(wide))
            plain[y : y + int(chance.integers(10, 120)), x : x + int(chance.integers(10, 120))] += (
                chance.uniform(-60, 60)
            )
    return np.clip(plain + chance.uniform(70, 160), 0, 255)


def _shot(chance: np.random.Generator, manner: Manner) -> _Shot:
    longest = manner.shot[1] + 2 * manner.dissolve[1] + 8
    world = _texture(chance, 256, 512, manner)
    speed = np.zeros((longest, 2))
    zoom = np.full(longest, 1.0)
    kind = chance.choice(["still", "pan", "shake", "zoom", "whip"], p=[0.3, 0.3, 0.15, 0.15, 0.1])
    if kind == "pan":
        speed += chance.uniform(-manner.speed, manner.speed, 2) * np.array([0.3, 1.0])
    elif kind == "shake":
        speed += chance.standard_normal((longest, 2)) * manner.speed * 0.6
    elif kind == "zoom":
        zoom = np.exp(np.arange(longest) * chance.uniform(-0.006, 0.006))
    elif kind == "whip":
        at = int(chance.integers(6, manner.shot[0]))
        speed[at : at + 6, 1] = chance.choice([-1, 1]) * chance.uniform(6, 12)
    light = np.ones(longest)
    if chance.random() < 0.2:  # it swells or dims, and stays so
        at, many = int(chance.integers(0, longest // 2)), int(chance.integers(10, 40))
        light = np.interp(np.arange(longest), [at, at + many], [1, chance.choice([0.6, 1.35])])
    path = np.cumsum(speed, axis=0) + chance.uniform(60, 200, 2)
    sprites = []
    for _ in range(int(chance.integers(0, manner.sprites + 1))):
        size = int(chance.integers(15, 70)), int(chance.integers(15, 90))
        sprites.append(
            _Sprite(
                _texture(chance, *size, manner),
                size,
                chance.uniform(-10, [HEIGHT, WIDTH]),
                chance.uniform(-1.5, 1.5, 2) * np.array([0.3, 1.0]),
            )
        )
    return _Shot(world, path, zoom, light, sprites)
