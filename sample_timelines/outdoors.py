"""Moving scenes out of doors: each a function from a moment (seconds) to the picture seen then."""

from __future__ import annotations

from math import cos, exp, pi, sin

import numpy as np
from canvas import HEIGHT, WIDTH, Canvas, Colour, light, rgb, scatter, smooth_noise
from events import BURSTS_S, POLE_S, STEP_S, WAVE_S

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
        along = _COLUMN + speed * t + 300 * number
        ridge = height - swing * (
            np.sin(along / 83 + number) + 0.5 * np.sin(along / 37 + 2 * number) + 0.2 * np.sin(along / 13)
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
        left = float((x0 * 1300 - shift) % 1300 - 160)
        w, top = 46 + 60 * width, (150 if far else 205) - 70 * height
        c.box(left, top, left + w, 300, rgb("4b3a68") if far else rgb("2d274c"))
        for window, (lit, _) in enumerate(scatter(200 + number, 24, 2)):
            wx, wy = left + 8 + window % 4 * (w - 12) / 4, top + 12 + window // 4 * 20
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


def fireworks(t: float) -> Canvas:
    """Fireworks over a lake that mirrors them."""
    c = Canvas(rgb("0a0f2c"), rgb("23285a"), rgb("8a5078"), rgb("8a5078"))
    c.glow(560, 52, 60, rgb("b9c6e8"), 0.35)
    c.disc(560, 52, 19, rgb("f3f1e2"), soft=2)
    c.disc(553, 47, 15, rgb("fffef2"), 0.5, soft=9)
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
    c.below(ridge, rgb("0d1024"))
    for x, lit, phase in scatter(53, 40, 3):
        c.disc(x * WIDTH, 225 + 8 * lit, 1.6, rgb("ffcf8a"), 0.6 + 0.4 * sin(4 * t + 9 * phase))
    wobble = (2.5 * np.sin(np.arange(HEIGHT - 236) / 3 + 5 * t)).astype(int)
    for row in range(HEIGHT - 236):
        above = 236 - int(1.6 * row) - 1
        if above >= 0:
            c.pixels[236 + row] = 0.55 * np.roll(c.pixels[above], wobble[row], axis=0) + light(
                (0.01, 0.015, 0.04)
            )
    boat = 60 + 42 * t
    c.stroke(boat - 34, 296, boat + 30, 296, 9, rgb("060812"))
    c.stroke(boat, 296, boat, 262, 3, rgb("060812"))
    c.glow(boat + 22, 284, 26, rgb("ffb45e"), 0.9)
    c.disc(boat + 22, 284, 5, rgb("fff0cf"), soft=2)
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
        along = _COLUMN + (6 + 10 * number) * t + 210 * number
        jag = np.abs((along / (150 - 30 * number)) % 2 - 1) + 0.35 * np.abs((along / 47) % 2 - 1)
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
