"""Moving scenes: each a function from a moment (seconds) to the picture seen then."""

from __future__ import annotations

from functools import cache
from math import cos, exp, pi, sin

import numpy as np
from canvas import HEIGHT, WIDTH, Canvas, Colour, Image, rgb, scatter, smooth_noise
from events import BURSTS_S, POLE_S, STEP_S, WAVE_S, ball_height, speech

TALK_SEED = 7
"""Which speech the talker gives."""

TALK_S = 8.0
"""How long that speech is."""

_COLUMN = np.arange(WIDTH, dtype=np.float64)
_Y, _X = (axis.astype(np.float32) for axis in np.mgrid[0:HEIGHT, 0:WIDTH])
_INK = rgb("14121f")


def train(t: float) -> Canvas:
    """Hills at sunrise from a train window; near things pass faster."""
    c = Canvas(rgb("27406f"), rgb("c9788f"), rgb("ffd59a"))
    sun_y = 185 - 7 * t
    c.glow(430, sun_y, 120, rgb("ffb060"), 0.55)
    c.disc(430, sun_y, 30, rgb("fff1c9"), soft=3)
    layers = (
        ("a8788f", 205, 26, 14),
        ("7a5f86", 232, 24, 34),
        ("4f4a75", 262, 22, 90),
        ("2c3557", 292, 16, 210),
    )
    for number, (colour, height, swing, speed) in enumerate(layers):
        x = _COLUMN + speed * t + 300 * number
        ridge = height - swing * (
            np.sin(x / 83 + number) + 0.5 * np.sin(x / 37 + 2 * number) + 0.2 * np.sin(x / 13)
        )
        c.below(ridge, rgb(colour), rgb("1b2440"))
    for tree, size, lean in scatter(3, 26, 3):
        x = (tree * 2200 - 300 * t) % 2200 - 120
        height = 26 + 34 * size
        c.stroke(x, 345, x, 345 - height, 4, rgb("151c30"))
        c.ellipse(x + 3 * lean, 345 - height, 8 + 9 * size, 15 + 16 * size, rgb("1a2740"))
    c.below(338 + 2 * np.sin((_COLUMN + 700 * t) / 30), rgb("10182a"))
    nearest = (t + POLE_S / 2) % POLE_S - POLE_S / 2
    sag = ((_COLUMN + 900 * nearest - 320) / (900 * POLE_S) + 0.5) % 1 - 0.5
    for wire in (58, 82):
        y = wire + 26 * (1 - (2 * np.abs(sag)) ** 2) * 0.9
        c.veil(np.clip(1.2 - np.abs(_Y - y.astype(np.float32)), 0, 1) * 0.8, rgb("141a2c"))
    x = 320 - 900 * nearest
    c.box(x - 8, 40, x + 8, 360, rgb("0d1322"))
    c.box(x - 40, 54, x + 40, 60, rgb("0d1322"))
    return c


def walker(t: float) -> Canvas:
    """Someone walks home through an evening street; the camera goes along."""
    c = Canvas(rgb("2b2352"), rgb("8d4a76"), rgb("f39a6b"))
    pan = 105 * t
    for number, (x0, width, height) in enumerate(scatter(11, 34, 3)):
        far = number < 16
        shift = pan * (0.25 if far else 0.5)
        x = (x0 * 1300 - shift) % 1300 - 160
        w, top = 46 + 60 * width, (150 if far else 205) - 70 * height
        c.box(x, top, x + w, 300, rgb("4b3a68") if far else rgb("2d274c"))
        for window, (lit, _) in enumerate(scatter(200 + number, 24, 2)):
            wx, wy = x + 8 + window % 4 * (w - 12) / 4, top + 12 + window // 4 * 20
            if lit > 0.55 and wy < 282:
                c.box(wx, wy, wx + 7, wy + 10, rgb("ffcf7d"), 0.45 if far else 0.9)
    c.below(np.full(WIDTH, 292.0), rgb("3a3150"), rgb("1c1830"))
    for slab in range(12):
        x = (slab * 80 - 1.15 * pan) % 960 - 160
        c.stroke(x + 60, 300, x, 360, 2, rgb("2a2440"), 0.8)
    for lamp in range(3):
        x = (lamp * 330 + 120 - 1.0 * pan) % 990 - 150
        c.stroke(x, 300, x, 120, 5, rgb("17142a"))
        c.stroke(x, 122, x + 26, 114, 4, rgb("17142a"))
        c.glow(x + 30, 122, 62, rgb("ffc070"), 0.75)
        c.disc(x + 30, 121, 7, rgb("fff3d0"), soft=2)
        c.ellipse(x + 30, 326, 74, 12, rgb("ffbf78"), 0.22, soft=12)
    _figure(c, 300, 322, t)
    return c


def _figure(c: Canvas, x: float, floor: float, t: float) -> None:
    """A walking figure whose foot lands at every multiple of the step."""
    stride = pi * t / STEP_S
    bob = 3 * abs(sin(stride))
    hip = floor - 72 - bob
    c.ellipse(x, floor + 3, 40, 6, rgb("0c0a18"), 0.5, soft=5)
    for side in (1, -1):
        swing = 0.52 * cos(stride) * side
        bend = 0.75 * max(0.0, sin(stride) * -side)
        knee_x, knee_y = x + 38 * sin(swing), hip + 38 * cos(swing)
        foot_x, foot_y = knee_x + 38 * sin(swing - bend), knee_y + 36 * cos(swing - bend)
        c.stroke(x, hip, knee_x, knee_y, 13, _INK)
        c.stroke(knee_x, knee_y, foot_x, foot_y, 10, _INK)
        c.stroke(foot_x, foot_y, foot_x + 12, foot_y + 1, 8, _INK)
        arm = -0.55 * cos(stride) * side
        hand_x, hand_y = x + 3 + 52 * sin(arm), hip - 52 + 50 * cos(arm)
        c.stroke(x + 2, hip - 54, hand_x, hand_y, 9, rgb("5b2438"))
    c.stroke(x, hip, x + 3, hip - 52, 30, rgb("7c2f45"))
    c.stroke(x - 4, hip + 8, x - 6, hip - 40, 24, rgb("6a273b"))
    c.stroke(x - 6, hip - 62, x - 34 - 5 * sin(2.1 * t), hip - 52 + 5 * sin(5 * t), 8, rgb("e0a13e"))
    c.disc(x + 6, hip - 84, 17, rgb("d9a184"))
    c.ellipse(x + 3, hip - 92, 19, 12, _INK)
    c.stroke(x - 6, hip - 64, x + 14, hip - 64, 11, rgb("e0a13e"))


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


def fireworks(t: float) -> Canvas:
    """Fireworks over a lake that mirrors them."""
    c = Canvas(rgb("050818"), rgb("101a3c"), rgb("2a2450"))
    for x, y, size in scatter(51, 70, 3):
        c.disc(x * WIDTH, y * 210, 0.5 + 0.6 * size, rgb("ffffff"), 0.5 + 0.4 * sin(3 * t + 9 * size))
    palette = ("ffd36b", "ff6f91", "7fd0ff", "b58bff", "8dffa8")
    for number, burst in enumerate(BURSTS_S):
        colour = rgb(palette[number % 5])
        x, y = 110 + (number * 197) % 430, 62 + (number * 53) % 70
        age = t - burst
        if -0.6 < age < 0:
            c.stroke(x, y - 260 * age + 14, x, y - 260 * age, 3, rgb("ffe9b8"), 0.9)
        if 0 <= age < 2:
            _burst(c, number, x, y, age, colour)
    ridge = 226 - 12 * np.sin(_COLUMN / 70) - 7 * np.sin(_COLUMN / 23)
    c.below(ridge, rgb("070a16"))
    wobble = (2.5 * np.sin(np.arange(HEIGHT - 236) / 3 + 5 * t)).astype(int)
    for row in range(HEIGHT - 236):
        above = 236 - int(1.6 * row) - 1
        if above >= 0:
            c.pixels[236 + row] = 0.55 * np.roll(c.pixels[above], wobble[row], axis=0) + np.float32(
                (0.01, 0.015, 0.04)
            )
    return c


def _burst(c: Canvas, number: int, x: float, y: float, age: float, colour: Colour) -> None:
    fade = max(0.0, 1 - age / 2) ** 1.5
    c.glow(x, y, 90, colour, 1.1 * exp(-5 * age) + 0.1 * fade)
    for turn, reach in scatter(60 + number, 70, 2):
        spread = (30 + 75 * reach) * (1 - exp(-3 * age))
        px, py = x + spread * cos(2 * pi * turn), y + spread * sin(2 * pi * turn) + 22 * age * age
        back = 0.86
        tail_x, tail_y = x + back * (px - x), y + back * (py - y)
        c.stroke(tail_x, tail_y, px, py, 1.8, colour, fade)
        c.disc(px, py, 1.6, rgb("fff6dc"), fade)


def drive(t: float) -> Canvas:
    """A drive through the city at night; lamps and lane marks come towards us."""
    c = Canvas(rgb("080b1c"), rgb("1a1e40"), rgb("3b2a4d"))
    bend = 60 * sin(0.45 * t)
    for x, height, width in scatter(71, 40, 3):
        left = (x * 900 - 9 * t - 0.6 * bend) % 900 - 130
        top = 168 - 90 * height
        c.box(left, top, left + 24 + 36 * width, 184, rgb("12142c"))
        for lit, row in scatter(300 + int(1000 * x), 9, 2):
            c.box(
                left + 4 + 22 * lit,
                top + 6 + 60 * row,
                left + 8 + 22 * lit,
                top + 11 + 60 * row,
                rgb("ffca72"),
                0.7,
            )
    c.below(np.full(WIDTH, 182.0), rgb("1d1c33"), rgb("15151f"))
    for mark in range(14):
        near = 1 - ((mark / 14 + 0.55 * t) % 1)
        for lane in (-1.5, 1.5):
            (x0, y0, s0), (x1, y1, _) = _road(lane, near, bend), _road(lane, max(near - 0.03, 0.004), bend)
            c.stroke(x0, y0, x1, y1, 0.9 + 7 * s0, rgb("d9d3c0"), 0.8)
    order = sorted(((1 - ((lamp / 9 + 0.38 * t) % 1)) for lamp in range(9)), reverse=True)
    for near in order:
        for side in (-7.5, 7.5):
            x, y, scale = _road(side, near, bend)
            top = y - 330 * scale
            c.stroke(x, y, x, top, 1 + 8 * scale, rgb("0a0b16"))
            c.glow(x - np.sign(side) * 40 * scale, top, 8 + 120 * scale, rgb("ffab4d"), min(0.8, 3 * scale))
            c.disc(x - np.sign(side) * 40 * scale, top, 1.5 + 15 * scale, rgb("fff0cf"), soft=3)
            c.ellipse(
                x - np.sign(side) * 60 * scale, y + 4, 130 * scale, 18 * scale, rgb("ffab4d"), 0.2, soft=8
            )
    for car, colour, speed in ((-3.4, "fff4dc", 0.62), (3.0, "ff3b30", 0.12)):
        near = 1 - ((0.35 + speed * t) % 1)
        x, y, scale = _road(car, near, bend)
        for side in (-1, 1):
            c.glow(x + side * 42 * scale, y - 40 * scale, 5 + 60 * scale, rgb(colour), 0.8)
            c.disc(x + side * 42 * scale, y - 40 * scale, 1 + 11 * scale, rgb(colour), soft=2)
    c.below(352 - 20 * np.sin(pi * _COLUMN / WIDTH), rgb("07070d"))
    return c


def _road(lane: float, distance: float, bend: float) -> tuple[float, float, float]:
    """Where a point of the road is seen: x, y, and how large things are there (1 is right here)."""
    scale = 0.06 / (0.06 + distance)
    return 320 + bend * (1 - scale) ** 2 + lane * 95 * scale, 182 + 200 * scale, scale


def shore(t: float) -> Canvas:
    """Waves run up a beach at sunset."""
    c = Canvas(rgb("35507e"), rgb("e08a6d"), rgb("ffd28a"))
    c.glow(210, 150, 130, rgb("ffca7a"), 0.6)
    c.disc(210, 150, 34, rgb("fff3cf"), soft=3)
    clouds = np.roll(smooth_noise(81, 1280, HEIGHT, 150), int(-9 * t), axis=1)[:, :WIDTH]
    c.veil(np.clip(clouds - 0.45, 0, 1) * np.clip((150 - _Y) / 90, 0, 1) * 0.9, rgb("7d5a80"))
    c.below(np.full(WIDTH, 168.0), rgb("c98575"), rgb("2d4f72"))
    depth = np.clip((_Y - 168) / 192, 0, 1)
    ripple = np.sin(_X * (0.05 - 0.03 * depth) + 260 / (0.2 + depth) - 2.2 * t) * np.sin(
        90 * np.sqrt(depth) - 2.6 * t + _X * 0.012
    )
    c.veil((_Y > 168) * np.clip(ripple, 0, 1) * 0.4, rgb("27405f"))
    glitter = np.exp(-(((_X - 210) / (24 + 120 * depth)) ** 2)) * np.clip(0.4 + ripple, 0, 1)
    c.veil((_Y > 168) * glitter * 0.75, rgb("ffe0a0"))
    reach = 300 - 26 * sin(2 * pi * t / WAVE_S)
    edge = reach + 9 * np.sin(_COLUMN / 71 + 0.5 * t) + 4 * np.sin(_COLUMN / 23 - t)
    c.below(np.maximum(edge, 292 + 9 * np.sin(_COLUMN / 71)), rgb("8a6a55"), rgb("a98262"))
    c.below(edge, rgb("c9a47c"), rgb("b48a64"))
    foam = smooth_noise(83, WIDTH, HEIGHT, 24)
    near = np.exp(-(((_Y - edge.astype(np.float32)) / 7) ** 2)) + 0.5 * np.exp(
        -(((_Y - edge.astype(np.float32) + 22) / 6) ** 2)
    )
    c.veil(np.clip(near * (0.35 + foam), 0, 1), rgb("fff6ea"))
    for x, y, phase in scatter(85, 5, 3):
        bx, by = (x * 700 + 34 * t) % 760 - 60, 40 + 60 * y
        flap = 6 * sin(8 * t + 9 * phase)
        for side in (-1, 1):
            c.stroke(bx, by, bx + 11 * side, by - 4 - flap, 2.2, rgb("33263c"))
    return c


def balloons(t: float) -> Canvas:
    """Hot-air balloons drift over mountains among clouds."""
    c = Canvas(rgb("3f86c6"), rgb("8cc3e6"), rgb("e6f0e8"))
    clouds = np.roll(smooth_noise(91, 1280, HEIGHT, 190), int(-16 * t), axis=1)[:, :WIDTH]
    c.veil(np.clip(1.7 * clouds - 0.75, 0, 0.9), rgb("ffffff"))
    for number, (colour, base, size) in enumerate(
        (("9fb7cc", 236, 52), ("6f92a8", 268, 40), ("4d7a62", 306, 24))
    ):
        x = _COLUMN + (6 + 10 * number) * t + 210 * number
        jag = np.abs((x / (150 - 30 * number)) % 2 - 1) + 0.35 * np.abs((x / 47) % 2 - 1)
        c.below(base - size * (jag - 0.6) * 1.6, rgb(colour), rgb("3e6b4d"))
    fleet = (
        (500, 120, 20, "f2b632", "d9622b", 7),
        (120, 150, 30, "7b4fa3", "efe3d0", 12),
        (330, 128, 58, "d8383a", "f7efe0", 19),
    )
    for number, (x0, y0, r, body, stripe, speed) in enumerate(fleet):
        x, y = x0 + speed * t - 40, y0 - 0.35 * speed * t + 5 * sin(0.9 * t + number)
        for side in (-1, 1):
            c.stroke(x + side * 0.55 * r, y + 0.75 * r, x + side * 0.17 * r, y + 1.75 * r, 1.3, rgb("4a3626"))
        c.ellipse(x, y, r, 1.1 * r, rgb(body), soft=1.5)
        for gore in (0.78, 0.34):
            c.ellipse(x, y, gore * r, 1.1 * r, rgb(stripe if gore > 0.5 else body), soft=1.5)
        c.ellipse(x - 0.3 * r, y - 0.4 * r, 0.4 * r, 0.45 * r, rgb("ffffff"), 0.28, soft=0.35 * r)
        c.ellipse(x, y + 0.98 * r, 0.4 * r, 0.14 * r, rgb("5a2a1c"))
        c.glow(x, y + 1.2 * r, 0.4 * r, rgb("ff9a3c"), 0.5 + 0.5 * sin(2.4 * t + 2 * number))
        c.box(x - 0.19 * r, y + 1.7 * r, x + 0.19 * r, y + 2.0 * r, rgb("6b4526"))
    return c


def lanterns(t: float) -> Canvas:
    """Paper lanterns sway over a night market; sparks rise."""
    c = Canvas(rgb("0d0a1c"), rgb("2a1430"), rgb("5a2326"))
    for x, y, size, hue in scatter(101, 34, 4):
        colour = rgb("ff9d4d") if hue < 0.7 else rgb("ff5a5f")
        c.disc((x * 720 - 14 * t) % 720 - 40, 190 + 150 * y, 6 + 12 * size, colour, 0.28, soft=5)
    for row, (y0, size, count, speed) in enumerate(((52, 0.55, 7, 10), (70, 1.0, 4, 22))):
        sag = y0 - 30 + 20 * np.sin(pi * ((_COLUMN + speed * t) % 320) / 320)
        c.veil(np.clip(1.3 - np.abs(_Y - sag.astype(np.float32)), 0, 1), rgb("07050e"))
        for lamp in range(count + 1):
            span = 720 / count
            hang = (lamp * span - speed * t) % (720 + span) - span / 2
            angle = 0.16 * sin(1.5 * t + 1.3 * lamp + row)
            _lantern(c, hang, y0 - 14, angle, size, lamp)
    for x, phase, speed in scatter(107, 26, 3):
        rise = (phase + t * (0.12 + 0.2 * speed)) % 1
        px = x * WIDTH + 18 * sin(5 * rise + 9 * phase)
        c.disc(px, 360 - 340 * rise, 1.4, rgb("ffc36b"), 0.9 * (1 - rise))
    heads = scatter(109, 15, 2)
    for x, tall in heads:
        px = (x * 760 + 20 * sin(0.4 * t + 9 * tall)) % 760 - 60
        py = 318 + 16 * tall + 2 * sin(3 * t + 20 * x)
        c.disc(px, py, 15, rgb("0b0712"))
        c.ellipse(px, py + 42, 30, 32, rgb("0b0712"))
    return c


def _lantern(c: Canvas, x: float, y: float, angle: float, size: float, number: int) -> None:
    drop = 74 * size
    cx, cy = x + drop * sin(angle), y + drop * cos(angle)
    r = 40 * size
    c.stroke(x, y, cx, cy, 1.6, rgb("07050e"))
    c.glow(cx, cy, 2.0 * r, rgb("ff6a2a"), 0.45)
    body = rgb(("d9262b", "e8742a", "d9262b", "f0b13c")[number % 4])
    c.ellipse(cx, cy, r, 0.82 * r, body, soft=1.5)
    c.ellipse(cx, cy, 0.62 * r, 0.7 * r, rgb("ffd27a"), 0.55, soft=0.5 * r)
    for rib in (-0.66, -0.33, 0.0, 0.33, 0.66):
        half = r * (1 - rib * rib) ** 0.5 * 0.97
        c.stroke(cx - half, cy + 0.8 * r * rib, cx + half, cy + 0.8 * r * rib, 1.1, rgb("7a1418"), 0.55)
    for end in (-1, 1):
        c.box(
            cx - 0.4 * r,
            cy + end * 0.84 * r - 3 * size,
            cx + 0.4 * r,
            cy + end * 0.84 * r + 3 * size,
            rgb("c99a3a"),
        )
    c.stroke(cx, cy + 0.9 * r, cx + 6 * sin(angle * 3), cy + 1.5 * r, 3 * size, rgb("c9302c"))
