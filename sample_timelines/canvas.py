"""A small painter on numpy: soft-edged shapes, glows and smooth noise on one RGB picture."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360
"""Size of every moving picture here, in pixels."""

Image = NDArray[np.floating]
Colour = tuple[float, float, float]

_ROWS, _COLUMNS = (axis.astype(np.float32) for axis in np.ogrid[0:HEIGHT, 0:WIDTH])


def rgb(code: str) -> Colour:
    """A colour from six hexadecimal digits, each part 0 to 1."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def light(colour: Colour) -> Image:
    """A colour as an array that can be reckoned with."""
    return np.asarray(colour, dtype=np.float32)


@cache
def scatter(seed: int, count: int, columns: int) -> NDArray[np.float64]:
    """The same random numbers (0 to 1) for the same seed, one row a thing."""
    return np.random.default_rng(seed).random((count, columns))


@cache
def smooth_noise(seed: int, width: int, height: int, coarse: int) -> Image:
    """A cloud-like texture, 0 to 1, that repeats sideways; ``coarse`` is its largest blob in pixels."""
    rng = np.random.default_rng(seed)
    shape = (np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width)[None, :] ** 2) * coarse**2
    waves: NDArray[np.complexfloating] = (
        np.fft.rfft2(rng.standard_normal((height, width))) / (0.35 + shape) ** 1.1
    )
    waves[0, 0] = 0
    field: NDArray[np.float64] = np.fft.irfft2(waves, (height, width))
    low, high = np.percentile(field, (2, 98))
    return np.asarray(np.clip((field - low) / (high - low), 0, 1), dtype=np.float32)


class Canvas:
    """One picture being painted; coordinates are pixels, y runs down, colours are 0 to 1."""

    def __init__(self, *stops: Colour) -> None:
        """Begin with a vertical gradient through evenly spaced colours."""
        at = np.linspace(0, 1, HEIGHT)
        rows = np.stack(
            [np.interp(at, np.linspace(0, 1, len(stops)), part) for part in zip(*stops, strict=True)]
        )
        self.pixels: Image = np.repeat(rows.T[:, None, :], WIDTH, axis=1).astype(np.float32)

    def disc(
        self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1, soft: float = 1
    ) -> None:
        """A filled circle whose edge is ``soft`` pixels wide."""
        self.ellipse(x, y, radius, radius, colour, opacity, soft)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, opacity: float = 1, soft: float = 1
    ) -> None:
        """A filled ellipse, or any part of it that lies in the picture."""
        area, rows, columns = self._near(x - rx, y - ry, x + rx, y + ry, soft)
        distance = np.sqrt(((columns - x) / rx) ** 2 + ((rows - y) / ry) ** 2)
        self._cover(area, (1 - distance) * min(rx, ry) / soft + 0.5, colour, opacity)

    def stroke(
        self, x0: float, y0: float, x1: float, y1: float, width: float, colour: Colour, opacity: float = 1
    ) -> None:
        """A line with round ends."""
        half = width / 2
        area, rows, columns = self._near(
            min(x0, x1) - half, min(y0, y1) - half, max(x0, x1) + half, max(y0, y1) + half, 1
        )
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((columns - x0) * dx + (rows - y0) * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
        distance = np.hypot(columns - x0 - along * dx, rows - y0 - along * dy)
        self._cover(area, half - distance + 0.5, colour, opacity)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, opacity: float = 1) -> None:
        """An upright rectangle."""
        area, rows, columns = self._near(x0, y0, x1, y1, 1)
        inside = np.minimum(np.minimum(columns - x0, x1 - columns), np.minimum(rows - y0, y1 - rows))
        self._cover(area, inside + 0.5, colour, opacity)

    def below(self, line: NDArray[np.floating], colour: Colour, fade_to: Colour | None = None) -> None:
        """Everything under a line given as one y a column; ``fade_to`` is its colour at the foot."""
        cover = np.clip(_ROWS - line[None, :].astype(np.float32) + 0.5, 0, 1)
        depth = np.clip((_ROWS - line.min()) / max(HEIGHT - float(line.min()), 1), 0, 1)[..., None]
        paint = light(colour) + depth * (light(fade_to or colour) - light(colour))
        self.pixels += cover[..., None] * (paint - self.pixels)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1) -> None:
        """Add light that falls off from a point."""
        area, rows, columns = self._near(
            x - 2.4 * radius, y - 2.4 * radius, x + 2.4 * radius, y + 2.4 * radius, 1
        )
        shine = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / radius**2) * strength
        self.pixels[area] += shine[..., None] * light(colour)

    def veil(self, cover: Image, colour: Colour) -> None:
        """Blend a colour over the whole picture by a map of 0 to 1."""
        self.pixels += cover[..., None] * (light(colour) - self.pixels)

    def done(self) -> NDArray[np.uint8]:
        """The picture as 8-bit RGB, corners a little darker."""
        off = ((_COLUMNS / WIDTH - 0.5) ** 2 + (_ROWS / HEIGHT - 0.5) ** 2)[..., None]
        return np.rint(np.clip(self.pixels * (1.04 - 0.45 * off), 0, 1) * 255).astype(np.uint8)

    def _near(
        self, x0: float, y0: float, x1: float, y1: float, soft: float
    ) -> tuple[tuple[slice, slice], Image, Image]:
        """The part of the picture that a shape can touch, with its rows and columns."""
        down = slice(*np.clip((int(y0 - soft), int(y1 + soft) + 2), 0, HEIGHT))
        across = slice(*np.clip((int(x0 - soft), int(x1 + soft) + 2), 0, WIDTH))
        return (down, across), _ROWS[down], _COLUMNS[:, across]

    def _cover(self, area: tuple[slice, slice], cover: Image, colour: Colour, opacity: float) -> None:
        part = self.pixels[area]
        part += (np.clip(cover, 0, 1) * opacity)[..., None] * (light(colour) - part)
