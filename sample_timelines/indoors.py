"""Moving scenes indoors: each a function from a moment (seconds) to the picture seen then."""

from __future__ import annotations

from functools import cache
from math import cos, exp, pi, sin

import numpy as np
from canvas import HEIGHT, WIDTH, Canvas, Image, rgb, scatter, smooth_noise
from events import TALK_S, TALK_SEED, ball_height, speech

_Y, _X = (axis.astype(np.float32) for axis in np.mgrid[0:HEIGHT, 0:WIDTH])
_INK = rgb("14121f")


def talker(t: float) -> Canvas:
    """Someone talks to us in a warm room; mouth and voice are one."""
    c = Canvas(rgb("3a2a35"), rgb("5a3b38"), rgb("2b1f2a"))
    for x, y, size, hue in scatter(21, 16, 4):
        colour = rgb("ffb45e") if hue < 0.6 else rgb("7fb0d8")
        drift = 6 * sin(0.5 * t + 6 * hue)
        c.disc(x * WIDTH + drift, 20 + y * 210, 10 + 22 * size, colour, 0.16 + 0.1 * hue, soft=4)
    c.glow(90, 90, 150, rgb("ff9a4a"), 0.4)
    talk = speech(TALK_SEED, TALK_S)
    openness = max(one.openness(t) for one in talk)
    vowel = next((one.vowel for one in talk if one.start <= t < one.end), 0)
    nod = 4 * sin(1.7 * t) + 3 * openness
    x, y = 330 + 7 * sin(0.9 * t), 165 + nod
    c.ellipse(x - 2, 392, 170, 130, rgb("2f5d62"), soft=2)
    c.ellipse(x, 300, 58, 46, rgb("c98f6f"))
    c.ellipse(x - 3, y - 22, 96, 112, rgb("2a1a18"), soft=2)
    c.ellipse(x, y + 8, 76, 98, rgb("e3ae8b"), soft=2)
    c.ellipse(x - 26, y + 10, 48, 84, rgb("f0c19c"), 0.5, soft=26)
    c.ellipse(x + 4, y - 82, 74, 36, rgb("2a1a18"), soft=2)
    blink = 1 - 0.92 * exp(-(((t % 2.7) - 1.9) ** 2) / 0.004)
    for side in (-1, 1):
        eye = x + 30 * side
        c.ellipse(eye, y - 8, 13, 8 * blink + 0.8, rgb("fbf6ee"))
        c.disc(eye + 3 * sin(0.7 * t), y - 8, 6 * blink + 0.2, rgb("3a2a20"))
        c.stroke(eye - 14, y - 27 - 3 * openness, eye + 14, y - 29 - 3 * openness, 5, rgb("2a1a18"))
        c.ellipse(eye + 8 * side, y + 30, 16, 10, rgb("e08f78"), 0.35, soft=9)
    c.stroke(x + 2, y - 2, x + 7, y + 22, 5, rgb("cf9475"))
    wide = (30, 24, 18, 14, 27)[vowel]
    c.ellipse(x, y + 54, wide + 4, 5 + 15 * openness, rgb("b4584f"))
    c.ellipse(x, y + 54, wide - 2, 1 + 12 * openness, rgb("4a1a1e"))
    if openness > 0.35:
        c.ellipse(x, y + 49 - 6 * openness, wide - 8, 3, rgb("fbf2e6"))
    return c


def clock(t: float) -> Canvas:
    """A clock on a sunlit wall: its second hand jumps, its pendulum swings, leaves' shadows pass."""
    c = Canvas(rgb("d8c6a4"), rgb("c6ab83"), rgb("8f7358"))
    leaves = smooth_noise(31, 900, HEIGHT, 120)
    move = int(38 * t + 30 * sin(1.3 * t)) % 900
    shade = np.roll(leaves, -move, axis=1)[:, :WIDTH]
    slant = np.clip((_X - 0.6 * _Y - 60) / 90, 0, 1) * np.clip((560 - _X + 0.6 * _Y) / 90, 0, 1)
    c.veil(slant * np.clip(1.6 * shade - 0.3, 0, 1) * 0.55, rgb("fff0c4"))
    grow = 1 + 0.04 * t
    x, y, r = 320.0, 138.0, 98 * grow
    angle = 0.34 * cos(pi * t)
    bob_x, bob_y = x + 205 * grow * sin(angle), y + 190 * grow * cos(angle)
    c.stroke(x + 8, y + 40, bob_x + 8, bob_y + 8, 6, rgb("4a3626"), 0.3)
    c.stroke(x, y, bob_x, bob_y, 5, rgb("6d4a25"))
    c.disc(bob_x + 7, bob_y + 8, 28 * grow, rgb("3d2c1e"), 0.3, soft=8)
    c.disc(bob_x, bob_y, 27 * grow, rgb("b98a35"))
    c.disc(bob_x - 7, bob_y - 8, 12 * grow, rgb("f4d98c"), 0.8, soft=12)
    c.disc(x + 10, y + 12, r + 14, rgb("3d2c1e"), 0.35, soft=14)
    c.disc(x, y, r + 12, rgb("5b3a22"), soft=1.5)
    c.disc(x, y, r, rgb("f7f0de"), soft=1.5)
    for mark in range(60):
        turn, long = pi * mark / 30, 14 if mark % 5 == 0 else 5
        dx, dy = sin(turn), -cos(turn)
        c.stroke(
            x + (r - 6) * dx, y + (r - 6) * dy, x + (r - 6 - long) * dx, y + (r - 6 - long) * dy, 3, _INK
        )
    seconds = 48 + int(t) + 0.35 * exp(-26 * (t % 1)) * cos(70 * (t % 1)) * (t >= 1)
    for turn, length, width, colour in (
        ((10 + 9 / 60) / 12, 0.5, 9, _INK),
        ((9 + seconds / 60) / 60, 0.78, 6, _INK),
        (seconds / 60, 0.84, 2.5, rgb("b3261e")),
    ):
        dx, dy = sin(2 * pi * turn), -cos(2 * pi * turn)
        c.stroke(
            x - 0.12 * r * dx, y - 0.12 * r * dy, x + length * r * dx, y + length * r * dy, width, colour
        )
    c.disc(x, y, 7, rgb("b3261e"))
    return c


def ball(t: float) -> Canvas:
    """A ball bounces through a room lit from a window, with its shadow."""
    c = Canvas(rgb("8fb0b8"), rgb("b9cdc8"), rgb("d5d6c6"))
    c.pixels[:] = _room()
    height = ball_height(t)
    r, x, floor = 34.0, 70 + 112 * t, 306.0
    y = floor - r - 118 * height
    squash = 0.24 * exp(-14 * height) * (t < 4.3)
    c.ellipse(
        x + 14 + 46 * height,
        floor + 3,
        38 + 16 * height,
        8 + 3 * height,
        rgb("2c2118"),
        0.55 / (1 + height),
        8,
    )
    rx, ry = r * (1 + squash), r * (1 - squash)
    y += r - ry
    c.ellipse(x, y, rx, ry, rgb("d8432f"), soft=1.5)
    for stripe in (0, pi):
        turn = 3.1 * t + stripe
        c.ellipse(
            x + 0.5 * rx * cos(turn), y + 0.5 * ry * sin(turn), 0.36 * rx, 0.36 * ry, rgb("f6ead2"), soft=2
        )
    c.ellipse(x + 6, y + 9, rx * 0.95, ry * 0.9, rgb("7c1d1c"), 0.18, soft=16)
    c.ellipse(x - 11, y - 13, 10, 8, rgb("ffffff"), 0.65, soft=8)
    return c


@cache
def _room() -> Image:
    c = Canvas(rgb("7fa3ad"), rgb("a9c4c2"), rgb("cfd8c9"))
    depth = np.clip((_Y - 232) / 128, 1e-3, 1)
    across, along = (_X - 320) / (0.25 + depth), 5 / (0.22 + depth)
    tile = (np.floor(across / 95) + np.floor(along * 1.4)) % 2
    c.below(np.full(WIDTH, 232.0), rgb("c79a68"), rgb("a8794b"))
    c.veil((_Y > 232) * tile.astype(np.float32) * 0.35, rgb("7d5433"))
    c.box(0, 224, 640, 234, rgb("f2eee2"))
    c.box(52, 38, 196, 168, rgb("f4f1e6"))
    c.box(60, 46, 188, 160, rgb("cfeaf7"))
    c.box(121, 46, 127, 160, rgb("f4f1e6"))
    c.box(60, 100, 188, 106, rgb("f4f1e6"))
    beam = np.clip(1 - np.abs(_X - 250 - 1.1 * (_Y - 100)) / 120, 0, 1)
    c.veil(beam * 0.28, rgb("fff4cf"))
    c.box(470, 70, 575, 150, rgb("5a4634"))
    c.box(478, 78, 567, 142, rgb("e9dcc0"))
    c.disc(523, 112, 20, rgb("d98b4a"))
    c.stroke(600, 250, 600, 130, 6, rgb("5a4634"))
    c.ellipse(600, 120, 34, 30, rgb("4f7a4d"))
    c.ellipse(585, 146, 24, 20, rgb("5f8c58"))
    return c.pixels


def rain(t: float) -> Canvas:
    """City lights through a window that rain runs down."""
    c = Canvas(rgb("0c1526"), rgb("1b2a45"), rgb("2a2f4a"))
    palette = ("ffb14a", "ff6f4f", "6fb6ff", "ffe0a0", "7fe0c8")
    for x, y, size, hue in scatter(41, 30, 4):
        colour = rgb(palette[int(hue * 5)])
        beat = 0.75 + 0.25 * sin(1.4 * t + 20 * hue)
        moving = 26 * t if y > 0.6 else 0
        c.disc((x * 760 + moving) % 760 - 60, 60 + 260 * y, 14 + 22 * size, colour, 0.34 * beat, soft=5)
    for x, y, size in scatter(43, 90, 3):
        _drop(c, x * WIDTH, y * HEIGHT, 1.6 + 2.6 * size)
    for x, phase, speed in scatter(47, 16, 3):
        run = (t * (0.22 + 0.35 * speed) + phase) % 1.15
        way = run**1.5 * 420 - 20
        px = x * WIDTH + 7 * sin(way / 31 + 9 * phase)
        c.stroke(px, way - 60 - 50 * speed, px, way, 2.6, rgb("9fb4d0"), 0.22)
        _drop(c, px, way, 4.5 + 2.5 * speed)
    return c


def _drop(c: Canvas, x: float, y: float, r: float) -> None:
    c.ellipse(x, y, r, 1.25 * r, rgb("0a1020"), 0.5)
    c.ellipse(x, y + 0.3 * r, 0.7 * r, 0.8 * r, rgb("a9c1de"), 0.7)
    c.disc(x - 0.25 * r, y - 0.4 * r, 0.28 * r, rgb("ffffff"), 0.9)
